import HisuiEvent
import HisuiYAML

/// Reads a Sigma condition: `selection and not 1 of filter_*`.
///
///     or      = and ("or" and)*
///     and     = not ("and" not)*
///     not     = "not" not | "(" or ")" | quantity "of" target | name
///     target  = "them" | name with "*"
struct ConditionParser {
    private let node: YAMLNode
    private let selections: [(name: String, expression: Expression)]
    private var tokens: [Substring] = []
    private var at = 0
    private var depth = 0

    private init(_ node: YAMLNode, _ selections: [(name: String, expression: Expression)]) {
        self.node = node
        self.selections = selections
    }

    /// The expression of the condition in `node`, given those of the selections in order.
    static func parse(
        _ node: YAMLNode, selections: [(name: String, expression: Expression)]
    ) throws(RuleError) -> Expression {
        guard let text = node.text else {
            throw RuleError(node, "a condition must be text, not \(node.described)")
        }
        var parser = ConditionParser(node, selections)
        parser.tokens = split(text)
        let expression = try parser.or()
        if parser.at < parser.tokens.count {
            throw parser.unexpected("`and`, `or` or the end")
        }
        return expression
    }

    private static func split(_ text: String) -> [Substring] {
        var tokens: [Substring] = []
        var rest = text[...]
        while let first = rest.first {
            if first.isWhitespace {
                rest.removeFirst()
            } else if first == "(" || first == ")" || first == "|" {
                tokens.append(rest.prefix(1))
                rest.removeFirst()
            } else {
                let word = rest.prefix { !$0.isWhitespace && $0 != "(" && $0 != ")" && $0 != "|" }
                tokens.append(word)
                rest = rest.dropFirst(word.count)
            }
        }
        return tokens
    }

    private func unexpected(_ expected: String) -> RuleError {
        guard at < tokens.count else {
            return RuleError(node, "the condition ends where \(expected) is expected")
        }
        if tokens[at] == "|" {
            return RuleError(
                node, "aggregations after `|` were taken out of Sigma",
                hint: "write a correlation rule: event_count")
        }
        return RuleError(
            node, "\(YAMLNode.quote(String(tokens[at]))) stands where \(expected) is expected")
    }

    private func isNext(_ word: String) -> Bool {
        at < tokens.count && tokens[at].lowercased() == word
    }

    private mutating func or() throws(RuleError) -> Expression {
        var parts = [try and()]
        while isNext("or") {
            at += 1
            parts.append(try and())
        }
        return parts.count == 1 ? parts[0] : .any(parts)
    }

    private mutating func and() throws(RuleError) -> Expression {
        var parts = [try not()]
        while isNext("and") {
            at += 1
            parts.append(try not())
        }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private mutating func not() throws(RuleError) -> Expression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Limits.conditionDepthMax else {
            throw RuleError(
                node, "more than \(Limits.conditionDepthMax) parentheses within each other")
        }
        if isNext("not") {
            at += 1
            return .not(try not())
        }
        if isNext("(") {
            at += 1
            let inner = try or()
            guard isNext(")") else { throw unexpected("`)`") }
            at += 1
            return inner
        }
        let reserved = ["and", "or", "of", ")", "|"]
        guard at < tokens.count, !reserved.contains(tokens[at].lowercased()) else {
            throw unexpected("a selection")
        }
        let word = String(tokens[at])
        at += 1
        if isNext("of") { return try quantity(word) }
        guard let found = selections.first(where: { $0.name == word }) else {
            throw RuleError(
                node, "the condition names \(YAMLNode.quote(word)), which is no selection",
                hint: "selections: " + selections.map(\.name).joined(separator: ", "))
        }
        return found.expression
    }

    private mutating func quantity(_ word: String) throws(RuleError) -> Expression {
        at += 1
        guard at < tokens.count else { throw unexpected("`them` or a pattern") }
        let target = String(tokens[at])
        at += 1
        let pattern = TextPattern(
            target.split(separator: "*", omittingEmptySubsequences: false).enumerated().flatMap {
                $0.offset == 0
                    ? [.literal(Array($0.element.utf8))] : [.any, .literal(Array($0.element.utf8))]
            }, isCased: true)
        let parts = selections.filter { name, _ in
            if target.lowercased() == "them" { return !name.hasPrefix("_") }
            let bytes = Array(name.utf8)
            return pattern.matches(bytes.span, 0..<bytes.count)
        }.map(\.expression)
        guard !parts.isEmpty else {
            throw RuleError(node, "no selection is called like \(YAMLNode.quote(target))")
        }
        switch word.lowercased() {
        case "all": return .all(parts)
        case "any", "1": return .any(parts)
        default:
            guard let count = Int(word), count > 0 else {
                throw RuleError(
                    node, "\(YAMLNode.quote(word)) is no quantity", hint: "1, any, all or a number")
            }
            guard count <= parts.count else {
                throw RuleError(
                    node, "\(count) of \(parts.count) selections can never hold",
                    hint: "write `all of \(target)`")
            }
            return .atLeast(count, parts)
        }
    }
}

/// Why a rule is refused, and where.
struct RuleError: Error {
    let diagnostic: Diagnostic

    init(_ node: YAMLNode, _ message: String, hint: String = "") {
        diagnostic = Diagnostic(node, message, hint: hint)
    }
}
