public import HisuiEvent

/// Cuts the byte stream of one syslog connection into frames (RFC 6587), the way real senders
/// write them, and never gives up on the connection.
///
/// A frame begins at the start of the stream and after the end of the frame before. It is
/// - *counted* when it begins `1-9 DIGIT* SP "<" 1*3DIGIT ">"` and the count is within
///   `Limits.recordBytesMax`: that many bytes follow the space (one LF at their end is left out);
/// - otherwise a *line*: everything up to LF, CR LF or NUL. Empty lines are nothing.
/// One space before a frame is left out (some Cisco devices send LF SP).
///
/// A weaker test than this one eats lines that begin with a number (`54 <1 minute elapsed`).
///
/// **Bad lengths.** After a count beyond the limit (or shorter than its `<PRI>`), or when the bytes
/// behind a counted frame begin neither a frame nor a line, the stream is out of step: it is cut
/// into lines, each flagged `framingError`, until a line begins with `<PRI>` or a good count again.
/// Nothing is lost.
///
/// **Long lines** are cut at `Limits.recordBytesMax` and flagged `truncated`; the rest up to the
/// delimiter is thrown away and never taken for a message of its own.
///
/// The records do not depend on how the stream is split into reads. A pure value: no clock, no
/// socket.
public struct SyslogFramer: Sendable {
    private enum State: Sendable {
        /// Before a frame; `pending` holds what is not enough to tell its kind.
        case start
        case line
        case counted(remaining: Int)
        /// Behind the limit of a line that has been stored.
        case discarding
    }

    /// What the bytes at the start of a frame say.
    private enum Head {
        case undecided
        case line(skip: Int, hasPriority: Bool)
        case counted(count: Int, skip: Int)
        case badCount
    }

    private var state = State.start
    /// Bytes of the current frame from earlier reads; at most the limit and two.
    private var pending: [UInt8] = []
    private var isOutOfStep = false
    /// The frame before was a counted one, and nothing stood behind it yet.
    private var isBehindCount = false
    private var flags: RowFlags = []
    /// Frames that broke the rules, so far.
    public private(set) var errors: UInt64 = 0
    private let limit: Int

    /// - Parameter limit: bytes of a record; for tests, otherwise `Limits.recordBytesMax`.
    public init(limit: Int = Limits.recordBytesMax) { self.limit = limit }

    /// Whether a frame has begun and not ended.
    public var isInFrame: Bool {
        if case .counted = state { return true }
        return !pending.isEmpty
    }

    /// Takes bytes of the stream and appends the frames they end.
    ///
    /// - Returns: where it stopped: `input.count`, or earlier when the batch is full; then call
    ///   again from there with an empty batch.
    /// - Complexity: O(bytes).
    public mutating func take(
        _ input: Span<UInt8>, from start: Int = 0, received: Timestamp, sender: UInt32 = 0,
        into batch: inout RecordBatch
    ) -> Int {
        var i = start
        while i < input.count {
            switch state {
            case .start:
                if isFull(batch) { return i }
                i = begin(input, i)
            case .line:
                i = takeLine(input, i, Mark(received, sender), &batch)
            case .counted(let remaining):
                i = takeCounted(input, i, remaining, Mark(received, sender), &batch)
            case .discarding:
                i = Self.delimiter(input, i) ?? input.count
                if i < input.count {
                    i += 1
                    state = .start
                }
            }
        }
        return i
    }

    /// The stream is at its end: appends what is left of an unfinished frame.
    ///
    /// - Parameter reset: the connection broke. At an orderly end a last line without delimiter is
    ///   a line like any other; what a reset cuts, or a count that is not reached, is flagged.
    public mutating func finish(
        reset: Bool, received: Timestamp, sender: UInt32 = 0, into batch: inout RecordBatch
    ) {
        var broken = reset
        if case .counted = state { broken = true }
        if case .start = state, isOutOfStep || isBehindCount { flags.insert(.framingError) }
        if isInFrame {
            if broken { flags.insert(.framingError) }
            emit(pending.span, Mark(received, sender), &batch)
            endFrame()
        }
        self = SyslogFramer(limit: limit, errors: errors)
    }

    private init(limit: Int, errors: UInt64) {
        self.limit = limit
        self.errors = errors
    }

    // MARK: The start of a frame

    /// Tells what frame begins at `i`, and goes to its first byte.
    private mutating func begin(_ input: Span<UInt8>, _ start: Int) -> Int {
        var i = start
        if pending.isEmpty {
            while i < input.count, input[i] == 0x0a || input[i] == 0 {
                i += 1
                isBehindCount = false
            }
            if i == input.count { return i }
            let head = head(input, i)
            if case .undecided = head {
                append(input, i..<input.count)
                return input.count
            }
            return i + decide(head)
        }
        // A head that crosses reads: byte by byte until it is decided, 20 at the most.
        while i < input.count {
            pending.append(input[i])
            i += 1
            let head = head(pending.span, 0)
            if case .undecided = head { continue }
            pending.removeFirst(decide(head))
            // A counted frame of few bytes can lie wholly in what was looked at.
            giveBack(&i)
            return i
        }
        return i
    }

    /// Leaves the frame's bytes in `pending`, but one: the byte that was read last is read again
    /// from the input, so that delimiters and counts are seen where all others are.
    private mutating func giveBack(_ i: inout Int) {
        if !pending.isEmpty {
            pending.removeLast()
            i -= 1
        }
        if case .counted(let remaining) = state {
            state = .counted(remaining: remaining - pending.count)
        }
    }

    /// Enters the state a head asks for.
    ///
    /// - Returns: bytes before the frame's first.
    private mutating func decide(_ head: Head) -> Int {
        flags = []
        switch head {
        case .undecided: return 0
        case .counted(let count, let skip):
            isOutOfStep = false
            isBehindCount = false
            state = .counted(remaining: count)
            return skip
        case .badCount:
            isOutOfStep = true
            isBehindCount = false
            flags = .framingError
            state = .line
            return 0
        case .line(let skip, let hasPriority):
            if hasPriority {
                isOutOfStep = false
            } else if isBehindCount {
                isOutOfStep = true
            }
            isBehindCount = false
            if isOutOfStep { flags = .framingError }
            state = .line
            return skip
        }
    }

    private func head(_ bytes: Span<UInt8>, _ start: Int) -> Head {
        var i = start
        let end = bytes.count
        if bytes[i] == UInt8(ascii: " ") { i += 1 }
        let skip = i - start
        guard i < end else { return .undecided }
        if bytes[i] == UInt8(ascii: "<") {
            guard let found = priority(bytes, i) else { return .undecided }
            return .line(skip: found > 0 ? skip : 0, hasPriority: found > 0)
        }
        guard Self.isDigit(bytes[i]), bytes[i] != UInt8(ascii: "0") else {
            return .line(skip: 0, hasPriority: false)
        }
        var count = 0
        let digits = i
        while i < end, Self.isDigit(bytes[i]), i - digits < 10 {
            count = count * 10 + Int(bytes[i] - UInt8(ascii: "0"))
            i += 1
        }
        guard i < end else { return .undecided }
        guard bytes[i] == UInt8(ascii: " ") else { return .line(skip: 0, hasPriority: false) }
        i += 1
        guard i < end else { return .undecided }
        guard let found = priority(bytes, i) else { return .undecided }
        if found == 0 { return .line(skip: 0, hasPriority: false) }
        // A count that does not cover its own priority is as bad as one beyond the limit.
        return count >= found && count <= limit
            ? .counted(count: count, skip: i - start) : .badCount
    }

    /// Bytes of the `<` 1*3DIGIT `>` at `i`, 0 if there is none; nil if too few bytes to tell.
    private func priority(_ bytes: Span<UInt8>, _ start: Int) -> Int? {
        guard bytes[start] == UInt8(ascii: "<") else { return 0 }
        var i = start + 1
        while i < bytes.count {
            if bytes[i] == UInt8(ascii: ">") { return i > start + 1 ? i + 1 - start : 0 }
            guard Self.isDigit(bytes[i]), i < start + 4 else { return 0 }
            i += 1
        }
        return nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    // MARK: Frames

    private mutating func takeCounted(
        _ input: Span<UInt8>, _ i: Int, _ remaining: Int, _ mark: Mark, _ batch: inout RecordBatch
    ) -> Int {
        let count = min(remaining, input.count - i)
        guard count == remaining else {
            append(input, i..<i + count)
            state = .counted(remaining: remaining - count)
            return i + count
        }
        if pending.isEmpty {
            emit(input.extracting(i..<i + count), trimming: 0x0a, mark, &batch)
        } else {
            append(input, i..<i + count)
            emit(pending.span, trimming: 0x0a, mark, &batch)
        }
        endFrame()
        isBehindCount = true
        return i + count
    }

    private mutating func takeLine(
        _ input: Span<UInt8>, _ i: Int, _ mark: Mark, _ batch: inout RecordBatch
    ) -> Int {
        let found = Self.delimiter(input, i)
        let end = found ?? input.count
        let isOver = pending.count + end - i >= limit + 2
        if let found, pending.isEmpty {
            let trimming: UInt8? = input[found] == 0x0a && !isOver ? 0x0d : nil
            emit(input.extracting(i..<found), trimming: trimming, mark, &batch)
        } else {
            append(input, i..<min(end, i + limit + 2 - pending.count))
            if found == nil && !isOver { return end }
            let trimming: UInt8? = found != nil && input[end] == 0x0a && !isOver ? 0x0d : nil
            emit(pending.span, trimming: trimming, mark, &batch)
        }
        endFrame()
        if found == nil { state = .discarding }
        return found == nil ? end : end + 1
    }

    private mutating func endFrame() {
        if flags.contains(.framingError) { errors += 1 }
        pending.removeAll(keepingCapacity: pending.capacity <= Self.pendingKept)
        state = .start
        flags = []
    }

    private mutating func append(_ input: Span<UInt8>, _ range: Range<Int>) {
        let part = input.extracting(range)
        unsafe part.withUnsafeBufferPointer { buffer in
            // Safe: the buffer is read inside this closure only.
            unsafe pending.append(contentsOf: buffer)
        }
    }

    /// Appends a record, without one last byte `trimming`, cut at the limit.
    private func emit(
        _ bytes: Span<UInt8>, trimming: UInt8? = nil, _ mark: Mark, _ batch: inout RecordBatch
    ) {
        var count = bytes.count
        if count > 0, let trimming, bytes[count - 1] == trimming { count -= 1 }
        if count == 0 { return }
        var flags = flags
        if count > limit {
            count = limit
            flags.insert(.truncated)
        }
        batch.append(
            bytes.extracting(0..<count), received: mark.received, sender: mark.sender,
            flags: flags)
    }

    private func isFull(_ batch: borrowing RecordBatch) -> Bool {
        batch.entries.count >= Limits.batchRecordsMax
            || batch.bytes.count > Limits.batchBytesMax - limit
    }

    /// Where the next LF or NUL stands.
    private static func delimiter(_ input: Span<UInt8>, _ start: Int) -> Int? {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops = ones << 7
        // Safe: the raw view lives no longer than the span it is of.
        let words = unsafe input.bytes
        var i = start
        while i + 8 <= input.count {
            // Safe: i + 8 is within the span; integers have no invalid bit pattern.
            let word = unsafe words.unsafeLoadUnaligned(
                fromUncheckedByteOffset: i, as: UInt64.self)
            let lines = word ^ ones &* 0x0a
            let hit = ((word &- ones) & ~word | (lines &- ones) & ~lines) & tops
            // The lowest hit is exact; higher ones may come from a borrow.
            if hit != 0 { return i + hit.trailingZeroBitCount / 8 }
            i += 8
        }
        while i < input.count {
            if input[i] == 0x0a || input[i] == 0 { return i }
            i += 1
        }
        return nil
    }

    /// What every record of a read has in common.
    private struct Mark {
        var received: Timestamp
        var sender: UInt32

        init(_ received: Timestamp, _ sender: UInt32) {
            self.received = received
            self.sender = sender
        }
    }

    /// Room that an idle connection keeps for its next partial frame.
    private static let pendingKept = 16_384
}
