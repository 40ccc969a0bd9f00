/// Base64 as RFC 4648 §4 has it: the standard alphabet, with padding, in one form only.
public enum Base64Text {
    /// Appends the text of `bytes`.
    ///
    /// - Complexity: O(n).
    public static func append(_ bytes: Span<UInt8>, to out: inout [UInt8]) {
        var index = 0
        while index < bytes.count {
            let left = bytes.count - index
            var group = UInt32(bytes[index]) << 16
            if left > 1 { group |= UInt32(bytes[index + 1]) << 8 }
            if left > 2 { group |= UInt32(bytes[index + 2]) }
            out.append(letter(group >> 18))
            out.append(letter(group >> 12))
            out.append(left > 1 ? letter(group >> 6) : padding)
            out.append(left > 2 ? letter(group) : padding)
            index += 3
        }
    }

    /// The text of `bytes`.
    public static func text(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        out.reserveCapacity((bytes.count + 2) / 3 * 4)
        append(bytes.span, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    /// The bytes that `range` of `text` stands for; nil if it is not what `append` writes: other
    /// characters, missing padding, or bits set that belong to no byte.
    ///
    /// - Complexity: O(n).
    public static func decode(_ text: Span<UInt8>, _ range: Range<Int>) -> [UInt8]? {
        guard range.count % 4 == 0 else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(range.count / 4 * 3)
        var index = range.lowerBound
        while index < range.upperBound {
            let isLast = index + 4 == range.upperBound
            var pads = 0
            if isLast {
                if text[index + 3] == padding { pads = text[index + 2] == padding ? 2 : 1 }
            }
            var group: UInt32 = 0
            for place in 0..<4 {
                group <<= 6
                if place >= 4 - pads { continue }
                guard let value = value(text[index + place]) else { return nil }
                group |= value
            }
            let kept = 3 - pads
            if group & (1 << UInt32(8 * pads) - 1) != 0 { return nil }
            for place in 0..<kept {
                out.append(UInt8(truncatingIfNeeded: group >> UInt32(16 - 8 * place)))
            }
            index += 4
        }
        return out
    }

    /// The bytes that `text` stands for; see `decode(_:_:)`.
    public static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        let bytes = Array(text)
        return decode(bytes.span, 0..<bytes.count)
    }

    private static let padding = UInt8(ascii: "=")

    private static func letter(_ bits: UInt32) -> UInt8 {
        switch UInt8(truncatingIfNeeded: bits & 63) {
        case let value where value < 26: UInt8(ascii: "A") + value
        case let value where value < 52: UInt8(ascii: "a") + (value - 26)
        case let value where value < 62: UInt8(ascii: "0") + (value - 52)
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }

    /// The six bits that a letter stands for; nil for any other byte, padding too.
    public static func value(_ letter: UInt8) -> UInt32? {
        switch letter {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(letter - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(letter - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(letter - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
