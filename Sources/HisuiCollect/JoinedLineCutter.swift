import HisuiBytes
import HisuiEvent

/// Cuts bytes of a file into records of one or more lines, by a rule.
///
/// A record is its bytes as they stand in the file, line ends between its lines included, the last
/// one not. Whether a line belongs to the record before is known when the line is whole, so the
/// last record waits; `flush` ends it. The records do not depend on how the file is split into
/// reads.
///
///     carry   | line LF | line LF | part of a line
///                                 └ lineStart
struct JoinedLineCutter {
    /// The lines of the record that is not finished, and the beginning of the one behind them.
    private(set) var carry: [UInt8] = []
    private(set) var isDiscarding: Bool
    private let rule: JoinRule
    private let feed: LineFeed
    private var decision: JoinDecision
    /// Where the line begins in `carry` whose end has not been read.
    private var lineStart = 0
    private var lines = 0

    init(rule: JoinRule, encoding: TextEncoding, isDiscarding: Bool = false) {
        self.rule = rule
        self.isDiscarding = isDiscarding
        feed = LineFeed(encoding)
        decision = JoinDecision(rule, encoding)
    }

    /// Whether there are lines that only wait for others; none while a value in quotes is open.
    var isWaiting: Bool { lineStart > 0 && !decision.isInQuotes }

    /// As `LineCutter.take`.
    mutating func take(
        _ bytes: Span<UInt8>, _ range: Range<Int>, received: Timestamp,
        into batch: inout RecordBatch
    ) -> Int {
        var i = range.lowerBound
        while i < range.upperBound, !isFull(batch) {
            let half = (carry.count - lineStart) % feed.unitBytes == 1 ? carry.last : nil
            let end = feed.end(in: bytes, i..<range.upperBound, half: half)
            if isDiscarding {
                skip(bytes, i..<(end ?? range.upperBound), hasEnd: end != nil)
            } else {
                take(bytes, i..<(end ?? range.upperBound), end != nil, received, &batch)
            }
            i = end ?? range.upperBound
        }
        return i
    }

    /// Appends what there is as records: nothing will follow it.
    mutating func finish(received: Timestamp, flags: RowFlags = [], into batch: inout RecordBatch) {
        if !isDiscarding {
            if decision.isInQuotes {
                emitLines(received, &batch)
            } else if carry.count > lineStart {
                endLine(carry.count, hasEnd: false, received, &batch)
            }
            emit(received, flags, &batch)
        }
        carry = []
        lineStart = 0
        lines = 0
        isDiscarding = false
        decision.begin()
    }

    /// Appends the lines that wait as a record, because nothing came for long.
    mutating func flush(received: Timestamp, into batch: inout RecordBatch) {
        if isWaiting { emit(received, [], &batch) }
    }

    /// A line may end a record and be one: there is room for both.
    func isFull(_ batch: borrowing RecordBatch) -> Bool {
        batch.entries.count >= Limits.batchRecordsMax - rule.linesMax
            || batch.bytes.count > Limits.batchBytesMax - 2 * Limits.recordBytesMax
    }

    // MARK: - Lines

    private mutating func take(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ hasEnd: Bool, _ received: Timestamp,
        _ batch: inout RecordBatch
    ) {
        let limit = Limits.recordBytesMax
        let most = limit + 2 * feed.unitBytes
        let total = carry.count - lineStart + range.count
        guard total > most else {
            carry.append(bytes, range)
            if hasEnd { endLine(carry.count, hasEnd: true, received, &batch) }
            return
        }
        // A line that no record can hold.
        if decision.isInQuotes {
            let part = Array(carry[lineStart...])
            carry.removeSubrange(lineStart...)
            emitLines(received, &batch)
            carry = part
        } else {
            emit(received, [], &batch)
        }
        decision.begin()
        carry.append(bytes, range.lowerBound..<min(range.upperBound, range.lowerBound + limit))
        batch.append(
            carry.span.extracting(0..<limit), received: received, flags: .truncated)
        carry = !hasEnd && total % feed.unitBytes == 1 ? [bytes[range.upperBound - 1]] : []
        isDiscarding = !hasEnd
    }

    /// Goes over bytes of a line that was cut.
    private mutating func skip(_ bytes: Span<UInt8>, _ range: Range<Int>, hasEnd: Bool) {
        let isOdd = (carry.count + range.count) % feed.unitBytes == 1
        carry = isOdd && !hasEnd ? [bytes[range.upperBound - 1]] : []
        if hasEnd { isDiscarding = false }
    }

    /// The line at the end of `carry` is whole: it belongs to the record or begins another one.
    private mutating func endLine(
        _ end: Int, hasEnd: Bool, _ received: Timestamp, _ batch: inout RecordBatch
    ) {
        let wasInQuotes = decision.isInQuotes
        let (content, continues) = judge(lineStart..<end, hasEnd: hasEnd)
        let isTooLong = lines >= rule.linesMax || lineStart + content > rule.bytesMax
        if lineStart > 0, !continues || isTooLong {
            if wasInQuotes {
                // No value of a table is so long: a quote was left open.
                lineStart = end
                emitLines(received, &batch)
                decision.begin()
                return
            }
            emit(received, continues ? .truncated : [], &batch)
        }
        lineStart = carry.count
        lines += 1
        if case .quotes = rule.kind, !decision.isInQuotes { emit(received, [], &batch) }
    }

    /// How long the line is without its end, and whether it belongs to the record before.
    private mutating func judge(_ range: Range<Int>, hasEnd: Bool) -> (content: Int, Bool) {
        // Let go before anything is appended.
        let bytes = carry
        let line = bytes.span.extracting(range)
        let content = hasEnd ? feed.content(of: line) : line.count
        return (content, decision.continues(line.extracting(0..<content)))
    }

    /// Appends the whole lines of `carry` as one record, and keeps what stands behind them.
    private mutating func emit(
        _ received: Timestamp, _ flags: RowFlags, _ batch: inout RecordBatch
    ) {
        guard lineStart > 0 else { return }
        appendLines(received, flags, &batch)
        carry.removeFirst(lineStart)
        lineStart = 0
        lines = 0
    }

    private func appendLines(
        _ received: Timestamp, _ flags: RowFlags, _ batch: inout RecordBatch
    ) {
        let record = carry.span.extracting(0..<lineStart)
        let hasEnd = feed.end(ending: record)
        let count = hasEnd ? feed.content(of: record) : record.count
        var flags = flags
        if count > Limits.recordBytesMax { flags.insert(.truncated) }
        batch.append(
            record.extracting(0..<min(count, Limits.recordBytesMax)), received: received,
            flags: flags)
    }

    /// Appends every line of `carry` as a record of its own, and flags them.
    private mutating func emitLines(_ received: Timestamp, _ batch: inout RecordBatch) {
        var at = 0
        let bytes = carry
        while at < bytes.count {
            let end = feed.end(in: bytes.span, at..<bytes.count, half: nil)
            let line = bytes.span.extracting(at..<(end ?? bytes.count))
            let count = end == nil ? line.count : feed.content(of: line)
            batch.append(
                line.extracting(0..<min(count, Limits.recordBytesMax)), received: received,
                flags: .framingError)
            at = end ?? bytes.count
        }
        carry.removeAll(keepingCapacity: true)
        lineStart = 0
        lines = 0
    }
}

extension LineFeed {
    /// Whether a line feed stands at the end of whole lines.
    fileprivate func end(ending lines: Span<UInt8>) -> Bool {
        let count = lines.count
        guard count >= unitBytes, count % unitBytes == 0 else { return false }
        return end(in: lines, count - unitBytes..<count, half: nil) == count
    }
}
