import HisuiBytes
import HisuiShape
import HisuiStore
import Synchronization

/// Watches a query run, so that it can be told after what it read, what it did not need to read and
/// why, and where its time went.
///
/// May be used from several threads: each hands in what it has counted when it is through with a
/// block.
public final class QueryTrace: Sendable {
    private struct State {
        var plan = ""
        var access = QueryExplanation.Access.rows(descending: false, limit: nil)
        var fields: [String]?
        var pipes: [String] = []
        var blocks = QueryExplanation.Blocks()
        var rowCount = 0
        var fates = RowFates()
        var found = 0
        var times = QueryExplanation.Times()
        var shapes = QueryExplanation.Shapes()
        var read: [ObjectIdentifier: ReadShape] = [:]
        var inner: [(query: String, trace: QueryTrace)] = []
    }

    /// A shape whose columns were looked at.
    private struct ReadShape {
        let shape: Shape
        let residual: String
        var rows: Int
    }

    private let state = Mutex(State())

    public init() {}

    /// Shapes that are told of, those with the most rows that were looked at.
    private static let shapesTold = 5

    /// What is known now; whole once the query has ended.
    public var explanation: QueryExplanation {
        let state = state.withLock { $0 }
        var rows = state.fates
        // Whatever was not looked at when enough was found.
        rows[.notNeeded] += state.rowCount - rows.total
        var blocks = state.blocks
        blocks.notNeeded =
            blocks.all - blocks.outsideTime - blocks.ruledOut - blocks.counted - blocks.opened
        var shapes = state.shapes
        shapes.read = state.read.count
        shapes.told = state.read.values
            .sorted { ($1.rows, $0.residual) < ($0.rows, $1.residual) }
            .prefix(Self.shapesTold)
            .map { read in
                QueryExplanation.ToldShape(
                    parser: read.shape.parser, rule: read.shape.rule,
                    text: read.shape.outline, residual: read.residual, rows: read.rows)
            }
        return QueryExplanation(
            filter: state.plan, access: state.access, fields: state.fields, pipes: state.pipes,
            blocks: blocks, rows: RowFate.allCases.map { ($0, rows[$0]) },
            rowCount: state.rowCount, found: state.found, shapes: shapes, times: state.times,
            inner: state.inner.map { ($0.query, $0.trace.explanation) })
    }
}

// What the query hands in.
extension QueryTrace {
    /// The trace of a query inside this one.
    func inner(_ query: Query) -> QueryTrace {
        let trace = QueryTrace()
        state.withLock { $0.inner.append((query.description, trace)) }
        return trace
    }

    func begin(_ plan: QueryPlan, _ blocks: [Block]) {
        let pipes = plan.pipes.map { pipe in
            var text = ""
            pipe.print(to: &text)
            return text
        }
        state.withLock { state in
            state.plan = plan.filter.description
            state.access =
                plan.aggregating == nil
                ? .rows(descending: plan.descending, limit: plan.limit) : .groups
            state.fields = plan.needs.all ? nil : plan.needs.names.sorted()
            if let pipe = plan.aggregating {
                var text = ""
                pipe.print(to: &text)
                state.pipes.append(text)
            }
            state.pipes += pipes
            state.blocks.all = blocks.count
            state.rowCount = blocks.reduce(0) { $0 + $1.count }
        }
    }

    /// Blocks that no row of the time asked for can lie in.
    func outsideTime(blocks: Int, rows: Int) {
        state.withLock { state in
            state.blocks.outsideTime += blocks
            state.fates[.outsideTime] += rows
        }
    }

    /// A block that was ruled out by what its segment's footer tells.
    func ruledOut(_ fates: RowFates) {
        state.withLock { state in
            state.blocks.ruledOut += 1
            state.fates.add(fates)
        }
    }

    /// A block all of whose rows pass and were only counted.
    func counted(rows: Int) {
        state.withLock { state in
            state.blocks.counted += 1
            state.fates[.known] += rows
            state.found += rows
        }
    }

    /// A block that was looked at.
    func opened(_ block: Block, _ tally: BlockTally, _ plans: BlockPlans) {
        state.withLock { state in
            state.blocks.opened += 1
            state.fates.add(tally.fates)
            state.found += tally.found
            state.times.filter += tally.filterMicroseconds
            state.times.blocks += tally.microseconds
            for number in tally.readShapes {
                let (shape, rows) = block.shapes[number]
                let residual = plans.residual(number)
                state.read[
                    shape.identity,
                    default: ReadShape(
                        shape: shape, residual: residual.map { "\($0)" } ?? "", rows: 0)
                ].rows += rows
            }
        }
    }

    /// What shapes told, of all that the query met.
    func shapes(never: Int, always: Int, depends: Int) {
        state.withLock { state in
            state.shapes.never = never
            state.shapes.always = always
            state.shapes.depends = depends
        }
    }

    /// Microseconds of the thread that runs the query.
    enum Stage {
        /// For the shapes of the segments.
        case planning
        /// For blocks that others look at.
        case waiting
        /// From the first to the last.
        case whole
    }

    func add(_ microseconds: Int, to stage: Stage) {
        state.withLock { state in
            switch stage {
            case .planning: state.times.planning += microseconds
            case .waiting: state.times.waiting += microseconds
            case .whole: state.times.whole += microseconds
            }
        }
    }
}

extension QueryTrace? {
    /// Does something and hands in how long it took.
    func timed<T, E: Error>(
        _ stage: QueryTrace.Stage, _ body: () throws(E) -> T
    ) throws(E) -> T {
        guard let self else { return try body() }
        let started = SystemClock.monotonicMicroseconds()
        defer { self.add(SystemClock.monotonicMicroseconds() - started, to: stage) }
        return try body()
    }
}
