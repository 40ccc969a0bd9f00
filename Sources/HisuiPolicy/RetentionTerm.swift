public import HisuiBytes
public import HisuiEvent

/// For how long records are kept.
public enum RetentionTerm: Hashable, Sendable, CustomStringConvertible {
    case days(Int)
    case months(Int)
    case years(Int)
    /// Nothing is ever let go.
    case forever

    /// The term that a text spells: `90d`, `6m`, `3y`, `forever`; nil if it is none or beyond
    /// `Limits.retentionYearsMax`.
    public init?(_ text: String) {
        if text == "forever" {
            self = .forever
            return
        }
        let digits = text.utf8.dropLast()
        guard let unit = text.utf8.last, !digits.isEmpty, digits.count <= 6,
            digits.allSatisfy({ (0x30...0x39).contains($0) }), digits.first != 0x30,
            let count = Int(Substring(digits))
        else { return nil }
        let most = Limits.retentionYearsMax
        switch unit {
        case UInt8(ascii: "d") where count <= most * 366: self = .days(count)
        case UInt8(ascii: "m") where count <= most * 12: self = .months(count)
        case UInt8(ascii: "y") where count <= most: self = .years(count)
        default: return nil
        }
    }

    public var description: String {
        switch self {
        case .days(let count): "\(count)d"
        case .months(let count): "\(count)m"
        case .years(let count): "\(count)y"
        case .forever: "forever"
        }
    }

    /// From when a term counts.
    public enum Start: String, Sendable, CaseIterable {
        /// The day after the record was received.
        case received
        /// The first day of the fiscal year after the one in which it was received.
        case fiscalYearEnd = "fiscal_year_end"
    }
}

/// The calendar by which terms end: the organisation's clocks and its fiscal year.
///
/// The rules are those of the Civil Code of Japan, articles 140, 141 and 143, which are what people
/// mean elsewhere too:
///
/// - the day of receipt does not count: the term begins with the midnight that ends it;
/// - a term in years or months ends with the day before the one of the same date, and where the
///   last month has no such day, with that month's last day;
/// - a term ends with the end of a day, so records go at a midnight of the organisation's clocks,
///   never earlier.
///
/// Later receipt never means an earlier end.
public struct RetentionCalendar: Sendable {
    public var timeZone: TimeZoneRules
    /// The month with which a fiscal year begins, 1 to 12.
    public var fiscalYearStart: Int

    public init(timeZone: TimeZoneRules, fiscalYearStart: Int) {
        precondition((1...12).contains(fiscalYearStart), "a month")
        self.timeZone = timeZone
        self.fiscalYearStart = fiscalYearStart
    }

    /// The day on which the organisation's clocks are at an instant.
    public func day(of time: Timestamp) -> Day {
        let offset = Int64(timeZone.offsetSeconds(atUTCNanoseconds: time.nanoseconds))
        let (local, over) = time.nanoseconds.addingReportingOverflow(offset * 1_000_000_000)
        return Day(CivilTime(nanoseconds: over ? time.nanoseconds : local))
    }

    /// The first day of a term for what was received at `time`.
    public func firstDay(_ start: RetentionTerm.Start, received time: Timestamp) -> Day {
        let day = day(of: time)
        switch start {
        case .received: return Self.adding(days: 1, to: day)
        case .fiscalYearEnd:
            let year = day.month >= fiscalYearStart ? day.year + 1 : day.year
            return Self.day(year, fiscalYearStart, 1)
        }
    }

    /// The instant from which what was received at `time` may go; nil for never, or where that is
    /// beyond what a timestamp holds (2262).
    public func end(
        of term: RetentionTerm, from start: RetentionTerm.Start, received time: Timestamp
    ) -> Timestamp? {
        let first = firstDay(start, received: time)
        let day: Day
        switch term {
        case .forever: return nil
        case .days(let count): day = Self.adding(days: count, to: first)
        case .months(let count): day = Self.adding(months: count, to: first)
        case .years(let count): day = Self.adding(months: count * 12, to: first)
        }
        return timeZone.utcNanoseconds(local: day.midnight).map(Timestamp.init(nanoseconds:))
    }

    static func adding(days: Int, to day: Day) -> Day {
        let number = CivilTime.days(year: day.year, month: day.month, day: day.day)
        return Day(CivilTime(days: number + days))
    }

    /// The day of the same date so many months later; the first of the following month where there
    /// is no such day, because the term then ends with the last day of its month.
    static func adding(months: Int, to day: Day) -> Day {
        let all = day.year * 12 + day.month - 1 + months
        let (year, month) = (all / 12, all % 12 + 1)
        if day.day <= CivilTime.daysInMonth(month, year: year) {
            return Self.day(year, month, day.day)
        }
        return month == 12 ? Self.day(year + 1, 1, 1) : Self.day(year, month + 1, 1)
    }

    /// A day that is there by construction.
    private static func day(_ year: Int, _ month: Int, _ day: Int) -> Day {
        Day(CivilTime(year: year, month: month, day: day))
    }
}
