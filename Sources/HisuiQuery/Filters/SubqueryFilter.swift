import HisuiEvent

/// `user.name:in(error | fields user.name)`: the values that another query gives.
///
/// It is asked before the rows are, and a list of values takes its place.
public struct SubqueryFilter: Sendable {
    enum Kind: String, Sendable {
        case exactly = "in"
        case all = "contains_all"
        case any = "contains_any"
    }

    let field: String
    let kind: Kind
    let query: Query

    /// Most values that it may give: those of a list that somebody writes are fewer, but each of
    /// words and phrases is looked for by itself.
    var valuesMax: Int {
        kind == .exactly ? Limits.subqueryValuesMax : Limits.queryListMax
    }

    /// What is asked once the values are known.
    func filter(_ values: [[UInt8]]) -> Filter {
        switch kind {
        case .exactly:
            .field(FieldTest(field: field, test: InFilter(values, isAny: false)))
        case .all: .containing(values, allIn: field)
        case .any: .containing(values, oneIn: field)
        }
    }

    func print(to out: inout String) {
        if field != FieldName.message {
            Quoting.append(field, to: &out)
            out += ":"
        }
        out += "\(kind.rawValue)(\(query))"
    }

    /// Takes `(query | fields name)`.
    static func parse(
        _ parser: inout Parser, _ field: String, _ kind: Kind
    ) throws(QueryError) -> SubqueryFilter {
        guard parser.takesSubqueries else {
            throw parser.unsupported(
                "a query inside \(kind.rawValue)(…) of this pipe", at: parser.current)
        }
        try parser.expect("(")
        let start = parser.current
        let query = try parser.deeper { (parser) throws(QueryError) in try parser.query() }
        guard query.valueField != nil else {
            throw parser.error(
                "expected ‘| fields name’ or ‘| uniq by (name)’ at the end of this query: its "
                    + "values are looked for", at: start)
        }
        try parser.expect(")")
        return SubqueryFilter(field: field, kind: kind, query: query)
    }
}
