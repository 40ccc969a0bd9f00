import HisuiBytes
import HisuiCollect
import HisuiEvent

/// Feeds the cutting of files into records: lines and joined lines, in every encoding.
///
/// The first three bytes choose rule, encoding and the size of the reads. Whatever comes, the
/// records are those of the bytes in one piece, and hold no more bytes than came.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJoiner(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 3 else { return 0 }
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    let encoding = TextEncoding.allCases[Int(bytes[1]) % TextEncoding.allCases.count]
    let stream = Array(bytes[3...])
    let whole = records(stream, bytes[0], encoding, stream.count)
    let split = records(stream, bytes[0], encoding, Int(bytes[2]) % 9 + 1)
    precondition(whole == split)
    precondition(whole.reduce(0) { $0 + $1.bytes.count } <= stream.count)
    return 0
}

private struct Record: Equatable {
    var bytes: [UInt8]
    var flags: RowFlags
}

private func records(
    _ stream: [UInt8], _ kind: UInt8, _ encoding: TextEncoding, _ pieceCount: Int
) -> [Record] {
    var cutter = RecordCutter(CutRules(encoding: encoding, join: rule(kind)))
    let time = Timestamp(nanoseconds: 0)
    var batch = RecordBatch(source: Source(id: "f", kind: .file, form: .line))
    var start = 0
    while start < stream.count {
        let end = min(start + pieceCount, stream.count)
        let piece = Array(stream[start..<end])
        let taken = cutter.take(piece.span, 0..<piece.count, received: time, into: &batch)
        precondition(taken == piece.count)
        start = end
    }
    cutter.finish(received: time, into: &batch)
    return batch.entries.map { entry in
        let first = Int(entry.offset)
        return Record(
            bytes: Array(batch.bytes[first..<first + Int(entry.count)]), flags: entry.flags)
    }
}

private func rule(_ kind: UInt8) -> JoinRule? {
    let lines = 2 + Int(kind >> 4)
    switch kind % 5 {
    case 1: return JoinRule(.indented, linesMax: lines, bytesMax: 40)
    case 2: return JoinRule(.quotes(delimiter: 0x2C), linesMax: lines, bytesMax: 40)
    case 3:
        return (try? RegularExpression("^[0-9a]")).map {
            JoinRule(.start($0), linesMax: lines, bytesMax: 40)
        }
    case 4:
        return (try? RegularExpression("^(at|\\s)")).map {
            JoinRule(.continues($0), linesMax: lines, bytesMax: 40)
        }
    default: return nil
    }
}
