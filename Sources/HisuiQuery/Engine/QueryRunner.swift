import Glibc
import HisuiBytes
import HisuiEvent
public import HisuiStore

/// How a query is run.
public struct QueryOptions: Sendable {
    /// What the query may hold at once: rows to sort, groups, rows waiting for their turn.
    ///
    /// Blocks being read are beside this.
    public var memoryBytesMax = 256 << 20
    /// Threads that look at blocks.
    public var workers: Int
    /// Called first on each thread that looks at blocks, where there are any beside the caller's.
    public var onThread: @Sendable () -> Void = {}
    /// Fields the output shows, where it does not show all: nothing else is read.
    ///
    /// `event.original` is read only where it is named.
    public var fields: [String]?
    /// Asked now and then; true ends the query with `QueryFailure.Code.stopped`.
    public var shouldStop: @Sendable () -> Bool = { false }
    /// Told what is read and what is not, and why.
    public var trace: QueryTrace?

    public init() { workers = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    /// For raw output: the record comes through to the end whatever fields the query keeps.
    public static var raw: QueryOptions {
        var options = QueryOptions()
        options.fields = [FieldName.record]
        return options
    }

    var output: FieldNeeds { fields.map { FieldNeeds($0) } ?? .everything }
}

/// A block that may have rows of a query.
struct Candidate: Sendable {
    let block: Block
    /// Its place among all blocks.
    let place: Int
    /// Rows before this one are not wanted.
    let firstRow: UInt32
}

/// Runs a query over blocks.
///
/// Workers look at blocks side by side, each first at what the block's shapes tell and then at the
/// columns that are in question. Rows come in order of `_time`, then of the block and the row,
/// unless the query says otherwise; figures come in the order of their keys. The same blocks and
/// query give the same rows in the same order, whatever the number of workers.
public struct QueryRunner {
    /// Takes a row; false if no further row is wanted.
    public typealias Emit = (borrowing ResultRow) -> Bool

    let blocks: [Block]
    let plan: QueryPlan
    let plans: ShapePlans
    let options: QueryOptions
    /// Which fields of the rows are looked at.
    private let output: FieldNeeds
    /// A query in whose filters others stand, which are asked first.
    private let unanswered: Query?
    /// For each stream, the index before which nothing is wanted.
    private let after: [Snapshot.Stream: UInt64]

    public init(snapshot: Snapshot, query: Query, options: QueryOptions = QueryOptions()) {
        self.init(blocks: snapshot.blocks, query: query, options: options)
    }

    /// - Parameter blocks: in the order in which rows of the same time are wanted.
    public init(blocks: [Block], query: Query, options: QueryOptions = QueryOptions()) {
        self.init(blocks, query, options, output: options.output)
    }

    init(_ blocks: [Block], _ query: Query, _ options: QueryOptions, output: FieldNeeds) {
        let isWhole = !query.hasSubqueries
        let plan = QueryPlan(
            isWhole ? query : Query(filter: .not(.all), pipes: []), output: output)
        self.init(
            blocks: blocks, plan: plan, options: options, after: [:], output: output,
            unanswered: isWhole ? nil : query)
    }

    init(
        blocks: [Block], plan: QueryPlan, options: QueryOptions,
        after: [Snapshot.Stream: UInt64], output: FieldNeeds, unanswered: Query? = nil
    ) {
        self.blocks = blocks
        self.output = output
        self.unanswered = unanswered
        self.plan = plan
        plans = ShapePlans(plan.filter, grouping: plan.aggregating?.grouping.fields ?? [])
        self.options = options
        self.after = after
    }

    /// Runs the query to its end, or until `emit` wants no more.
    public func run(emit: @escaping Emit) throws(QueryFailure) {
        try run(
            into: EmitStage(emit, options), names: FieldNames(),
            budget: MemoryBudget(limit: options.memoryBytesMax))
    }

    /// Runs the query with what another one, inside of which it stands, has.
    func run(
        into end: any PipeStage, names: FieldNames, budget: MemoryBudget
    ) throws(QueryFailure) {
        if let unanswered {
            let query = try unanswered.answered { (subquery) throws(QueryFailure) in
                try Self.values(of: subquery, blocks, options)
            }
            return try QueryRunner(blocks, query, options, output: output)
                .run(into: end, names: names, budget: budget)
        }
        options.trace?.begin(plan, blocks)
        try options.trace.timed(.whole) { () throws(QueryFailure) in
            try runPlan(into: end, names: names, budget: budget)
        }
        if let trace = options.trace {
            let census = plans.census
            trace.shapes(never: census.never, always: census.always, depends: census.depends)
        }
    }

    private func runPlan(
        into end: any PipeStage, names: FieldNames, budget: MemoryBudget
    ) throws(QueryFailure) {
        let context = StageContext(
            names: names, budget: budget, timeRange: plan.timeRange,
            keepsRecord: output.names.contains(FieldName.record),
            source: QuerySource(blocks: blocks, options: options))
        let last = try Self.chain(plan.pipes, end, context, output)
        if let pipe = plan.aggregating {
            try pipe.check(context)
            let gathered = try aggregate(pipe, budget)
            try AggregateStage(pipe, gathered, next: last, context).finish()
        } else if let pipe = plan.context {
            try push(pipe, context, into: last)
            try last.finish()
        } else {
            _ = try push(context, into: last)
            try last.finish()
        }
    }

    /// The stages of `pipes`, ending in `last`.
    ///
    /// - Throws: `unsuitable` if one of them cannot run in this query.
    static func chain(
        _ pipes: ArraySlice<any Pipe>, _ last: any PipeStage, _ context: StageContext,
        _ output: FieldNeeds
    ) throws(QueryFailure) -> any PipeStage {
        for pipe in pipes { try pipe.check(context) }
        var context = context
        context.after = output
        return pipes.reversed().reduce(last) { next, pipe in
            let stage = pipe.stage(next: next, context: context)
            context.after = pipe.needs(after: context.after)
            return stage
        }
    }

    /// The blocks that can have rows of the plan's time, with their places.
    func candidates() -> [Candidate] {
        let candidates = candidatesOfTime()
        if let trace = options.trace {
            let all = blocks.reduce(0) { $0 + $1.count }
            let left = candidates.reduce(0) { $0 + $1.block.count }
            trace.outsideTime(blocks: blocks.count - candidates.count, rows: all - left)
        }
        return candidates
    }

    private func candidatesOfTime() -> [Candidate] {
        guard let range = plan.timeRange else { return [] }
        return blocks.enumerated().compactMap { place, block in
            guard block.timeRange.upperBound.nanoseconds >= range.lowerBound,
                block.timeRange.lowerBound.nanoseconds <= range.upperBound
            else { return nil }
            let first = after[Snapshot.Stream(zone: block.zone, stream: block.stream)] ?? 0
            let skipped = first > block.firstIndex ? first - block.firstIndex : 0
            return Candidate(block: block, place: place, firstRow: UInt32(skipped))
        }
    }

    /// Those of `candidates` that may have rows, as far as the footers of their segments tell;
    /// these are asked side by side.
    func asked(_ candidates: [Candidate]) -> [Candidate] {
        options.trace.timed(.planning) { withoutRuledOut(candidates) }
    }

    private func withoutRuledOut(_ candidates: [Candidate]) -> [Candidate] {
        if plans.passAll { return candidates }
        for candidate in candidates { candidate.block.willBeSearched() }
        var known: Set<ObjectIdentifier> = []
        let tables = candidates.compactMap(\.block.table?.table).filter {
            known.insert(ObjectIdentifier($0)).inserted
        }
        let plans = plans
        // First the shapes, most of which several tables have, then the tables.
        let shapes = plans.unknown(of: tables)
        let pieces = (shapes.count + Self.shapesAtOnce - 1) / Self.shapesAtOnce
        each(of: pieces) { piece in
            let first = piece * Self.shapesAtOnce
            plans.prepare(shapes[first..<min(first + Self.shapesAtOnce, shapes.count)])
        }
        each(of: tables.count) { plans.prepare(tables[$0]) }
        return candidates.filter { candidate in
            guard plans.isNever(candidate.block) else { return true }
            options.trace?.ruledOut(plans.fates(ofRuledOut: candidate.block))
            return false
        }
    }

    /// Shapes whose plans are made one after the other.
    private static let shapesAtOnce = 128

    /// Does some pieces of work side by side.
    private func each(of count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        let work = OrderedWork<Void>(
            count: count, workers: options.workers, ahead: count, onThread: options.onThread
        ) {
            .success(body($0))
        }
        while let _ = try? work.take() {}
        work.stop()
    }

    /// Ends a query between two looks at the blocks, if it shall stop.
    ///
    /// - Throws: `stopped`.
    public static func check(_ options: QueryOptions) throws(QueryFailure) {
        if options.shouldStop() { throw stopped() }
    }

    static func stopped() -> QueryFailure {
        QueryFailure(.stopped, "the search was stopped")
    }
}

// Figures.
extension QueryRunner {
    private func aggregate(
        _ pipe: any AggregatingPipe, _ budget: MemoryBudget
    ) throws(QueryFailure) -> Aggregation {
        let blocks = asked(candidates())
        let grouping = pipe.grouping
        let plans = plans
        let shouldStop = options.shouldStop
        let trace = options.trace
        let total = Aggregation(grouping, budget)
        let work = OrderedWork<Gathered>(
            count: blocks.count, workers: options.workers, ahead: options.workers + 2,
            onThread: options.onThread
        ) { number in
            if shouldStop() { return .failure(Self.stopped()) }
            let block = blocks[number].block
            if plans.passAll, grouping.fields.isEmpty, grouping.countsOnly {
                let aggregation = Aggregation(grouping, budget)
                aggregation.add(rows: block.count, group: 0)
                trace?.counted(rows: block.count)
                return .success(Gathered(aggregation))
            }
            let scan = BlockScan(block, place: blocks[number].place)
            defer { scan.release() }
            do throws(QueryFailure) {
                return .success(
                    Gathered(try Self.aggregate(scan, plans, grouping, budget, trace)))
            } catch {
                return .failure(error)
            }
        }
        defer { work.stop() }
        while true {
            let gathered = try trace.timed(.waiting) { () throws(QueryFailure) in
                try work.take()
            }
            guard let gathered else { return total }
            try total.merge(gathered.aggregation)
        }
    }

    private static func aggregate(
        _ scan: BlockScan, _ plans: ShapePlans, _ grouping: Grouping, _ budget: MemoryBudget,
        _ trace: QueryTrace?
    ) throws(QueryFailure) -> Aggregation {
        let started = trace == nil ? 0 : SystemClock.monotonicMicroseconds()
        if trace != nil { scan.tally = BlockTally() }
        let (filter, selections) = try ShapeFilter.selections(plans, scan)
        let aggregator = BlockAggregator(
            scan: scan, plans: filter.plans, grouping: grouping, budget: budget)
        let aggregation = try aggregator.run(selections)
        if let trace { scan.finishTally(trace, filter.plans, since: started) }
        return aggregation
    }

    /// Handed from the worker that gathered to the thread that merges.
    private struct Gathered: @unchecked Sendable {
        let aggregation: Aggregation
        init(_ aggregation: Aggregation) { self.aggregation = aggregation }
    }
}

// Rows in order of time.
extension QueryRunner {
    /// Pushes the rows of the filter into `stage`; false if it wants no more.
    func push(
        _ context: StageContext, into stage: any PipeStage
    ) throws(QueryFailure) -> Bool {
        let descending = plan.descending
        guard let timeRange = plan.timeRange else { return true }
        // Perhaps only rows of the first blocks are wanted.
        var blocks = plan.limit == nil ? asked(candidates()) : candidates()
        func least(_ block: Block) -> Int64 {
            descending
                ? ~block.timeRange.upperBound.nanoseconds : block.timeRange.lowerBound.nanoseconds
        }
        blocks.sort { (least($0.block), $0.place) < (least($1.block), $1.place) }
        let collector = HitCollector(
            plans: plans, timeRange: timeRange, descending: descending, limit: plan.limit,
            needs: plan.needs,
            budget: context.budget, trace: options.trace)
        let shouldStop = options.shouldStop
        let sorted = blocks
        let work = OrderedWork<BlockHits>(
            count: sorted.count, workers: options.workers, ahead: options.workers,
            startsSlowly: plan.limit != nil, onThread: options.onThread
        ) { number in
            if shouldStop() { return .failure(Self.stopped()) }
            do throws(QueryFailure) {
                return .success(try collector.collect(sorted[number]))
            } catch {
                return .failure(error)
            }
        }
        defer { work.stop() }
        var merge = TimeMerge(plan.needs, context, shouldStop: shouldStop)
        for number in sorted.indices {
            let taken = try options.trace.timed(.waiting) { () throws(QueryFailure) in
                try work.take()
            }
            guard let hits = taken else { break }
            merge.add(hits)
            // Rows before the beginning of every block not yet opened have their turn.
            let bound = number + 1 < sorted.count ? least(sorted[number + 1].block) : .max
            let isLast = number + 1 == sorted.count
            if try !merge.emit(before: isLast ? nil : bound, into: stage) { return false }
        }
        return true
    }
}

/// The end of all pipes: hands rows to the caller.
final class EmitStage: PipeStage {
    private let emit: QueryRunner.Emit
    private let shouldStop: @Sendable () -> Bool
    private var emitted = 0

    init(_ emit: @escaping QueryRunner.Emit, _ options: QueryOptions) {
        self.emit = emit
        shouldStop = options.shouldStop
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        // Rows that were sorted, or figures of many groups, come without a look at a block between.
        emitted += 1
        if emitted & 0x3FF == 0, shouldStop() { throw QueryRunner.stopped() }
        return emit(row)
    }
    func finish() throws(QueryFailure) {}
}
