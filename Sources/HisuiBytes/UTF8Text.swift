/// UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
public enum UTF8Text {
    /// What stands for bytes that are no text: U+FFFD.
    public static let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]

    /// Whether the bytes of `range` are valid text.
    ///
    /// - Complexity: O(n), eight bytes at a time where they are ASCII.
    public static func isValid(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var at = range.lowerBound
        while true {
            at = asciiEnd(bytes, at..<range.upperBound)
            if at == range.upperBound { return true }
            let next = character(bytes, at..<range.upperBound)
            if next.scalar == nil { return false }
            at += next.count
        }
    }

    /// Index of the first byte of `range` that is not ASCII, or its upper bound.
    public static func asciiEnd(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        precondition(range.upperBound <= bytes.count, "the range lies in the bytes")
        var at = range.lowerBound
        while range.upperBound - at >= 8 {
            // Safe: eight bytes are there by the condition and the precondition.
            let word = unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self)
            if word & 0x8080_8080_8080_8080 != 0 { break }
            at += 8
        }
        while at < range.upperBound, bytes[at] < 0x80 { at += 1 }
        return at
    }

    /// The character at the start of `range`, which must not be empty.
    ///
    /// - Returns: how many bytes it has, and its scalar. For bytes that are no character the scalar
    ///   is nil and the count is that of the longest beginning of a character that stands there, at
    ///   least 1: what one U+FFFD replaces (Unicode, "substitution of maximal subparts").
    public static func character(
        _ bytes: Span<UInt8>, _ range: Range<Int>
    ) -> (count: Int, scalar: UInt32?) {
        let at = range.lowerBound
        let left = range.upperBound - at
        let first = bytes[at]
        if first < 0x80 { return (1, UInt32(first)) }
        let length: Int
        var low: UInt8 = 0x80
        var high: UInt8 = 0xBF
        var scalar: UInt32
        switch first {
        case 0xC2...0xDF:
            length = 2
            scalar = UInt32(first & 0x1F)
        case 0xE0...0xEF:
            length = 3
            scalar = UInt32(first & 0x0F)
            if first == 0xE0 { low = 0xA0 }
            if first == 0xED { high = 0x9F }
        case 0xF0...0xF4:
            length = 4
            scalar = UInt32(first & 0x07)
            if first == 0xF0 { low = 0x90 }
            if first == 0xF4 { high = 0x8F }
        default:
            return (1, nil)
        }
        for index in 1..<length {
            guard index < left else { return (index, nil) }
            let byte = bytes[at + index]
            guard byte >= low, byte <= high else { return (index, nil) }
            scalar = scalar << 6 | UInt32(byte & 0x3F)
            low = 0x80
            high = 0xBF
        }
        return (length, scalar)
    }

    /// Appends the bytes of `range` as valid text, one U+FFFD for each run that is no character.
    ///
    /// - Returns: whether nothing had to be replaced.
    @discardableResult
    public static func appendRepaired(
        _ bytes: Span<UInt8>, _ range: Range<Int>, to out: inout [UInt8]
    ) -> Bool {
        var copied = range.lowerBound
        var at = copied
        var whole = true
        while true {
            at = asciiEnd(bytes, at..<range.upperBound)
            if at == range.upperBound { break }
            let next = character(bytes, at..<range.upperBound)
            if next.scalar == nil {
                out.append(bytes, copied..<at)
                out.append(contentsOf: replacement)
                copied = at + next.count
                whole = false
            }
            at += next.count
        }
        out.append(bytes, copied..<at)
        return whole
    }

    /// Appends the character of a scalar; a number that is no scalar becomes U+FFFD.
    public static func append(scalar: UInt32, to out: inout [UInt8]) {
        switch scalar {
        case 0..<0x80:
            out.append(UInt8(scalar))
        case 0x80..<0x800:
            out.append(0xC0 | UInt8(scalar >> 6))
            out.append(0x80 | UInt8(scalar & 0x3F))
        case 0x800..<0xD800, 0xE000..<0x1_0000:
            out.append(0xE0 | UInt8(scalar >> 12))
            out.append(0x80 | UInt8(scalar >> 6 & 0x3F))
            out.append(0x80 | UInt8(scalar & 0x3F))
        case 0x1_0000..<0x11_0000:
            out.append(0xF0 | UInt8(scalar >> 18))
            out.append(0x80 | UInt8(scalar >> 12 & 0x3F))
            out.append(0x80 | UInt8(scalar >> 6 & 0x3F))
            out.append(0x80 | UInt8(scalar & 0x3F))
        default:
            out.append(contentsOf: replacement)
        }
    }
}

extension [UInt8] {
    /// A copy of the bytes of `range`.
    @inlinable
    public init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        self = []
        append(bytes, range)
    }

    /// Appends the bytes of `range`.
    @inlinable
    public mutating func append(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        unsafe bytes.extracting(range).withUnsafeBufferPointer { buffer in
            // Safe: the buffer is read inside this closure only.
            unsafe append(contentsOf: buffer)
        }
    }
}
