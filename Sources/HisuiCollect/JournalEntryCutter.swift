import HisuiBytes
package import HisuiEvent

/// Cuts a stream in journal export format into entries.
///
/// It is what `journalctl -o export` and `systemd-journal-upload` write. An entry ends at a blank
/// line, which is not part of it.
///
/// A field is `NAME=value` LF, or `NAME` LF, eight bytes of little-endian length, as many bytes,
/// LF. Entries that break this are flagged `framingError` and end at the next blank line. An entry
/// longer than the limit keeps the fields that fit whole and is flagged `truncated`. No memory is
/// taken for a length that is claimed, only for bytes that came. The entries do not depend on how
/// the stream is split into reads.
package struct JournalEntryCutter: Sendable {
    private enum State: Sendable {
        case line
        /// Bytes of the length still to come.
        case length(Int)
        case value(UInt64)
        case valueEnd
    }

    private var state = State.line
    private var entry: [UInt8] = []
    /// The end of the last field that is whole and within the limit.
    private var boundary = 0
    private var flags: RowFlags = []
    /// Of the line being read.
    private var lineCount = 0
    private var hasEquals = false
    private var length: UInt64 = 0
    private let limit: Int

    package init(limit: Int = Limits.recordBytesMax) { self.limit = limit }

    /// Takes bytes and appends the entries they end, until the batch is full.
    ///
    /// - Returns: where it stopped.
    package mutating func take(
        _ bytes: Span<UInt8>, _ range: Range<Int>, received: Timestamp,
        into batch: inout RecordBatch
    ) -> Int {
        var i = range.lowerBound
        while i < range.upperBound, !LineCutter.isFull(batch) {
            switch state {
            case .line: i = takeLine(bytes, i, range.upperBound, received, &batch)
            case .length(let missing):
                length |= UInt64(bytes[i]) << UInt64(8 * (8 - missing))
                keep(bytes, i..<i + 1)
                i += 1
                if missing > 1 {
                    state = .length(missing - 1)
                } else if length > UInt64(Limits.journalFieldBytesMax) {
                    flags.insert(.framingError)
                    state = .line
                } else {
                    state = length > 0 ? .value(length) : .valueEnd
                }
            case .value(let remaining):
                let count = Int(min(remaining, UInt64(range.upperBound - i)))
                keep(bytes, i..<i + count)
                i += count
                state = remaining > UInt64(count) ? .value(remaining - UInt64(count)) : .valueEnd
            case .valueEnd:
                state = .line
                if bytes[i] == 0x0a {
                    keep(bytes, i..<i + 1)
                    endField()
                    i += 1
                } else {
                    flags.insert(.framingError)
                }
            }
        }
        return i
    }

    /// The stream is at its end: an entry without its blank line counts, half a field is flagged.
    package mutating func finish(received: Timestamp, into batch: inout RecordBatch) {
        if case .line = state, lineCount == 0 {
            endEntry(received, &batch)
        } else {
            flags.insert(.framingError)
            if !flags.contains(.truncated) { boundary = entry.count }
            endEntry(received, &batch)
        }
        self = JournalEntryCutter(limit: limit)
    }

    private mutating func takeLine(
        _ bytes: Span<UInt8>, _ start: Int, _ upper: Int, _ received: Timestamp,
        _ batch: inout RecordBatch
    ) -> Int {
        let end = ByteSearch.first(of: 0x0a, in: bytes, start..<upper)
        let stop = end ?? upper
        if !hasEquals {
            hasEquals = ByteSearch.first(of: UInt8(ascii: "="), in: bytes, start..<stop) != nil
        }
        lineCount += stop - start
        if end == nil {
            keep(bytes, start..<stop)
            return stop
        }
        if lineCount == 0 {
            endEntry(received, &batch)
            return stop + 1
        }
        keep(bytes, start..<stop + 1)
        if hasEquals || flags.contains(.framingError) {
            endField()
        } else {
            length = 0
            state = .length(8)
        }
        lineCount = 0
        hasEquals = false
        return stop + 1
    }

    private mutating func endField() {
        if !flags.contains(.truncated) { boundary = entry.count }
    }

    private mutating func endEntry(_ received: Timestamp, _ batch: inout RecordBatch) {
        if boundary > 0 {
            batch.append(
                entry.span.extracting(0..<boundary), received: received, flags: flags)
        }
        entry.removeAll(keepingCapacity: true)
        boundary = 0
        flags = []
        lineCount = 0
        hasEquals = false
        state = .line
    }

    /// Keeps bytes of the entry as long as they are within the limit.
    private mutating func keep(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        if flags.contains(.truncated) { return }
        if entry.count + range.count > limit {
            flags.insert(.truncated)
            // Not even one field fits: its beginning is better than nothing.
            if boundary > 0 { return }
            let part = range.lowerBound..<range.lowerBound + limit - entry.count
            append(bytes, part)
            boundary = entry.count
            return
        }
        append(bytes, range)
    }

    private mutating func append(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        let part = bytes.extracting(range)
        unsafe part.withUnsafeBufferPointer { buffer in
            // Safe: the buffer is read inside this closure only.
            unsafe entry.append(contentsOf: buffer)
        }
    }
}
