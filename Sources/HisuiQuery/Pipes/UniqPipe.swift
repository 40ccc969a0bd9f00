import HisuiBytes
import HisuiShape

/// `uniq by (a, b) with hits limit 10`: the different combinations of values.
struct UniqPipe: AggregatingPipe {
    let fields: [String]
    let hasHits: Bool
    let limit: Int?

    var grouping: Grouping {
        Grouping(by: fields.map { GroupField(field: $0, bucket: nil) }, functions: [])
    }

    func print(to out: inout String) {
        out += "uniq by ("
        for (number, field) in fields.enumerated() {
            if number > 0 { out += ", " }
            Quoting.append(field, to: &out)
        }
        out += ")"
        if hasHits { out += " with hits" }
        if let limit { out += " limit \(limit)" }
    }

    func emit(
        _ aggregation: Aggregation, to next: any PipeStage, context: StageContext
    ) throws(QueryFailure) {
        let names = context.names
        let keyNames = fields.map(names.number)
        let hits = names.number("hits")
        var row = ResultRow(names: names)
        for group in aggregation.ordered().prefix(limit ?? .max) {
            fill(&row, aggregation, group: group, names: keyNames)
            if hasHits {
                let start = row.bytes.count
                row.bytes.appendDecimal(aggregation.rows[group])
                row.close(hits, .integer, from: start)
            }
            if try !next.push(&row) { return }
        }
    }

    static func parse(_ parser: inout Parser) throws(QueryError) -> UniqPipe {
        _ = parser.takeKeyword("by")
        let start = parser.current
        try parser.expect("(")
        let fields = try parser.fieldNames(inParentheses: true)
        guard !fields.isEmpty else { throw parser.error("expected the name of a field", at: start) }
        var hasHits = false
        if parser.takeKeyword("with") {
            guard parser.takeKeyword("hits") else { throw parser.expected("‘hits’") }
            hasHits = true
        } else if parser.takeKeyword("hits") {
            hasHits = true
        }
        let limit =
            parser.takeKeyword("limit") ? try parser.count("a number of rows after ‘limit’") : nil
        return UniqPipe(fields: fields, hasHits: hasHits, limit: limit)
    }

    /// Takes what stands after `field_values`, which is `uniq by (a) with hits`.
    static func parseValues(_ parser: inout Parser) throws(QueryError) -> UniqPipe {
        let field = try parser.fieldName()
        let limit =
            parser.takeKeyword("limit")
            ? try parser.count("a number of values after ‘limit’") : nil
        return UniqPipe(fields: [field], hasHits: true, limit: limit)
    }
}
