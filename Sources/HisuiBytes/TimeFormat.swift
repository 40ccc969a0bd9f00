/// How a time is written, compiled from a text such as `yyyy/MM/dd HH:mm:ss`.
///
///     yyyy yy y     year: four digits, two (1970 to 2069), as many as there are
///     G             Japanese era before the year: 令和 平成 昭和 大正 明治, or R H S T M
///     MM M MMM      month: two digits, one or two, the first three letters of its English name
///     dd d          day: two digits, one or two, a blank in place of the first
///     HH H          hour, 0 to 23
///     hh h a        hour of half a day, and which half: AM PM am pm 午前 午後
///     mm m ss s     minute, second
///     S SSS         the second's fraction: all digits there are, or exactly so many
///     Z X           offset from UTC: Z +09:00 +0900 +09
///     z             the same, or a name: UTC GMT JST …; one not known is the zone of the source
///     E             day of the week, English or one of 日月火水木金土; not compared with the date
///     'text' ''     letters as they stand; an apostrophe
///
/// Everything else, such as `/`, blanks and 年, stands for itself. Besides there are the names
/// `epoch`, `epoch.ms`, `epoch.us`, `epoch.ns` (since 1970, seconds with a fraction if there is
/// one), `iso8601` (RFC 3339 and its relatives) and `rfc3164` (`Nov  3 01:02:03`).
///
/// A format has one way to be read at each place, so reading costs one look at each byte.
public struct TimeFormat: Hashable, Sendable {
    /// What is wrong with a format, and where in it, in code points.
    public struct Problem: Error {
        public var offset: Int
        public var message: String
        public var hint: String
    }

    enum Field: UInt8, Sendable {
        case year, month, day, hour, half, minute, second
    }

    enum Part: Hashable, Sendable {
        case text([UInt8])
        /// A number of so many digits, at least and at most.
        case number(Field, least: Int, most: Int)
        case twoDigitYear, era, monthName, halfName, weekday, offset, zone
        /// Nil: as many digits as there are.
        case fraction(Int?)
        case epoch(TimeText.Unit)
        case iso8601, rfc3164
    }

    let parts: [Part]
    /// The year is one of an era.
    let hasEra: Bool
    /// Hours count from 1 to 12.
    let hasHalf: Bool

    init(parts: [Part]) {
        self.parts = parts
        hasEra = parts.contains(.era)
        hasHalf = parts.contains(.halfName)
    }

    /// Whether the time is a mere number.
    public var isCount: Bool {
        if case .epoch = parts.first { return true }
        return false
    }

    /// The time at the start of `range`; nil if none is written there so.
    ///
    /// - Complexity: O(length of the time).
    public func read(_ bytes: Span<UInt8>, _ range: Range<Int>) -> TimeText.Found? {
        var reader = TimeFormatReader(bytes, range)
        for part in parts {
            guard reader.read(part, hasEra: hasEra) else { return nil }
        }
        return reader.finish(hasHalf: hasHalf)
    }
}

/// Reads the parts of a time from left to right.
private struct TimeFormatReader: ~Escapable {
    private let bytes: Span<UInt8>
    private let end: Int
    private var at: Int
    private var value = TimeText.Value(civil: CivilTime(year: 0, month: 1, day: 1))
    private var isAfternoon = false
    /// The year before the era's first.
    private var eraStart = 0

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        self.bytes = bytes
        at = range.lowerBound
        end = range.upperBound
    }

    mutating func read(_ part: TimeFormat.Part, hasEra: Bool) -> Bool {
        switch part {
        case .text(let text): return pass(text)
        case .number(let field, let least, let most):
            if field == .year, hasEra, pass(JapaneseEra.firstYear) {
                value.civil.year = 1
                return true
            }
            // Programs that pad days put a blank where the first digit would be.
            if field == .day, least == 1, at < end, bytes[at] == 0x20 { at += 1 }
            guard let number = number(least, most) else { return false }
            set(field, number)
            return field != .year || number > 0
        case .twoDigitYear:
            guard let number = number(2, 2) else { return false }
            value.civil.year = hasEra ? number : number < 70 ? 2000 + number : 1900 + number
            return value.civil.year > 0
        case .era: return era()
        case .monthName:
            guard let month = TimeText.month(bytes, at..<end) else { return false }
            value.civil.month = month
            at += 3
            return true
        case .halfName: return half()
        case .weekday: return weekday()
        case .offset, .zone:
            if let found = TimeText.offset(bytes, at..<end) {
                value.offsetSeconds = found.seconds
                at = found.end
                return true
            }
            return part == .zone && zoneName()
        case .fraction(let count): return fraction(count)
        case .epoch, .iso8601, .rfc3164: return whole(part)
        }
    }

    /// The time, if its parts make one.
    consuming func finish(hasHalf: Bool) -> TimeText.Found? {
        if hasHalf {
            guard value.civil.hour <= 12 else { return nil }
            value.civil.hour = value.civil.hour % 12 + (isAfternoon ? 12 : 0)
        }
        value.civil.year += eraStart
        return value.civil.isValid ? (at, value) : nil
    }

    private mutating func set(_ field: TimeFormat.Field, _ number: Int) {
        switch field {
        case .year: value.civil.year = number
        case .month: value.civil.month = number
        case .day: value.civil.day = number
        case .hour, .half: value.civil.hour = number
        case .minute: value.civil.minute = number
        case .second: value.civil.second = number
        }
    }

    private mutating func number(_ least: Int, _ most: Int) -> Int? {
        var number = 0
        var count = 0
        while at < end, count < most, let digit = TimeText.digit(bytes[at]) {
            number = number * 10 + digit
            at += 1
            count += 1
        }
        return count >= least ? number : nil
    }

    private mutating func pass(_ text: [UInt8]) -> Bool {
        guard end - at >= text.count,
            ByteSearch.equal(bytes, at..<at + text.count, text.span)
        else { return false }
        at += text.count
        return true
    }

    private mutating func fraction(_ count: Int?) -> Bool {
        let first = at
        var scale = 100_000_000
        while at < end, at - first < count ?? .max, let digit = TimeText.digit(bytes[at]) {
            value.civil.nanosecond += digit * scale
            scale /= 10
            at += 1
        }
        value.fractionDigits = at - first
        return count.map { $0 == at - first } ?? (at > first)
    }

    private mutating func whole(_ part: TimeFormat.Part) -> Bool {
        switch part {
        case .epoch(let unit):
            guard let found = TimeText.epoch(bytes, at..<end, unit: unit) else { return false }
            value = TimeText.Value(
                civil: CivilTime(nanoseconds: found.nanoseconds), offsetSeconds: 0)
            switch unit {
            case .seconds:
                var point = at
                while point < found.end, TimeText.digit(bytes[point]) != nil { point += 1 }
                value.fractionDigits = max(0, found.end - point - 1)
            case .milliseconds: value.fractionDigits = 3
            case .microseconds: value.fractionDigits = 6
            case .nanoseconds: value.fractionDigits = 9
            }
            at = found.end
        default:
            let found =
                part == .iso8601
                ? TimeText.rfc3339(bytes, at..<end) : TimeText.rfc3164(bytes, at..<end)
            guard let found else { return false }
            (at, value) = found
        }
        return true
    }

    // MARK: Names

    private static let morning = Array("午前".utf8)
    private static let afternoon = Array("午後".utf8)
    private static let weekdays = "日月火水木金土".map { Array(String($0).utf8) }

    private mutating func era() -> Bool {
        for era in JapaneseEra.all {
            if at < end, bytes[at] & 0xDF == era.letter, bytes[at] < 0x80 {
                at += 1
            } else if !pass(era.name) {
                continue
            }
            eraStart = era.yearBefore
            return true
        }
        return false
    }

    private mutating func half() -> Bool {
        if end - at >= 2, bytes[at + 1] | 0x20 == UInt8(ascii: "m") {
            let letter = bytes[at] | 0x20
            guard letter == UInt8(ascii: "a") || letter == UInt8(ascii: "p") else { return false }
            isAfternoon = letter == UInt8(ascii: "p")
            at += 2
            return true
        }
        if pass(TimeFormatReader.morning) { return true }
        isAfternoon = pass(TimeFormatReader.afternoon)
        return isAfternoon
    }

    private mutating func letters() -> Range<Int> {
        let first = at
        while at < end, (bytes[at] | 0x20) &- 0x61 <= 25 { at += 1 }
        return first..<at
    }

    private mutating func weekday() -> Bool {
        if letters().count >= 3 { return true }
        return TimeFormatReader.weekdays.contains { pass($0) }
    }

    private mutating func zoneName() -> Bool {
        let name = letters()
        guard (2...5).contains(name.count) else { return false }
        value.offsetSeconds = ZoneName.offsetSeconds(bytes, name)
        return true
    }
}

/// Names of zones in logs that mean one offset only: `CST` and `IST` are not among them.
public enum ZoneName {
    private static let offsets: [(name: [UInt8], minutes: Int)] = [
        ("JST", 540), ("UTC", 0), ("GMT", 0), ("KST", 540), ("HKT", 480), ("SGT", 480),
        ("CET", 60), ("CEST", 120), ("EET", 120), ("EEST", 180), ("WET", 0), ("WEST", 60),
        ("EST", -300), ("EDT", -240), ("MST", -420), ("MDT", -360), ("PST", -480), ("PDT", -420),
        ("HST", -600), ("AEST", 600), ("AEDT", 660), ("NZST", 720), ("NZDT", 780),
    ].map { (Array($0.0.utf8), $0.1) }

    /// Seconds ahead of UTC; nil for a name that is not known or means several zones.
    public static func offsetSeconds(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        for (name, minutes) in offsets where ByteSearch.equal(bytes, range, name.span) {
            return minutes * 60
        }
        return nil
    }
}
