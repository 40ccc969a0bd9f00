/// The fields that a function of `stats` is about: `(a, b)`, or `(http.*)`, which are all fields of
/// a row whose names begin so.
struct FunctionFields: Hashable, Sendable {
    let patterns: [FieldPattern]

    init(_ patterns: [FieldPattern]) { self.patterns = patterns }

    private var isOpen: Bool { patterns.contains(where: \.isPrefix) }

    /// The fields, if all are named; else none.
    var named: [String] { isOpen ? [] : patterns.map(\.name) }

    /// Which fields of a row they are, if that is not known before the row is there.
    var open: OpenFields? { isOpen ? OpenFields(patterns: patterns, asObject: false) : nil }

    func print(to out: inout String) {
        for (number, pattern) in patterns.enumerated() {
            if number > 0 { out += ", " }
            pattern.print(to: &out)
        }
    }

    /// Appends `name(a, b)`, and `name(*)` where there are none.
    func printCall(_ name: String, to out: inout String) {
        out += name
        out += "("
        if patterns.isEmpty { out += "*" } else { print(to: &out) }
        out += ")"
    }
}

/// Fields of a row that a function takes whatever their number: the values of all that fit a
/// pattern.
struct OpenFields: Hashable, Sendable {
    let patterns: [FieldPattern]
    /// Whether it gets them as one value, a JSON object with their names.
    let asObject: Bool

    var needs: FieldNeeds {
        FieldNeeds(
            all: patterns.contains(where: \.isPrefix),
            names: Set(patterns.filter { !$0.isPrefix }.map(\.name)))
    }

    func contains(_ name: String) -> Bool { patterns.contains { $0.matches(name) } }
}

// Reading.
extension Parser {
    /// Takes `()`, `(*)`, `(a, b)` or `(http.*)`: `()` and `(*)` are no pattern.
    mutating func functionFields() throws(QueryError) -> FunctionFields {
        try expect("(")
        if current.isMark("*"), following.isMark(")") {
            advance()
            advance()
            return FunctionFields([])
        }
        return try restOfFunctionFields()
    }

    /// Takes `(a, b)`, `(*)` or `(http.*)`: at least one.
    mutating func namedFunctionFields() throws(QueryError) -> FunctionFields {
        let start = current
        try expect("(")
        let fields = try restOfFunctionFields()
        guard !fields.patterns.isEmpty else {
            throw error("expected the name of a field", at: start)
        }
        return fields
    }

    /// Takes patterns up to and with the closing parenthesis.
    mutating func restOfFunctionFields() throws(QueryError) -> FunctionFields {
        if take(")") { return FunctionFields([]) }
        let fields = try fieldPatterns()
        guard take(")") else { throw expected("‘,’ or ‘)’ after the name of a field") }
        return FunctionFields(fields)
    }

    /// Takes `limit N` if it stands here.
    mutating func valueLimit() throws(QueryError) -> Int? {
        takeKeyword("limit") ? try count("a number of values after ‘limit’") : nil
    }
}
