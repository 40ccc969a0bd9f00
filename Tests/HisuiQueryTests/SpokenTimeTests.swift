import HisuiBytes
import HisuiEvent
import HisuiQuery
import Testing

/// Times as they are typed: `--since 昨日`, `--until "2026-03-31 24:00"`.
@Suite struct SpokenTimeTests {
    /// 2026-11-26T10:00:00+09:00, a Thursday.
    private static let now = Timestamp(nanoseconds: 1_795_654_800_000_000_000)

    private static func text(_ time: Int64) -> String {
        var out: [UInt8] = []
        TimeText.appendRFC3339(
            nanoseconds: time, offsetSeconds: 32_400, fractionDigits: 0, to: &out)
        return String(decoding: out.prefix(16), as: UTF8.self)
    }

    private static let cases: [(String, String, String)] = [
        ("2026-03-31", "2026-03-31T00:00", "2026-04-01T00:00"),
        ("2026/3/31", "2026-03-31T00:00", "2026-04-01T00:00"),
        ("20260331", "2026-03-31T00:00", "2026-04-01T00:00"),
        ("2026年3月31日", "2026-03-31T00:00", "2026-04-01T00:00"),
        ("２０２６年３月", "2026-03-01T00:00", "2026-04-01T00:00"),
        ("令和8年3月", "2026-03-01T00:00", "2026-04-01T00:00"),
        ("令和元年", "2019-01-01T00:00", "2020-01-01T00:00"),
        ("R8.12.31", "2026-12-31T00:00", "2027-01-01T00:00"),
        ("h30.2", "2018-02-01T00:00", "2018-03-01T00:00"),
        ("令和7年度", "2025-04-01T00:00", "2026-04-01T00:00"),
        ("2026", "2026-01-01T00:00", "2027-01-01T00:00"),
        ("2026-03-31 17:15", "2026-03-31T17:15", "2026-03-31T17:15"),
        ("2026-03-31T17:15", "2026-03-31T17:15", "2026-03-31T17:15"),
        ("2026-03-31T08:15Z", "2026-03-31T17:15", "2026-03-31T17:15"),
        ("2026-03-31 24:00", "2026-04-01T00:00", "2026-04-01T00:00"),
        ("2026/3/31 9:05", "2026-03-31T09:05", "2026-03-31T09:05"),
        ("令和8年3月31日 17時15分", "2026-03-31T17:15", "2026-03-31T17:15"),
        ("令和8年3月31日17時", "2026-03-31T17:00", "2026-03-31T17:00"),
        ("now", "2026-11-26T10:00", "2026-11-26T10:00"),
        ("2h", "2026-11-26T08:00", "2026-11-26T08:00"),
        ("now-1d", "2026-11-25T10:00", "2026-11-25T10:00"),
        ("today", "2026-11-26T00:00", "2026-11-27T00:00"),
        ("Yesterday", "2026-11-25T00:00", "2026-11-26T00:00"),
        ("昨日", "2026-11-25T00:00", "2026-11-26T00:00"),
        ("一昨日", "2026-11-24T00:00", "2026-11-25T00:00"),
        ("今週", "2026-11-23T00:00", "2026-11-30T00:00"),
        ("先週", "2026-11-16T00:00", "2026-11-23T00:00"),
        ("先月", "2026-10-01T00:00", "2026-11-01T00:00"),
        ("昨年", "2025-01-01T00:00", "2026-01-01T00:00"),
        ("今年度", "2026-04-01T00:00", "2027-04-01T00:00"),
        ("昨年度", "2025-04-01T00:00", "2026-04-01T00:00"),
    ]

    @Test(arguments: cases)
    func times(text: String, start: String, end: String) throws {
        let time = try #require(SpokenTime(text, now: Self.now, zone: .tokyo))
        #expect(Self.text(time.start) == start)
        #expect(Self.text(time.end) == end)
    }

    /// In January last month is one of last year, and the fiscal year that of the spring before.
    @Test func wordsInJanuary() throws {
        let now = Timestamp(nanoseconds: 1_767_312_000_000_000_000)  // 2026-01-02T00:00Z
        func start(_ word: String) -> String? {
            SpokenTime(word, now: now, zone: .tokyo).map { Self.text($0.start) }
        }
        #expect(start("先月") == "2025-12-01T00:00")
        #expect(start("今年度") == "2025-04-01T00:00")
        #expect(start("昨年度") == "2024-04-01T00:00")
    }

    @Test(arguments: [
        "", " ", "soon", "1 or *", "2026-13-01", "2026-02-30", "2026-03-31 24:01",
        "2026-03-31 25:00",
        "2026-03-31 17:60", "令和", "令和0年", "R", "年度", "2026年度3月", "20261331", "昨日の昨日", "3月31日",
        "2026-03-31x", "12345678901234567890",
    ])
    func others(text: String) {
        #expect(SpokenTime(text, now: Self.now, zone: .tokyo) == nil, "\(text)")
    }
}
