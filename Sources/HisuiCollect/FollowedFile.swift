import CLinux
import Glibc
import HisuiBytes
import HisuiEvent

/// One open file that is followed: what has been read of it, and how it is known again.
///
/// Owned by its `FileFamily`, on the collector's thread.
final class FollowedFile {
    enum Outcome {
        /// Bytes were read; there may be more.
        case read
        /// Nothing more at present.
        case end
        /// The bytes before the offset are gone or others: the file was emptied.
        case truncated
        case failed(Int32)
    }

    let identity: FileIdentity
    /// The name it had when it was last seen.
    var path: String
    /// When, in milliseconds, it was found to be at its path no more; nil while it is.
    var leftPath: Int64?
    /// It was empty when it was found under the name of a rotated file: what it comes to hold may
    /// be a copy of what another file has.
    var isUnproven = false
    /// When it was opened, in milliseconds.
    let opened = Clock.monotonicMilliseconds()
    private let descriptor: Int32
    /// Bytes read, and taken or kept in `lines`.
    private(set) var offset: UInt64
    private var cutter: RecordCutter
    private let rules: CutRules
    /// Nil while too little of the file is there to say.
    private(set) var encoding: TextEncoding?
    /// Nil unless the file is compressed, and so was rotated away.
    private var compressed: CompressedContents?
    /// When, in milliseconds, bytes were last read.
    private(set) var lastRead: Int64 = 0
    /// The first bytes of the file, as far as read.
    private var head: [UInt8] = []
    /// The last bytes before `offset`: what the next read checks first.
    private var recent: [UInt8] = []
    /// The last bytes before the position.
    private var tail: [UInt8] = []
    /// What was read from the file and not yet taken.
    private var chunk: [UInt8] = []
    private var taken = 0
    /// Lines that say what the values of others are called.
    private var columnLines = ColumnLinePlaces()

    /// Opens a file at an offset, with nothing known about what stands there.
    ///
    /// - Returns: nil and `errno` if it cannot be opened or is no regular file.
    init?(
        path: String, rules: CutRules = CutRules(), offset: UInt64 = 0, isDiscarding: Bool = false
    ) {
        // Safe: the path is passed as a terminated copy. A named pipe would block the open, hence
        // O_NONBLOCK.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        guard let status = FileStatus(descriptor: descriptor), status.isRegular else {
            close(descriptor)
            return nil
        }
        self.descriptor = descriptor
        identity = status.identity
        self.path = path
        self.offset = offset
        self.rules = rules
        cutter = RecordCutter(rules, isDiscarding: isDiscarding)
        if RotatedName.isCompressed(path) { compressed = CompressedContents(descriptor) }
        head = bytes(at: 0, count: Int(min(offset, UInt64(Fingerprint.headMax))))
        let before = min(offset, UInt64(Fingerprint.tailMax))
        tail = bytes(at: offset - before, count: Int(before))
        recent = tail
        chooseEncoding(head.span, isDiscarding: isDiscarding)
    }

    /// Takes the encoding from the first bytes of the file, once they are there.
    private func chooseEncoding(_ beginning: Span<UInt8>, isDiscarding: Bool = false) {
        guard encoding == nil, let found = rules.encoding.ofFile(beginning: beginning) else {
            return
        }
        encoding = found
        var rules = rules
        rules.encoding = found
        cutter = RecordCutter(rules, isDiscarding: isDiscarding)
    }

    deinit { close(descriptor) }

    /// Opens the file that a position tells of, if that is what the path holds.
    ///
    /// - Parameter entry: is compared by fingerprints alone: the caller chooses by identity.
    static func reopen(
        _ path: String, _ entry: FilePosition.Entry, _ rules: CutRules = CutRules()
    ) -> FollowedFile? {
        guard
            let file = FollowedFile(
                path: path, rules: rules, offset: entry.offset, isDiscarding: entry.isDiscarding),
            file.holds(entry)
        else { return nil }
        file.columnLines.take(entry.fields)
        return file
    }

    /// What was said of columns in the lines taken so far.
    var columns: RecordBatch.ColumnLines {
        guard recordStart > 0, rules.join == nil, let first = head.first else { return .unknown }
        guard first == ColumnLinePlaces.mark[0] else { return .plain }
        return .named(columnLines.line { bytes(at: $0, count: $1) })
    }

    /// Whether the bytes that an entry was made of stand in this file.
    func holds(_ entry: FilePosition.Entry) -> Bool {
        let (first, last) = (Int(entry.head.count), Int(entry.tail.count))
        let place = entry.offset - UInt64(last)
        return Fingerprint(bytes(at: place, count: last).span) == entry.tail
            && Fingerprint(bytes(at: 0, count: first).span) == entry.head
    }

    /// Opens a file at its end; a line that is being written there is skipped.
    static func openAtEnd(_ path: String, _ rules: CutRules) -> FollowedFile? {
        guard let probe = FollowedFile(path: path, rules: rules) else { return nil }
        var size = probe.size
        let start = probe.bytes(at: 0, count: Int(min(size, 2)))
        let encoding = rules.encoding.ofFile(beginning: start.span) ?? rules.encoding
        let unit = encoding.unitBytes
        size -= size % UInt64(unit)
        let last = size > 0 ? probe.bytes(at: size - UInt64(unit), count: unit) : []
        let isInLine =
            !last.isEmpty
            && LineFeed(encoding).end(in: last.span, 0..<last.count, half: nil) == nil
        return FollowedFile(path: path, rules: rules, offset: size, isDiscarding: isInLine)
    }

    /// Compressed data that ends too early, or is damaged: what it should hold is missing.
    var isCut: Bool { compressed?.isCut ?? false }

    /// Whether it is compressed, and was empty when that was done: nothing will ever come of it.
    var isEmptyForEver: Bool {
        guard let compressed else { return false }
        return compressed.bytes(at: 0, count: 1).isEmpty && !compressed.isCut
    }

    var size: UInt64 { status?.size ?? 0 }

    /// When it was last written to, in nanoseconds since 1970.
    var modified: Int64 { status?.modified ?? 0 }

    private var status: FileStatus? { FileStatus(descriptor: descriptor) }

    /// Whether something of a read has not been taken yet, because the batch was full.
    private var hasRest: Bool { taken < chunk.count }

    var position: FilePosition.Entry {
        let offset = recordStart
        return FilePosition.Entry(
            identity: identity,
            head: Fingerprint(head.span.extracting(first: Int(min(offset, UInt64(head.count))))),
            tail: Fingerprint(tail.span), offset: offset, fields: columnLines.last,
            isDiscarding: cutter.isDiscarding)
    }

    /// The position at the end of all that the file holds now.
    var whole: FilePosition.Entry {
        guard compressed == nil else { return position }
        let size = size
        let first = bytes(at: 0, count: Int(min(size, UInt64(Fingerprint.headMax))))
        let count = min(size, UInt64(Fingerprint.tailMax))
        let last = bytes(at: size - count, count: Int(count))
        return FilePosition.Entry(
            identity: identity, head: Fingerprint(first.span), tail: Fingerprint(last.span),
            offset: size)
    }

    /// Where the first record begins that was not given whole.
    private var recordStart: UInt64 { offset - UInt64(cutter.carry.count) }

    // MARK: Reading

    /// Reads some bytes, unless there are some that were not taken.
    ///
    /// After `.read` there is something to take, and the encoding is known.
    func advance() -> Outcome { hasRest ? .read : fill() }

    /// Appends the records that bytes which were read end.
    ///
    /// Stops when the batch is full: hand it over and go on.
    func take(into batch: inout RecordBatch) {
        let start = taken
        let before = recordStart
        taken = cutter.take(chunk.span, taken..<chunk.count, received: Clock.now(), into: &batch)
        if head.first == ColumnLinePlaces.mark[0] {
            columnLines.look(
                in: chunk.span, start..<taken, chunkAt: offset - UInt64(start))
        }
        offset += UInt64(taken - start)
        columnLines.commit(before: recordStart)
        if recordStart > before { keepTail() }
    }

    /// Whether nothing more is taken before the batch is handed over.
    func isFull(_ batch: borrowing RecordBatch) -> Bool { cutter.isFull(batch) }

    /// When lines that wait for others of their record have waited long enough; nil if none wait.
    var flushTime: Int64? {
        guard let join = rules.join, cutter.isWaiting, !hasRest else { return nil }
        return lastRead + join.waitMilliseconds
    }

    /// Gives the lines that wait for others of their record.
    func flush(into batch: inout RecordBatch) {
        cutter.flush(received: Clock.now(), into: &batch)
        tail = lastBefore()
    }

    /// The file is at its end for ever: what stands there without LF is a line too.
    func finish(_ flags: RowFlags = [], into batch: inout RecordBatch) {
        let end = cutter.carry
        cutter.finish(received: Clock.now(), flags: flags, into: &batch)
        Self.keepLast(&tail, end.span, Fingerprint.tailMax)
    }

    /// Begins again after the file was emptied.
    func restart() {
        chunk = []
        taken = 0
        head = []
        recent = []
        tail = []
        encoding = nil
        columnLines = ColumnLinePlaces()
        cutter = RecordCutter(rules)
        // A writer without O_APPEND leaves a hole where it had written before; it holds nothing.
        let data = hisui_data_start(descriptor)
        offset = data > 0 ? UInt64(data) : 0
    }

    /// Reads the next chunk, after checking that the bytes before it are still the same.
    private func fill() -> Outcome {
        let before = recent.count
        let start = Int(offset) - before
        let next = bytes(at: UInt64(start), count: before + chunkBytes)
        if lastError != 0 { return .failed(lastError) }
        guard next.count >= before else { return .truncated }
        for i in 0..<before where next[i] != recent[i] { return .truncated }
        if next.count == before { return .end }
        if encoding == nil {
            chooseEncoding(next.span)
            // Half of a mark that says how to go on.
            if encoding == nil { return .end }
        }
        // Small reads while lines trickle in, large ones to catch up.
        chunkBytes = next.count < before + chunkBytes ? 4096 : min(chunkBytes * 4, 256 << 10)
        chunk = next
        taken = before
        Self.keepLast(&recent, chunk.span.extracting(before..<chunk.count), Fingerprint.tailMax)
        if head.count < Fingerprint.headMax, offset == UInt64(head.count) {
            head.append(contentsOf: chunk[before...].prefix(Fingerprint.headMax - head.count))
        }
        lastRead = Clock.monotonicMilliseconds()
        return .read
    }

    /// Keeps the last bytes before the position, which has moved.
    private func keepTail() {
        // Of this chunk; fewer than none if the record began before it.
        let end = taken - cutter.carry.count
        if end >= Fingerprint.tailMax {
            tail = Array(chunk[end - Fingerprint.tailMax..<end])
        } else {
            tail = lastBefore()
        }
    }

    /// Reads the bytes before the position again: only when a chunk is too short to hold them.
    private func lastBefore() -> [UInt8] {
        let position = recordStart
        let count = min(position, UInt64(Fingerprint.tailMax))
        return bytes(at: position - count, count: Int(count))
    }

    private static func keepLast(_ kept: inout [UInt8], _ more: Span<UInt8>, _ count: Int) {
        let from = max(0, more.count - count)
        if more.count - from == count { kept.removeAll(keepingCapacity: true) }
        for i in from..<more.count { kept.append(more[i]) }
        if kept.count > count { kept.removeFirst(kept.count - count) }
    }

    /// `errno` of the last read, 0 if it worked.
    private var lastError: Int32 = 0

    /// Reads up to `count` bytes at a place; fewer at the end of the file.
    private func bytes(at place: UInt64, count: Int) -> [UInt8] {
        lastError = 0
        if count == 0 { return [] }
        if let compressed { return compressed.bytes(at: place, count: count) }
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            // Safe: the call writes at most `count` bytes into room for as many.
            var got = unsafe pread(descriptor, buffer.baseAddress, count, off_t(place))
            if got < 0 && errno == EINTR {
                got = unsafe pread(descriptor, buffer.baseAddress, count, off_t(place))
            }
            if got < 0 { lastError = errno }
            filled = max(0, got)
        }
    }

    private var chunkBytes = 4096
}
