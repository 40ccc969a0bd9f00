import HisuiEvent
import HisuiFile

/// A log that takes no more rows: it becomes a segment.
public struct ClosedLog: Hashable, Sendable {
    public var zone: String
    public var stream: String
    public var path: String
    /// The leaves of its rows, without a gap.
    public var leaves: Range<UInt64>
}

/// What opening a stream found and did.
public struct RecoveryReport: Hashable, Sendable {
    /// A torn tail that was cut off: bytes of a commit that was never acknowledged.
    public struct Cut: Hashable, Sendable {
        public var path: String
        public var offset: Int
        public var count: Int
    }

    public var cuts: [Cut] = []
    /// Places that are not what was written; a gap is recorded for each when it is first found.
    public var damages: [LogDamage] = []
    /// Rows found in logs.
    public var rowsInLogs = 0
}

/// Finds out where a stream stands after whatever ended its last writer.
///
/// Done under the zone's lock. Steps, each of which may be cut short and done again:
///
/// 1. Remove half-written files (`*.tmp`), and sync the folders: a segment whose name is not
///    durable must not be a reason to remove its log.
/// 2. Take source states from the newest segment that can be read.
/// 3. Read the logs in order; a log whose rows are all in segments is removed.
/// 4. Cut the torn tail off the newest log. Only the newest can have one: a log is begun only when
///    the last commit to the one before had succeeded; in an older one it is damage.
/// 5. Write what the newest log does not prove to have been synced once more, in place, and sync
///    it: after a failed sync the system may show bytes that are not on the disk, and only
///    writing them makes it take them seriously again.
///
/// New rows go to a new log: none is appended to after its writer is gone, so that every log has
/// the random identity of one process. Only the acts' log is gone on with, by whoever appends,
/// while nothing at all is wrong with it: no damage, no torn tail, every byte synced in step 5.
struct StreamRecovery {
    private let fileSystem: any FileSystem
    private let zone: String
    private let stream: String
    private let limits: LogContinuation?
    private let now: Timestamp
    private let logsPath: String
    private let segmentsPath: String

    private(set) var nextIndex: UInt64 = 0
    private(set) var states = SourceStates()
    private(set) var closedLogs: [ClosedLog] = []
    /// The newest log, if the caller may go on with it.
    private(set) var resumedLog: ResumedLog?
    /// Logs without rows: of no use once a newer log has begun.
    private(set) var emptyLogs: [String] = []
    /// Logs newly found damaged, to be renamed once the gaps are recorded.
    private(set) var damagedLogs: [String] = []
    /// Gaps to record: of damage that no log tells of yet.
    private(set) var newGaps: [Gap] = []
    private(set) var report = RecoveryReport()
    private(set) var lastNumber: UInt32 = 0

    private var segments: [Range<UInt64>] = []
    private var foldersToSync: [String] = []
    private var knownCauses: Set<String> = []

    /// - Parameters:
    ///   - isAlone: nobody else, no sealer either, works in the stream's folder.
    ///   - limits: within which the newest log may be gone on with.
    ///   - leastIndex: no row before it may be appended: so far a checkpoint reaches.
    static func recover(
        fileSystem: any FileSystem, path: String, zone: String, stream: String, now: Timestamp,
        isAlone: Bool, continuing limits: LogContinuation? = nil, leastIndex: UInt64 = 0
    ) throws(StoreError) -> StreamRecovery {
        // A sealer may turn a log into a segment while it is looked at: then look again.
        for _ in 0..<100 {
            do throws(StoreError) {
                var found = try StreamRecovery(
                    fileSystem: fileSystem, path: path, zone: zone, stream: stream, now: now,
                    isAlone: isAlone, continuing: limits)
                found.skip(to: leastIndex)
                return found
            } catch {
                if error.code != .notFound { throw error }
            }
        }
        throw StoreError(.system, "files keep vanishing while they are read", path: path)
    }

    private init(
        fileSystem: any FileSystem, path: String, zone: String, stream: String, now: Timestamp,
        isAlone: Bool, continuing limits: LogContinuation?
    ) throws(StoreError) {
        self.fileSystem = fileSystem
        self.zone = zone
        self.stream = stream
        self.limits = limits
        self.now = now
        logsPath = Path.join(path, Filenames.logs)
        segmentsPath = Path.join(path, Filenames.segments)
        var logs: [Filenames.LogName] = []
        do throws(FileError) {
            for folder in [logsPath, segmentsPath] {
                try fileSystem.createDirectory(folder)
                guard isAlone else { continue }
                for name in try fileSystem.list(folder) where name.hasSuffix(temporarySuffix) {
                    try fileSystem.removeIfPresent(Path.join(folder, name))
                }
            }
            // Logs first: what becomes a segment in between is then seen twice, not never.
            logs = try fileSystem.list(logsPath).compactMap { Filenames.LogName($0) }.sorted()
            segments = try fileSystem.list(segmentsPath).compactMap(Filenames.segmentRange)
        } catch {
            throw StoreError(file: error)
        }
        // A sealer beside us may have failed to sync the name of a segment that we see.
        foldersToSync =
            isAlone ? [Path.parent(of: path), path, segmentsPath, logsPath] : [segmentsPath]
        if limits == nil { try syncFolders() }
        segments.sort { ($0.upperBound, $0.lowerBound) < ($1.upperBound, $1.lowerBound) }
        takeStatesOfSegments()
        lastNumber = logs.map(\.number).max() ?? 0
        for (index, name) in logs.enumerated() {
            try take(name, isNewest: index == logs.count - 1, isFirst: index == 0)
        }
        for damage in report.damages { recordGap(of: damage, now) }
        if !newGaps.isEmpty || !damagedLogs.isEmpty { endResumedLog() }
        if resumedLog == nil { try syncFolders() }
    }

    /// Makes the names of files and folders durable before anything is built upon them.
    ///
    /// Not needed to go on with a log that has a second commit: the first one did it.
    private mutating func syncFolders() throws(StoreError) {
        try StoreDirectory.sync(fileSystem, foldersToSync)
        foldersToSync = []
    }

    /// Leaves out what a checkpoint covers and no file has any more: an index is never given twice.
    private mutating func skip(to leastIndex: UInt64) {
        guard leastIndex > nextIndex else { return }
        // As the next start will tell it, which finds a log that begins behind a hole.
        let name = Filenames.LogName(firstIndex: leastIndex, number: lastNumber + 1)
        let damage = LogDamage(
            path: Path.join(logsPath, name.text), bytes: 0..<0, missing: nextIndex..<leastIndex,
            what: "the log before it is missing")
        report.damages.append(damage)
        recordGap(of: damage, now)
        endResumedLog()
        nextIndex = leastIndex
    }

    private mutating func takeStatesOfSegments() {
        nextIndex = segments.last?.upperBound ?? 0
        for range in segments.reversed() {
            let path = Path.join(segmentsPath, Filenames.segment(range))
            do throws(StoreError) {
                let reader = try SegmentReader(fileSystem: fileSystem, path: path)
                for state in reader.sourceStates { states.set(state) }
                return
            } catch {
                // The segment stays as it is; an older one tells less, but the truth.
                report.damages.append(
                    LogDamage(
                        path: path, bytes: 0..<0, missing: 0..<0,
                        what: "the segment cannot be read: \(error.what)"))
            }
        }
    }

    private mutating func take(
        _ name: Filenames.LogName, isNewest: Bool, isFirst: Bool
    ) throws(StoreError) {
        let path = Path.join(logsPath, name.text)
        let isNews = isFirst && segments.isEmpty
        if name.firstIndex > nextIndex, !isNews {
            report.damages.append(
                LogDamage(
                    path: path, bytes: 0..<0, missing: nextIndex..<name.firstIndex,
                    what: "the log before it is missing"))
        }
        var reader = try LogReader(fileSystem: fileSystem, path: path, rows: false)
        var touched: [SourceState] = []
        var firstReceived: Timestamp?
        while let frame = try reader.next() {
            if frame.rowCount > 0, firstReceived == nil {
                firstReceived = frame.states.first?.lastReceived
            }
            touched.append(contentsOf: frame.states)
            for gap in frame.gaps { knownCauses.insert(gap.cause) }
        }
        var damages = reader.damages
        let tail = try reader.tailCount()
        if isNewest && !name.isDamaged {
            guard try settle(reader, tail) else { return }
        } else if tail > 0 {
            damages.append(
                LogDamage(
                    path: path, bytes: reader.offset..<reader.offset + tail, missing: 0..<0,
                    what: "the log ends in invalid bytes"))
        }
        take(states: touched, of: name, reader)
        try file(name, path, reader, isSound: damages.isEmpty && !name.isDamaged)
        if isNewest, tail == 0 {
            if limits != nil, reader.durable == 0 { try syncFolders() }
            resume(reader, firstReceived)
        }
        report.damages.append(contentsOf: damages)
        if !damages.isEmpty && !name.isDamaged { damagedLogs.append(path) }
        report.rowsInLogs += reader.rowCount
        nextIndex = max(nextIndex, reader.nextIndex)
    }

    /// States of a log that is newer than all segments; others are in a segment already.
    private mutating func take(
        states touched: [SourceState], of name: Filenames.LogName, _ reader: LogReader
    ) {
        let end = segments.last?.upperBound ?? 0
        guard reader.nextIndex > end || name.firstIndex >= end else { return }
        for state in touched { states.set(state) }
    }

    /// Decides what becomes of a log.
    private mutating func file(
        _ name: Filenames.LogName, _ path: String, _ reader: LogReader, isSound: Bool
    ) throws(StoreError) {
        if !isSound { return }
        if reader.rowCount == 0 {
            emptyLogs.append(path)
            return
        }
        let leaves = name.firstIndex..<reader.nextIndex
        if isCovered(leaves) {
            // The sealer was cut short between segment and log. Not removing it costs space only.
            try syncFolders()
            try? fileSystem.remove(path)
        } else {
            closedLogs.append(
                ClosedLog(zone: zone, stream: stream, path: path, leaves: leaves))
        }
    }

    /// Goes on with the newest log instead of closing it, if that is asked for and it has room.
    private mutating func resume(_ reader: LogReader, _ firstReceived: Timestamp?) {
        guard let limits, let log = closedLogs.last, log.path == reader.path,
            log.leaves.upperBound >= nextIndex,
            let resumed = reader.resumed(firstReceived: firstReceived),
            let firstReceived = resumed.firstReceived
        else { return }
        let age = now.nanoseconds.subtractingReportingOverflow(firstReceived.nanoseconds)
        let isYoung =
            !age.overflow && age.partialValue < Int64(limits.ageSeconds) * 1_000_000_000
        guard isYoung, resumed.rows < limits.rowsMax, resumed.size < limits.bytesMax else { return }
        closedLogs.removeLast()
        resumedLog = resumed
    }

    /// Closes the newest log after all: a new one has to tell what is wrong with the others.
    private mutating func endResumedLog() {
        guard let log = resumedLog else { return }
        resumedLog = nil
        closedLogs.append(
            ClosedLog(
                zone: zone, stream: stream, path: Path.join(logsPath, log.name.text),
                leaves: log.name.firstIndex..<nextIndex))
    }

    /// Whether segments hold all of `leaves`.
    private func isCovered(_ leaves: Range<UInt64>) -> Bool {
        var next = leaves.lowerBound
        for range in segments.sorted(by: { $0.lowerBound < $1.lowerBound })
        where range.lowerBound <= next && range.upperBound > next {
            next = range.upperBound
        }
        return next >= leaves.upperBound
    }

    /// Makes the newest log durable as far as it is valid, and ends it there.
    ///
    /// - Returns: whether there is anything in it; if not, it was removed.
    private mutating func settle(_ reader: LogReader, _ tail: Int) throws(StoreError) -> Bool {
        do throws(FileError) {
            if tail > 0 {
                report.cuts.append(
                    RecoveryReport.Cut(path: reader.path, offset: reader.offset, count: tail))
            }
            if reader.frameCount == 0 && reader.damages.isEmpty {
                // Most likely old blocks of the disk; but a moved log is not ours to remove.
                if reader.isForeign {
                    try fileSystem.rename(reader.path, to: reader.path + Filenames.straySuffix)
                } else {
                    try fileSystem.remove(reader.path)
                }
                try fileSystem.syncDirectory(logsPath)
                return false
            }
            let file = try fileSystem.open(reader.path, .readWrite)
            defer { file.close() }
            if tail > 0 { try file.truncate(to: reader.offset) }
            var at = reader.durable
            while at < reader.offset {
                let part = try fileSystem.bytes(
                    reader.path, from: at, count: min(reader.offset - at, 1 << 20))
                if part.isEmpty { break }
                try file.overwrite(part.span, at: at)
                at += part.count
            }
            try file.sync()
            // Behind a first commit the file's name is durable.
            if reader.durable == 0 { try fileSystem.syncDirectory(logsPath) }
            return true
        } catch {
            throw StoreError(file: error)
        }
    }

    private mutating func recordGap(of damage: LogDamage, _ now: Timestamp) {
        let name = Path.name(of: damage.path)
        if name.hasSuffix(Filenames.damagedLogSuffix) { return }
        var told = damage
        told.path = name
        let cause = told.description
        guard knownCauses.insert(cause).inserted else { return }
        newGaps.append(
            Gap(
                source: StreamWriter.ownSource, detected: now,
                count: damage.missing.isEmpty ? nil : UInt64(damage.missing.count), cause: cause))
    }
}

/// The newest state of each source of a stream, in the order in which they were first seen.
struct SourceStates {
    private(set) var all: [SourceState] = []
    private var indices: [String: Int] = [:]

    /// The state of `source`; a new one if it was never seen.
    func state(of source: Source) -> SourceState {
        guard let index = indices[source.id] else { return SourceState(source: source) }
        return all[index]
    }

    mutating func set(_ state: SourceState) {
        if let index = indices[state.source.id] {
            all[index] = state
        } else {
            indices[state.source.id] = all.count
            all.append(state)
        }
    }
}
