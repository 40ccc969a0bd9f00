/// Text from records, made fit to be shown on a terminal: it can neither steer the terminal nor
/// pretend to be other text.
///
/// Control characters are shown as `\n`, `\t`, `\r` or `\x1b`, characters that reorder or hide text
/// (bidirectional controls, zero-width characters, line separators, tags) as `\u{202e}`, and bytes
/// that are no text as `\xff`. A backslash stays as it is: what is shown is for eyes, and
/// `--format raw` gives the bytes.
public enum TerminalText {
    /// A line with text from outside in it, made harmless.
    public static func escaped(_ text: String) -> String {
        var safe: [UInt8] = []
        let bytes = Array(text.utf8)
        appendEscaped(bytes.span, 0..<bytes.count, to: &safe)
        return String(decoding: safe, as: UTF8.self)
    }

    /// Appends the bytes of `range` as such text.
    ///
    /// - Parameter columnsMax: where to stop, in columns. If the text is longer, it ends in `…`
    ///   and takes at most that many columns. A character or an escape is never cut in two.
    /// - Returns: how many columns were used.
    @discardableResult
    public static func appendEscaped(
        _ bytes: Span<UInt8>, _ range: Range<Int>, columnsMax: Int = .max, to out: inout [UInt8]
    ) -> Int {
        var columns = 0
        // The last place at which the ellipsis still fits.
        var fit = (count: out.count, columns: 0)
        var at = range.lowerBound
        while at < range.upperBound {
            if columns < columnsMax { fit = (out.count, columns) }
            let (count, scalar) = UTF8Text.character(bytes, at..<range.upperBound)
            if let scalar {
                if isHarmless(scalar) {
                    out.append(bytes, at..<at + count)
                    columns += width(scalar)
                } else {
                    columns += appendEscape(scalar, to: &out)
                }
            } else {
                for index in at..<at + count {
                    out.append(utf8: "\\x")
                    HexText.append(bytes[index], to: &out)
                    columns += 4
                }
            }
            at += count
            if columns > columnsMax {
                out.removeSubrange(fit.count...)
                guard columnsMax > 0 else { return 0 }
                out.append(utf8: "…")
                return fit.columns + 1
            }
        }
        return columns
    }

    /// How many columns the bytes of `range` take on a terminal if written as they are: two for
    /// wide characters of East Asia, none for marks that join the character before and for control
    /// characters, one for each byte that is no text.
    ///
    /// Characters of ambiguous width count one.
    public static func displayWidth(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        var columns = 0
        var at = range.lowerBound
        while at < range.upperBound {
            let (count, scalar) = UTF8Text.character(bytes, at..<range.upperBound)
            columns += scalar.map { width($0) } ?? count
            at += count
        }
        return columns
    }

    /// How many columns `text` takes on a terminal.
    public static func displayWidth(_ text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + width($1.value) }
    }

    /// Columns of one character: 0, 1 or 2.
    public static func width(_ scalar: UInt32) -> Int {
        if scalar < 0x300 { return scalar < 0x20 || scalar &- 0x7F < 0x21 ? 0 : 1 }
        if contains(TerminalWidths.zero, scalar) { return 0 }
        return contains(TerminalWidths.wide, scalar) ? 2 : 1
    }

    private static func contains(_ ranges: [UInt32], _ scalar: UInt32) -> Bool {
        var low = 0
        var high = ranges.count / 2
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle * 2 + 1] < scalar { low = middle + 1 } else { high = middle }
        }
        return low * 2 < ranges.count && ranges[low * 2] <= scalar
    }

    private static func isHarmless(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x20..<0x7F, 0xA0..<0xAD: true
        // Soft hyphen, Arabic letter mark, Mongolian vowel separator.
        case 0xAD, 0x61C, 0x180E: false
        // Zero-width space, directional marks; separators, embeddings, overrides. Joiners (200C,
        // 200D) are letters' business in many scripts and in emoji, and stay.
        case 0x200B, 0x200E, 0x200F, 0x2028...0x202E: false
        // Word joiner, invisible operators, isolates, deprecated controls.
        case 0x2060...0x206F: false
        // Byte order mark, interlinear annotation, tags.
        case 0xFEFF, 0xFFF9...0xFFFB, 0xE0000...0xE007F: false
        default: scalar >= 0xA0
        }
    }

    /// Returns the columns used.
    private static func appendEscape(_ scalar: UInt32, to out: inout [UInt8]) -> Int {
        let start = out.count
        switch scalar {
        case 0x09: out.append(utf8: "\\t")
        case 0x0A: out.append(utf8: "\\n")
        case 0x0D: out.append(utf8: "\\r")
        case 0..<0x80:
            out.append(utf8: "\\x")
            HexText.append(UInt8(scalar), to: &out)
        default:
            out.append(utf8: "\\u{" + String(scalar, radix: 16) + "}")
        }
        return out.count - start
    }
}
