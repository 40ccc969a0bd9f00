import FuzzSupport
import HisuiBytes
import HisuiEvent
import HisuiParse
import HisuiShape

/// Feeds headers, journal entries and automatic shapes, through the whole parser.
///
/// The first byte chooses the form, line feeds part records (not in the journal's form). For each
/// record literals and slots must make it up, its line of JSON must be a line, each is gathered as
/// unknown once, and a parser that has seen the records before must say the same as one that has
/// not.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzParser(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    let form: RecordForm = [.syslog, .line, .journal][Int(bytes[0]) % 3]
    let hasEnd = bytes[0] & 0x80 != 0
    var records: [[UInt8]] = [Array(bytes.dropFirst())]
    if form != .journal {
        records = records[0].split(separator: 0x0A, omittingEmptySubsequences: false).map(
            Array.init)
    }
    var batch = RecordBatch(source: Source(id: "fuzz", kind: .file, form: form))
    if hasEnd { batch.latestPossible = Timestamp(nanoseconds: 1_800_000_000_000_000_000) }
    for record in records {
        batch.append(record.span, received: Timestamp(nanoseconds: 1_795_402_800_000_000_000))
    }
    var parser = Parser(definitions: .empty, timeZone: .tokyo)
    let cold = parser.parse(batch)
    check(cold, parser.shapes, records)
    let warm = parser.parse(batch)
    check(warm, parser.shapes, records)
    for (a, b) in zip(cold.rows, warm.rows) {
        precondition(a.shape == b.shape && a.count == b.count)
        // The year of a time without one follows the records before it.
        precondition(hasEnd || a.time == b.time && a.flags == b.flags)
    }
    return 0
}

private func check(_ rows: RowBatch, _ shapes: ShapeTable, _ records: [[UInt8]]) {
    precondition(rows.rows.count == records.count)
    var unknown = UnknownMessages()
    for (row, record) in zip(rows.rows, records) {
        checkRow(row, of: rows, shapes, is: record)
        unknown.take(row, of: rows, shape: shapes[row.shape])
    }
    let gathered = unknown.programs.reduce(unknown.named + unknown.notText) { $0 + $1.count }
    precondition(gathered == UInt64(records.count))
}
