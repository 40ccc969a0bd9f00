import HisuiBytes
public import HisuiEvent
import HisuiParse
public import HisuiShape

/// A batch of records as they came; all at one moment, so that runs are alike.
public func fuzzBatch(_ records: some Sequence<[UInt8]>, form: RecordForm) -> RecordBatch {
    var batch = RecordBatch(source: Source(id: "fuzz", kind: .file, form: form))
    for record in records {
        batch.append(record.span, received: Timestamp(nanoseconds: 1_795_402_800_000_000_000))
    }
    return batch
}

/// Checks what must hold for each row whatever came: literals and slots make up its record, slots
/// beside it lie in the batch, what is shown of it is one line, and its shape can be read again.
///
/// - Returns: the line.
@discardableResult
public func checkRow(
    _ row: RowBatch.Row, of rows: RowBatch, _ shapes: ShapeTable, is record: [UInt8]
) -> [UInt8] {
    let shape = shapes[row.shape]
    let first = Int(row.firstSlot)
    let slots = rows.slots[first..<first + shape.slots.count]
    precondition(slots.allSatisfy { $0.range.upperBound <= rows.bytes.count })
    var out: [UInt8] = []
    shape.appendRecord(slots: slots, of: rows.bytes.span, to: &out)
    precondition(out == record)
    out.removeAll()
    ParsedLine.append(row, of: rows, shape: shape, to: &out)
    precondition(out.last == 0x0A && !out.dropLast().contains { $0 < 0x20 || $0 == 0x7F })
    var reader = ByteReader(shape.encoded().span)
    precondition((try? Shape(decoding: &reader)) == shape)
    return out
}
