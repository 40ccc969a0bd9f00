import HisuiBytes
import HisuiEvent
import HisuiShape
import HisuiStore

/// Reads the values of one field in the rows of one shape of a block, with the columns at hand.
enum ValueReader {
    case constant([UInt8])
    case slot(SlotColumn, Shape.Decoding)
    case text(TextReader)
    case time([Int64])
    case row(RowField, BlockScan)

    init(_ source: FieldSource, shape: Int, _ scan: BlockScan) throws(QueryFailure) {
        switch source {
        case .constant(let value): self = .constant(value)
        case .slot(let slot, let decoding):
            self = .slot(try scan.column(shape: shape, slot: slot), decoding)
        case .text(let text): self = .text(try TextReader(text, shape: shape, scan))
        case .row(.time): self = .time(try scan.times())
        case .row(let field): self = .row(field, scan)
        }
    }

    /// Appends the value in row `row`, which has ordinal `ordinal` in its shape.
    func append(ordinal: Int, row: Int, to out: inout [UInt8]) throws(QueryFailure) {
        switch self {
        case .constant(let bytes): out.append(bytes.span, 0..<bytes.count)
        case .slot(let column, .raw): out.append(column.bytes.span, column.ranges[ordinal])
        case .slot(let column, let decoding):
            decoding.append(column.bytes.span, column.ranges[ordinal], to: &out)
        case .text(let text): text.append(ordinal, to: &out)
        case .time(let times): UTCText.append(times[row], to: &out)
        case .row(let field, let scan): try scan.append(field, row: row, to: &out)
        }
    }
}
