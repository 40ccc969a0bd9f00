import HisuiCollect
import HisuiEvent

/// Feeds the framing of syslog over TCP.
///
/// The first byte gives the size of the reads the rest is split into. Whatever comes, the records
/// are those of the stream in one piece, none is longer than the limit, and together they hold no
/// more bytes than came.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFraming(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    let stream = Array(bytes[1...])
    let whole = frames(stream, stream.count)
    let split = frames(stream, Int(bytes[0]) % 24 + 1)
    precondition(whole == split)
    precondition(whole.reduce(0) { $0 + $1.bytes.count } <= stream.count)
    return 0
}

private struct Frame: Equatable {
    var bytes: [UInt8]
    var flags: RowFlags
}

private func frames(_ stream: [UInt8], _ pieceCount: Int) -> [Frame] {
    let limit = 40
    var framer = SyslogFramer(limit: limit)
    var batch = RecordBatch(source: Source(id: "f", kind: .syslogTCP, form: .syslog))
    let time = Timestamp(nanoseconds: 0)
    var start = 0
    while start < stream.count {
        let end = min(start + pieceCount, stream.count)
        let piece = stream.span.extracting(start..<end)
        precondition(framer.take(piece, received: time, into: &batch) == piece.count)
        start = end
    }
    framer.finish(reset: false, received: time, into: &batch)
    precondition(!framer.isInFrame)
    return batch.entries.map { entry in
        let first = Int(entry.offset)
        precondition(entry.count > 0 && entry.count <= limit)
        return Frame(
            bytes: Array(batch.bytes[first..<first + Int(entry.count)]), flags: entry.flags)
    }
}
