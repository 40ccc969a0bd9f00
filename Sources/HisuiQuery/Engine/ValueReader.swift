import HisuiBytes
import HisuiEvent
import HisuiShape
import HisuiStore

/// A row of a block, for whoever reads its values.
struct RowPlace {
    var row: Int
    /// Its place among the rows of its shape.
    var ordinal: Int
    /// The event time and the raw value of its flags, where somebody looks at them.
    var time: Int64
    var flags: UInt32
}

/// Reads the values of one field in the rows of one shape of a block, with the columns at hand.
enum ValueReader {
    case constant([UInt8])
    case slot(SlotColumn, Shape.Decoding)
    case text(TextReader)
    case time
    /// Of flags.
    case flags(RowField)
    case row(RowField, BlockScan)

    init(_ source: FieldSource, shape: Int, _ scan: BlockScan) throws(QueryFailure) {
        switch source {
        case .constant(let value): self = .constant(value)
        case .slot(let slot, let decoding):
            self = .slot(try scan.column(shape: shape, slot: slot), decoding)
        case .text(let text): self = .text(try TextReader(text, shape: shape, scan))
        case .row(.time): self = .time
        case .row(let field) where field == .flags || field == .duplicate: self = .flags(field)
        case .row(let field):
            try scan.take(field)
            self = .row(field, scan)
        }
    }

    /// Appends the value in a row.
    func append(_ row: RowPlace, to out: inout [UInt8]) throws(QueryFailure) {
        switch self {
        case .constant(let bytes): out.append(bytes.span, 0..<bytes.count)
        case .slot(let column, .raw): out.append(column.bytes.span, column.ranges[row.ordinal])
        case .slot(let column, let decoding):
            decoding.append(column.bytes.span, column.ranges[row.ordinal], to: &out)
        case .text(let text): text.append(row.ordinal, to: &out)
        case .time: UTCText.append(row.time, to: &out)
        case .flags(let field):
            if row.flags != 0 { out.append(utf8: FieldSource.text(of: field, flags: row.flags)) }
        case .row(let field, let scan): try scan.append(field, row: row.row, to: &out)
        }
    }
}
