/// Times as text, read at a place in a record without allocation.
///
/// Each scanner begins at `range.lowerBound`, reads no further than `range.upperBound`, and returns
/// the index after the time together with its value, or nil if no such time stands there. What
/// follows the time is the caller's business: a scanner stops, it does not look ahead, so
/// `01:02:03x` is the time and an `x`.
public enum TimeText {
    /// A time as a record states it: it may lack a year, or say nothing of its zone.
    public struct Value: Hashable, Sendable {
        /// The parts of the text; `year` is 0 if there was none.
        public var civil: CivilTime
        /// Seconds ahead of UTC, if the text says so.
        public var offsetSeconds: Int?
        /// How many digits the fraction has; only the first nine of them count in `civil`.
        public var fractionDigits: Int

        @inlinable
        public init(civil: CivilTime, offsetSeconds: Int? = nil, fractionDigits: Int = 0) {
            self.civil = civil
            self.offsetSeconds = offsetSeconds
            self.fractionDigits = fractionDigits
        }

        public var hasYear: Bool { civil.year != 0 }

        /// Nanoseconds UTC.
        ///
        /// A missing year becomes the one nearest to `received`, a missing zone becomes `zone`. Nil
        /// only outside the years that 64 bits hold, and for a 29 February without a leap year in
        /// reach.
        public func nanoseconds(zone: TimeZoneRules, received: Int64) -> Int64? {
            var time = civil
            if !hasYear {
                let offset = offsetSeconds ?? zone.offsetSeconds(atUTCNanoseconds: received)
                guard
                    let year = TimeText.nearestYear(
                        to: civil, receivedNanoseconds: received, offsetSeconds: offset)
                else { return nil }
                time.year = year
            }
            if let offsetSeconds { return time.nanoseconds(offsetSeconds: offsetSeconds) }
            return zone.utcNanoseconds(local: time)
        }
    }

    /// The index after a time, and the time.
    public typealias Found = (end: Int, value: Value)

    /// A unit in which time since the epoch is counted.
    public enum Unit: Sendable, CaseIterable {
        case seconds, milliseconds, microseconds, nanoseconds

        var inNanoseconds: Int64 {
            switch self {
            case .seconds: 1_000_000_000
            case .milliseconds: 1_000_000
            case .microseconds: 1000
            case .nanoseconds: 1
            }
        }
    }

    /// The RFC 3339 and ISO 8601 family: `2026-11-23T01:02:03.123456+09:00`.
    ///
    /// Taken as well: `/` for both hyphens; a space or `t` for `T`; a comma before the fraction;
    /// any number of fraction digits, or none; `Z`, `z`, `+hh:mm`, `+hhmm`, `+hh`, or no zone at
    /// all. A sign that no offset follows is left to the caller.
    public static func rfc3339(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Found? {
        let start = range.lowerBound
        let end = range.upperBound
        guard end - start >= 19 else { return nil }
        guard let century = pair(bytes, start), let ofCentury = pair(bytes, start + 2),
            let month = pair(bytes, start + 5), let day = pair(bytes, start + 8)
        else { return nil }
        let mark = bytes[start + 4]
        guard mark == 0x2D || mark == 0x2F, bytes[start + 7] == mark else { return nil }
        let between = bytes[start + 10]
        guard between == 0x54 || between == 0x20 || between == 0x74 else { return nil }
        let year = century * 100 + ofCentury
        guard year > 0 else { return nil }
        var value = Value(civil: CivilTime(year: year, month: month, day: day))
        guard var at = clock(bytes, start + 11..<end, &value.civil), value.civil.isValid
        else { return nil }
        at = fraction(bytes, at..<end, &value)
        if let zone = offset(bytes, at..<end) {
            value.offsetSeconds = zone.seconds
            at = zone.end
        }
        return (at, value)
    }

    /// The time of RFC 3164 headers: `Nov 23 01:02:03`, `Nov  3 01:02:03`.
    ///
    /// Taken as well: one space before a day of one digit; a day with a leading zero; a year after
    /// the day (`Nov 23 2026 01:02:03`); a fraction after point or comma; `*` or `.` before it all,
    /// by which Cisco devices say that their clock is not set; month names in any case.
    public static func rfc3164(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Found? {
        let end = range.upperBound
        var at = range.lowerBound
        guard end - at >= 14 else { return nil }
        if bytes[at] == 0x2A || bytes[at] == 0x2E { at += 1 }
        guard let month = month(bytes, at..<end), at + 3 < end, bytes[at + 3] == 0x20
        else { return nil }
        at += 4
        if at < end, bytes[at] == 0x20 { at += 1 }
        guard at < end, let tens = digit(bytes[at]) else { return nil }
        var day = tens
        at += 1
        if at < end, let ones = digit(bytes[at]) {
            day = tens * 10 + ones
            at += 1
        }
        guard at < end, bytes[at] == 0x20 else { return nil }
        at += 1
        var year = 0
        if end - at >= 5, bytes[at + 4] == 0x20, let century = pair(bytes, at),
            let ofCentury = pair(bytes, at + 2)
        {
            year = century * 100 + ofCentury
            guard year > 0 else { return nil }
            at += 5
        }
        var value = Value(civil: CivilTime(year: year, month: month, day: day))
        // Year 0 is a leap year, so a 29 February without a year passes here.
        guard let after = clock(bytes, at..<end, &value.civil), value.civil.isValid
        else { return nil }
        return (fraction(bytes, after..<end, &value), value)
    }

    /// `2026 Nov 23 01:02:03` with a fraction or not, as the start of `range`.
    public static func yearFirst(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Found? {
        let at = range.lowerBound
        guard range.count > 19, bytes[at + 4] == 0x20,
            let year: Int64 = DecimalText.parse(bytes, at..<at + 4), year > 0,
            var found = rfc3164(bytes, at + 5..<range.upperBound), !found.value.hasYear
        else { return nil }
        found.value.civil.year = Int(year)
        return found.value.civil.isValid ? found : nil
    }

    /// A time as headers of syslog have it, whichever of these kinds, as the start of `range`.
    public static func header(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Found? {
        guard let first = range.first else { return nil }
        guard digit(bytes[first]) != nil else { return monthFirstHeader(bytes, range) }
        return yearFirst(bytes, range) ?? rfc3339(bytes, range)
    }

    /// `Nov 23 01:02:03` as `rfc3164` takes it, or with the year behind it.
    public static func monthFirstHeader(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Found? {
        guard let found = rfc3164(bytes, range) else { return nil }
        guard !found.value.hasYear, let behind = yearBehind(bytes, found.end..<range.upperBound)
        else { return found }
        var value = found.value
        value.civil.year = behind.year
        return value.civil.isValid ? (behind.end, value) : found
    }

    /// The year that some write behind the time: ` 2026` of `Nov 23 01:02:03 2026`, from 1970 to
    /// 2099 and with a blank, a colon or nothing behind it, as the start of `range`.
    @inline(__always)
    public static func yearBehind(
        _ bytes: Span<UInt8>, _ range: Range<Int>
    ) -> (end: Int, year: Int)? {
        let at = range.lowerBound
        guard range.count >= 5, bytes[at] == 0x20, bytes[at + 1] == 0x32 || bytes[at + 1] == 0x31,
            let century = pair(bytes, at + 1), let ofCentury = pair(bytes, at + 3),
            range.count == 5 || bytes[at + 5] == 0x20 || bytes[at + 5] == 0x3A
        else { return nil }
        let year = century * 100 + ofCentury
        return 1970...2099 ~= year ? (at + 5, year) : nil
    }

    /// Time since the epoch in decimal digits; seconds may have a fraction: `1700000000.123456`.
    ///
    /// - Returns: the index after it and nanoseconds UTC, or nil if there is no digit or the time
    ///   lies after 2262.
    public static func epoch(
        _ bytes: Span<UInt8>, _ range: Range<Int>, unit: Unit = .seconds
    ) -> (end: Int, nanoseconds: Int64)? {
        var at = range.lowerBound
        while at < range.upperBound, digit(bytes[at]) != nil { at += 1 }
        guard let number = DecimalText.parse(bytes, range.lowerBound..<at) else { return nil }
        let (scaled, over) = number.multipliedReportingOverflow(by: unit.inNanoseconds)
        guard !over else { return nil }
        guard unit == .seconds else { return (at, scaled) }
        var value = Value(civil: CivilTime(year: 1970, month: 1, day: 1))
        at = fraction(bytes, at..<range.upperBound, &value)
        let (sum, overToo) = scaled.addingReportingOverflow(Int64(value.civil.nanosecond))
        return overToo ? nil : (at, sum)
    }
}

// MARK: - Parts

extension TimeText {
    @inline(__always)
    static func digit(_ byte: UInt8) -> Int? {
        let value = byte &- 0x30
        return value <= 9 ? Int(value) : nil
    }

    /// Two digits at `at`, which must lie inside the bytes with its successor.
    @inline(__always)
    static func pair(_ bytes: Span<UInt8>, _ at: Int) -> Int? {
        guard let tens = digit(bytes[at]), let ones = digit(bytes[at + 1]) else { return nil }
        return tens * 10 + ones
    }

    /// `hh:mm:ss` at the start of `range`.
    ///
    /// Parts are not checked for range.
    @inline(__always)
    static func clock(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ civil: inout CivilTime
    ) -> Int? {
        let at = range.lowerBound
        guard range.upperBound - at >= 8, bytes[at + 2] == 0x3A, bytes[at + 5] == 0x3A,
            let hour = pair(bytes, at), let minute = pair(bytes, at + 3),
            let second = pair(bytes, at + 6)
        else { return nil }
        civil.hour = hour
        civil.minute = minute
        civil.second = second
        return at + 8
    }

    /// A point or comma and digits, if they stand there.
    @inline(__always)
    static func fraction(_ bytes: Span<UInt8>, _ range: Range<Int>, _ value: inout Value) -> Int {
        var at = range.lowerBound
        let end = range.upperBound
        guard end - at >= 2, bytes[at] == 0x2E || bytes[at] == 0x2C, digit(bytes[at + 1]) != nil
        else { return at }
        at += 1
        let first = at
        var nano = 0
        var scale = 100_000_000
        while at < end, let digit = digit(bytes[at]) {
            nano += digit * scale
            scale /= 10
            at += 1
        }
        value.civil.nanosecond = nano
        value.fractionDigits = at - first
        return at
    }

    /// `Z`, `+hh:mm`, `+hhmm` or `+hh`.
    @inline(__always)
    static func offset(
        _ bytes: Span<UInt8>, _ range: Range<Int>
    ) -> (end: Int, seconds: Int)? {
        let at = range.lowerBound
        let end = range.upperBound
        guard at < end else { return nil }
        let sign = bytes[at]
        if sign == 0x5A || sign == 0x7A { return (at + 1, 0) }
        guard sign == 0x2B || sign == 0x2D, end - at >= 3, let hours = pair(bytes, at + 1),
            hours <= 23
        else { return nil }
        var after = at + 3
        var minutes = 0
        if end - at >= 6, bytes[at + 3] == 0x3A, let found = pair(bytes, at + 4), found <= 59 {
            minutes = found
            after = at + 6
        } else if end - at >= 5, let found = pair(bytes, at + 3), found <= 59 {
            minutes = found
            after = at + 5
        } else if end - at >= 4, digit(bytes[at + 3]) != nil {
            return nil
        }
        let seconds = hours * 3600 + minutes * 60
        return (after, sign == 0x2D ? -seconds : seconds)
    }

    /// The month whose English name of three letters stands at the start of `range`.
    @inline(__always)
    static func month(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        let at = range.lowerBound
        guard range.upperBound - at >= 3 else { return nil }
        let name =
            UInt32(bytes[at] | 0x20) << 16 | UInt32(bytes[at + 1] | 0x20) << 8
            | UInt32(bytes[at + 2] | 0x20)
        // The letters of the name as one number; setting bit 5 makes only letters into these
        // letters, and a control character cannot pass because the bit is all that differs.
        switch name {
        case 0x6A_616E: return 1
        case 0x66_6562: return 2
        case 0x6D_6172: return 3
        case 0x61_7072: return 4
        case 0x6D_6179: return 5
        case 0x6A_756E: return 6
        case 0x6A_756C: return 7
        case 0x61_7567: return 8
        case 0x73_6570: return 9
        case 0x6F_6374: return 10
        case 0x6E_6F76: return 11
        case 0x64_6563: return 12
        default: return nil
        }
    }
}
