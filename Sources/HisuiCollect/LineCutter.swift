import HisuiBytes
import HisuiEvent

/// Cuts bytes of a file into lines: LF or CR LF ends one, and empty lines are lines too.
///
/// What is longer than the limit is cut there and flagged, and its rest up to the LF is thrown
/// away. The lines do not depend on how the file is split into reads. A pure value.
struct LineCutter: Sendable {
    /// The beginning of a line whose end has not been read.
    private(set) var carry: [UInt8] = []
    /// The rest of a cut line is being skipped.
    private(set) var isDiscarding: Bool
    private let limit: Int

    init(isDiscarding: Bool = false, limit: Int = Limits.recordBytesMax) {
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
            guard let end = ByteSearch.first(of: 0x0a, in: bytes, i..<range.upperBound) else {
                keep(bytes, i..<range.upperBound, received, &batch)
                return range.upperBound
            }
            if isDiscarding {
                isDiscarding = false
            } else if carry.isEmpty {
                emit(bytes.extracting(i..<end), hasEnd: true, received, &batch)
            } else {
                append(bytes, i..<min(end, i + limit + 2))
                emit(carry.span, hasEnd: true, received, &batch)
                carry.removeAll(keepingCapacity: true)
            }
            i = end + 1
        }
        return i
    }

    /// Appends the unfinished line as a record: nothing will follow it.
    mutating func finish(received: Timestamp, flags: RowFlags = [], into batch: inout RecordBatch) {
        if !carry.isEmpty { emit(carry.span, hasEnd: false, received, &batch, flags) }
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
        if isDiscarding { return }
        append(bytes, range.lowerBound..<min(range.upperBound, range.lowerBound + limit + 2))
        guard carry.count >= limit + 2 else { return }
        emit(carry.span, hasEnd: false, received, &batch)
        carry = []
        isDiscarding = true
    }

    private mutating func append(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        let part = bytes.extracting(range)
        unsafe part.withUnsafeBufferPointer { buffer in
            // Safe: the buffer is read inside this closure only.
            unsafe carry.append(contentsOf: buffer)
        }
    }

    private func emit(
        _ line: Span<UInt8>, hasEnd: Bool, _ received: Timestamp, _ batch: inout RecordBatch,
        _ more: RowFlags = []
    ) {
        var count = line.count
        if hasEnd, count > 0, count <= limit + 1, line[count - 1] == 0x0d { count -= 1 }
        var flags = more
        if count > limit {
            count = limit
            flags.insert(.truncated)
        }
        batch.append(line.extracting(0..<count), received: received, flags: flags)
    }
}
