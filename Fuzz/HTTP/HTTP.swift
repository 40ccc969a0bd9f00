import HisuiCollect
import HisuiEvent

/// Feeds requests of HTTP.
///
/// The first byte gives the size of the reads the rest is split into. Whatever comes, the requests
/// are those of the stream in one piece, no body is longer than the stream, and a stream that broke
/// stays broken.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzHTTP(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    let stream = Array(bytes[1...])
    precondition(exchanges(stream, stream.count) == exchanges(stream, Int(bytes[0]) % 24 + 1))
    return 0
}

private struct Exchange: Equatable {
    var request = HTTPRequest()
    var body: [UInt8] = []
    var isWhole = false
    var status: HTTPStatus?
}

/// The requests, and one with a status where the stream was broken.
private func exchanges(_ stream: [UInt8], _ pieceCount: Int) -> [Exchange] {
    var framer = HTTPFramer()
    var found: [Exchange] = []
    var bodyCount = 0
    var start = 0
    while start < stream.count {
        let piece = Array(stream[start..<min(start + pieceCount, stream.count)])
        var position = 0
        var isTaken = false
        while !isTaken {
            let before = position
            switch framer.take(piece.span, from: &position) {
            case .more:
                precondition(position == piece.count)
                isTaken = true
            case .head(let request): found.append(Exchange(request: request))
            case .body(let range):
                precondition(range.lowerBound >= before && range.upperBound == position)
                precondition(!range.isEmpty)
                found[found.count - 1].body += piece[range]
                bodyCount += range.count
            case .end:
                precondition(!found[found.count - 1].isWhole)
                found[found.count - 1].isWhole = true
            case .broken(let status):
                precondition(framer.take(piece.span, from: &position) == .broken(status))
                return found + [Exchange(status: status)]
            }
        }
        start += piece.count
    }
    precondition(bodyCount <= stream.count)
    return found
}
