import HisuiCollect
import HisuiEvent

/// Feeds the reader of the journal export format, split into reads by the first byte.
///
/// The entries do not depend on the split and hold no more bytes than came.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJournalExport(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    let stream = Array(bytes[1...])
    let whole = entries(stream, stream.count)
    let split = entries(stream, Int(bytes[0]) % 24 + 1)
    precondition(whole.bytes == split.bytes)
    precondition(whole.entries.map(\.count) == split.entries.map(\.count))
    precondition(whole.entries.map(\.flags) == split.entries.map(\.flags))
    precondition(whole.bytes.count <= stream.count)
    return 0
}

private func entries(_ stream: [UInt8], _ pieceCount: Int) -> RecordBatch {
    var cutter = JournalEntryCutter(limit: 64)
    var batch = RecordBatch(source: Source(id: "f", kind: .import, form: .journal))
    let time = Timestamp(nanoseconds: 0)
    var start = 0
    while start < stream.count {
        let end = min(start + pieceCount, stream.count)
        let reached = cutter.take(stream.span, start..<end, received: time, into: &batch)
        precondition(reached == end)
        start = end
    }
    cutter.finish(received: time, into: &batch)
    return batch
}
