import HisuiStore

/// What a query is asked of: for pipes that ask another one.
struct QuerySource: Sendable {
    let blocks: [Block]
    var options: QueryOptions
}

extension StageContext {
    /// Runs a query over the same blocks, with the names and the memory of this one.
    ///
    /// - Parameters:
    ///   - needs: which fields of its rows are looked at.
    ///   - take: takes a row; false if no further row is wanted.
    func run(
        _ query: Query, _ needs: FieldNeeds,
        take: @escaping (inout ResultRow) throws(QueryFailure) -> Bool
    ) throws(QueryFailure) {
        guard var source else { return }
        source.options.trace = source.options.trace?.inner(query)
        try QueryRunner(source.blocks, query, source.options, output: needs)
            .run(into: TakeStage(take), names: names, budget: budget)
    }

    /// Throws if the caller asked to stop; for pipes that make many rows of few.
    func checkStop() throws(QueryFailure) {
        if source?.options.shouldStop() == true {
            throw QueryRunner.stopped()
        }
    }
}

private final class TakeStage: PipeStage {
    private let take: (inout ResultRow) throws(QueryFailure) -> Bool

    init(_ take: @escaping (inout ResultRow) throws(QueryFailure) -> Bool) { self.take = take }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool { try take(&row) }
    func finish() throws(QueryFailure) {}
}
