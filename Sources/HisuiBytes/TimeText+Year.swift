extension TimeText {
    /// The year that puts a date without one nearest to the time of receipt.
    ///
    /// The neighbours of the year of receipt are tried, so "Dec 31 23:59:59" received on 1 January
    /// is last year's, "Jan  1" received on 31 December is next year's (a clock that runs ahead),
    /// and "Dec 10" received on 22 November is this year's, 18 days ahead: nearer than the 347 days
    /// since the last one. Of two years equally near the earlier is taken, because records arrive
    /// after they are made. 29 February looks only at leap years, up to eight years away.
    ///
    /// - Parameters:
    ///   - time: month, day and time of day; its year is ignored.
    ///   - offsetSeconds: how far the record's clock is ahead of UTC.
    /// - Returns: nil if there is no such day in any year in reach.
    public static func nearestYear(
        to time: CivilTime, receivedNanoseconds: Int64, offsetSeconds: Int
    ) -> Int? {
        let received =
            receivedNanoseconds.floorDivided(by: 1_000_000_000).quotient + Int64(offsetSeconds)
        let days = received.floorDivided(by: 86_400).quotient
        let now = CivilTime(days: Int(days))
        // Four months apart or less: no other year can be nearer.
        if abs(now.month - time.month) <= 4, time.month != 2 || time.day != 29 { return now.year }
        let leapDay = time.month == 2 && time.day == 29
        let reach = leapDay ? 8 : 1
        var best: (distance: Int64, year: Int)?
        for year in now.year - reach...now.year + reach {
            guard time.day <= CivilTime.daysInMonth(time.month, year: year) else { continue }
            var candidate = time
            candidate.year = year
            let distance = (candidate.seconds - received).magnitude
            if best.map({ Int64(distance) < $0.distance }) ?? true {
                best = (Int64(distance), year)
            }
        }
        return best?.year
    }

    /// Appends a time by RFC 3339: `2026-11-23T01:02:03.123+09:00`, or with `Z` at offset 0.
    ///
    /// Digits beyond `fractionDigits` are cut off, not rounded, so a time never moves into the next
    /// second. The format cannot tell seconds of an offset, so they are left out of the offset and
    /// of the time: the instant stays the same.
    ///
    /// - Parameter fractionDigits: 0 to 9; 0 writes no point.
    public static func appendRFC3339(
        nanoseconds: Int64, offsetSeconds: Int, fractionDigits: Int, to out: inout [UInt8]
    ) {
        precondition(fractionDigits >= 0 && fractionDigits <= 9, "0 to 9 fraction digits")
        let offset = offsetSeconds / 60 * 60
        // Seconds and fraction apart, so that no offset can overflow at the ends of the range.
        let (seconds, nano) = nanoseconds.floorDivided(by: 1_000_000_000)
        let (days, ofDay) = (seconds + Int64(offset)).floorDivided(by: 86_400)
        let date = CivilTime(days: Int(days))
        let clock = Int(ofDay)
        // Put together here and appended at once; 35 bytes are the most there can be.
        var text = InlineArray<36, UInt8>(repeating: 0x30)
        var at = 0
        func put(_ byte: UInt8) {
            text[at] = byte
            at += 1
        }
        func put(_ value: Int, before mark: UInt8?) {
            put(0x30 | UInt8(truncatingIfNeeded: value / 10))
            put(0x30 | UInt8(truncatingIfNeeded: value % 10))
            if let mark { put(mark) }
        }
        put(date.year / 100, before: nil)
        put(date.year % 100, before: 0x2D)
        put(date.month, before: 0x2D)
        put(date.day, before: 0x54)
        put(clock / 3600, before: 0x3A)
        put(clock / 60 % 60, before: 0x3A)
        put(clock % 60, before: nil)
        if fractionDigits > 0 {
            put(0x2E)
            var rest = Int(nano)
            for place in stride(from: at + 8, through: at, by: -1) {
                text[place] = 0x30 | UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
            at += fractionDigits
        }
        if offset == 0 {
            put(0x5A)
        } else {
            put(offset < 0 ? 0x2D : 0x2B)
            put(abs(offset) / 3600, before: 0x3A)
            put(abs(offset) / 60 % 60, before: nil)
        }
        out.append(text.span, 0..<at)
    }
}
