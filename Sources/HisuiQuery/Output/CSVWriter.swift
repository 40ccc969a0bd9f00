public import HisuiBytes
import HisuiShape

/// Rows as a table of RFC 4180 for a spreadsheet: a heading, commas, CR LF.
///
/// Columns are those that are named, or the fields of the first `measuredRowsMax` rows; `leftOut`
/// tells of fields that came later. Times have the offset of the time zone. A cell that a
/// spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@`, a tab or a carriage
/// return, and is no number) gets an apostrophe before it; what is no valid text is U+FFFD.
public struct CSVWriter: RowWriter {
    private let timeZone: TimeZoneRules
    private let hasMark: Bool
    private var columns: [String]
    /// The number of each column's field in rows.
    private var numbers: [Int32] = []
    /// Rows kept to know the columns; nil once the heading has been written.
    private var kept: [StoredRow]?
    private var names: FieldNames?
    private var isHeaded = false
    /// Fields of rows that have no column.
    public private(set) var leftOut: Set<String> = []

    /// Columns of events, where none are named.
    public static let eventColumns = [
        FieldName.time, FieldName.zone, FieldName.source, "host.name", "process.name",
        "log.syslog.appname", "event.action", "event.outcome", "user.name", "source.ip",
        FieldName.message,
    ]

    private static let measuredRowsMax = 1000
    private static let leftOutMax = 100

    /// - Parameters:
    ///   - columns: nil: those of the first rows.
    ///   - hasMark: whether the text begins with a byte order mark, without which some
    ///     spreadsheets take UTF-8 for something else.
    public init(columns: [String]?, timeZone: TimeZoneRules, hasMark: Bool) {
        self.columns = columns ?? []
        self.timeZone = timeZone
        self.hasMark = hasMark
        kept = columns == nil ? [] : nil
    }

    public mutating func write(_ row: borrowing ResultRow, to out: inout [UInt8]) {
        guard kept != nil else {
            head(&out)
            return append(row, to: &out)
        }
        names = row.names
        for index in 0..<row.count where !columns.contains(row.name(at: index)) {
            columns.append(row.name(at: index))
        }
        kept?.append(StoredRow(row))
        if kept?.count == Self.measuredRowsMax { release(to: &out) }
    }

    public mutating func finish(to out: inout [UInt8]) {
        release(to: &out)
        head(&out)
    }

    /// Writes the rows that were kept.
    private mutating func release(to out: inout [UInt8]) {
        guard let rows = kept else { return }
        kept = nil
        guard let names else { return }
        head(&out)
        var row = ResultRow(names: names)
        for stored in rows {
            stored.restore(to: &row)
            append(row, to: &out)
        }
    }

    /// Writes the heading, once.
    private mutating func head(_ out: inout [UInt8]) {
        if isHeaded { return }
        isHeaded = true
        if hasMark { out += [0xEF, 0xBB, 0xBF] }
        for (place, name) in columns.enumerated() {
            if place > 0 { out.append(UInt8(ascii: ",")) }
            let text = Array(name.utf8)
            Self.append(cell: text.span, to: &out)
        }
        if !columns.isEmpty { out += [0x0D, 0x0A] }
    }

    private mutating func append(_ row: borrowing ResultRow, to out: inout [UInt8]) {
        var seen = 0
        if numbers.isEmpty { numbers = columns.map(row.names.number) }
        for (place, number) in numbers.enumerated() {
            if place > 0 { out.append(UInt8(ascii: ",")) }
            guard let index = row.index(ofNumber: number) else { continue }
            seen += 1
            let value = row.bytes.span.extracting(row.range(at: index))
            if columns[place] == FieldName.time || row.type(at: index) == .time,
                let time = TimeLiteral.complete(value)
            {
                append(time: time, to: &out)
            } else {
                Self.append(cell: value, to: &out)
            }
        }
        out += [0x0D, 0x0A]
        if seen == row.count { return }
        for index in 0..<row.count where leftOut.count < Self.leftOutMax {
            let name = row.name(at: index)
            if !columns.contains(name) { leftOut.insert(name) }
        }
    }

    private func append(time: Int64, to out: inout [UInt8]) {
        let digits = time % 1_000_000_000 == 0 ? 0 : time % 1_000_000 == 0 ? 3 : 9
        TimeText.appendRFC3339(
            nanoseconds: time, offsetSeconds: timeZone.offsetSeconds(atUTCNanoseconds: time),
            fractionDigits: digits, to: &out)
    }

    private static func append(cell: Span<UInt8>, to out: inout [UInt8]) {
        if UTF8Text.asciiEnd(cell, 0..<cell.count) < cell.count,
            !UTF8Text.isValid(cell, 0..<cell.count)
        {
            var bytes: [UInt8] = []
            bytes.append(cell, 0..<cell.count)
            let text = Array(String(decoding: bytes, as: UTF8.self).utf8)
            return append(cell: text.span, to: &out)
        }
        let isFormula =
            !cell.isEmpty && formulas.contains(cell[0])
            && Number.decimal(cell, 0..<cell.count) == nil
        var isQuoted = false
        for index in 0..<cell.count where quoted.contains(cell[index]) { isQuoted = true }
        if isQuoted { out.append(0x22) }
        if isFormula { out.append(UInt8(ascii: "'")) }
        for index in 0..<cell.count {
            if cell[index] == 0x22 { out.append(0x22) }
            out.append(cell[index])
        }
        if isQuoted { out.append(0x22) }
    }

    private static let formulas = Array("=+-@\t\r".utf8)
    private static let quoted = Array(",\"\r\n".utf8)
}
