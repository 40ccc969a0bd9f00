import HisuiBytes
import HisuiShape

/// `running_stats by (a) sum(b) as total`: into each row, what the rows up to and with it come to;
/// `total_stats …`: what all rows come to, which are held until the last is there.
///
/// Rows count in the order in which they come, which is that of time if no pipe says otherwise.
struct RowStatsPipe: Pipe {
    enum Extent: String, Sendable {
        case running = "running_stats"
        case total = "total_stats"
    }

    let extent: Extent
    let stats: StatsPipe

    var isRowByRow: Bool { extent == .running }
    var keepsCount: Bool { extent == .running }
    var namesFields: Bool { true }

    /// Those whose result for a group costs the same however many rows it has.
    private static let functions = ["count", "max", "min", "sum"]

    func print(to out: inout String) { stats.print(named: extent.rawValue, to: &out) }

    func needs(after: FieldNeeds) -> FieldNeeds {
        stats.results.reduce(after) { $0.removing($1) }.union(stats.grouping.needs)
    }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        RowStatsStage(self, next: next, context)
    }

    static func parse(
        _ parser: inout Parser, _ extent: Extent
    ) throws(QueryError) -> RowStatsPipe {
        RowStatsPipe(
            extent: extent,
            stats: try StatsPipe.parse(&parser, allowed: (functions, extent.rawValue)))
    }
}

private final class RowStatsStage: PipeStage {
    private let isRunning: Bool
    private let aggregation: Aggregation
    private let results: [Int32]
    private var reader: GroupedRowReader
    private let next: any PipeStage
    private let context: StageContext
    private var held: [(row: StoredRow, group: Int)] = []

    init(_ pipe: RowStatsPipe, next: any PipeStage, _ context: StageContext) {
        isRunning = pipe.extent == .running
        aggregation = Aggregation(pipe.stats.grouping, context.budget)
        results = pipe.stats.results.map(context.names.number)
        reader = GroupedRowReader(pipe.stats.grouping, context.names)
        self.next = next
        self.context = context
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        reader.read(row)
        let group = try aggregation.add(reader.values, ends: reader.ends)
        if isRunning {
            try write(group, to: &row)
            return try next.push(&row)
        }
        let stored = StoredRow(row)
        try context.budget.take(stored.memory, for: "rows that wait for their totals")
        held.append((stored, group))
        return true
    }

    private func write(_ group: Int, to row: inout ResultRow) throws(QueryFailure) {
        for (function, result) in results.enumerated() {
            var text: [UInt8] = []
            aggregation.append(function: function, group: group, to: &text)
            try row.write(result, text, .overwrite, .integer)
        }
    }

    func finish() throws(QueryFailure) {
        try aggregation.charge()
        var row = ResultRow(names: context.names)
        for (stored, group) in held {
            stored.restore(to: &row)
            try write(group, to: &row)
            if try !next.push(&row) { break }
        }
        for (stored, _) in held { context.budget.give(stored.memory) }
        held = []
        try next.finish()
    }
}
