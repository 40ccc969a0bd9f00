/// Strings of JSON (RFC 8259), written so that nothing in them can disturb what reads the line.
public enum JSONText {
    /// Appends the bytes of `range` as a quoted JSON string.
    ///
    /// The result is valid UTF-8 for any input: bytes that are no text become U+FFFD. Quote,
    /// backslash, all control characters (C0, DEL, C1 with U+0085 among them) and the separators
    /// U+2028 and U+2029 are escaped, so a string is one line for every reader.
    ///
    /// - Returns: whether nothing had to be replaced.
    @discardableResult
    public static func appendString(
        _ bytes: Span<UInt8>, _ range: Range<Int>, to out: inout [UInt8]
    ) -> Bool {
        out.append(0x22)
        var copied = range.lowerBound
        var at = copied
        let end = range.upperBound
        var whole = true
        // Up to there bytes are looked at one by one.
        var looked = at
        while at < end {
            if at >= looked {
                at = plainEnd(bytes, at..<end)
                looked = at + 8
                if at == end { break }
            }
            let byte = bytes[at]
            if byte < 0x80 {
                if byte >= 0x20, byte != 0x22, byte != 0x5C, byte != 0x7F {
                    at += 1
                    continue
                }
                out.append(bytes, copied..<at)
                appendEscape(byte, to: &out)
                at += 1
                copied = at
                continue
            }
            let (count, scalar) = UTF8Text.character(bytes, at..<end)
            if let scalar, scalar >= 0xA0, scalar != 0x2028, scalar != 0x2029 {
                at += count
                continue
            }
            out.append(bytes, copied..<at)
            if let scalar {
                appendEscape(unit: UInt16(scalar), to: &out)
            } else {
                out.append(contentsOf: UTF8Text.replacement)
                whole = false
            }
            at += count
            copied = at
        }
        out.append(bytes, copied..<end)
        out.append(0x22)
        return whole
    }

    /// Where eight bytes begin of which at least one may need a look of its own, or fewer are left.
    ///
    /// - Complexity: O(bytes / 8).
    private static func plainEnd(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        return unsafe bytes.withUnsafeBytes { bytes in
            var at = range.lowerBound
            while at + 8 <= range.upperBound {
                // Safe: eight bytes from `at` on lie in the range, which lies in the bytes.
                let word = unsafe bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                // The top bit of a byte: not ASCII, a control character, quote, backslash, DEL.
                let quotes = word ^ ones &* 0x22
                let backslashes = word ^ ones &* 0x5C
                let control = (word &- ones &* 0x20) | (word &+ ones)
                let special = word | control | (quotes &- ones) | (backslashes &- ones)
                if special & tops != 0 { return at }
                at += 8
            }
            return at
        }
    }

    /// Appends `text` as a quoted JSON string.
    public static func appendString(_ text: String, to out: inout [UInt8]) {
        let bytes = Array(text.utf8)
        appendString(bytes.span, 0..<bytes.count, to: &out)
    }

    private static func appendEscape(_ byte: UInt8, to out: inout [UInt8]) {
        let letter: UInt8
        switch byte {
        case 0x22, 0x5C: letter = byte
        case 0x08: letter = UInt8(ascii: "b")
        case 0x09: letter = UInt8(ascii: "t")
        case 0x0A: letter = UInt8(ascii: "n")
        case 0x0C: letter = UInt8(ascii: "f")
        case 0x0D: letter = UInt8(ascii: "r")
        default:
            appendEscape(unit: UInt16(byte), to: &out)
            return
        }
        out.append(0x5C)
        out.append(letter)
    }

    /// Appends `\uXXXX`.
    private static func appendEscape(unit: UInt16, to out: inout [UInt8]) {
        out.append(0x5C)
        out.append(UInt8(ascii: "u"))
        for shift: UInt16 in [12, 8, 4, 0] {
            let digit = UInt8(unit >> shift & 0xF)
            out.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
        }
    }

    /// Appends what a JSON string says, given the bytes between its quotes as `JSONScanner` found
    /// them: escapes resolved, and valid UTF-8 for any input.
    ///
    /// Halves of a pair that stand alone become U+FFFD.
    public static func appendUnescaped(
        _ bytes: Span<UInt8>, _ range: Range<Int>, to out: inout [UInt8]
    ) {
        var at = range.lowerBound
        let end = range.upperBound
        while let backslash = ByteSearch.first(of: 0x5C, in: bytes, at..<end) {
            UTF8Text.appendRepaired(bytes, at..<backslash, to: &out)
            at = backslash + 2
            guard backslash + 1 < end else {
                // A lone backslash cannot come from the scanner; keep it rather than lose it.
                out.append(0x5C)
                return
            }
            switch bytes[backslash + 1] {
            case UInt8(ascii: "b"): out.append(0x08)
            case UInt8(ascii: "f"): out.append(0x0C)
            case UInt8(ascii: "n"): out.append(0x0A)
            case UInt8(ascii: "r"): out.append(0x0D)
            case UInt8(ascii: "t"): out.append(0x09)
            case UInt8(ascii: "u"): at = appendUnit(bytes, at..<end, to: &out)
            case let other where other < 0x80: out.append(other)
            // No escape at all: let the next round see the whole character.
            default: at = backslash + 1
            }
        }
        UTF8Text.appendRepaired(bytes, at..<end, to: &out)
    }

    /// Appends the character whose `\u` stands before `range`, with its second half if there is
    /// one; returns the index after it.
    private static func appendUnit(
        _ bytes: Span<UInt8>, _ range: Range<Int>, to out: inout [UInt8]
    ) -> Int {
        let at = range.lowerBound
        let end = range.upperBound
        guard let unit = unit(bytes, range) else {
            out.append(contentsOf: UTF8Text.replacement)
            return at
        }
        if unit >= 0xD800, unit < 0xDC00, end - at >= 10, bytes[at + 4] == 0x5C,
            bytes[at + 5] == UInt8(ascii: "u"), let low = self.unit(bytes, at + 6..<end),
            low >= 0xDC00, low < 0xE000
        {
            let scalar = 0x1_0000 + (unit - 0xD800) << 10 + (low - 0xDC00)
            UTF8Text.append(scalar: scalar, to: &out)
            return at + 10
        }
        UTF8Text.append(scalar: unit, to: &out)
        return at + 4
    }

    /// Whether the bytes are the word `null`.
    public static func isNull(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        range.count == 4 && bytes[range.lowerBound] == UInt8(ascii: "n")
            && bytes[range.lowerBound + 1] == UInt8(ascii: "u")
            && bytes[range.lowerBound + 2] == UInt8(ascii: "l")
            && bytes[range.lowerBound + 3] == UInt8(ascii: "l")
    }

    /// Four hexadecimal digits at the start of `range`.
    static func unit(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt32? {
        guard range.count >= 4 else { return nil }
        var value: UInt32 = 0
        for index in range.lowerBound..<range.lowerBound + 4 {
            guard let digit = HexText.digit(bytes[index]) else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
