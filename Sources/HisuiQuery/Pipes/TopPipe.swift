import HisuiBytes
import HisuiShape

/// `top 10 by (a, b) hits as n rank as place`: the most frequent combinations of values.
struct TopPipe: AggregatingPipe {
    let count: Int
    let fields: [String]
    let hits: String
    let rank: String?

    var grouping: Grouping {
        Grouping(by: fields.map { GroupField(field: $0, bucket: nil) }, functions: [])
    }

    func print(to out: inout String) {
        out += "top \(count) by ("
        for (number, field) in fields.enumerated() {
            if number > 0 { out += ", " }
            Quoting.append(field, to: &out)
        }
        out += ")"
        if hits != "hits" {
            out += " hits as "
            Quoting.append(hits, to: &out)
        }
        if let rank {
            out += " rank as "
            Quoting.append(rank, to: &out)
        }
    }

    func emit(
        _ aggregation: Aggregation, to next: any PipeStage, context: StageContext
    ) throws(QueryFailure) {
        let names = context.names
        let keyNames = fields.map(names.number)
        let hitsName = names.number(hits)
        let rankName = rank.map(names.number)
        var row = ResultRow(names: names)
        for (place, group) in frequent(aggregation).enumerated() {
            fill(&row, aggregation, group: group, names: keyNames)
            var start = row.bytes.count
            row.bytes.appendDecimal(aggregation.rows[group])
            row.close(hitsName, .integer, from: start)
            if let rankName {
                start = row.bytes.count
                row.bytes.appendDecimal(UInt64(place + 1))
                row.close(rankName, .integer, from: start)
            }
            if try !next.push(&row) { return }
        }
    }

    /// The groups with the most rows; where the border cuts through equals, those whose keys stand
    /// first.
    private func frequent(_ aggregation: Aggregation) -> ArraySlice<Int> {
        let rows = aggregation.rows
        var order = aggregation.ordered()
        // Equal groups stay in the order of their keys: the sort of the standard library is stable.
        order.sort { rows[$0] > rows[$1] }
        return order.prefix(count)
    }

    static func parse(_ parser: inout Parser) throws(QueryError) -> TopPipe {
        var count = 10
        if !parser.current.isKeyword("by"), !parser.current.isMark("(") {
            count = try parser.count("a number of rows, or ‘by (…)’")
        }
        _ = parser.takeKeyword("by")
        let start = parser.current
        try parser.expect("(")
        let fields = try parser.fieldNames(inParentheses: true)
        guard !fields.isEmpty else { throw parser.error("expected the name of a field", at: start) }
        var hits = "hits"
        var rank: String?
        while true {
            if parser.takeKeyword("hits") {
                _ = parser.takeKeyword("as")
                hits = try parser.fieldName()
            } else if parser.takeKeyword("rank") {
                rank = parser.takeKeyword("as") ? try parser.fieldName() : "rank"
            } else {
                break
            }
        }
        return TopPipe(count: count, fields: fields, hits: hits, rank: rank)
    }
}
