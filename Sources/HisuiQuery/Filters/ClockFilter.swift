import HisuiBytes

/// `_time:day_range[22:00, 06:00)` and `_time:week_range[Sat, Sun]`: what a clock on the wall shows
/// at the event time, whatever the day.
///
/// The clock is that of the query's time zone, or one so far ahead of UTC as `offset` says. Where
/// the end comes before the beginning, the range goes on over midnight, or into the next week.
public struct ClockFilter: Sendable {
    enum Hours: Sendable {
        /// Nanoseconds of the day, both included.
        case day(first: Int64, last: Int64, overMidnight: Bool)
        /// A bit for each day, Sunday the lowest.
        case week(UInt8)
    }

    private let hours: Hours
    private let zone: TimeZoneRules
    /// What stands after `_time:`, normalised.
    private let text: String

    func matches(_ time: Int64) -> Bool {
        let ahead = Int64(zone.offsetSeconds(atUTCNanoseconds: time)) * 1_000_000_000
        let (local, overflow) = time.addingReportingOverflow(ahead)
        if overflow { return false }
        let (day, ofDay) = local.floorDivided(by: Self.day)
        switch hours {
        case .day(let first, let last, let overMidnight):
            return overMidnight
                ? ofDay >= first || ofDay <= last : ofDay >= first && ofDay <= last
        case .week(let days):
            // 1970 began on a Thursday.
            return days >> UInt8((day + 4).floorDivided(by: 7).remainder) & 1 == 1
        }
    }

    func print(to out: inout String) {
        out += "_time:"
        out += text
    }

    private static let day: Int64 = 86_400_000_000_000
}

// Reading what stands after `_time:`.
extension ClockFilter {
    /// Takes `day_range…` or `week_range…`; nil, and nothing taken, if it is neither.
    static func parse(_ parser: inout Parser) throws(QueryError) -> ClockFilter? {
        let isDay = parser.current.isKeyword("day_range")
        guard isDay || parser.current.isKeyword("week_range") else { return nil }
        parser.advance()
        let includesStart = parser.take("[")
        if !includesStart { try parser.expect("(") }
        let (start, startText) = try isDay ? time(&parser) : weekday(&parser)
        try parser.expect(",")
        let (end, endText) = try isDay ? time(&parser) : weekday(&parser)
        let includesEnd = parser.take("]")
        if !includesEnd { try parser.expect(")") }
        var text = isDay ? "day_range" : "week_range"
        text += (includesStart ? "[" : "(") + startText + "," + endText + (includesEnd ? "]" : ")")
        var zone = parser.timeZone
        if parser.takeKeyword("offset") {
            let token = parser.current
            let (offset, ahead) = try parser.duration()
            guard ahead > -day, ahead < day else {
                throw parser.error("expected an offset of less than a day", at: token)
            }
            text += " offset " + offset
            zone = TimeZoneRules(name: offset, fixedOffsetSeconds: Int(ahead / 1_000_000_000))
        }
        let hours: Hours
        if isDay {
            hours = .day(
                first: includesStart ? start : start + 1, last: includesEnd ? end : end - 1,
                overMidnight: start > end)
        } else {
            hours = .week(days(start, end, includesStart, includesEnd))
        }
        return ClockFilter(hours: hours, zone: zone, text: text)
    }

    /// The days from one to another, both included or not.
    private static func days(
        _ start: Int64, _ end: Int64, _ includesStart: Bool, _ includesEnd: Bool
    ) -> UInt8 {
        var days: UInt8 = 0
        var day = start
        while true {
            days |= 1 << UInt8(day)
            if day == end { break }
            day = (day + 1) % 7
        }
        if !includesStart { days &= ~(1 << UInt8(start)) }
        if !includesEnd { days &= ~(1 << UInt8(end)) }
        return days
    }

    /// Takes `hh:mm`: nanoseconds of the day, and the text.
    private static func time(_ parser: inout Parser) throws(QueryError) -> (Int64, String) {
        let token = parser.current
        let text = try parser.value()
        let colon = text.firstIndex(of: UInt8(ascii: ":")) ?? text.count
        guard text.count == 5, colon == 2,
            let hour = DecimalText.parseUnsigned(text.span, 0..<2),
            let minute = DecimalText.parseUnsigned(text.span, 3..<5), minute < 60,
            hour * 60 + minute <= 24 * 60
        else { throw parser.error("expected a time of the day like 08:30", at: token) }
        return (Int64(hour * 60 + minute) * 60_000_000_000, String(decoding: text, as: UTF8.self))
    }

    /// Takes a day of the week: its number, Sunday being 0, and its short name.
    private static func weekday(_ parser: inout Parser) throws(QueryError) -> (Int64, String) {
        let token = parser.current
        let text = String(decoding: try parser.value(), as: UTF8.self).lowercased()
        for (number, name) in names.enumerated()
        where text == name.lowercased() || text == name.lowercased().prefix(3) {
            return (Int64(number), String(name.prefix(3)))
        }
        throw parser.error("expected a day of the week like Mon or Monday", at: token)
    }

    private static let names = [
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    ]
}
