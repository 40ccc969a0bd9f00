/// `union (query)`: the rows that come, and behind them those of another query.
struct UnionPipe: Pipe {
    let query: Query

    var isRowByRow: Bool { false }
    var yieldsEvents: Bool { query.yieldsEvents }

    func print(to out: inout String) { out += "union (\(query))" }

    func needs(after: FieldNeeds) -> FieldNeeds { after }

    func withQuery(_ change: (Query) -> Query) -> any Pipe { UnionPipe(query: change(query)) }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        UnionStage(query, next: next, context)
    }

    static func parse(_ parser: inout Parser) throws(QueryError) -> UnionPipe {
        UnionPipe(query: try parser.queryInParentheses())
    }
}

private final class UnionStage: PipeStage {
    private let query: Query
    private let next: any PipeStage
    private let context: StageContext
    private var wantsMore = true

    init(_ query: Query, next: any PipeStage, _ context: StageContext) {
        self.query = query
        self.next = next
        self.context = context
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        wantsMore = try next.push(&row)
        return wantsMore
    }

    func finish() throws(QueryFailure) {
        if wantsMore {
            try context.run(query, context.after) { [next] (row) throws(QueryFailure) in
                try next.push(&row)
            }
        }
        try next.finish()
    }
}

extension Parser {
    /// Takes `(filters | pipes)`.
    mutating func queryInParentheses() throws(QueryError) -> Query {
        try expect("(")
        let query = try deeper { (parser) throws(QueryError) in try parser.query() }
        guard take(")") else { throw expected("‘|’ or ‘)’") }
        return query
    }
}
