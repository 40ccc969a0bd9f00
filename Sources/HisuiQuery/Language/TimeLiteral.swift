import HisuiBytes

/// Times as queries write them: `2026`, `2026-11-23`, `2026-11-23T01:02Z`, `1763856000`, `now-1h`.
enum TimeLiteral {
    /// A time with full date, clock and zone, as values of fields have it.
    static func complete(_ bytes: Span<UInt8>) -> Int64? {
        guard let found = TimeText.rfc3339(bytes, 0..<bytes.count), found.end == bytes.count,
            let offset = found.value.offsetSeconds
        else { return nil }
        return found.value.civil.nanoseconds(offsetSeconds: offset)
    }

    /// The nanoseconds that `text` means: a day, an hour or an instant, by how much of it is said.
    ///
    /// - Parameters:
    ///   - now: what `now` and durations count from.
    ///   - zone: the time zone of times that name none.
    static func range(
        _ text: [UInt8], now: Int64, zone: TimeZoneRules
    ) -> ClosedRange<Int64>? {
        if let instant = relative(text, now: now) ?? epoch(text) { return instant...instant }
        var body = text.count
        var offset: Int?
        if text.last == UInt8(ascii: "Z") || text.last == UInt8(ascii: "z") {
            body -= 1
            offset = 0
        } else if text.count > 9, let seconds = zoneOffset(text[(text.count - 6)...]) {
            body -= 6
            offset = seconds
        }
        return calendar(Array(text[..<body]), offset, zone)
    }

    /// `now`, `now-1h`, and durations, which are that long ago.
    private static func relative(_ text: [UInt8], now: Int64) -> Int64? {
        if text.starts(with: "now".utf8) {
            if text.count == 3 { return now }
            guard text[3] == UInt8(ascii: "-") || text[3] == UInt8(ascii: "+"),
                let duration = Duration.nanoseconds(Array(text[3...]).span)
            else { return nil }
            return added(now, duration)
        }
        guard text.last.map({ $0 > 0x39 }) == true,
            let duration = Duration.nanoseconds(text.span), duration != .min
        else { return nil }
        return added(now, -abs(duration))
    }

    /// The sum, at the end of the range where it does not fit.
    static func added(_ time: Int64, _ duration: Int64) -> Int64 {
        let (sum, overflow) = time.addingReportingOverflow(duration)
        return overflow ? (duration < 0 ? .min : .max) : sum
    }

    /// Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size.
    private static func epoch(_ text: [UInt8]) -> Int64? {
        guard text.count > 4, let value = DecimalText.parse(text.span, 0..<text.count),
            value >= 0
        else { return nil }
        var scaled = value
        var factor: Int64 = 1_000_000_000
        while scaled >= 100_000_000_000, factor > 1 {
            scaled /= 1000
            factor /= 1000
        }
        let (product, overflow) = value.multipliedReportingOverflow(by: factor)
        return overflow ? nil : product
    }

    /// `+09:00`.
    private static func zoneOffset(_ text: ArraySlice<UInt8>) -> Int? {
        let bytes = Array(text)
        guard bytes.count == 6, bytes[0] == UInt8(ascii: "+") || bytes[0] == UInt8(ascii: "-"),
            bytes[3] == UInt8(ascii: ":"), let hours = digits(bytes, 1, 2),
            let minutes = digits(bytes, 4, 2), hours < 24, minutes < 60
        else { return nil }
        let seconds = hours * 3600 + minutes * 60
        return bytes[0] == UInt8(ascii: "-") ? -seconds : seconds
    }

    private static func digits(_ bytes: [UInt8], _ start: Int, _ count: Int) -> Int? {
        guard start + count <= bytes.count else { return nil }
        var value = 0
        for byte in bytes[start..<start + count] {
            guard byte &- 0x30 < 10 else { return nil }
            value = value * 10 + Int(byte &- 0x30)
        }
        return value
    }

    /// The stretch of time that a date, or a date with a clock time, names.
    private static func calendar(
        _ text: [UInt8], _ offset: Int?, _ zone: TimeZoneRules
    ) -> ClosedRange<Int64>? {
        guard let year = digits(text, 0, 4), year > 0 else { return nil }
        var time = CivilTime(year: year, month: 1, day: 1)
        let marks: [UInt8] = [0x2D, 0x2D, 0x54, 0x3A, 0x3A]
        var parts = 1
        var position = 4
        while position < text.count, parts < 6 {
            let mark = text[position]
            guard mark == marks[parts - 1] || (parts == 3 && mark == 0x20),
                let value = digits(text, position + 1, 2)
            else { break }
            switch parts {
            case 1: time.month = value
            case 2: time.day = value
            case 3: time.hour = value
            case 4: time.minute = value
            default: time.second = value
            }
            parts += 1
            position += 3
        }
        var fraction = 0
        if parts == 6, position < text.count, text[position] == 0x2E {
            fraction = min(9, text.count - position - 1)
            guard fraction > 0, let value = digits(text, position + 1, fraction) else {
                return nil
            }
            time.nanosecond = value * power(10, 9 - fraction)
            position += 1 + fraction
        }
        guard position == text.count, time.isValid else { return nil }
        return stretch(from: time, parts: parts, fraction: fraction, offset, zone)
    }

    private static func stretch(
        from time: CivilTime, parts: Int, fraction: Int, _ offset: Int?, _ zone: TimeZoneRules
    ) -> ClosedRange<Int64>? {
        func utc(_ time: CivilTime) -> Int64? {
            offset.map { time.nanoseconds(offsetSeconds: $0) } ?? zone.utcNanoseconds(local: time)
        }
        guard let start = utc(time) else { return nil }
        var next = time
        switch parts {
        case 1: next.year += 1
        case 2:
            next.month = time.month == 12 ? 1 : time.month + 1
            if time.month == 12 { next.year += 1 }
        case 3:
            let days = CivilTime.days(year: time.year, month: time.month, day: time.day)
            next = CivilTime(days: days + 1)
        default:
            let length =
                switch parts {
                case 4: 3_600_000_000_000
                case 5: 60_000_000_000
                default: power(10, 9 - fraction)
                }
            return start...added(start, Int64(length - 1))
        }
        guard let end = utc(next) else { return start...Int64.max }
        return start...max(start, end - 1)
    }

    private static func power(_ base: Int, _ exponent: Int) -> Int {
        (0..<exponent).reduce(1) { value, _ in value * base }
    }
}
