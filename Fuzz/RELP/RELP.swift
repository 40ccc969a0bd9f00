import HisuiCollect
import HisuiEvent

/// Feeds the commands of RELP, and saved windows of its senders.
///
/// The first byte gives the size of the reads the rest is split into. Whatever comes, the commands
/// are those of the stream in one piece, and none is longer than the limit; a window that was read
/// from any bytes reads back as itself.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRELP(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    let stream = Array(bytes[1...])
    precondition(commands(stream, stream.count) == commands(stream, Int(bytes[0]) % 24 + 1))
    let position = RELPWindow(position: stream).position
    precondition(position.count <= Limits.positionBytesMax)
    precondition(RELPWindow(position: position).position == position)
    return 0
}

private struct Command: Equatable {
    var number = -1
    var name = RELPFramer.Name.other
    var data: [UInt8] = []
    var isCut = false
}

/// The commands, and one with a number of its own where the stream was broken.
private func commands(_ stream: [UInt8], _ pieceCount: Int) -> [Command] {
    let limit = 40
    var framer = RELPFramer(limit: limit)
    var found: [Command] = []
    var start = 0
    while start < stream.count {
        let piece = Array(stream[start..<min(start + pieceCount, stream.count)])
        var position = 0
        while position < piece.count {
            let before = position
            switch framer.take(piece.span, from: &position) {
            case .more: precondition(position == piece.count)
            case .broken: return found + [Command()]
            case .command(let number, let name, let data, let isCut):
                precondition(position > before)
                let bytes = data.map { Array(piece[$0]) } ?? framer.kept
                precondition(bytes.count <= limit)
                found.append(Command(number: number, name: name, data: bytes, isCut: isCut))
            }
        }
        start += piece.count
    }
    return found
}
