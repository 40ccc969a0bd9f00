import Glibc
import HisuiBytes
public import HisuiEvent
public import HisuiFile
import HisuiShape

/// The store's acts, written by daemons and by the command line: `<store>/acts`.
///
///     let log = ActLog(fileSystem: disk, store: path, now: clock)
///     try log.append([act])                      // durable now, and searchable
///
/// The acts are a stream like any other, in the same log files and segments, but nobody owns it:
/// whoever appends takes a lock for some milliseconds, finds out where the stream stands as after
/// any crash (`StreamRecovery`), goes on with the newest log file, and lets go. What another
/// appender left half done when it was killed, the next one cuts off, tells or ends.
///
/// May be used from several threads and processes. Only the owner of the store and root can append;
/// files that root makes belong to the owner of their folder.
public struct ActLog: Sendable {
    let fileSystem: any FileSystem
    let store: String
    let now: @Sendable () -> Timestamp
    var lockMillis = Limits.actLockMillisMax
    var limits = LogContinuation.ofActs

    /// - Parameter now: the time by which acts are received, and logs are old.
    public init(
        fileSystem: any FileSystem, store: String, now: @escaping @Sendable () -> Timestamp
    ) {
        self.fileSystem = fileSystem
        self.store = store
        self.now = now
    }

    private var path: String {
        Filenames.streamPath(store: store, zone: Filenames.acts, stream: Filenames.acts)
    }

    /// Appends acts; they are durable and searchable when this returns.
    ///
    /// Waits at most `Limits.actLockMillisMax` for others that append. If it throws, none of the
    /// acts is there, as far as the disk lets them be taken back. If the process is killed before
    /// it returns, some or all of them may be.
    ///
    /// - Returns: the leaf indices of the acts, in order; empty for no acts.
    /// - Throws: `.notAStore`; `.locked` after waiting; `.limit` for an act of more than
    ///   `Limits.recordBytesMax` bytes; what the disk refused, to who may not write for example.
    /// - Complexity: O(bytes of the newest log file), at most `Limits.actLogBytesMax` and one
    ///   append; four syncs of folders and two of the file.
    @discardableResult
    public func append(_ acts: [Act]) throws(StoreError) -> Range<UInt64> {
        if acts.isEmpty { return 0..<0 }
        try StoreDirectory.check(fileSystem, store)
        let frames = try ActRows.batches(of: acts, received: now(), path: path)
        return try withLock { () throws(StoreError) in
            let writer = try StreamWriter(
                fileSystem: fileSystem, path: path, zone: Filenames.acts,
                stream: Filenames.acts, now: now(), continuing: limits)
            let first = writer.nextIndex
            do throws(StoreError) {
                for frame in frames {
                    _ = try writer.append(frame.rows, shapes: frame.shapes, definitions: [])
                }
                try writer.commit()
            } catch {
                writer.abandon()
                throw error
            }
            let end = writer.committedIndex
            finish(writer)
            return first..<end
        }
    }

    /// Ends an append that is durable: closes the log if it is full or old, and seals what is
    /// closed.
    ///
    /// What fails here is done by the next append, which finds it undone; the acts are kept
    /// whatever happens.
    private func finish(_ writer: StreamWriter) {
        if writer.openBytes >= limits.bytesMax {
            try? writer.rotate()
        } else {
            try? writer.closeOldLog(
                now: now(), ageSeconds: limits.ageSeconds, rowsMax: limits.rowsMax)
        }
        let sealer = Sealer(fileSystem: fileSystem, store: store)
        for log in writer.takeClosedLogs() { _ = try? sealer.seal(log) }
        try? writer.close()
    }

    /// Does something while nobody else appends acts: what is there stays as it is.
    ///
    /// `append` must not be called inside: it would wait for the lock in vain. An error of another
    /// type can be carried out as a `Result`.
    public func withLock<Result>(
        _ body: () throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        let lock = try lock()
        defer { lock.release() }
        return try body()
    }

    private func lock() throws(StoreError) -> any FileLock {
        var waited = 0
        var step = 1
        do throws(FileError) {
            try fileSystem.createDirectory(path)
        } catch {
            throw StoreError(file: error)
        }
        while true {
            do throws(FileError) {
                return try fileSystem.lock(Path.join(path, Filenames.lock))
            } catch {
                guard error.code == .locked else { throw StoreError(file: error) }
                guard waited < lockMillis else { throw stuck(error) }
            }
            // Short steps at first: an append takes some milliseconds.
            usleep(UInt32(step * 1000))
            waited += step
            step = min(step + 1, 20)
        }
    }

    private func stuck(_ error: FileError) -> StoreError {
        let holder = error.detail.isEmpty ? "another process" : error.detail
        return StoreError(
            .locked, "\(holder) has been writing acts for more than \(lockMillis) ms",
            path: error.path, advice: "try again; if it goes on, end that process")
    }
}

/// When an appender ends the log file that it and others wrote, instead of leaving it to the next.
struct LogContinuation: Sendable {
    var rowsMax: Int
    var bytesMax: Int
    var ageSeconds: Int

    static let ofActs = LogContinuation(
        rowsMax: Limits.actLogRowsMax, bytesMax: Limits.actLogBytesMax,
        ageSeconds: Limits.actLogAgeSecondsMax)
}

/// Acts as the rows of frames.
enum ActRows {
    struct Frame {
        var rows: RowBatch
        var shapes: ShapeTable
    }

    /// - Throws: `.limit` for an act that is too large for a record, or has a name twice.
    static func batches(
        of acts: [Act], received: Timestamp, path: String
    ) throws(StoreError) -> [Frame] {
        let shapes = ShapeTable()
        var frames: [Frame] = []
        var batch = RowBatch(takingOver: RecordBatch(source: Act.source))
        for act in acts {
            let start = batch.bytes.count
            act.append(to: &batch.bytes)
            let count = batch.bytes.count - start
            guard count <= Limits.recordBytesMax else {
                throw StoreError(
                    .limit, "an act of \(count) bytes; one has at most \(Limits.recordBytesMax)",
                    path: path)
            }
            try checkReadable(batch.bytes.span.extracting(start..<batch.bytes.count), path)
            let firstSlot = batch.slots.count
            let shape = appendSlots(of: start..<batch.bytes.count, to: &batch)
            batch.rows.append(
                RowBatch.Row(
                    offset: UInt32(start), count: UInt32(count), shape: shapes.intern(shape),
                    firstSlot: UInt32(firstSlot), time: act.time, received: received, sender: 0,
                    flags: []))
            if batch.rows.count == Limits.actsPerFrameMax
                || batch.bytes.count >= Limits.actFrameBytesMax
            {
                frames.append(Frame(rows: batch, shapes: shapes))
                batch = RowBatch(takingOver: RecordBatch(source: Act.source))
            }
        }
        if !batch.rows.isEmpty { frames.append(Frame(rows: batch, shapes: shapes)) }
        return frames
    }

    /// Refuses what no reader could read again: a name twice, a list that is too long.
    private static func checkReadable(_ record: Span<UInt8>, _ path: String) throws(StoreError) {
        do throws(ActFailure) {
            _ = try Act(decoding: record)
        } catch {
            throw StoreError(.limit, "an act that could not be read again: \(error)", path: path)
        }
    }

    /// Appends the slots of a record that is an act, and returns its shape.
    private static func appendSlots(of record: Range<Int>, to batch: inout RowBatch) -> Shape {
        guard let made = JSONShape.make(batch.bytes.span.extracting(record)) else {
            // Larger than a shape should be: kept, and searched as text.
            batch.slots.append(ByteRange(record))
            return .any
        }
        for slot in made.slots {
            batch.slots.append(
                ByteRange(offset: slot.offset + UInt32(record.lowerBound), count: slot.count))
        }
        return made.shape
    }
}
