/// Text in XML: blanks, names, and references to characters.
public enum XMLText {
    static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    /// Letters, digits, `- . _ :` and all that is not ASCII.
    public static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x2D, 0x2E, 0x30...0x3A, 0x41...0x5A, 0x5F, 0x61...0x7A, 0x80...0xFF: true
        default: false
        }
    }

    /// Appends the text of `range` with its references resolved: `&lt;`, `&#10;`, `&#x5C71;`. What
    /// is no reference to a character stays as it stands.
    ///
    /// - Complexity: O(length of the range).
    public static func appendDecoded(
        _ bytes: Span<UInt8>, _ range: Range<Int>, to out: inout [UInt8]
    ) {
        var at = range.lowerBound
        while let mark = ByteSearch.first(of: 0x26, in: bytes, at..<range.upperBound) {
            out.append(bytes, at..<mark)
            guard let (scalar, end) = reference(bytes, mark + 1..<range.upperBound) else {
                out.append(0x26)
                at = mark + 1
                continue
            }
            out.append(contentsOf: String(Character(scalar)).utf8)
            at = end
        }
        out.append(bytes, at..<range.upperBound)
    }

    private static let names: [(name: [UInt8], scalar: Unicode.Scalar)] = [
        (Array("lt;".utf8), "<"), (Array("gt;".utf8), ">"), (Array("amp;".utf8), "&"),
        (Array("quot;".utf8), "\""), (Array("apos;".utf8), "'"),
    ]

    /// The character that the text behind an ampersand refers to, and where that text ends.
    private static func reference(
        _ bytes: Span<UInt8>, _ range: Range<Int>
    ) -> (scalar: Unicode.Scalar, end: Int)? {
        var at = range.lowerBound
        guard at < range.upperBound else { return nil }
        guard bytes[at] == 0x23 else {
            for (name, scalar) in names where range.count >= name.count {
                let end = at + name.count
                if ByteSearch.equal(bytes, at..<end, name.span) { return (scalar, end) }
            }
            return nil
        }
        at += 1
        let isHex = at < range.upperBound && bytes[at] == 0x78
        if isHex { at += 1 }
        var value: UInt32 = 0
        let start = at
        while at < range.upperBound, at - start < 8, bytes[at] != 0x3B {
            guard let digit = HexText.digit(bytes[at]), isHex || digit < 10 else { return nil }
            value = value * (isHex ? 16 : 10) + UInt32(digit)
            at += 1
        }
        guard at > start, at < range.upperBound, bytes[at] == 0x3B, value > 0,
            let scalar = Unicode.Scalar(value)
        else { return nil }
        return (scalar, at + 1)
    }
}
