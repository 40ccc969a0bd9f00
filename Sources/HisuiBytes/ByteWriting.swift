/// The encodings that bytes on disk are made of, appended to a buffer; `ByteReader` reads them.
extension [UInt8] {
    /// Appends the bytes of `value`, the lowest first.
    @inlinable
    public mutating func appendLittleEndian<T: FixedWidthInteger>(_ value: T) {
        var rest = value.littleEndian
        unsafe Swift.withUnsafeBytes(of: &rest) { buffer in
            // Safe: the buffer is read inside this closure only.
            unsafe append(contentsOf: buffer)
        }
    }

    /// Appends `value` in 1 to 10 bytes of seven bits, the lowest first; all but the last have the
    /// high bit set (LEB128).
    @inlinable
    public mutating func appendVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    /// Appends `value` as a varint in which small negative numbers are short too (zigzag: 0, -1,
    /// 1, -2, … become 0, 1, 2, 3, …).
    @inlinable
    public mutating func appendSignedVarint(_ value: Int64) {
        appendVarint(UInt64(bitPattern: value &<< 1 ^ value &>> 63))
    }

    /// Appends `value` in decimal digits, without leading zeros.
    public mutating func appendDecimal(_ value: UInt64) {
        let first = count
        var rest = value
        // Lowest digit first: a division by a constant is a multiplication.
        repeat {
            append(0x30 | UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        var (low, high) = (first, count - 1)
        while low < high {
            swapAt(low, high)
            low += 1
            high -= 1
        }
    }

    /// Appends `value` in decimal digits, with a minus sign if it is negative.
    public mutating func appendDecimal(_ value: Int64) {
        if value < 0 { append(0x2D) }
        appendDecimal(value.magnitude)
    }

    /// Appends `value` in decimal digits, with a minus sign if it is negative.
    public mutating func appendDecimal(_ value: Int) { appendDecimal(Int64(value)) }

    /// Appends `value`, 0 to 10^`width` - 1, in exactly `width` decimal digits.
    @inlinable
    public mutating func appendDecimal(_ value: Int, width: Int) {
        var divisor = 1
        for _ in 1..<Swift.max(width, 1) { divisor *= 10 }
        var rest = value
        for _ in 0..<width {
            append(0x30 | UInt8(truncatingIfNeeded: rest / divisor))
            rest %= divisor
            divisor /= 10
        }
    }

    /// Appends the UTF-8 bytes of `text`.
    @inlinable
    public mutating func append(utf8 text: String) {
        append(contentsOf: text.utf8)
    }
}
