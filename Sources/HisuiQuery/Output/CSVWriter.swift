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
    /// Rows kept to know the columns; nil once the heading has been written.
    private var kept: [StoredRow]?
    private var names: FieldNames?
    private var isHeaded = false
    /// Fields of rows that have no column.
    public private(set) var leftOut: Set<String> = []

    /// Columns of events, where none are named.
    public static let eventColumns = [
        FieldName.time, FieldName.zone, FieldName.source, "host.name", "process.name",
        "event.action", "event.outcome", "user.name", "source.ip", FieldName.message,
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
            Self.append(cell: Array(name.utf8), to: &out)
        }
        if !columns.isEmpty { out += [0x0D, 0x0A] }
    }

    private mutating func append(_ row: borrowing ResultRow, to out: inout [UInt8]) {
        var seen = 0
        for (place, name) in columns.enumerated() {
            if place > 0 { out.append(UInt8(ascii: ",")) }
            guard let index = row.index(of: name) else { continue }
            seen += 1
            let range = row.range(at: index)
            if name == FieldName.time || row.type(at: index) == .time,
                let time = TimeLiteral.complete(row.bytes.span.extracting(range))
            {
                append(time: time, to: &out)
            } else {
                Self.append(cell: Array(row.bytes[range]), to: &out)
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

    private static func append(cell given: [UInt8], to out: inout [UInt8]) {
        var cell = given
        if UTF8Text.asciiEnd(cell.span, 0..<cell.count) < cell.count,
            !UTF8Text.isValid(cell.span, 0..<cell.count)
        {
            cell = Array(String(decoding: cell, as: UTF8.self).utf8)
        }
        if let first = cell.first, formulas.contains(first),
            Number.decimal(cell.span, 0..<cell.count) == nil
        {
            cell.insert(UInt8(ascii: "'"), at: 0)
        }
        guard cell.contains(where: quoted.contains) else {
            out += cell
            return
        }
        out.append(0x22)
        for byte in cell {
            if byte == 0x22 { out.append(0x22) }
            out.append(byte)
        }
        out.append(0x22)
    }

    private static let formulas = Array("=+-@\t\r".utf8)
    private static let quoted = Array(",\"\r\n".utf8)
}
