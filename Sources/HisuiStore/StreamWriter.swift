public import HisuiEvent
import HisuiFile
public import HisuiShape

/// Appends rows to a stream: first to memory, then, with `commit`, to its write-ahead log.
///
///     let leaves = try stream.append(rows, shapes: table, definitions: digest)
///     …                                          // more batches: one commit for all of them
///     try stream.commit()                        // now they may be acknowledged
///
/// **What an error means.** Nothing that was committed is ever lost by one. After
///
/// - `.noSpace` from `commit`, the log ends where the last commit ended, and what was appended
///   since is kept in memory: make room, then call `commit` again.
/// - any other error of `commit`, `isFailed` is true, and what was appended since the last commit
///   is *not* stored: `reopen`, then append it again. The file is not trusted any further: after a
///   failed sync nobody knows what of it is on the disk.
///
/// A log is closed, for the sealer to make a segment of it, when it is full or old
/// (`Limits.openRowsMax`, `openLogBytesMax`, `openLogAgeSecondsMax`). Every log begins with the
/// state of all sources, so that nothing older is needed to go on.
///
/// Owned by one thread.
public final class StreamWriter {
    /// The source named in gaps that the store itself found in its files.
    public static let ownSource = "hisui:store"

    public let zone: String
    public let stream: String
    let fileSystem: any FileSystem
    let path: String
    /// So far a checkpoint reached when the stream was opened.
    private let leastIndex: UInt64

    /// Leaf index that the next row gets.
    public private(set) var nextIndex: UInt64
    /// One past the last row that is durable.
    public private(set) var committedIndex: UInt64
    /// Commits that made something durable, since the stream was first opened by this object: what
    /// was appended at one count is durable at any larger one.
    public private(set) var commitCount: UInt64 = 0
    /// Whether the stream has to be opened again.
    public private(set) var isFailed = false
    /// What opening the stream found.
    public private(set) var recovery: RecoveryReport
    /// Rows whose shape and slots did not make up their record, and were stored as one slot: a
    /// defect of a parser, since this process began.
    public private(set) var mismatchCount: UInt64 = 0

    private var states: SourceStates
    private var log: OpenLog?
    private var lastNumber: UInt32
    private var closedLogs: [ClosedLog]
    private var emptyLogs: [String]
    private var damagedLogs: [String]
    private var gapsToRecord: [Gap]
    /// One past the last leaf of the logs that `takeClosedLogs` gave away.
    private var handedOutEnd: UInt64 = 0

    /// - Parameter limits: go on with the newest log file if it is sound and within these; without
    ///   them a new one is begun, as a zone's only writer does.
    init(
        fileSystem: any FileSystem, path: String, zone: String, stream: String, now: Timestamp,
        continuing limits: LogContinuation? = nil, leastIndex: UInt64 = 0
    ) throws(StoreError) {
        let found = try StreamRecovery.recover(
            fileSystem: fileSystem, path: path, zone: zone, stream: stream, now: now,
            isAlone: true, continuing: limits, leastIndex: leastIndex)
        self.leastIndex = leastIndex
        self.fileSystem = fileSystem
        self.path = path
        self.zone = zone
        self.stream = stream
        nextIndex = found.nextIndex
        committedIndex = found.nextIndex
        recovery = found.report
        states = found.states
        lastNumber = found.lastNumber
        closedLogs = found.closedLogs
        emptyLogs = found.emptyLogs
        damagedLogs = found.damagedLogs
        gapsToRecord = found.newGaps
        if let resumed = found.resumedLog {
            log = OpenLog(folder: Path.join(path, Filenames.logs), resuming: resumed)
        }
    }

    /// State of each source, with what was appended but not committed.
    public var sourceStates: [SourceState] { states.all }

    /// Bytes of the open log that are durable.
    var openBytes: Int { log?.committed ?? 0 }

    /// Bytes that wait for `commit`.
    public var pendingBytes: Int { log?.encoder.buffer.count ?? 0 }

    /// Appends the rows of a batch, and the position and account that come with it; not durable
    /// before `commit` has returned. A batch without rows is recorded too.
    ///
    /// Where the open log is full, what was appended before is committed first.
    ///
    /// - Parameter definitions: digest of the definitions the rows were made with, 32 bytes.
    /// - Returns: the leaf indices of the rows, in order.
    /// - Complexity: O(bytes and slots of the batch); no allocation for a row.
    public func append(
        _ rows: RowBatch, shapes: ShapeTable, definitions: [UInt8]
    ) throws(StoreError) -> Range<UInt64> {
        let count = rows.rows.count
        let first = nextIndex
        if count == 0 && rows.position.isEmpty && rows.account.isZero && rows.gaps.isEmpty {
            return first..<first
        }
        try makeRoom(for: count)
        try check(rows)
        var state = states.state(of: rows.source)
        state.source = rows.source
        if !rows.position.isEmpty { state.position = rows.position }
        state.account.add(rows.account)
        state.account.stored += UInt64(count)
        if let last = rows.rows.last { state.lastReceived = max(state.lastReceived, last.received) }

        let log = try openLog()
        let mismatches = log.encoder.mismatchCount
        let place = FrameEncoder.Place(firstIndex: first, durable: log.committed)
        let fitted = log.encoder.append(
            count == 0 ? nil : rows, shapes: shapes, definitions: count == 0 ? [] : definitions,
            states: [state], gaps: rows.gaps, at: place)
        guard fitted else { throw limit("one batch with its shapes is too large for a frame") }
        mismatchCount += log.encoder.mismatchCount - mismatches
        states.set(state)
        nextIndex += UInt64(count)
        log.took(rows: count, received: rows.rows.first?.received)
        return first..<nextIndex
    }

    /// Records a gap that no batch carries; durable with the next commit.
    public func record(_ gap: Gap) throws(StoreError) {
        try makeRoom(for: 0)
        let log = try openLog()
        let place = FrameEncoder.Place(firstIndex: nextIndex, durable: log.committed)
        let fitted = log.encoder.append(
            nil, shapes: nil, definitions: [], states: [], gaps: [gap], at: place)
        guard fitted else { throw limit("a gap is too large for a frame") }
    }

    /// Makes everything appended durable: write, sync, and sync of the folder for a new file.
    public func commit() throws(StoreError) {
        try checkNotFailed()
        guard let log, log.encoder.buffer.count > 0 else { return }
        do throws(FileError) {
            try log.write(fileSystem)
        } catch {
            try withdraw(log, after: error)
        }
        do throws(FileError) {
            try log.sync(fileSystem)
        } catch {
            throw fail(error)
        }
        committedIndex = nextIndex
        commitCount += 1
        tidy()
        if log.isFull { closeLog() }
    }

    /// Closes the open log if its first row is older than `ageSeconds`, or if it has `rowsMax`
    /// rows.
    public func closeOldLog(
        now: Timestamp, ageSeconds: Int = Limits.openLogAgeSecondsMax,
        rowsMax: Int = Limits.openRowsMax
    ) throws(StoreError) {
        guard let log, let first = log.firstReceived else { return }
        let age = now.nanoseconds.subtractingReportingOverflow(first.nanoseconds)
        let limit = Int64(ageSeconds) * 1_000_000_000
        if age.overflow || age.partialValue >= limit || log.rows >= rowsMax { try rotate() }
    }

    /// Commits, and closes the open log if it has rows.
    public func rotate() throws(StoreError) {
        try commit()
        if let log, log.rows > 0 { closeLog() }
    }

    /// Logs closed since the last call, oldest first; those found at opening come first of all.
    public func takeClosedLogs() -> [ClosedLog] {
        defer { closedLogs = [] }
        handedOutEnd = max(handedOutEnd, closedLogs.last?.leaves.upperBound ?? 0)
        return closedLogs
    }

    /// Commits and lets go of the files. Nothing may be appended after that.
    public func close() throws(StoreError) {
        defer {
            log?.file?.close()
            log = nil
        }
        if !isFailed { try commit() }
    }

    /// Ends the writer, and takes back what it wrote since its last successful commit, as far as
    /// the disk lets it. Nothing may be done with the writer after that.
    func abandon() {
        try? log?.cutBack(fileSystem)
        log = nil
        isFailed = true
    }

    /// Opens the stream again after a failed commit. What was appended since the last successful
    /// one is dropped, from memory and from the disk; the caller appends it again.
    public func reopen(now: Timestamp) throws(StoreError) {
        if let log {
            do throws(FileError) {
                try log.cutBack(fileSystem)
            } catch {
                throw StoreError(file: error)
            }
            self.log = nil
        }
        let found = try StreamRecovery.recover(
            fileSystem: fileSystem, path: path, zone: zone, stream: stream, now: now,
            isAlone: false, leastIndex: leastIndex)
        nextIndex = found.nextIndex
        committedIndex = found.nextIndex
        recovery = found.report
        states = found.states
        lastNumber = max(lastNumber, found.lastNumber)
        // A log that was handed out is being sealed; it must not be handed out twice.
        closedLogs = found.closedLogs.filter { $0.leaves.upperBound > handedOutEnd }
        emptyLogs = found.emptyLogs
        damagedLogs = found.damagedLogs
        gapsToRecord = found.newGaps
        isFailed = false
    }
}

// The open log.
extension StreamWriter {
    private func checkNotFailed() throws(StoreError) {
        guard isFailed else { return }
        throw StoreError(
            .failed, "a commit failed, and the stream was not opened again", path: path)
    }

    private func limit(_ what: String) -> StoreError {
        StoreError(.limit, what, path: path)
    }

    private func check(_ rows: RowBatch) throws(StoreError) {
        guard rows.bytes.count <= Limits.logFrameBytesMax,
            rows.position.count <= Limits.positionBytesMax,
            rows.source.id.utf8.count <= Limits.sourceIDBytesMax
        else { throw limit("a batch, its position or the name of its source is too large") }
    }

    /// Commits and closes the open log if `count` more rows would overfill it.
    private func makeRoom(for count: Int) throws(StoreError) {
        try checkNotFailed()
        guard let log else { return }
        if log.rows > 0 && log.rows + count > Limits.openRowsMax || log.isFull { try rotate() }
        if pendingBytes >= Limits.logPendingBytesMax {
            throw limit("\(pendingBytes) bytes wait to be committed")
        }
    }

    private func openLog() throws(StoreError) -> OpenLog {
        if let log { return log }
        lastNumber += 1
        let name = Filenames.LogName(firstIndex: nextIndex, number: lastNumber)
        let header = LogFormat.FileHeader(
            identity: LogIdentity(zone: zone, stream: stream, name: name).make(),
            firstIndex: nextIndex, number: name.number, zone: zone, stream: stream)
        let new = OpenLog(folder: Path.join(path, Filenames.logs), name: name, header: header)
        if !states.all.isEmpty || !gapsToRecord.isEmpty {
            let fitted = new.encoder.append(
                nil, shapes: nil, definitions: [], states: states.all, gaps: gapsToRecord,
                at: FrameEncoder.Place(firstIndex: nextIndex, durable: 0))
            guard fitted else { throw limit("too many sources for a frame") }
        }
        log = new
        return new
    }

    /// After a write that failed: takes back what it left in the file, so that it can be tried
    /// again, or fails the stream.
    private func withdraw(_ log: OpenLog, after error: FileError) throws(StoreError) -> Never {
        guard error.code == .noSpace else { throw fail(error) }
        do throws(FileError) {
            try log.withdraw(fileSystem)
        } catch {
            throw fail(error)
        }
        throw StoreError(file: error)
    }

    private func fail(_ error: FileError) -> StoreError {
        isFailed = true
        log?.file?.close()
        var failure = StoreError(file: error)
        if failure.code == .system || failure.code == .noSpace { failure.code = .failed }
        failure.advice = "nothing that was acknowledged is lost; see to the disk, then start again"
        return failure
    }

    private func closeLog() {
        guard let log else { return }
        log.file?.close()
        self.log = nil
        if log.rows == 0 {
            // Full of accounts: the states with which the next one begins replace it.
            emptyLogs.append(log.path)
            return
        }
        closedLogs.append(
            ClosedLog(
                zone: zone, stream: stream, path: log.path,
                leaves: log.name.firstIndex..<committedIndex))
    }

    /// Does what waited for the new log to be durable: it holds all states and the gaps found.
    private func tidy() {
        if emptyLogs.isEmpty && damagedLogs.isEmpty && gapsToRecord.isEmpty { return }
        gapsToRecord = []
        // Each of these is done by the next start if it fails now.
        for path in emptyLogs { try? fileSystem.remove(path) }
        for path in damagedLogs {
            guard var name = Filenames.LogName(Path.name(of: path)) else { continue }
            name.isDamaged = true
            try? fileSystem.rename(path, to: Path.join(Path.parent(of: path), name.text))
        }
        try? fileSystem.syncDirectory(Path.join(path, Filenames.logs))
        emptyLogs = []
        damagedLogs = []
    }
}
