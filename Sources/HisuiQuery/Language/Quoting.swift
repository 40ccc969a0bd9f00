/// How text is written so that it is read back as the same text.
enum Quoting {
    /// Words with a meaning of their own where a filter can stand.
    static let keywords: Set<String> = ["and", "or", "not", "offset", "by", "as"]

    /// Appends a field name or a value: as it stands if it is a plain word, else in quotes.
    static func append(_ bytes: [UInt8], to out: inout String) {
        if isPlain(bytes) {
            out += String(decoding: bytes, as: UTF8.self)
        } else {
            appendQuoted(bytes, to: &out)
        }
    }

    static func append(_ text: String, to out: inout String) { append(Array(text.utf8), to: &out) }

    /// The text, quoted where it has to be.
    static func text(_ text: String) -> String {
        var out = ""
        append(text, to: &out)
        return out
    }

    /// Appends values parted by commas.
    static func append(list: [[UInt8]], to out: inout String) {
        for (number, value) in list.enumerated() {
            if number > 0 { out += "," }
            append(value, to: &out)
        }
    }

    /// Appends text in double quotes, escaped as in Go.
    static func appendQuoted(_ bytes: [UInt8], to out: inout String) {
        out += "\""
        var rest = bytes[...]
        while !rest.isEmpty {
            let (scalar, length) = Scalars.first(in: bytes.span, rest.startIndex..<rest.endIndex)
            if let scalar, scalar.value >= 0x20, scalar.value != 0x7F {
                if scalar == "\"" || scalar == "\\" { out += "\\" }
                out.unicodeScalars.append(scalar)
            } else {
                for byte in rest.prefix(length) { appendEscape(byte, to: &out) }
            }
            rest = rest.dropFirst(length)
        }
        out += "\""
    }

    private static func appendEscape(_ byte: UInt8, to out: inout String) {
        switch byte {
        case 0x09: out += "\\t"
        case 0x0A: out += "\\n"
        case 0x0D: out += "\\r"
        default:
            let digits = String(byte, radix: 16)
            out += "\\x" + (digits.count < 2 ? "0" : "") + digits
        }
    }

    private static func isPlain(_ bytes: [UInt8]) -> Bool {
        guard let first = bytes.first, first != UInt8(ascii: "-"), first != UInt8(ascii: "+") else {
            return false
        }
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.utf8.elementsEqual(bytes) else { return false }
        guard !keywords.contains(text.lowercased()) else { return false }
        return text.unicodeScalars.allSatisfy { scalar in
            WordCharacter.isLetterOrDigit(scalar) || scalar == "." || scalar == "-"
                || scalar == "/" || scalar == "@"
        }
    }
}
