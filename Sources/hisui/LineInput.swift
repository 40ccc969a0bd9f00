import Glibc
import HisuiBytes
import HisuiEvent

/// Lines of standard input as records, in batches.
struct LineInput {
    private static let chunkBytes = 256 << 10

    let source: Source
    /// What was read and is no record yet: a line that has not ended.
    private var pending: [UInt8] = []
    /// Bytes at the start of `pending` that are known to hold no line feed.
    private var scanned = 0
    private var chunk = [UInt8](repeating: 0, count: chunkBytes)
    private var isAtEnd = false
    /// Whether more was read than was given.
    private var hasMore = false
    /// Whether nothing follows what was given last, as far as was known by then.
    private(set) var isLast = false
    /// How long the next bytes are waited for, to know whether a batch is the last one.
    private static let peekMillis: CInt = 20

    init(source: Source) { self.source = source }

    /// The next batch; nil at the end. A last line without a line feed is a line.
    ///
    /// A line longer than `Limits.recordBytesMax` is cut there and flagged, and still is one line.
    mutating func next() throws(Failure) -> RecordBatch? {
        while !isAtEnd || hasMore {
            if !hasMore { try fill() }
            hasMore = false
            let batch = takeLines()
            if batch.entries.isEmpty { continue }
            if !isAtEnd, isReadable() {
                try fill()
                hasMore = !isAtEnd || !pending.isEmpty
            }
            isLast = isAtEnd && !hasMore
            return batch
        }
        return nil
    }

    /// Whether there is something to read, its end included.
    private func isReadable() -> Bool {
        var entry = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        // Safe: one entry, which lives until the call returns.
        return unsafe poll(&entry, 1, Self.peekMillis) > 0
    }

    private mutating func fill() throws(Failure) {
        // Safe: the kernel writes at most the bytes of the array.
        let count = unsafe chunk.withUnsafeMutableBytes { buffer in
            unsafe read(STDIN_FILENO, buffer.baseAddress, buffer.count)
        }
        if count < 0 {
            if errno == EINTR { return }
            throw Failure(.refused, "cannot read standard input: \(systemMessage(errno))")
        }
        if count == 0 { isAtEnd = true }
        pending.append(contentsOf: chunk[..<count])
    }

    private mutating func takeLines() -> RecordBatch {
        var batch = RecordBatch(source: source)
        let received = Timestamp.now()
        var start = 0
        while let end = ByteSearch.first(
            of: 0x0A, in: pending.span, max(start, scanned)..<pending.count)
        {
            append(start..<end, received, to: &batch)
            start = end + 1
        }
        if isAtEnd, start < pending.count {
            append(start..<pending.count, received, to: &batch)
            start = pending.count
        }
        pending.removeFirst(start)
        dropTail()
        return batch
    }

    /// Keeps of a line without end only what can become its record: the limit, and two bytes more
    /// that tell whether it is longer.
    private mutating func dropTail() {
        let kept = Limits.recordBytesMax + 2
        if pending.count > kept { pending.removeLast(pending.count - kept) }
        scanned = pending.count
    }

    private func append(_ line: Range<Int>, _ received: Timestamp, to batch: inout RecordBatch) {
        var end = line.upperBound
        if end > line.lowerBound, pending[end - 1] == 0x0D { end -= 1 }
        let cut = min(end, line.lowerBound + Limits.recordBytesMax)
        batch.append(
            pending.span.extracting(line.lowerBound..<cut), received: received,
            flags: cut < end ? .truncated : [])
    }
}
