import HisuiBytes

/// `{zone.name="lgwan",hisui.source!="fw1"}`: the stream filter, whose labels are fields.
///
///     label = "value"   label != "value"   label =~ "expression"   label !~ "expression"
///     label in ("a", "b")   label not_in ("a", "b")
///
/// Labels parted by commas must all fit, groups parted by `or` one of them. An expression has to
/// fit the whole value. `zone` and `source`, as `_stream` shows them, are `zone.name` and
/// `hisui.source`.
enum StreamFilter {
    /// Takes what stands in the braces, with them.
    static func parse(_ parser: inout Parser) throws(QueryError) -> Filter {
        try parser.expect("{")
        var groups: [Filter] = []
        repeat { groups.append(try group(&parser)) } while parser.takeKeyword("or")
        guard parser.take("}") else {
            throw parser.expected("‘,’, ‘or’ or ‘}’ in the stream filter")
        }
        return groups.count == 1 ? groups[0] : .or(groups)
    }

    private static func group(_ parser: inout Parser) throws(QueryError) -> Filter {
        var filters: [Filter] = []
        while !parser.current.isMark("}"), !parser.current.isKeyword("or") {
            filters.append(try label(&parser))
            if !parser.take(",") { break }
        }
        return Filter.all(of: filters)
    }

    private static func label(_ parser: inout Parser) throws(QueryError) -> Filter {
        let start = parser.current
        let (name, mark) = try nameAndMark(&parser)
        let field = labels[name] ?? FieldName.canonical(name)
        // What stands after these names elsewhere is no test of a value.
        guard field != FieldName.time, field != "_stream_id" else {
            throw parser.error("expected the name of a label, found ‘\(name)’", at: start)
        }
        func leaf(_ test: any ValueTest) -> Filter { .field(FieldTest(field: field, test: test)) }
        switch mark {
        case "=": return leaf(ExactFilter(text: try parser.value()))
        case "!=": return .not(leaf(ExactFilter(text: try parser.value())))
        case "=~": return leaf(try expression(&parser))
        case "!~": return .not(leaf(try expression(&parser)))
        default:
            let isIn = parser.takeKeyword("in")
            guard isIn || parser.takeKeyword("not_in") else {
                throw parser.expected("one of = != =~ !~ in not_in after ‘\(name)’")
            }
            try parser.expect("(")
            let list = leaf(InFilter(try parser.valueList(), isAny: false))
            return isIn ? list : .not(list)
        }
    }

    /// Takes the name of a label, and the mark behind it.
    ///
    /// `=` ends no word elsewhere in the language: `app="x"` comes as the words `app=` and `x`.
    private static func nameAndMark(
        _ parser: inout Parser
    ) throws(QueryError) -> (name: String, mark: String) {
        let token = parser.current
        guard token.kind == .word || token.kind == .quoted else {
            throw parser.expected("the name of a label")
        }
        parser.advance()
        var name = token.text
        if token.kind == .word {
            for mark in ["!=", "=~", "!~", "="] where name.hasSuffix(mark) {
                name.removeLast(mark.count)
                return (name, mark)
            }
            // `app=x`, without quotes.
            for mark in ["!=", "="] where name.contains(mark) {
                throw parser.error("expected quotes around the value of a label", at: token)
            }
        }
        for mark in ["!=", "=~", "!~", "="] where parser.take(mark) { return (name, mark) }
        return (name, "")
    }

    private static func expression(_ parser: inout Parser) throws(QueryError) -> RegexpFilter {
        try RegexpFilter.parse(&parser, whole: true)
    }

    private static let labels = ["zone": FieldName.zone, "source": FieldName.source]
}
