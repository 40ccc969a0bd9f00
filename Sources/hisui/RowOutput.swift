import ArgumentParser
import Glibc
import HisuiBytes
import HisuiQuery

/// How rows of a search are printed.
enum RowFormat: String, ExpressibleByArgument {
    case table
    case jsonl
    case raw
    case csv
}

/// Prints rows as they come.
final class RowOutput {
    private var writer: any RowWriter
    private var bytes: [UInt8] = []
    private let format: RowFormat
    /// Columns of csv, where they are known.
    private let columns: [String]?
    /// Rows printed so far.
    private(set) var rows = 0

    /// - Parameters:
    ///   - showsEvents: whether the rows are events and not figures about them.
    ///   - acts: whether the events are acts, which have other columns.
    ///   - zones: whether rows may be of several zones.
    ///   - fields: what is shown, where that is chosen.
    ///   - hasContext: whether rows are shown with those around them.
    ///   - hasMark: whether csv begins with a byte order mark.
    init(
        _ format: RowFormat, showsEvents: Bool, acts: Bool = false, zones: Bool = false,
        timeZone: TimeZoneRules, fields: [String]? = nil, hasContext: Bool = false,
        hasMark: Bool = false
    ) {
        self.format = format
        let named = fields ?? (showsEvents && !acts ? CSVWriter.eventColumns : nil)
        columns = named.map { hasContext ? $0 + Query.contextFields : $0 }
        let isTerminal = StandardOutput.shared.isTerminal
        switch format {
        case .raw: writer = RawWriter()
        case .csv:
            writer = CSVWriter(columns: columns, timeZone: timeZone, hasMark: hasMark)
        case .jsonl: writer = JSONLinesWriter()
        case .table where showsEvents && acts: writer = ActTableWriter(timeZone: timeZone)
        case .table where showsEvents:
            writer = EventTableWriter(
                timeZone: timeZone, isColoured: StandardOutput.shared.isColoured,
                columnsMax: isTerminal ? StandardOutput.terminalColumns() : nil, showsZone: zones)
        case .table:
            writer = ColumnTableWriter(
                timeZone: timeZone, isColoured: StandardOutput.shared.isColoured)
        }
    }

    /// What the query has to provide for this form.
    var options: QueryOptions {
        if format == .raw { return .raw }
        var options = QueryOptions()
        if format == .csv { options.fields = columns }
        return options
    }

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
        if let names = (writer as? CSVWriter)?.leftOut, !names.isEmpty {
            let list = names.sorted().joined(separator: ", ")
            StandardError.write(
                say(
                    "hisui: later rows had more fields, which are left out; choose with --fields: "
                        + "\(list)\n",
                    "hisui: 途中から現れた項目は含まれていません。--fields で指定してください: \(list)\n"))
        }
    }

    private func handOver() {
        StandardOutput.shared.write(bytes)
        bytes.removeAll(keepingCapacity: true)
    }
}
