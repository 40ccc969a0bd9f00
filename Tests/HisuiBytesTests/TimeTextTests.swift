import HisuiBytes
import Testing

@Suite struct TimeTextTests {
    private func at(
        _ year: Int, _ month: Int, _ day: Int, _ hour: Int = 0, _ minute: Int = 0,
        _ second: Int = 0, nano: Int = 0
    ) -> CivilTime {
        CivilTime(
            year: year, month: month, day: day, hour: hour, minute: minute, second: second,
            nanosecond: nano)
    }

    /// Scans `text` with something before and after it, and gives what was left.
    private func rfc3339(_ text: String) -> (value: TimeText.Value, rest: String)? {
        let bytes = [UInt8]("<>" + text)
        guard let found = TimeText.rfc3339(bytes.span, 2..<bytes.count) else { return nil }
        return (found.value, Array(bytes[found.end...]).text)
    }

    private func rfc3164(_ text: String) -> (value: TimeText.Value, rest: String)? {
        let bytes = [UInt8]("<>" + text)
        guard let found = TimeText.rfc3164(bytes.span, 2..<bytes.count) else { return nil }
        return (found.value, Array(bytes[found.end...]).text)
    }

    @Test(
        arguments: [
            ("2026-11-23T01:02:03.123456+09:00", 123_456_000, 6, 32_400, ""),
            ("2026-11-23T01:02:03Z host", 0, 0, 0, " host"),
            ("2026-11-23t01:02:03z", 0, 0, 0, ""),
            ("2026-11-23 01:02:03,123 x", 123_000_000, 3, nil, " x"),
            ("2026/11/23 01:02:03", 0, 0, nil, ""),
            ("2026-11-23T01:02:03+0900", 0, 0, 32_400, ""),
            ("2026-11-23 01:02:03-05", 0, 0, -18_000, ""),
            ("2026-11-23 01:02:03-05 x", 0, 0, -18_000, " x"),
            ("2026-11-23T01:02:03.1-03:30]", 100_000_000, 1, -12_600, "]"),
            ("2026-11-23T01:02:03.123456789123Z", 123_456_789, 12, 0, ""),
            ("2026-11-23T01:02:03.", 0, 0, nil, "."),
            ("2026-11-23T01:02:03.x", 0, 0, nil, ".x"),
            ("2026-11-23T01:02:03-00:00", 0, 0, 0, ""),
            ("2026-11-23T01:02:03+", 0, 0, nil, "+"),
            ("2026-11-23T01:02:03-x", 0, 0, nil, "-x"),
            ("2026-11-23T01:02:03+0", 0, 0, nil, "+0"),
            ("2026-11-23T01:02:03+091", 0, 0, nil, "+091"),
            ("2026-11-23T01:02:03+0960", 0, 0, nil, "+0960"),
            ("2026-11-23T01:02:03+24:00", 0, 0, nil, "+24:00"),
            ("2026-11-23T01:02:03+09:", 0, 0, 32_400, ":"),
            ("2026-11-23T01:02:031", 0, 0, nil, "1"),
        ] as [(String, Int, Int, Int?, String)])
    func rfc3339IsRead(text: String, nano: Int, digits: Int, offset: Int?, rest: String) throws {
        let found = try #require(rfc3339(text))
        #expect(found.value.civil == at(2026, 11, 23, 1, 2, 3, nano: nano))
        #expect(found.value.fractionDigits == digits)
        #expect(found.value.offsetSeconds == offset)
        #expect(found.rest == rest)
    }

    @Test(arguments: [
        "", "2026", "2026-11-23", "2026-11-23T01:02", "2026-11-23T01:02:0", "2026-11-23T01:02:0x",
        "2026-1-23T01:02:03.0", "2026-11/23T01:02:03", "2026-11-23_01:02:03", "2026-13-01T00:00:00",
        "2026-00-01T00:00:00", "2026-02-29T00:00:00", "2026-04-31T00:00:00", "2026-11-00T00:00:00",
        "2026-11-23T24:00:00", "2026-11-23T23:60:00", "2026-11-23T23:59:61", "0000-01-01T00:00:00",
        "+026-11-23T01:02:03", "2026-11-23T01-02-03", "2026-11-23T01:02.03Z", "x026-11-23T01:02:03",
        "2026:11:23T01:02:03", "2026-11-23T1:02:03Z ", "２026-11-23T01:02:03",
    ])
    func noRFC3339(text: String) {
        #expect(rfc3339(text) == nil)
    }

    @Test func scannersStopAtTheEndOfTheRange() {
        let bytes = [UInt8]("2026-11-23T01:02:03.123456+09:00")
        for end in 0...bytes.count {
            let cut = Array(bytes[..<end])
            let a = TimeText.rfc3339(bytes.span, 0..<end)
            let b = TimeText.rfc3339(cut.span, cut.all)
            #expect(a?.end == b?.end)
            #expect(a?.value == b?.value)
            #expect((a == nil) == (end < 19))
        }
        let bsd = [UInt8]("Nov  3 2026 01:02:03.123")
        for end in 0...bsd.count {
            let cut = Array(bsd[..<end])
            let a = TimeText.rfc3164(bsd.span, 0..<end)
            let b = TimeText.rfc3164(cut.span, cut.all)
            #expect(a?.end == b?.end)
            #expect(a?.value == b?.value)
            #expect((a == nil) == (end < 20))
        }
    }

    @Test(
        arguments: [
            ("Nov 23 01:02:03", 0, 11, 23, 0, 0, ""),
            ("Nov  3 01:02:03 host", 0, 11, 3, 0, 0, " host"),
            ("Nov 3 01:02:03 host", 0, 11, 3, 0, 0, " host"),
            ("Nov 03 01:02:03", 0, 11, 3, 0, 0, ""),
            ("nov 23 01:02:03", 0, 11, 23, 0, 0, ""),
            ("NOV 23 01:02:03", 0, 11, 23, 0, 0, ""),
            ("Nov 23 2026 01:02:03: %ASA", 2026, 11, 23, 0, 0, ": %ASA"),
            ("Nov  3 2026 01:02:03", 2026, 11, 3, 0, 0, ""),
            ("*Nov 23 01:02:03.123: %SYS", 0, 11, 23, 123_000_000, 3, ": %SYS"),
            (".Nov 23 01:02:03.1 JST", 0, 11, 23, 100_000_000, 1, " JST"),
            ("Feb 29 01:02:03", 0, 2, 29, 0, 0, ""),
            ("Nov 23 01:02:03,500", 0, 11, 23, 500_000_000, 3, ""),
            ("Nov 23 01:02:03.", 0, 11, 23, 0, 0, "."),
        ] as [(String, Int, Int, Int, Int, Int, String)])
    func rfc3164IsRead(
        text: String, year: Int, month: Int, day: Int, nano: Int, digits: Int, rest: String
    ) throws {
        let found = try #require(rfc3164(text))
        #expect(found.value.civil == at(year, month, day, 1, 2, 3, nano: nano))
        #expect(found.value.hasYear == (year != 0))
        #expect(found.value.fractionDigits == digits)
        #expect(found.value.offsetSeconds == nil)
        #expect(found.rest == rest)
    }

    @Test(arguments: [
        "", "Nov", "Nov 23", "Nov 23 01:02", "Nox 23 01:02:03", "Nov 32 01:02:03",
        "Nov 00 01:02:03", "Nov   3 01:02:03", "Feb 30 01:02:03", "Feb 29 2026 01:02:03",
        "Nov 23 24:00:00", "Nov 23 01:60:00", "Nov 23 01:02:61", "Nov-23 01:02:03",
        "**Nov 23 01:02:03", "Nov 23 0000 01:02:03", "Nov 123 01:02:03", "November 23 01:02:03",
        "Nov23 01:02:03 abc", "Nov 23T01:02:03 x",
    ])
    func noRFC3164(text: String) {
        #expect(rfc3164(text) == nil)
    }

    @Test func everyMonth() {
        let names = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(separator: " ")
        for (index, name) in names.enumerated() {
            #expect(rfc3164("\(name) 15 01:02:03")?.value.civil.month == index + 1)
        }
        // No other three letters are a month.
        var months = 0
        let letters = (UInt8(ascii: "a")...UInt8(ascii: "z")).map { $0 }
        for a in letters {
            for b in letters {
                for c in letters {
                    let bytes = [a, b, c] + [UInt8](" 15 01:02:03")
                    if TimeText.rfc3164(bytes.span, bytes.all) != nil { months += 1 }
                }
            }
        }
        #expect(months == 12)
    }

    @Test func epochs() {
        func epoch(_ text: String, _ unit: TimeText.Unit = .seconds) -> [Int64]? {
            let bytes = [UInt8](text)
            return TimeText.epoch(bytes.span, bytes.all, unit: unit).map {
                [Int64($0.end), $0.nanoseconds]
            }
        }
        #expect(epoch("1700000000.123456789:42") == [20, 1_700_000_000_123_456_789])
        #expect(epoch("1700000000.123:42") == [14, 1_700_000_000_123_000_000])
        #expect(epoch("1700000000 x") == [10, 1_700_000_000_000_000_000])
        #expect(epoch("1700000000.") == [10, 1_700_000_000_000_000_000])
        #expect(epoch("0") == [1, 0])
        #expect(epoch("1700000000123", .milliseconds) == [13, 1_700_000_000_123_000_000])
        #expect(epoch("1700000000123.5", .milliseconds)?[0] == 13)
        #expect(epoch("1700000000123456", .microseconds) == [16, 1_700_000_000_123_456_000])
        #expect(epoch("1700000000123456789", .nanoseconds) == [19, 1_700_000_000_123_456_789])
        #expect(epoch("9223372036.854775807") == [20, .max])
        #expect(epoch("9223372036.854775808") == nil)
        #expect(epoch("9223372037") == nil)
        #expect(epoch("99999999999999999999999999") == nil)
        #expect(epoch("") == nil)
        #expect(epoch("-1") == nil)
        #expect(epoch(".5") == nil)
    }

    @Test func leapSecondIsTheNextMinute() throws {
        let found = try #require(rfc3339("2016-12-31T23:59:60.5Z"))
        #expect(
            found.value.nanoseconds(zone: .utc, received: 0)
                == at(2017, 1, 1, nano: 500_000_000).nanoseconds)
    }

    @Test func printedTimesAreReadBack() throws {
        var random = Randomness()
        for _ in 0..<20_000 {
            let nano = Int64.random(in: -9_223_372_036_000_000_000 ... .max - 1, using: &random)
            let offset = Int.random(in: -86_399...86_399, using: &random)
            let digits = Int.random(in: 0...9, using: &random)
            var out: [UInt8] = []
            TimeText.appendRFC3339(
                nanoseconds: nano, offsetSeconds: offset, fractionDigits: digits, to: &out)
            let scanned = TimeText.rfc3339(out.span, out.all)
            let found = try #require(scanned)
            #expect(found.end == out.count)
            #expect(found.value.offsetSeconds == offset / 60 * 60)
            #expect(found.value.fractionDigits == digits)
            var unit: Int64 = 1_000_000_000
            for _ in 0..<digits { unit /= 10 }
            let kept = nano - ((nano % unit) + unit) % unit
            #expect(found.value.nanoseconds(zone: .tokyo, received: 0) == kept, "\(out.text)")
        }
    }

    @Test func printing() {
        func text(_ nanoseconds: Int64, _ offset: Int, _ digits: Int) -> String {
            var out: [UInt8] = []
            TimeText.appendRFC3339(
                nanoseconds: nanoseconds, offsetSeconds: offset, fractionDigits: digits, to: &out)
            return out.text
        }
        #expect(text(0, 0, 0) == "1970-01-01T00:00:00Z")
        #expect(text(999_999_999, 0, 3) == "1970-01-01T00:00:00.999Z")
        #expect(text(-1, 32_400, 9) == "1970-01-01T08:59:59.999999999+09:00")
        #expect(text(0, -12_600, 1) == "1969-12-31T20:30:00.0-03:30")
        #expect(text(.max, 0, 9) == "2262-04-11T23:47:16.854775807Z")
        #expect(text(.min, 0, 9) == "1677-09-21T00:12:43.145224192Z")
        #expect(text(.max, 50_400, 0) == "2262-04-12T13:47:16+14:00")
        // Tokyo's local mean time, 09:18:59, has seconds that RFC 3339 cannot write.
        #expect(text(0, 33_539, 0) == "1970-01-01T09:18:00+09:18")
    }
}
