import HisuiBytes
import HisuiShape

/// Holds rows back until all are there, then hands them on in order.
///
/// Rows that are equal stay in the order they came in. With a limit and no parts, only that many
/// rows are ever held (twice).
final class SortStage: PipeStage {
    private struct Entry {
        var keys: [SortKey]
        var arrival: Int
        var row: StoredRow

        var memory: Int {
            row.memory + keys.reduce(64) { $0 + $1.memory + MemoryLayout<SortKey>.stride }
        }
    }

    private let pipe: SortPipe
    private let keyNumbers: [Int32]
    private let partition: [Int32]
    private let next: any PipeStage
    private let context: StageContext
    private var entries: [Entry] = []
    private var arrivals = 0
    /// The last row that can still be among the first, once that many rows were seen.
    private var threshold: (keys: [SortKey], arrival: Int)?

    init(_ pipe: SortPipe, next: any PipeStage, _ context: StageContext) {
        self.pipe = pipe
        self.next = next
        self.context = context
        keyNumbers = pipe.keys.map { context.names.number($0.field) }
        partition = pipe.partition.map(context.names.number)
    }

    /// How many rows have to be held, if that is known.
    private var held: Int? {
        guard let limit = pipe.limit, partition.isEmpty else { return nil }
        return pipe.offset + limit
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        if held == 0 { return false }
        let keys = keyNumbers.map {
            SortKey(row.bytes.span.extracting(row.range(ofNumber: $0)))
        }
        arrivals += 1
        if let threshold, !precedes(keys, arrivals, threshold.keys, threshold.arrival) {
            return true
        }
        let entry = Entry(keys: keys, arrival: arrivals, row: StoredRow(row))
        try context.budget.take(entry.memory, for: "sorting")
        entries.append(entry)
        if let held, entries.count >= max(64, 2 * held) { cut(to: held) }
        return true
    }

    /// Whether one row stands before another.
    private func precedes(
        _ a: [SortKey], _ arrivalA: Int, _ b: [SortKey], _ arrivalB: Int
    ) -> Bool {
        for (number, key) in pipe.keys.enumerated() {
            let order = a[number].compare(b[number])
            if order != 0 { return key.descending ? order > 0 : order < 0 }
        }
        return arrivalA < arrivalB
    }

    private func order() {
        entries.sort { precedes($0.keys, $0.arrival, $1.keys, $1.arrival) }
    }

    /// Keeps the first `count` rows of those held.
    private func cut(to count: Int) {
        order()
        for entry in entries[count...] { context.budget.give(entry.memory) }
        entries.removeSubrange(count...)
        threshold = entries.last.map { ($0.keys, $0.arrival) }
    }

    func finish() throws(QueryFailure) {
        order()
        let rank = pipe.rank.map(context.names.number)
        var seen: [[UInt8]: Int] = [:]
        var row = ResultRow(names: context.names)
        for entry in entries {
            entry.row.restore(to: &row)
            let place = 1 + seen[part(of: row), default: 0]
            seen[part(of: row)] = place
            guard place > pipe.offset else { continue }
            if let limit = pipe.limit, place > pipe.offset + limit {
                if partition.isEmpty { break }
                continue
            }
            if let rank {
                var text: [UInt8] = []
                text.appendDecimal(UInt64(place))
                row.set(rank, text, .integer)
            }
            if try !next.push(&row) { break }
        }
        for entry in entries { context.budget.give(entry.memory) }
        entries = []
        try next.finish()
    }

    /// What the part of a row has in common.
    private func part(of row: borrowing ResultRow) -> [UInt8] {
        var key: [UInt8] = []
        for number in partition {
            let range = row.range(ofNumber: number)
            key.appendVarint(UInt64(range.count))
            key.append(contentsOf: row.bytes[range])
        }
        return key
    }
}
