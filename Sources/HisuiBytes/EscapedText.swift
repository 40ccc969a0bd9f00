import CHisui

/// Text whose escape sequences say what the bytes behind them mean: ISO-2022-JP (RFC 1468) with
/// what has been added to it (RFC 2237, JIS X 0201).
///
///     ESC ( B  ASCII                        ESC $ @, ESC $ B  JIS X 0208, two bytes each
///     ESC ( J  JIS X 0201, Latin            ESC $ ( D         JIS X 0212, two bytes each
///     ESC ( I  JIS X 0201, katakana         at the start      ASCII
///
/// A run from the first sequence up to the one that goes back to ASCII, this included, is one piece
/// to whoever carries places over: parts of it mean something else, or nothing.
enum EscapedText {
    private enum CharacterSet { case ascii, latin, katakana, jisx0208, jisx0212 }

    /// Appends the text, U+FFFD for what is no character.
    ///
    /// - Returns: whether every byte was part of a character or of a sequence.
    static func append(
        _ bytes: Span<UInt8>, _ range: Range<Int>, to out: inout [UInt8],
        _ anchors: inout [TextEncoding.Anchor]?
    ) -> Bool {
        var isWhole = true
        var set = CharacterSet.ascii
        var at = range.lowerBound
        func anchor(_ anchors: inout [TextEncoding.Anchor]?, _ out: borrowing [UInt8], _ at: Int) {
            anchors?.append(
                TextEncoding.Anchor(byte: UInt32(at), text: UInt32(out.count)))
        }
        while at < range.upperBound {
            let byte = bytes[at]
            if byte == 0x1B, let (next, count) = sequence(bytes, at..<range.upperBound) {
                if set == .ascii { anchor(&anchors, out, at) }
                at += count
                if next == .ascii { anchor(&anchors, out, at) }
                set = next
                continue
            }
            let (count, scalar) = character(bytes, at..<range.upperBound, in: set)
            let isOdd = set == .ascii && (byte >= 0x80 || byte == 0x1B)
            if isOdd { anchor(&anchors, out, at) }
            if let scalar {
                UTF8Text.append(scalar: scalar, to: &out)
            } else {
                out.append(contentsOf: UTF8Text.replacement)
                isWhole = false
            }
            at += count
            if isOdd { anchor(&anchors, out, at) }
        }
        if set != .ascii { anchor(&anchors, out, at) }
        return isWhole
    }

    /// The escape sequence at the start of `range`, and how many bytes it has.
    private static func sequence(
        _ bytes: Span<UInt8>, _ range: Range<Int>
    ) -> (CharacterSet, Int)? {
        guard range.count >= 3 else { return nil }
        let at = range.lowerBound
        switch (bytes[at + 1], bytes[at + 2]) {
        case (0x28, 0x42): return (.ascii, 3)
        case (0x28, 0x4A): return (.latin, 3)
        case (0x28, 0x49): return (.katakana, 3)
        case (0x24, 0x40), (0x24, 0x42): return (.jisx0208, 3)
        case (0x24, 0x28):
            guard range.count >= 4 else { return nil }
            if bytes[at + 3] == 0x44 { return (.jisx0212, 4) }
            // The long form of the same.
            if bytes[at + 3] == 0x40 || bytes[at + 3] == 0x42 { return (.jisx0208, 4) }
            return nil
        default: return nil
        }
    }

    /// The character at the start of `range`; nil for none.
    private static func character(
        _ bytes: Span<UInt8>, _ range: Range<Int>, in set: CharacterSet
    ) -> (count: Int, scalar: UInt32?) {
        let first = bytes[range.lowerBound]
        if first >= 0x80 { return (1, nil) }
        // Control characters and the blank are themselves in every set; an escape is none.
        if first <= 0x20 || first == 0x7F {
            return (1, first == 0x1B ? nil : UInt32(first))
        }
        switch set {
        case .ascii: return (1, UInt32(first))
        case .latin: return (1, first == 0x5C ? 0xA5 : first == 0x7E ? 0x203E : UInt32(first))
        case .katakana: return (1, first <= 0x5F ? 0xFF40 + UInt32(first) : nil)
        case .jisx0208, .jisx0212:
            guard range.count > 1 else { return (1, nil) }
            let second = bytes[range.lowerBound + 1]
            guard second > 0x20, second < 0x7F else { return (1, nil) }
            let scalar =
                set == .jisx0212
                ? hisui_jisx0212_at(first | 0x80, second | 0x80) : kanji(first, second)
            return (2, scalar == 0 ? nil : UInt32(scalar))
        }
    }

    /// A character of JIS X 0208, or of those that NEC put into its row 13 and everybody uses
    /// (`①`).
    private static func kanji(_ first: UInt8, _ second: UInt8) -> UInt16 {
        let standard = hisui_jisx0208_at(first | 0x80, second | 0x80)
        if standard != 0 || first != 0x2D { return standard }
        // Row 13 as Shift_JIS counts it: an odd row, so in the lower half of lead byte 87.
        return hisui_cp932_pair_at(0x87, second &+ (second >= 0x60 ? 0x20 : 0x1F))
    }
}
