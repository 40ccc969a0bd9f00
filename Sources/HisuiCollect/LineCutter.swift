import HisuiBytes
import HisuiEvent

/// Cuts bytes of a file into lines: LF or CR LF ends one, and empty lines are lines too.
///
/// What is longer than the limit is cut there and flagged, and its rest up to the LF is thrown
/// away. The lines do not depend on how the file is split into reads. A pure value.
struct LineCutter: Sendable {
    /// The beginning of a line whose end has not been read; while a rest is skipped, half a unit of
    /// it at the most.
    private(set) var carry: [UInt8] = []
    /// The rest of a cut line is being skipped.
    private(set) var isDiscarding: Bool
    private let feed: LineFeed
    private let limit: Int

    /// - Parameter limit: of a record; even.
    init(
        encoding: TextEncoding = .utf8, isDiscarding: Bool = false,
        limit: Int = Limits.recordBytesMax
    ) {
        feed = LineFeed(encoding)
        self.isDiscarding = isDiscarding
        self.limit = limit
    }

    /// Takes bytes and appends the lines they end, until the batch is full.
    ///
    /// - Returns: where it stopped: behind the LF of the last line, or at the end.
    mutating func take(
        _ bytes: Span<UInt8>, _ range: Range<Int>, received: Timestamp,
        into batch: inout RecordBatch
    ) -> Int {
        var i = range.lowerBound
        while i < range.upperBound, !Self.isFull(batch) {
            let half = carry.count % feed.unitBytes == 1 ? carry.last : nil
            guard let end = feed.end(in: bytes, i..<range.upperBound, half: half) else {
                keep(bytes, i..<range.upperBound, received, &batch)
                return range.upperBound
            }
            if isDiscarding {
                isDiscarding = false
                carry.removeAll(keepingCapacity: true)
            } else if carry.isEmpty {
                emit(bytes.extracting(i..<end), hasEnd: true, received, &batch)
            } else if carry.count + end - i > limit + 2 * feed.unitBytes {
                append(bytes, i..<min(end, i + limit))
                emit(carry.span, hasEnd: false, received, &batch)
                carry.removeAll(keepingCapacity: true)
            } else {
                append(bytes, i..<end)
                emit(carry.span, hasEnd: true, received, &batch)
                carry.removeAll(keepingCapacity: true)
            }
            i = end
        }
        return i
    }

    /// Appends the unfinished line as a record: nothing will follow it.
    mutating func finish(received: Timestamp, flags: RowFlags = [], into batch: inout RecordBatch) {
        if !carry.isEmpty, !isDiscarding {
            emit(carry.span, hasEnd: false, received, &batch, flags)
        }
        carry = []
        isDiscarding = false
    }

    static func isFull(_ batch: borrowing RecordBatch) -> Bool {
        batch.entries.count >= Limits.batchRecordsMax
            || batch.bytes.count > Limits.batchBytesMax - Limits.recordBytesMax
    }

    /// Keeps the beginning of a line, or cuts it if it is too long already.
    private mutating func keep(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ received: Timestamp,
        _ batch: inout RecordBatch
    ) {
        // Whole units are cut off, or skipped.
        let isOdd = (carry.count + range.count) % feed.unitBytes == 1
        let most = limit + 2 * feed.unitBytes
        if !isDiscarding {
            append(bytes, range.lowerBound..<min(range.upperBound, range.lowerBound + most))
            guard carry.count >= most else { return }
            emit(carry.span, hasEnd: false, received, &batch)
            isDiscarding = true
        }
        carry = isOdd ? [bytes[range.upperBound - 1]] : []
    }

    private mutating func append(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        carry.append(bytes, range)
    }

    private func emit(
        _ line: Span<UInt8>, hasEnd: Bool, _ received: Timestamp, _ batch: inout RecordBatch,
        _ more: RowFlags = []
    ) {
        var count = hasEnd ? feed.content(of: line) : line.count
        var flags = more
        if count > limit {
            count = limit
            flags.insert(.truncated)
        }
        batch.append(line.extracting(0..<count), received: received, flags: flags)
    }
}
