/// Hexadecimal digits.
public enum HexText {
    /// The value of a digit of either case.
    @inlinable
    public static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte &- 0x30
        case 0x41...0x46: byte &- 0x37
        case 0x61...0x66: byte &- 0x57
        default: nil
        }
    }

    /// The bytes that pairs of digits of either case say; nil for anything else.
    public static func bytes(_ digits: some Sequence<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var high: UInt8?
        for byte in digits {
            guard let digit = digit(byte) else { return nil }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        return high == nil ? bytes : nil
    }

    /// Two lower-case digits for each byte.
    public static func text(_ bytes: [UInt8]) -> String {
        var digits: [UInt8] = []
        append(bytes.span, 0..<bytes.count, to: &digits)
        return String(decoding: digits, as: UTF8.self)
    }

    /// Appends two lower-case digits for each byte of `range`.
    public static func append(_ bytes: Span<UInt8>, _ range: Range<Int>, to out: inout [UInt8]) {
        for index in range {
            append(bytes[index], to: &out)
        }
    }

    /// Appends two lower-case digits.
    @inlinable
    public static func append(_ byte: UInt8, to out: inout [UInt8]) {
        let (high, low) = (byte >> 4, byte & 0xF)
        out.append(high < 10 ? 0x30 + high : 0x57 + high)
        out.append(low < 10 ? 0x30 + low : 0x57 + low)
    }
}
