public import HisuiStore
import HisuiEvent
import Glibc

/// A query that goes on: shows what passes in one snapshot after the other.
///
/// Rows of one snapshot come in order of time; those of the next stand after them, whatever their
/// time. The pipes' counts (`limit`) go on over all of them.
public struct QueryFollower {
    private let plan: QueryPlan
    private let options: QueryOptions
    private let context: StageContext
    private let last: any PipeStage
    /// For each stream, the index before which all rows have been seen: what
    /// `StoreReader.snapshot(zones:after:)` takes.
    public private(set) var seen: [Snapshot.Stream: UInt64]

    /// - Parameter after: for each stream, the index before which nothing is wanted.
    /// - Throws: `unsuitable` for a query that has to see the last row first.
    public init(
        _ query: Query, options: QueryOptions = QueryOptions(),
        after: [Snapshot.Stream: UInt64] = [:], emit: @escaping QueryRunner.Emit
    ) throws(QueryFailure) {
        if query.hasSubqueries {
            throw QueryFailure(
                .unsuitable,
                "a query inside a filter is asked once, so it cannot follow new events")
        }
        guard query.canFollow else {
            throw QueryFailure(
                .unsuitable,
                "pipes that need the last event, such as sort and stats, cannot follow new ones")
        }
        plan = QueryPlan(query.open, output: options.output)
        self.options = options
        seen = after
        context = StageContext(
            names: FieldNames(), budget: MemoryBudget(limit: options.memoryBytesMax),
            timeRange: plan.timeRange,
            keepsRecord: options.fields?.contains(FieldName.record) == true, source: nil)
        last = try QueryRunner.chain(plan.pipes, EmitStage(emit, options), context, options.output)
    }

    /// Hands on what is new in `snapshot`; false if no more is wanted.
    public mutating func take(_ snapshot: Snapshot) throws(QueryFailure) -> Bool {
        var blocks: [Block] = []
        for block in snapshot.blocks {
            let stream = Snapshot.Stream(zone: block.zone, stream: block.stream)
            if block.endIndex > seen[stream] ?? 0 { blocks.append(block) }
        }
        let runner = QueryRunner(
            blocks: blocks, plan: plan, options: options, after: seen, output: options.output)
        guard try runner.push(context, into: last) else { return false }
        for (stream, index) in snapshot.nextIndices {
            seen[stream] = max(index, seen[stream] ?? 0)
        }
        return true
    }
}
