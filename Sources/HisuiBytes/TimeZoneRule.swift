/// The POSIX TZ string at the end of a zone file: what holds after its last change, for ever.
///
///     JST-9                          one offset; the sign counts westwards
///     EST5EDT,M3.2.0,M11.1.0         summer time from the second Sunday of March at 02:00
///     <+0330>-3:30                   names that are no letters stand in angle brackets
///     EET-2EEST,M3.4.4/50,M10.4.4/50 hours -167 to 167 (RFC 9636 §3.3.1)
struct TimeZoneRule {
    /// A day of the year and a time on the clock that is in force until then.
    struct Change {
        enum Day {
            /// 1 to 365, 29 February never counted.
            case withoutLeapDay(Int)
            /// 0 to 365, 29 February counted.
            case ofYear(Int)
            /// Weekday 0 (Sunday) to 6 of week 1 to 5 (5 is the last) of month 1 to 12.
            case weekday(month: Int, week: Int, weekday: Int)
        }

        var day: Day
        var seconds: Int

        /// Days since the epoch and seconds as one count, on the zone's clock.
        func clockSeconds(year: Int) -> Int64 {
            let days: Int
            switch day {
            case .withoutLeapDay(let number):
                let leap = CivilTime.isLeap(year: year) && number >= 60
                days = CivilTime.days(year: year, month: 1, day: 1) + number - (leap ? 0 : 1)
            case .ofYear(let number):
                days = CivilTime.days(year: year, month: 1, day: 1) + number
            case .weekday(let month, let week, let weekday):
                let first = CivilTime(year: year, month: month, day: 1)
                var day = 1 + (weekday - first.weekday + 7) % 7 + (week - 1) * 7
                while day > CivilTime.daysInMonth(month, year: year) { day -= 7 }
                days = CivilTime.days(year: year, month: month, day: day)
            }
            return Int64(days) * 86_400 + Int64(seconds)
        }
    }

    /// Seconds ahead of UTC.
    var standard: Int
    /// Summer time, if there is any.
    var summer: (offset: Int, start: Change, end: Change)?

    init?(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        var at = range.lowerBound
        let end = range.upperBound
        guard TimeZoneRule.skipName(bytes, &at, end),
            let west = TimeZoneRule.clock(bytes, &at, end), abs(west) < 86_400
        else { return nil }
        standard = -west
        if at == end { return }
        guard TimeZoneRule.skipName(bytes, &at, end) else { return nil }
        var offset = standard + 3600
        if at < end, bytes[at] != 0x2C {
            guard let west = TimeZoneRule.clock(bytes, &at, end), abs(west) < 86_400
            else { return nil }
            offset = -west
        }
        guard let start = TimeZoneRule.change(bytes, &at, end),
            let stop = TimeZoneRule.change(bytes, &at, end), at == end
        else { return nil }
        summer = (offset, start, stop)
    }

    /// Writes the rule out behind a zone's changes, up to 2262.
    func append(to changes: inout [Int64], _ offsets: inout [Int32], firstOffset: Int32) {
        let last = changes.last ?? .min
        guard let summer else {
            // The last entry already says so, or the file has none and the rule is all there is.
            if changes.isEmpty, Int32(standard) != firstOffset {
                changes.append(.min)
                offsets.append(Int32(standard))
            }
            return
        }
        // Nothing to write behind a last change that is later than any time.
        guard last < 1 << 40 else { return }
        let from =
            changes.isEmpty
            ? 1901 : CivilTime(days: Int(last.floorDivided(by: 86_400).quotient)).year - 1
        var written: [(time: Int64, offset: Int)] = []
        for year in max(from, 1600)...max(2263, from) {
            written.append(
                (summer.start.clockSeconds(year: year) - Int64(standard), summer.offset))
            written.append(
                (summer.end.clockSeconds(year: year) - Int64(summer.offset), standard))
        }
        written.sort { $0.time < $1.time }
        for (index, change) in written.enumerated() where change.time > last {
            // Summer time all the year round: the end of one is the start of the next.
            if index + 1 < written.count, written[index + 1].time == change.time { continue }
            if let previous = offsets.last, previous == Int32(change.offset) { continue }
            changes.append(change.time)
            offsets.append(Int32(change.offset))
        }
    }

    private static func skipName(_ bytes: Span<UInt8>, _ at: inout Int, _ end: Int) -> Bool {
        let start = at
        if at < end, bytes[at] == 0x3C {
            guard let close = ByteSearch.first(of: 0x3E, in: bytes, at..<end) else { return false }
            at = close + 1
            return true
        }
        while at < end, ByteSearch.lowered(bytes[at]) &- 0x61 < 26 { at += 1 }
        return at - start >= 3
    }

    /// `[+-]h[hh][:mm[:ss]]` in seconds.
    private static func clock(_ bytes: Span<UInt8>, _ at: inout Int, _ end: Int) -> Int? {
        var negative = false
        if at < end, bytes[at] == 0x2B || bytes[at] == 0x2D {
            negative = bytes[at] == 0x2D
            at += 1
        }
        guard let hours = number(bytes, &at, end), hours <= 167 else { return nil }
        var seconds = hours * 3600
        for unit in [60, 1] where at < end && bytes[at] == 0x3A {
            at += 1
            guard let part = number(bytes, &at, end), part <= 59 else { return nil }
            seconds += part * unit
        }
        return negative ? -seconds : seconds
    }

    private static func change(_ bytes: Span<UInt8>, _ at: inout Int, _ end: Int) -> Change? {
        guard end - at >= 2, bytes[at] == 0x2C else { return nil }
        at += 1
        let day: Change.Day
        switch bytes[at] {
        case UInt8(ascii: "M"):
            at += 1
            guard let month = number(bytes, &at, end), month >= 1, month <= 12, at < end,
                bytes[at] == 0x2E
            else { return nil }
            at += 1
            guard let week = number(bytes, &at, end), week >= 1, week <= 5, at < end,
                bytes[at] == 0x2E
            else { return nil }
            at += 1
            guard let weekday = number(bytes, &at, end), weekday <= 6 else { return nil }
            day = .weekday(month: month, week: week, weekday: weekday)
        case UInt8(ascii: "J"):
            at += 1
            guard let number = number(bytes, &at, end), number >= 1, number <= 365
            else { return nil }
            day = .withoutLeapDay(number)
        default:
            guard let number = number(bytes, &at, end), number <= 365 else { return nil }
            day = .ofYear(number)
        }
        var seconds = 7200
        if at < end, bytes[at] == 0x2F {
            at += 1
            guard let time = clock(bytes, &at, end) else { return nil }
            seconds = time
        }
        return Change(day: day, seconds: seconds)
    }

    /// One to three digits.
    private static func number(_ bytes: Span<UInt8>, _ at: inout Int, _ end: Int) -> Int? {
        let start = at
        var value = 0
        while at < end, at - start < 3, let digit = TimeText.digit(bytes[at]) {
            value = value * 10 + digit
            at += 1
        }
        return at > start ? value : nil
    }
}
