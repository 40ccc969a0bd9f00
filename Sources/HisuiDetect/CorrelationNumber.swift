/// Numbers of events and of conditions, exact: whole billionths.
///
/// Sums of them are the same in whatever order they are made, which those of binary fractions are
/// not.
enum CorrelationNumber {
    /// How many of the unit are one.
    static let one: Int128 = 1_000_000_000
    /// Numbers are smaller: 10^18, so that 10^11 of them can be added.
    static let bound: Int128 = 1_000_000_000_000_000_000 * one
    private static let fractionDigits = 9
    private static let bytesMax = 36

    /// The number that `text` spells, in billionths, what is smaller rounded half away from zero.
    ///
    /// Takes what JSON takes (`-1`, `0.5`, `1e3`), leading zeros and a plus sign too; nil for
    /// anything else, for more than 36 bytes and from 10^18 on.
    static func parse(_ text: some Collection<UInt8>) -> Int128? {
        guard text.count <= bytesMax else { return nil }
        var digits = text[...]
        var isNegative = false
        if let sign = digits.first, sign == 0x2D || sign == 0x2B {
            isNegative = sign == 0x2D
            digits = digits.dropFirst()
        }
        var value: Int128 = 0
        var (count, scale, isFraction) = (0, fractionDigits, false)
        while let byte = digits.first, byte | 0x20 != 0x65 {
            digits = digits.dropFirst()
            if byte == 0x2E, !isFraction, count > 0 {
                isFraction = true
                continue
            }
            guard byte &- 0x30 < 10 else { return nil }
            value = value * 10 + Int128(byte - 0x30)
            count += 1
            if isFraction { scale -= 1 }
        }
        guard count > 0 else { return nil }
        if digits.first != nil {
            guard let exponent = exponent(digits.dropFirst()) else { return nil }
            scale += exponent
        }
        guard let scaled = scaled(value, by: scale), scaled < bound else { return nil }
        return isNegative ? -scaled : scaled
    }

    private static func exponent(_ text: some Collection<UInt8>) -> Int? {
        var digits = text[...]
        var isNegative = false
        if let sign = digits.first, sign == 0x2D || sign == 0x2B {
            isNegative = sign == 0x2D
            digits = digits.dropFirst()
        }
        guard !digits.isEmpty, digits.count <= 2 else { return nil }
        var value = 0
        for byte in digits {
            guard byte &- 0x30 < 10 else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        return isNegative ? -value : value
    }

    private static func scaled(_ value: Int128, by power: Int) -> Int128? {
        var value = value
        if power >= 0 {
            for _ in 0..<power where value != 0 {
                value *= 10
                if value >= bound { return nil }
            }
            return value
        }
        for _ in power + 1..<0 where value != 0 { value /= 10 }
        return (value + 5) / 10
    }

    /// Sixteen bytes, little-endian.
    static func append(_ number: Int128, to out: inout [UInt8]) {
        let bits = UInt128(bitPattern: number)
        for shift in stride(from: 0, to: 128, by: 8) {
            out.append(UInt8(truncatingIfNeeded: bits >> UInt128(shift)))
        }
    }

    /// What `append` wrote.
    static func read(_ bytes: ArraySlice<UInt8>) -> Int128 {
        var bits: UInt128 = 0
        for byte in bytes.reversed() { bits = bits << 8 | UInt128(byte) }
        return Int128(bitPattern: bits)
    }
}
