public import HisuiBytes

/// Any rows for a person at a terminal: a heading and a column for each field, as wide as what the
/// first rows hold.
///
/// Fields that appear only later stand at the end of their line with their name.
///
/// Values are escaped as in `EventTableWriter`; numbers stand to the right.
public struct ColumnTableWriter: RowWriter {
    private struct Column {
        var name: String
        var width: Int
        var isNumber = true
    }

    private let timeZone: TimeZoneRules
    private let isColoured: Bool
    private var columns: [Column] = []
    /// Rows kept to measure; nil once the heading has been written.
    private var kept: [StoredRow]? = []
    private var names: FieldNames?
    private var parting = ContextParting()

    /// Rows that are measured, and columns a value may take among others.
    private static let measuredRowsMax = 200
    private static let widthMax = 80

    public init(timeZone: TimeZoneRules, isColoured: Bool) {
        self.timeZone = timeZone
        self.isColoured = isColoured
    }

    public mutating func write(_ row: borrowing ResultRow, to out: inout [UInt8]) {
        guard kept != nil else { return append(row, to: &out) }
        names = row.names
        kept?.append(StoredRow(row))
        if kept?.count == Self.measuredRowsMax { flush(to: &out) }
    }

    public mutating func finish(to out: inout [UInt8]) { flush(to: &out) }

    private mutating func flush(to out: inout [UInt8]) {
        guard let rows = kept, let names else { return }
        kept = nil
        var row = ResultRow(names: names)
        for stored in rows {
            stored.restore(to: &row)
            measure(row)
        }
        appendHeading(to: &out)
        for stored in rows {
            stored.restore(to: &row)
            append(row, to: &out)
        }
    }

    private mutating func measure(_ row: borrowing ResultRow) {
        for index in 0..<row.count {
            let name = row.name(at: index)
            let place =
                columns.firstIndex { $0.name == name }
                ?? {
                    columns.append(Column(name: name, width: Self.heading(name).columns))
                    return columns.count - 1
                }()
            let (_, width) = shown(row, index, name)
            columns[place].width = max(columns[place].width, width)
            let value = row.bytes.span.extracting(row.range(at: index))
            if Number.decimal(value, 0..<value.count) == nil { columns[place].isNumber = false }
        }
    }

    private static func heading(_ name: String) -> (text: [UInt8], columns: Int) {
        let bytes = Array(name.utf8)
        var text: [UInt8] = []
        let columns = TerminalText.appendEscaped(
            bytes.span, 0..<bytes.count, columnsMax: widthMax, to: &text)
        return (text, columns)
    }

    private func appendHeading(to out: inout [UInt8]) {
        if isColoured { out.append(contentsOf: "\u{1B}[1m".utf8) }
        for (index, column) in columns.enumerated() {
            let (text, width) = Self.heading(column.name)
            pad(text, width, column, isLast: index == columns.count - 1, to: &out)
        }
        if isColoured { out.append(contentsOf: "\u{1B}[0m".utf8) }
        out.append(0x0A)
    }

    private mutating func append(_ row: borrowing ResultRow, to out: inout [UInt8]) {
        parting.part(row, to: &out)
        var seen = 0
        for (place, column) in columns.enumerated() {
            let index = row.index(of: column.name)
            if index != nil { seen += 1 }
            let (text, width) = index.map { shown(row, $0, column.name) } ?? ([], 0)
            pad(text, width, column, isLast: place == columns.count - 1, to: &out)
        }
        if seen < row.count {
            for index in 0..<row.count {
                let name = row.name(at: index)
                if columns.contains(where: { $0.name == name }) { continue }
                out.append(contentsOf: "  ".utf8)
                out.append(contentsOf: Self.heading(name).text)
                out.append(UInt8(ascii: "="))
                out.append(contentsOf: shown(row, index, name).text)
            }
        }
        out.append(0x0A)
    }

    /// A value fit for the terminal, and its width.
    private func shown(
        _ row: borrowing ResultRow, _ index: Int, _ name: String
    ) -> (text: [UInt8], columns: Int) {
        var text: [UInt8] = []
        let range = row.range(at: index)
        if name == FieldName.time,
            let time = TimeLiteral.complete(row.bytes.span.extracting(range))
        {
            LocalTimeText.append(
                time, timeZone, milliseconds: time % 1_000_000_000 != 0, to: &text)
            return (text, text.count)
        }
        let isLast = columns.last?.name == name
        let columns = TerminalText.appendEscaped(
            row.bytes.span, range, columnsMax: isLast ? .max : Self.widthMax, to: &text)
        return (text, columns)
    }

    private func pad(
        _ text: [UInt8], _ width: Int, _ column: Column, isLast: Bool, to out: inout [UInt8]
    ) {
        let space = repeatElement(UInt8(0x20), count: max(0, column.width - width))
        if column.isNumber { out.append(contentsOf: space) }
        out.append(contentsOf: text)
        if isLast { return }
        if !column.isNumber { out.append(contentsOf: space) }
        out.append(contentsOf: "  ".utf8)
    }
}

extension Query {
    /// Whether the result is shown as events, and not as columns of fields the query names.
    public var showsEvents: Bool {
        yieldsEvents && !pipes.contains(where: \.namesFields)
    }
}
