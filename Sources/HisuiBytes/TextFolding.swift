import CHisui

/// Text as it is where width, case and the like do not matter: ＡＢＣ, ABC and abc are one, so are ｶﾞ
/// and ガ, ㈱ and (株), 〜 and ～.
///
/// Each character folds to its compatibility decomposition (NFKD) with case folded, on which all
/// is compared that is no matter of width and case (Unicode, D146); `ops/make-folding` says what
/// differs from that. Characters fold one by one, so that what text folds to is what its pieces
/// fold to, one behind the other. Decomposed, が begins with か: who looks for か asks of what stands
/// behind it whether it is a mark (`isMark`). Hiragana and katakana stay two scripts, and ー stays
/// a letter.
public enum TextFolding {
    /// Appends what the bytes of `range` fold to; those that are no UTF-8 as they are.
    ///
    /// - Complexity: O(n), eight bytes at a time where they are ASCII.
    public static func append(
        _ bytes: Span<UInt8>, _ range: Range<Int>, to out: inout [UInt8]
    ) {
        out.reserveCapacity(out.count + range.count)
        var at = range.lowerBound
        while at < range.upperBound {
            let end = UTF8Text.asciiEnd(bytes, at..<range.upperBound)
            while at < end {
                out.append(ByteSearch.lowered(bytes[at]))
                at += 1
            }
            while at < range.upperBound, bytes[at] >= 0x80 {
                let (count, scalar) = UTF8Text.character(bytes, at..<range.upperBound)
                if let scalar, append(scalar, to: &out) {
                } else {
                    for index in at..<at + count { out.append(bytes[index]) }
                }
                at += count
            }
        }
    }

    /// What all of `bytes` fold to.
    public static func folded(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        append(bytes.span, 0..<bytes.count, to: &out)
        return out
    }

    /// Appends what a character beyond ASCII folds to.
    ///
    /// - Returns: false, and nothing is appended, if that is itself.
    private static func append(_ scalar: UInt32, to out: inout [UInt8]) -> Bool {
        let place = hisui_fold_place(scalar)
        if place != 0 {
            // Safe: the table has `count` bytes there, as who wrote it saw to, for ever.
            unsafe out.append(
                contentsOf: UnsafeBufferPointer(
                    start: hisui_fold_text(place), count: hisui_fold_count(place)))
            return true
        }
        if syllables.contains(scalar) {
            let index = scalar - syllables.lowerBound
            UTF8Text.append(scalar: 0x1100 + index / 588, to: &out)
            UTF8Text.append(scalar: 0x1161 + index % 588 / 28, to: &out)
            if index % 28 > 0 { UTF8Text.append(scalar: 0x11A7 + index % 28, to: &out) }
            return true
        }
        return laterSelectors.contains(scalar)
    }

    /// Hangul, of 19 × 21 × 28 parts (Unicode, §3.12).
    private static let syllables: Range<UInt32> = 0xAC00..<0xD7A4

    /// Whether `folded` has pieces of such syllables.
    static func hasSyllables(_ folded: [UInt8]) -> Bool {
        // U+1100 to U+11FF are E1 and 84 to 87.
        (0x84...0x87).contains { ByteSearch.first(of: [0xE1, $0], in: folded.span) != nil }
    }

    /// Variation selectors beyond the table, as 葛󠄀 has one.
    private static let laterSelectors: Range<UInt32> = 0xE_0100..<0xE_01F0

    /// The first and the last byte that a character folds to; nil if that is not known, or nothing.
    public static func borderBytes(_ scalar: UnicodeScalar) -> (first: UInt8, last: UInt8)? {
        let value = scalar.value
        if value < 0x80 {
            let byte = ByteSearch.lowered(UInt8(value))
            return (byte, byte)
        }
        if syllables.contains(value) || laterSelectors.contains(value) { return nil }
        let place = hisui_fold_place(value)
        if place == 0 {
            let last = UInt8(0x80 | value & 0x3F)
            if value < 0x800 { return (UInt8(0xC0 | value >> 6), last) }
            return (value < 0x1_0000 ? UInt8(0xE0 | value >> 12) : UInt8(0xF0 | value >> 18), last)
        }
        let count = hisui_fold_count(place)
        if count == 0 { return nil }
        // Safe: the table has `count` bytes there.
        return unsafe (hisui_fold_text(place)[0], hisui_fold_text(place)[count - 1])
    }

    /// Whether there are variation selectors, which fold to nothing.
    public static func hasSelectors(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        // U+FE00 to U+FE0F, and those from U+E0100 on, whatever their last byte is.
        for at in range where bytes[at] == 0xEF || bytes[at] == 0xF3 {
            guard at + 1 < range.upperBound else { return true }
            let next = bytes[at + 1]
            if bytes[at] == 0xEF ? next == 0xB8 : next == 0xA0 { return true }
        }
        return false
    }

    /// A character of UTF-8 has no more bytes.
    public static let characterBytesMax = 4

    /// Whether a character, folded, belongs to the one before it: an accent, the voiced mark of
    /// kana, what a syllable of Hangul goes on with.
    public static func isMark(_ scalar: UnicodeScalar) -> Bool {
        switch scalar.value {
        case 0..<0x300, 0x3400..<0xA000, 0x3041..<0x3099, 0x30A1..<0x3100: return false
        case 0x1160..<0x1200, 0xD7B0..<0xD800: return true
        default: break
        }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: return true
        default: return false
        }
    }

    /// What a character folds to has no more bytes.
    static var textBytesMax: Int { Int(hisui_fold_bytes_max) }

    /// Calls `body` with each character of which the table tells, and what it folds to.
    ///
    /// - Complexity: O(characters of the table).
    static func forEach(_ body: (_ scalar: UInt32, _ text: UnsafeBufferPointer<UInt8>) -> Void) {
        for scalar in 0x80..<hisui_fold_scalars {
            let place = hisui_fold_place(scalar)
            if place == 0 { continue }
            // Safe: as above.
            unsafe body(
                scalar,
                UnsafeBufferPointer(start: hisui_fold_text(place), count: hisui_fold_count(place)))
        }
    }
}
