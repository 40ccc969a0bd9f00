import HisuiBytes
import HisuiStore

/// `pattern_match("user <N> from <IP4>")`: the text stands in the value, a placeholder for what
/// changes; `pattern_match_full` asks for the whole value.
///
///     <N>               digits; hexadecimal digits, four or more
///     <UUID> <IP4>      one of these
///     <TIME> <DATE>     01:02:03.5; 2026-11-23 and 2026/11/23
///     <DATETIME>        both together, with a zone or without
///     <W>               letters, digits and _; text in quotes
///
/// It is the regular expression that says so, and is looked for as one.
struct PatternFilter: ValueTest {
    let text: [UInt8]
    let isWhole: Bool
    private let expression: RegexpFilter

    var regexp: RegexpFilter? { expression }
    var probes: [TextProbe] { expression.probes }

    func matches(_ value: Span<UInt8>) -> Bool { expression.matches(value) }

    func print(to out: inout String) {
        out += isWhole ? "pattern_match_full(" : "pattern_match("
        Quoting.append(text, to: &out)
        out += ")"
    }

    /// Takes `("pattern")`.
    static func parse(
        _ parser: inout Parser, isWhole: Bool
    ) throws(QueryError) -> PatternFilter {
        try parser.expect("(")
        let token = parser.current
        let text = try parser.value()
        try parser.expect(")")
        let string = String(decoding: text, as: UTF8.self)
        guard string.utf8.elementsEqual(text) else {
            throw parser.error("a pattern has to be valid UTF-8", at: token)
        }
        let pattern = isWhole ? "\\A(?:\(expression(string)))\\z" : expression(string)
        do {
            let compiled = try RegularExpression(pattern, dotTakesAll: true)
            return PatternFilter(
                text: text, isWhole: isWhole,
                expression: RegexpFilter(Array(pattern.utf8), compiled))
        } catch {
            throw parser.error("the pattern is refused: \(error.reason)", at: token)
        }
    }

    private static func expression(_ pattern: String) -> String {
        var out = ""
        // By scalars: a mark behind a bracket makes one character of both.
        var rest = pattern.unicodeScalars[...]
        while let first = rest.first {
            let known = placeholders.first { rest.starts(with: $0.name.unicodeScalars) }
            if let (name, fits) = known {
                out += "(?:\(fits))"
                rest = rest.dropFirst(name.unicodeScalars.count)
                continue
            }
            if first.isASCII, !WordCharacter.isWord(first), !first.properties.isWhitespace {
                out += "\\"
            }
            out.unicodeScalars.append(first)
            rest = rest.dropFirst()
        }
        return out
    }

    private static let date = "[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}"
    private static let time = "[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]+)?"
    private static let placeholders: [(name: String, fits: String)] = [
        ("<N>", "[0-9]+|[0-9a-fA-F]{4,}"),
        ("<UUID>", "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
        ("<IP4>", "[0-9]{1,3}(?:\\.[0-9]{1,3}){3}"),
        ("<TIME>", time), ("<DATE>", date),
        ("<DATETIME>", "\(date)[T ]\(time)(?:Z|[+-][0-9]{2}:?[0-9]{2})?"),
        ("<W>", "[0-9A-Za-z_\\x{80}-\\x{10FFFF}]+|\"[^\"]*\"|'[^']*'|`[^`]*`"),
    ]
}
