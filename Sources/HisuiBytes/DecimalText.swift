/// Whole numbers as decimal text.
///
/// Only ASCII digits, no space, no underscore, no plus sign.
public enum DecimalText {
    /// The number that the bytes of `range` spell, or nil if they are no number or too large.
    ///
    /// A leading minus sign is taken, and so are leading zeros.
    public static func parse(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int64? {
        guard let first = range.first else { return nil }
        guard bytes[first] == 0x2D else {
            return parseUnsigned(bytes, range).flatMap { Int64(exactly: $0) }
        }
        guard let magnitude = parseUnsigned(bytes, range.dropFirst()) else { return nil }
        // One more fits below zero than above.
        return magnitude <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil
    }

    /// The number that the bytes of `range` spell, or nil if they are no number or too large.
    ///
    /// A sign is refused; leading zeros are taken.
    public static func parseUnsigned(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64? {
        guard !range.isEmpty else { return nil }
        var value: UInt64 = 0
        // Nineteen digits cannot overflow; only longer text pays for the checks.
        let unchecked = min(range.upperBound, range.lowerBound + 19)
        for index in range.lowerBound..<unchecked {
            let digit = bytes[index] &- 0x30
            guard digit <= 9 else { return nil }
            value = value &* 10 &+ UInt64(digit)
        }
        for index in unchecked..<range.upperBound {
            let digit = bytes[index] &- 0x30
            guard digit <= 9 else { return nil }
            let (tens, over) = value.multipliedReportingOverflow(by: 10)
            let (sum, overToo) = tens.addingReportingOverflow(UInt64(digit))
            guard !over, !overToo else { return nil }
            value = sum
        }
        return value
    }
}
