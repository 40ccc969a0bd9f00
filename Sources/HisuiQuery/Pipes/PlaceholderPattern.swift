import HisuiBytes

/// Text with places for fields, as `extract` and `format` have it: `ip=<ip> port=<port>`.
///
/// In the text between, `&lt;`, `&gt;`, `&amp;`, `&quot;`, `&apos;` and `&#60;` stand for the marks
/// that they are in HTML.
struct PlaceholderPattern: Hashable, Sendable {
    struct Placeholder: Hashable, Sendable {
        /// What stands before the colon; empty if nothing does.
        let option: String
        /// The field; nil for `<_>` and `<>`.
        let field: String?
    }

    /// As the query says it.
    let source: [UInt8]
    /// The text before each placeholder and behind the last.
    let texts: [[UInt8]]
    let placeholders: [Placeholder]

    var fields: [String] { placeholders.compactMap(\.field) }

    /// Takes a pattern: a value, mostly in quotes.
    ///
    /// - Parameter options: what may stand before the name of a field and a colon.
    static func parse(
        _ parser: inout Parser, options: [String]
    ) throws(QueryError) -> PlaceholderPattern {
        let token = parser.current
        guard token.kind == .quoted || token.kind == .word else {
            throw parser.expected("a pattern in quotes")
        }
        let source = try parser.value()
        var texts: [[UInt8]] = []
        var placeholders: [Placeholder] = []
        var rest = source[...]
        while let open = rest.firstIndex(of: UInt8(ascii: "<")) {
            guard let close = rest[open...].firstIndex(of: UInt8(ascii: ">")) else {
                throw parser.error(
                    "the pattern has a ‘<’ without its ‘>’; write ‘&lt;’ for the mark", at: token)
            }
            texts.append(unescaped(rest[..<open]))
            let inside = String(decoding: rest[rest.index(after: open)..<close], as: UTF8.self)
            placeholders.append(try placeholder(inside, options, &parser, at: token))
            rest = rest[rest.index(after: close)...]
        }
        texts.append(unescaped(rest))
        return PlaceholderPattern(source: source, texts: texts, placeholders: placeholders)
    }

    private static func placeholder(
        _ inside: String, _ options: [String], _ parser: inout Parser, at token: Token
    ) throws(QueryError) -> Placeholder {
        var name = inside
        var option = ""
        if let colon = inside.firstIndex(of: ":") {
            let before = String(inside[..<colon])
            if options.contains(before) {
                option = before
                name = String(inside[inside.index(after: colon)...])
            } else if let hint = NearestName.suggestion(for: before, in: options) {
                throw parser.error(
                    "no form of a field is called ‘\(before)’; did you mean ‘\(hint)’?", at: token)
            }
        }
        let isNone = name.isEmpty || name == "_"
        return Placeholder(option: option, field: isNone ? nil : FieldName.canonical(name))
    }

    private static let entities: [(name: [UInt8], byte: UInt8)] = [
        (Array("lt".utf8), UInt8(ascii: "<")), (Array("gt".utf8), UInt8(ascii: ">")),
        (Array("amp".utf8), UInt8(ascii: "&")), (Array("quot".utf8), UInt8(ascii: "\"")),
        (Array("apos".utf8), UInt8(ascii: "'")),
    ]

    /// The text that `bytes` are in HTML; an ampersand that begins nothing known is one.
    private static func unescaped(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        var rest = bytes
        while let mark = rest.firstIndex(of: UInt8(ascii: "&")) {
            out += rest[..<mark]
            rest = rest[mark...]
            guard let end = rest.prefix(12).firstIndex(of: UInt8(ascii: ";")),
                appendEntity(Array(rest[(mark + 1)..<end]), to: &out)
            else {
                out.append(UInt8(ascii: "&"))
                rest = rest.dropFirst()
                continue
            }
            rest = rest[(end + 1)...]
        }
        return out + rest
    }

    private static func appendEntity(_ name: [UInt8], to out: inout [UInt8]) -> Bool {
        if let known = entities.first(where: { $0.name == name }) {
            out.append(known.byte)
            return true
        }
        guard name.first == UInt8(ascii: "#") else { return false }
        let isHexadecimal = name.count > 1 && name[1] | 0x20 == UInt8(ascii: "x")
        let digits = String(decoding: name.dropFirst(isHexadecimal ? 2 : 1), as: UTF8.self)
        guard let value = UInt32(digits, radix: isHexadecimal ? 16 : 10),
            let scalar = Unicode.Scalar(value)
        else { return false }
        out += Array(String(Character(scalar)).utf8)
        return true
    }
}
