/// `stream_context before 3 after 3`: with each row those that stand before and after it in its
/// `_stream`, which is its source in its zone.
///
/// Has to be the first pipe: what stands around a row is no matter of the filter.
struct StreamContextPipe: Pipe {
    let before: Int
    let after: Int

    var isRowByRow: Bool { false }

    func print(to out: inout String) {
        out += "stream_context before \(before) after \(after)"
    }

    /// Rows that pass are asked for their places only; those that are shown by `ContextReader`.
    func needs(after: FieldNeeds) -> FieldNeeds { after }

    /// The pipe at the right place is taken out of the plan before anything is asked.
    func check(_ context: StageContext) throws(QueryFailure) {
        throw QueryFailure(
            .unsuitable,
            "stream_context has to be the first pipe: it looks at the records around those that "
                + "the filter selects")
    }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage { next }

    static func parse(_ parser: inout Parser) throws(QueryError) -> StreamContextPipe {
        var before: Int?
        var after: Int?
        while true {
            if before == nil, parser.takeKeyword("before") {
                before = try rows(&parser)
            } else if after == nil, parser.takeKeyword("after") {
                after = try rows(&parser)
            } else {
                break
            }
        }
        guard before != nil || after != nil else {
            throw parser.expected("‘before’ or ‘after’ and a number of rows")
        }
        return StreamContextPipe(before: before ?? 0, after: after ?? 0)
    }

    private static func rows(_ parser: inout Parser) throws(QueryError) -> Int {
        let token = parser.current
        let count = try parser.count("a number of rows")
        guard count <= PipeLimits.contextRowsMax else {
            throw parser.limit(
                "more than \(PipeLimits.contextRowsMax) rows of context", at: token)
        }
        return count
    }
}

extension Query {
    /// The query with so many rows before and after each of its own, of the same source.
    public func around(before: Int, after: Int) -> Query {
        var query = self
        query.pipes.append(StreamContextPipe(before: before, after: after))
        return query
    }

    /// Whether the query has nothing but filters.
    public var selectsOnly: Bool { pipes.allSatisfy { $0 is FilterPipe } }

    /// Whether rows are shown with those around them, which `contextFields` mark.
    public var hasContext: Bool { pipes.contains { $0 is StreamContextPipe } }

    /// What rows say that are shown with those around them: `hisui.context`, the number of the
    /// stretch of rows one after the other, and `hisui.hit`, `true` where the filter selects one.
    public static let contextFields = [FieldName.context, FieldName.hit]

    /// Rows of context there may be on either side.
    public static let contextRowsMax = PipeLimits.contextRowsMax
}
