import ArgumentParser
import Glibc
import HisuiBytes
import HisuiQuery

/// How rows of a search are printed.
enum RowFormat: String, ExpressibleByArgument {
    case table
    case jsonl
    case raw
}

/// Prints rows as they come.
final class RowOutput {
    private var writer: any RowWriter
    private var bytes: [UInt8] = []
    private let format: RowFormat
    /// Rows printed so far.
    private(set) var rows = 0

    /// - Parameters:
    ///   - showsEvents: whether the rows are events and not figures about them.
    ///   - acts: whether the events are acts, which have other columns.
    init(_ format: RowFormat, showsEvents: Bool, acts: Bool = false, timeZone: TimeZoneRules) {
        self.format = format
        let isTerminal = StandardOutput.shared.isTerminal
        switch format {
        case .raw: writer = RawWriter()
        case .jsonl: writer = JSONLinesWriter()
        case .table where showsEvents && acts: writer = ActTableWriter(timeZone: timeZone)
        case .table where showsEvents:
            writer = EventTableWriter(
                timeZone: timeZone, isColoured: isTerminal,
                columnsMax: isTerminal ? StandardOutput.terminalColumns() : nil)
        case .table: writer = ColumnTableWriter(timeZone: timeZone, isColoured: isTerminal)
        }
    }

    /// What the query has to provide for this form.
    var options: QueryOptions { format == .raw ? .raw : QueryOptions() }

    func take(_ row: borrowing ResultRow) -> Bool {
        rows += 1
        writer.write(row, to: &bytes)
        if bytes.count >= 64 << 10 { handOver() }
        return true
    }

    func flush() {
        handOver()
        StandardOutput.shared.flush()
    }

    func finish() {
        writer.finish(to: &bytes)
        flush()
    }

    private func handOver() {
        StandardOutput.shared.write(bytes)
        bytes.removeAll(keepingCapacity: true)
    }
}
