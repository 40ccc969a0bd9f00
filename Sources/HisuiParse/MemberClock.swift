import HisuiBytes
import HisuiEvent
import HisuiShape

/// Reads the times of members: RFC 3339 and its relatives, dates as tables write them, and counts
/// since 1970 in seconds, milli-, micro- or nanoseconds, told by their length.
struct MemberClock {
    private var resolver: TimeResolver
    private var buffer: [UInt8] = []

    /// - Parameter zone: of times that name none.
    init(zone: TimeZoneRules) { resolver = TimeResolver(zone: zone) }

    /// The time that the values of some slots, joined by blanks, are; nil if they are none.
    mutating func time(
        _ text: Span<UInt8>, _ slots: Span<ByteRange>, of places: [MemberPlan.Place],
        isUTC: Bool, received: Timestamp
    ) -> Timestamp? {
        let first = slots[places[0].slot]
        if places.count == 1, ByteSearch.first(of: 0x5C, in: text, first.range) == nil {
            return time(text, first.range, isUTC: isUTC, received: received)
        }
        buffer.removeAll(keepingCapacity: true)
        for place in places {
            let start = buffer.count
            if start > 0 { buffer.append(0x20) }
            place.decoding.append(text, slots[place.slot], to: &buffer)
            if start > 0 { joinZone(start) }
        }
        let joined = buffer
        return time(joined.span, 0..<joined.count, isUTC: isUTC, received: received)
    }

    /// Puts a zone that stands by itself, `+0900` or `+09:00`, behind the time before it.
    private mutating func joinZone(_ start: Int) {
        let count = buffer.count - start - 1
        guard count == 5 || count == 6, buffer[start + 1] == 0x2B || buffer[start + 1] == 0x2D
        else { return }
        if count == 5 { buffer.insert(0x3A, at: start + 4) }
        buffer.remove(at: start)
    }

    /// The time that the values of some slots are, joined by blanks, as one of some formats says,
    /// or, without formats, as dates are usually written; nil if they are none.
    mutating func value(
        _ text: Span<UInt8>, _ slots: Span<ByteRange>, of places: [MemberPlan.Place],
        _ formats: [TimeFormat]
    ) -> TimeText.Value? {
        buffer.removeAll(keepingCapacity: true)
        for place in places {
            if !buffer.isEmpty { buffer.append(0x20) }
            place.decoding.append(text, slots[place.slot], to: &buffer)
        }
        let whole = 0..<buffer.count
        if formats.isEmpty {
            guard let found = TimeText.civil(buffer.span, whole), found.end == buffer.count
            else { return nil }
            return found.value
        }
        for format in formats {
            if let found = format.read(buffer.span, whole), found.end == buffer.count {
                return found.value
            }
        }
        return nil
    }

    private mutating func time(
        _ text: Span<UInt8>, _ range: Range<Int>, isUTC: Bool, received: Timestamp
    ) -> Timestamp? {
        if let found = TimeText.civil(text, range) {
            var value = found.value
            guard found.end == range.upperBound else { return nil }
            if isUTC, value.offsetSeconds == nil { value.offsetSeconds = 0 }
            return resolver.nanoseconds(value, received: received.nanoseconds)
                .map(Timestamp.init(nanoseconds:))
        }
        return MemberClock.count(text, range)
    }

    /// A count since 1970, with or without a fraction.
    static func count(_ text: Span<UInt8>, _ range: Range<Int>) -> Timestamp? {
        var value: Int64 = 0
        var at = range.lowerBound
        while at < range.upperBound, text[at] &- 0x30 <= 9, at - range.lowerBound < 19 {
            let (product, tooMuch) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = product.addingReportingOverflow(Int64(text[at] &- 0x30))
            guard !tooMuch, !overflow else { return nil }
            value = sum
            at += 1
        }
        let digits = at - range.lowerBound
        guard digits >= 9, digits <= 19 else { return nil }
        var unit: Int64 =
            digits <= 11 ? 1_000_000_000 : digits <= 14 ? 1_000_000 : digits <= 17 ? 1000 : 1
        let (whole, overflow) = value.multipliedReportingOverflow(by: unit)
        guard !overflow else { return nil }
        var time = whole
        if at < range.upperBound {
            guard text[at] == 0x2E else { return nil }
            at += 1
            while at < range.upperBound {
                guard text[at] &- 0x30 <= 9 else { return nil }
                unit /= 10
                time = time &+ Int64(text[at] &- 0x30) &* unit
                at += 1
            }
        }
        return Timestamp(nanoseconds: time)
    }
}
