public import HisuiBytes
public import HisuiEvent

/// A time or a date as people write it on a command line.
///
///     2026-03-31   2026/3/31   2026年3月31日   令和8年3月   R8.3.31   令和8年度
///     2026-03-31 17:15   2026年3月31日 17時15分   2026-03-31T17:15+09:00   2026-03-31 24:00
///     today   yesterday   今日   昨日   一昨日   今週   先週   今月   先月   今年   昨年   今年度   昨年度
///     now   now-1h   30m   2h   7d, which are that long ago
///
/// Weeks begin on Monday, fiscal years (年度) in April.
public struct SpokenTime: Hashable, Sendable {
    /// Its first nanosecond.
    public let start: Int64
    /// The nanosecond behind it; where a clock or a moment is said, that moment.
    public let end: Int64

    private init(_ start: Int64, _ end: Int64) {
        self.start = start
        self.end = end
    }

    /// Nil if the text is none of these.
    ///
    /// - Parameter zone: of times that name none.
    public init?(_ text: String, now: Timestamp, zone: TimeZoneRules) {
        var reader = SpokenTimeReader(text, now: now.nanoseconds, zone: zone)
        if let known = reader.literal() ?? reader.word() ?? reader.date() {
            self = known
        } else {
            return nil
        }
    }

    /// From a moment of a clock on.
    fileprivate static func moment(_ time: Int64) -> SpokenTime { SpokenTime(time, time) }

    /// From a day up to another.
    fileprivate static func days(
        _ first: CivilTime, _ next: CivilTime, _ zone: TimeZoneRules
    ) -> SpokenTime? {
        guard let start = zone.utcNanoseconds(local: first),
            let end = zone.utcNanoseconds(local: next)
        else { return nil }
        return SpokenTime(start, end)
    }
}

private struct SpokenTimeReader {
    private let text: [UInt8]
    private let now: Int64
    private let zone: TimeZoneRules
    private var at = 0

    init(_ text: String, now: Int64, zone: TimeZoneRules) {
        let plain = String(String.UnicodeScalarView(text.unicodeScalars.map(Self.narrow)))
        self.text = Array(plain.utf8.drop { $0 == 0x20 })
        self.now = now
        self.zone = zone
    }

    /// The narrow form of wide digits and marks.
    private static func narrow(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar.value {
        case 0x3000: " "
        case 0xFF01...0xFF5E: Unicode.Scalar(scalar.value - 0xFEE0) ?? scalar
        default: scalar
        }
    }

    // MARK: As in queries

    mutating func literal() -> SpokenTime? {
        // Eight digits are a date, and no seconds of 1970.
        if text.count == 8, text.allSatisfy({ $0 &- 0x30 < 10 }) {
            return TimeLiteral.range(Self.dashed(text), now: now, zone: zone)
                .map { SpokenTime.stretch($0) }
        }
        guard let range = TimeLiteral.range(text, now: now, zone: zone) else { return nil }
        let isDate = range.count > 1 && !text.contains(UInt8(ascii: ":")) && !text.contains(0x54)
        return isDate
            ? SpokenTime.stretch(range) : SpokenTime.moment(range.lowerBound)
    }

    private static func dashed(_ text: [UInt8]) -> [UInt8] {
        text[..<4] + [0x2D] + text[4..<6] + [0x2D] + text[6...]
    }

    // MARK: Words

    mutating func word() -> SpokenTime? {
        switch String(decoding: text, as: UTF8.self).lowercased() {
        case "now", "今": .moment(now)
        case "today", "今日", "本日": days(from: 0, 1)
        case "yesterday", "昨日", "きのう": days(from: -1, 1)
        case "一昨日", "おととい": days(from: -2, 1)
        case "今週": days(from: -weekday, 7)
        case "先週": days(from: -weekday - 7, 7)
        case "今月": months(today.year, today.month, 1)
        case "先月": months(today.year, today.month - 1, 1)
        case "今年": months(today.year, 1, 12)
        case "昨年", "去年": months(today.year - 1, 1, 12)
        case "今年度": months(today.month < 4 ? today.year - 1 : today.year, 4, 12)
        case "昨年度": months(today.month < 4 ? today.year - 2 : today.year - 1, 4, 12)
        default: nil
        }
    }

    private var today: CivilTime {
        let ahead = Int64(zone.offsetSeconds(atUTCNanoseconds: now)) * 1_000_000_000
        return CivilTime(nanoseconds: now &+ ahead)
    }

    private var todayNumber: Int {
        CivilTime.days(year: today.year, month: today.month, day: today.day)
    }

    /// Days since Monday; 1970 began on a Thursday.
    private var weekday: Int { ((todayNumber + 3) % 7 + 7) % 7 }

    private func days(from first: Int, _ count: Int) -> SpokenTime? {
        SpokenTime.days(
            CivilTime(days: todayNumber + first), CivilTime(days: todayNumber + first + count), zone
        )
    }

    private func months(_ year: Int, _ month: Int, _ count: Int) -> SpokenTime? {
        func first(_ months: Int) -> CivilTime {
            let all = year * 12 + month - 1 + months
            return CivilTime(year: all / 12, month: all % 12 + 1, day: 1)
        }
        return SpokenTime.days(first(0), first(count), zone)
    }

    // MARK: Dates

    mutating func date() -> SpokenTime? {
        guard let year = year() else { return nil }
        if pass("年度") { return at == text.count ? months(year, 4, 12) : nil }
        _ = pass("年")
        if at == text.count { return months(year, 1, 12) }
        passMark()
        guard let month = number(), (1...12).contains(month) else { return nil }
        _ = pass("月")
        if at == text.count { return months(year, month, 1) }
        passMark()
        guard let day = number() else { return nil }
        _ = pass("日")
        let date = CivilTime(year: year, month: month, day: day)
        guard date.isValid else { return nil }
        let number = CivilTime.days(year: year, month: month, day: day)
        if at == text.count {
            return SpokenTime.days(date, CivilTime(days: number + 1), zone)
        }
        return clock(on: date, number)
    }

    /// The year, also one of an era.
    private mutating func year() -> Int? {
        for era in JapaneseEra.all where pass(era.name) || passLetter(era.letter) {
            if pass(JapaneseEra.firstYear) { return era.yearBefore + 1 }
            return number().flatMap { (1...99).contains($0) ? era.yearBefore + $0 : nil }
        }
        return number().flatMap { (1900...2200).contains($0) ? $0 : nil }
    }

    /// `17:15`, `17時15分`, `24:00`.
    private mutating func clock(on date: CivilTime, _ number: Int) -> SpokenTime? {
        while at < text.count, text[at] == 0x20 || text[at] == 0x54 { at += 1 }
        guard let hour = self.number(), hour <= 24, pass(":") || pass("時") else { return nil }
        var (minute, second) = (0, 0)
        if let given = self.number() {
            minute = given
            _ = pass("分")
            if pass(":") || at < text.count {
                guard let given = self.number() else { return nil }
                second = given
                _ = pass("秒")
            }
        }
        guard at == text.count, minute < 60, second < 60, hour < 24 || minute + second == 0 else {
            return nil
        }
        var time = hour == 24 ? CivilTime(days: number + 1) : date
        if hour < 24 { (time.hour, time.minute, time.second) = (hour, minute, second) }
        return zone.utcNanoseconds(local: time).map { .moment($0) }
    }

    // MARK: Pieces

    private mutating func number() -> Int? {
        let start = at
        while at < text.count, text[at] &- 0x30 < 10, at - start < 4 { at += 1 }
        return DecimalText.parseUnsigned(text.span, start..<at).map { Int($0) }
    }

    private mutating func passMark() {
        if at < text.count, [0x2D, 0x2F, 0x2E].contains(text[at]) { at += 1 }
    }

    private mutating func pass(_ word: String) -> Bool { pass(Array(word.utf8)) }

    private mutating func pass(_ word: [UInt8]) -> Bool {
        guard text[at...].starts(with: word) else { return false }
        at += word.count
        return true
    }

    private mutating func passLetter(_ letter: UInt8) -> Bool {
        guard at < text.count, text[at] < 0x80, text[at] & 0xDF == letter else { return false }
        at += 1
        return true
    }
}

extension SpokenTime {
    fileprivate static func stretch(_ range: ClosedRange<Int64>) -> SpokenTime {
        SpokenTime(
            range.lowerBound, range.upperBound == .max ? .max : range.upperBound + 1)
    }
}
