import HisuiCollect
import HisuiEvent

/// Feeds uploaded journal entries, split into reads by the first byte, and saved runs of numbers.
///
/// The records do not depend on the split, none is longer than the limit, and what was taken is not
/// taken again; runs that were read from any bytes read back as themselves.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJournalUpload(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    let stream = Array(bytes[1...])
    var known = UploadedEntries(position: stream)
    precondition(known.position.count <= Limits.positionBytesMax)
    precondition(UploadedEntries(position: known.position) == known)
    known = UploadedEntries()
    let whole = entries(stream, stream.count, &known)
    var other = UploadedEntries()
    let split = entries(stream, Int(bytes[0]) % 24 + 1, &other)
    precondition(known == other && UploadedEntries(position: known.position) == known)
    precondition(whole.bytes == split.bytes)
    precondition(whole.entries.map(\.count) == split.entries.map(\.count))
    precondition(whole.entries.map(\.flags) == split.entries.map(\.flags))
    precondition(whole.entries.allSatisfy { $0.count <= limit })
    let again = entries(stream, stream.count, &known)
    precondition(again.account.deduplicated >= whole.account.deduplicated)
    precondition(again.entries.count <= whole.entries.count)
    return 0
}

private let limit = 1024

private func entries(
    _ stream: [UInt8], _ pieceCount: Int, _ known: inout UploadedEntries
) -> RecordBatch {
    var cutter = JournalUploadCutter(limit: limit)
    var batch = RecordBatch(source: Source(id: "f", kind: .http, form: .journal))
    let time = Timestamp(nanoseconds: 0)
    var start = 0
    while start < stream.count {
        let end = min(start + pieceCount, stream.count)
        let reached = cutter.take(
            stream.span, start..<end, received: time, sender: 0, known: &known, into: &batch)
        precondition(reached == end)
        start = end
    }
    cutter.finish(received: time, sender: 0, known: &known, into: &batch)
    return batch
}
