import HisuiBytes
import HisuiEvent

/// Cuts the byte stream of one HTTP/1.1 connection into heads and the pieces of bodies (RFC 9112).
///
/// A pull parser and a pure value: no clock, no socket, and nothing of a body is kept. What it says
/// does not depend on how the stream is split into reads, except for where pieces of a body end.
///
/// What two readers of the stream could understand differently breaks it, because requests that a
/// proxy does not see are smuggled that way: see `HTTPHeadReader`; in chunked bodies sizes of more
/// than 15 digits, and anything but CR LF where it belongs. Trailers are passed over.
public struct HTTPFramer: Sendable {
    /// What stands at a place of the stream.
    public enum Step: Hashable, Sendable {
        /// All bytes were taken.
        case more
        case head(HTTPRequest)
        /// Bytes of the body: that range of the input, never empty.
        case body(Range<Int>)
        /// The request is whole. What follows belongs to the next one.
        case end
        /// No request that is taken here. The framer is of no use any more.
        case broken(HTTPStatus)
    }

    private enum State: Hashable, Sendable {
        case head
        case body(UInt64)
        case chunkSize
        case chunk(UInt64)
        /// The CR LF behind a chunk: how many of them are still to come.
        case chunkEnd(Int)
        case trailer
        case end
        case broken(HTTPStatus)
    }

    private var state = State.head
    /// Of a head, a chunk's first line or a trailer's line, as far as it has come.
    private var line: [UInt8] = []
    /// Where in `line` its last line begins.
    private var lineStart = 0
    /// Bytes of the trailer that were passed over.
    private var trailerCount = 0
    /// A blank line before a request, of which RFC 9112 §2.2 asks to pass over one.
    private var hadBlankLine = false

    public init() {}

    /// Nothing of a request has come since the last one was whole.
    public var isBetweenRequests: Bool { state == .head && line.isEmpty }
    /// Part of a head has come, and not all of it.
    public var isInHead: Bool { state == .head && !line.isEmpty }
    /// What it keeps.
    var heldBytes: Int { line.count }

    /// Takes bytes up to the end of one step, and moves `position` behind them.
    ///
    /// - Complexity: O(bytes).
    public mutating func take(_ input: Span<UInt8>, from position: inout Int) -> Step {
        while true {
            let step: Step?
            switch state {
            case .head: step = takeHead(input, &position)
            case .body(let left): step = takeBody(input, &position, left)
            case .chunkSize: step = takeChunkSize(input, &position)
            case .chunk(let left): step = takeChunk(input, &position, left)
            case .chunkEnd(let left): step = takeChunkEnd(input, &position, left)
            case .trailer: step = takeTrailer(input, &position)
            case .end:
                state = .head
                step = .end
            case .broken(let status): step = .broken(status)
            }
            if let step { return step }
        }
    }

    private mutating func fail(_ status: HTTPStatus = .badRequest) -> Step {
        state = .broken(status)
        line = []
        return .broken(status)
    }

    // MARK: Head

    private mutating func takeHead(_ input: Span<UInt8>, _ position: inout Int) -> Step? {
        while position < input.count {
            switch takeLineByte(input[position]) {
            case .some(false): return fail()
            case .none: break
            case .some(true):
                let count = line.count - 2 - lineStart
                if count == 0, lineStart == 0 {
                    guard !hadBlankLine else { return fail() }
                    hadBlankLine = true
                    line.removeAll(keepingCapacity: true)
                } else if count == 0 {
                    position += 1
                    return endHead()
                } else {
                    lineStart = line.count
                }
            }
            position += 1
            guard line.count <= Limits.httpHeadBytesMax else { return fail(.headTooLarge) }
        }
        return .more
    }

    /// Takes a byte of a line: whether the line has ended; false: it is none.
    private mutating func takeLineByte(_ byte: UInt8) -> Bool? {
        let isBehindReturn = line.count > lineStart && line[line.count - 1] == 0x0d
        guard isBehindReturn == (byte == 0x0a) else { return false }
        line.append(byte)
        return isBehindReturn ? true : nil
    }

    private mutating func endHead() -> Step {
        let head = HTTPHeadReader.read(line.span.extracting(0..<line.count - 2))
        line.removeAll(keepingCapacity: line.capacity <= Self.roomKept)
        lineStart = 0
        hadBlankLine = false
        switch head {
        case .failure(let refusal): return fail(refusal.status)
        case .success(let request):
            switch request.body {
            case .none: state = .end
            case .length(let count): state = .body(count)
            case .chunked: state = .chunkSize
            }
            return .head(request)
        }
    }

    // MARK: Body

    private mutating func takeBody(
        _ input: Span<UInt8>, _ position: inout Int, _ left: UInt64
    ) -> Step? {
        guard position < input.count else { return .more }
        let piece = take(input, &position, left)
        let rest = left - UInt64(piece.count)
        state = rest == 0 ? .end : .body(rest)
        return .body(piece)
    }

    private mutating func takeChunk(
        _ input: Span<UInt8>, _ position: inout Int, _ left: UInt64
    ) -> Step? {
        guard position < input.count else { return .more }
        let piece = take(input, &position, left)
        let rest = left - UInt64(piece.count)
        state = rest == 0 ? .chunkEnd(2) : .chunk(rest)
        return .body(piece)
    }

    private func take(
        _ input: Span<UInt8>, _ position: inout Int, _ left: UInt64
    ) -> Range<Int> {
        let start = position
        position += Int(min(left, UInt64(input.count - position)))
        return start..<position
    }

    private mutating func takeChunkEnd(
        _ input: Span<UInt8>, _ position: inout Int, _ left: Int
    ) -> Step? {
        guard position < input.count else { return .more }
        guard input[position] == (left == 2 ? 0x0d : 0x0a) else { return fail() }
        position += 1
        state = left == 2 ? .chunkEnd(1) : .chunkSize
        return nil
    }

    /// `chunk-size [ chunk-ext ] CRLF`; what extensions say is nothing that is known here.
    private mutating func takeChunkSize(_ input: Span<UInt8>, _ position: inout Int) -> Step? {
        while position < input.count {
            guard let isEnd = takeLineByte(input[position]) else {
                position += 1
                guard line.count <= Limits.httpChunkLineBytesMax else { return fail() }
                continue
            }
            guard isEnd, let size = chunkSize() else { return fail() }
            position += 1
            line.removeAll(keepingCapacity: true)
            trailerCount = 0
            state = size == 0 ? .trailer : .chunk(size)
            return nil
        }
        return .more
    }

    private func chunkSize() -> UInt64? {
        var size: UInt64 = 0
        var count = 0
        for byte in line {
            let letter = (byte | 0x20) &- UInt8(ascii: "a")
            if byte &- UInt8(ascii: "0") <= 9 {
                size = size << 4 | UInt64(byte & 0xf)
            } else if letter <= 5 {
                size = size << 4 | UInt64(letter + 10)
            } else {
                break
            }
            count += 1
            guard count <= 15 else { return nil }
        }
        guard count > 0 else { return nil }
        let rest = line[count..<line.count - 2]
        guard rest.isEmpty || rest.first == UInt8(ascii: ";") else { return nil }
        guard rest.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else { return nil }
        return size
    }

    private mutating func takeTrailer(_ input: Span<UInt8>, _ position: inout Int) -> Step? {
        while position < input.count {
            let isEnd = takeLineByte(input[position])
            position += 1
            trailerCount += 1
            guard trailerCount <= Limits.httpHeadBytesMax else { return fail(.headTooLarge) }
            guard let isEnd else { continue }
            guard isEnd else { return fail() }
            let isBlank = line.count == 2
            line.removeAll(keepingCapacity: true)
            guard isBlank else { continue }
            state = .end
            return nil
        }
        return .more
    }

    /// Room that is kept for the next head.
    private static let roomKept = 2048
}
