import Testing

@testable import HisuiBytes

@Suite struct TimeFormatTests {
    /// The time that all of the text is, in UTC unless it says its zone; nil if it is none.
    static func read(_ format: String, _ text: String) throws -> String? {
        let bytes = Array(text.utf8)
        guard let found = try TimeFormat(format).read(bytes.span, 0..<bytes.count),
            found.end == bytes.count
        else { return nil }
        var out: [UInt8] = []
        guard
            let time = found.value.nanoseconds(
                zone: .tokyo, received: 1_795_000_000_000_000_000)
        else { return nil }
        TimeText.appendRFC3339(
            nanoseconds: time, offsetSeconds: 9 * 3600, fractionDigits: found.value.fractionDigits,
            to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    @Test(arguments: [
        ("yyyy/MM/dd HH:mm:ss", "2026/11/27 06:05:04", "2026-11-27T06:05:04+09:00"),
        ("yyyy/M/d H:m:s", "2026/1/7 6:5:4", "2026-01-07T06:05:04+09:00"),
        ("MMM d HH:mm:ss yyyy", "Nov  7 06:05:04 2026", "2026-11-07T06:05:04+09:00"),
        ("MMM d HH:mm:ss", "Nov 27 06:05:04", "2026-11-27T06:05:04+09:00"),
        ("E MMM dd HH:mm:ss yyyy", "Fri Nov 27 06:05:04 2026", "2026-11-27T06:05:04+09:00"),
        ("yy/MM/dd HH:mm:ss.SSS", "26/11/27 06:05:04.120", "2026-11-27T06:05:04.120+09:00"),
        ("yyyyMMddHHmmssSSS", "20261127060504007", "2026-11-27T06:05:04.007+09:00"),
        ("yyyy-MM-dd HH:mm:ss,S Z", "2026-11-27 06:05:04,25 +0000", "2026-11-27T15:05:04.25+09:00"),
        ("yyyy-MM-dd HH:mm:ss z", "2026-11-27 06:05:04 UTC", "2026-11-27T15:05:04+09:00"),
        ("yyyy-MM-dd HH:mm:ss z", "2026-11-27 06:05:04 JST", "2026-11-27T06:05:04+09:00"),
        ("yyyy-MM-dd HH:mm:ss z", "2026-11-27 06:05:04 XST", "2026-11-27T06:05:04+09:00"),
        ("yyyy-MM-dd HH:mm:ssX", "2026-11-27 06:05:04-03:30", "2026-11-27T18:35:04+09:00"),
        ("M/d/yyyy h:mm:ss a", "11/27/2026 12:05:04 AM", "2026-11-27T00:05:04+09:00"),
        ("M/d/yyyy h:mm:ss a", "11/27/2026 12:05:04 pm", "2026-11-27T12:05:04+09:00"),
        ("yyyy/M/d ah:mm", "2026/11/27 午後0:05", "2026-11-27T12:05:00+09:00"),
        ("yyyy年M月d日(E) a h時m分", "2026年11月27日(金) 午前 6時5分", "2026-11-27T06:05:00+09:00"),
        ("Gy/M/d H:mm", "R8/11/27 6:05", "2026-11-27T06:05:00+09:00"),
        ("Gy年M月d日", "令和8年11月27日", "2026-11-27T00:00:00+09:00"),
        ("Gy年M月d日", "令和元年5月1日", "2019-05-01T00:00:00+09:00"),
        ("Gy年M月d日", "平成31年4月30日", "2019-04-30T00:00:00+09:00"),
        ("Gyy.MM.dd", "S64.01.07", "1989-01-07T00:00:00+09:00"),
        ("epoch", "1795000000.5", "2026-11-18T20:06:40.5+09:00"),
        ("epoch.ms", "1795000000123", "2026-11-18T20:06:40.123+09:00"),
        ("epoch.us", "1795000000123456", "2026-11-18T20:06:40.123456+09:00"),
        ("iso8601", "2026-11-27T06:05:04.5Z", "2026-11-27T15:05:04.5+09:00"),
        ("rfc3164", "Nov  7 06:05:04", "2026-11-07T06:05:04+09:00"),
        ("dd''MM'T'yyyy", "27'11T2026", "2026-11-27T00:00:00+09:00"),
    ])
    func reads(_ format: String, _ text: String, _ expected: String) throws {
        #expect(try Self.read(format, text) == expected)
    }

    @Test(arguments: [
        ("yyyy/MM/dd HH:mm:ss", "2026/13/27 06:05:04"),
        ("yyyy/MM/dd HH:mm:ss", "2026/2/3 06:05:04"),
        ("yyyy/MM/dd", "2026/02/29"), ("yyyy/MM/dd", "0000/02/28"), ("Gy/M/d", "X8/1/1"),
        ("Gy/M/d", "R0/1/1"), ("yyyy/M/d h:mm a", "2026/1/1 13:05 PM"),
        ("yyyy/M/d h:mm a", "2026/1/1 1:05 XM"), ("yyyyMMddSSS", "2026010112"),
        ("yyyy/M/d Z", "2026/1/1 JST"), ("yyyy/M/d z", "2026/1/1 +"), ("MMM d", "Foo 3"),
        ("epoch", "x"), ("yyyy/M/d", ""), ("yyyy年M月d日", "2026年1月1\u{65}"),
    ])
    func refuses(_ format: String, _ text: String) throws {
        #expect(try Self.read(format, text) == nil)
    }

    @Test(arguments: [
        ("yyyy/MM/dd hh:mm", 0, "hours of half a day"), ("HH:mm:ss", 0, "which day it is"),
        ("yyyy/MM/dd Q", 11, "`Q` is no part of a time"), ("yyyy/MMMM/dd", 5, "`MMMM` is no part"),
        ("yyyy-MM-dd'T", 10, "does not end"), ("G/M/d", 0, "an era without a year"),
        ("yyyy/MM/dd dd", 0, "the day stands twice"), ("", 0, "which day it is"),
    ])
    func mistakesAreTold(_ format: String, _ offset: Int, _ message: String) {
        do {
            _ = try TimeFormat(format)
            Issue.record("\(format) is taken")
        } catch {
            #expect(error.offset == offset)
            #expect(error.message.contains(message), "\(error.message)")
            #expect(!error.hint.isEmpty)
        }
    }

    @Test func anyBytesAreReadWithoutACrash() throws {
        let formats = try ["yyyy/M/d ah:mm:ss.S z", "Gy年M月d日", "epoch", "E MMM d yy Z"].map(
            TimeFormat.init)
        var random = SystemRandomNumberGenerator()
        let alphabet = Array("0123456789/:. +-ZaPMFri令和年月日元".utf8)
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...24, using: &random)
            let text = (0..<count).map { _ in alphabet.randomElement(using: &random)! }
            for format in formats {
                guard let found = format.read(text.span, 0..<count) else { continue }
                #expect(found.end <= count && found.value.civil.isValid)
            }
        }
    }
}
