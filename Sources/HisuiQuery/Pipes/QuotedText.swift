import HisuiBytes

/// Text in quotes inside a value: `"…"` and `'…'` with the escapes of Go and JSON, and `` `…` ``
/// without.
enum QuotedText {
    /// The text in the quotes that begin at `start`, and where it ends; nil if none begins there,
    /// it has no end, or an escape that means nothing.
    ///
    /// - Complexity: O(length of the text).
    static func read(_ bytes: Span<UInt8>, at start: Int) -> (text: [UInt8], end: Int)? {
        guard start < bytes.count else { return nil }
        let quote = bytes[start]
        guard quote == 0x22 || quote == 0x27 || quote == 0x60 else { return nil }
        var text: [UInt8] = []
        var at = start + 1
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            if byte == quote { return (text, at) }
            guard byte == 0x5C, quote != 0x60 else {
                text.append(byte)
                continue
            }
            guard at < bytes.count, escape(bytes, &at, to: &text) else { return nil }
        }
        return nil
    }

    /// Appends what an escape means whose letter stands at `at`.
    private static func escape(
        _ bytes: Span<UInt8>, _ at: inout Int, to text: inout [UInt8]
    ) -> Bool {
        let letter = bytes[at]
        at += 1
        switch letter {
        case UInt8(ascii: "a"): text.append(0x07)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "v"): text.append(0x0B)
        case 0x22, 0x27, 0x5C, UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "x"):
            guard let value = number(bytes, &at, digits: 2, radix: 16) else { return false }
            text.append(UInt8(value))
        case UInt8(ascii: "u"): return unit(bytes, &at, to: &text)
        case UInt8(ascii: "U"):
            guard let value = number(bytes, &at, digits: 8, radix: 16), value <= 0x10_FFFF else {
                return false
            }
            UTF8Text.append(scalar: value, to: &text)
        case 0x30...0x37:
            at -= 1
            guard let value = number(bytes, &at, digits: 3, radix: 8), value < 256 else {
                return false
            }
            text.append(UInt8(value))
        default: return false
        }
        return true
    }

    /// Appends a character of UTF-16 behind `\u`, with its second half if there is one; half a pair
    /// becomes U+FFFD.
    private static func unit(
        _ bytes: Span<UInt8>, _ at: inout Int, to text: inout [UInt8]
    ) -> Bool {
        guard let high = number(bytes, &at, digits: 4, radix: 16) else { return false }
        if high >> 10 == 0x36, at + 1 < bytes.count, bytes[at] == 0x5C,
            bytes[at + 1] == UInt8(ascii: "u")
        {
            var after = at + 2
            if let low = number(bytes, &after, digits: 4, radix: 16), low >> 10 == 0x37 {
                at = after
                UTF8Text.append(
                    scalar: 0x1_0000 + (high & 0x3FF) << 10 + (low & 0x3FF), to: &text)
                return true
            }
        }
        UTF8Text.append(scalar: high, to: &text)
        return true
    }

    private static func number(
        _ bytes: Span<UInt8>, _ at: inout Int, digits: Int, radix: UInt32
    ) -> UInt32? {
        guard at + digits <= bytes.count else { return nil }
        var value: UInt32 = 0
        for index in at..<at + digits {
            guard let digit = HexText.digit(bytes[index]), UInt32(digit) < radix else {
                return nil
            }
            value = value << (radix == 16 ? 4 : 3) | UInt32(digit)
        }
        at += digits
        return value
    }
}
