import HisuiBytes
import HisuiEvent
public import HisuiFile

/// Turns closed log files into segments: one file becomes one segment.
///
/// The order of steps, each of which may be the last before a crash:
///
/// 1. the segment is written under a temporary name, block by block; each block is read back and
///    compared byte for byte with the rows of the log;
/// 2. it is synced, its footer read back, renamed, and its folder synced;
/// 3. the log is removed, and its folder synced.
///
/// Whatever step was the last, the next start ends the work: temporary files are removed, and a log
/// whose rows are in a sound segment is removed without writing anything. A log that is damaged is
/// never sealed: it stays, and searches read it as it is.
///
/// The caller's process holds the zone's lock. May run beside the zone's writer, on a thread of its
/// own; one thread seals a stream at a time.
public struct Sealer: Sendable {
    private let fileSystem: any FileSystem
    private let store: String

    public init(fileSystem: any FileSystem, store: String) {
        self.fileSystem = fileSystem
        self.store = store
    }

    /// Makes a segment of `log` and removes it.
    ///
    /// - Returns: the path of the segment.
    /// - Throws: what the disk refused, or `.damaged` if the log is not what was written. The log
    ///   is
    ///   there then, whole, and the same may be tried again.
    /// - Complexity: O(bytes of the log); holds one block in memory.
    @discardableResult
    public func seal(_ log: ClosedLog) throws(StoreError) -> String {
        let path = Filenames.streamPath(store: store, zone: log.zone, stream: log.stream)
        let files = try StreamFiles(path, on: fileSystem)
        if let done = files.segments.first(where: { $0.contains(log.leaves.lowerBound) }) {
            return try removeSealed(log, done, files)
        }
        do throws(FileError) {
            try fileSystem.createDirectory(files.segmentFolder)
        } catch {
            throw StoreError(file: error)
        }
        var writer = try SegmentWriter(
            fileSystem: fileSystem, directory: files.segmentFolder, zone: log.zone,
            stream: log.stream, firstIndex: log.leaves.lowerBound)
        let contents: LogContents
        do throws(StoreError) {
            contents = try copyRows(of: log, to: &writer)
        } catch {
            writer.abandon()
            throw error
        }
        let segment = try writer.finish(
            leaves: log.leaves, states: contents.states.all, gaps: contents.gaps,
            definitions: contents.definitions)
        try remove(log.path, files.logFolder)
        return segment
    }

    /// What a log holds beside its rows.
    private struct LogContents {
        var states = SourceStates()
        var gaps: [Gap] = []
        var definitions: [[UInt8]] = []

        mutating func take(_ frame: LogFrame) {
            for state in frame.states { states.set(state) }
            gaps += frame.gaps
            if !frame.definitions.isEmpty, !definitions.contains(frame.definitions) {
                definitions.append(frame.definitions)
            }
        }
    }

    private func copyRows(
        of log: ClosedLog, to writer: inout SegmentWriter
    ) throws(StoreError) -> LogContents {
        var contents = LogContents()
        var reader = try LogReader(fileSystem: fileSystem, path: log.path)
        var builder = BlockBuilder(
            zone: log.zone, stream: log.stream, firstIndex: log.leaves.lowerBound,
            expecting: log.leaves.count)
        while let frame = try reader.next() {
            contents.take(frame)
            guard let rows = frame.rows else { continue }
            var taken = 0
            while taken < rows.rows.count {
                taken = builder.append(rows, from: taken, shapes: reader.shapes)
                if builder.isFull { try writer.append(&builder) }
            }
        }
        if builder.count > 0 { try writer.append(&builder) }
        if let damage = reader.damages.first { throw StoreError(damage: damage) }
        guard reader.zone == log.zone, reader.stream == log.stream else {
            throw StoreError(strange: reader, zone: log.zone, stream: log.stream)
        }
        guard builder.firstIndex == log.leaves.upperBound else {
            throw StoreError(
                .damaged,
                "ends at record \(builder.firstIndex), not \(log.leaves.upperBound)",
                path: log.path, section: "write-ahead log", offset: reader.offset,
                advice: "keep the file and run `hisui status`")
        }
        return contents
    }

    /// Removes a log whose rows are in the segment of `range`: the last run got so far.
    private func removeSealed(
        _ log: ClosedLog, _ range: Range<UInt64>, _ files: StreamFiles
    ) throws(StoreError) -> String {
        guard log.leaves.upperBound <= range.upperBound else {
            throw StoreError(
                .damaged,
                "goes on to record \(log.leaves.upperBound), the segment of its rows does not",
                path: log.path, advice: "keep both files and run `hisui status`")
        }
        let segment = try soundSegment(files.path(ofSegment: range))
        // Whoever made it may have been killed before its name was durable.
        try StoreDirectory.sync(fileSystem, [files.segmentFolder])
        try remove(log.path, files.logFolder)
        return segment.path
    }

    private func soundSegment(_ path: String) throws(StoreError) -> SegmentReader {
        let segment = try SegmentReader(fileSystem: fileSystem, path: path)
        try segment.verifyChecksums()
        return segment
    }

    private func remove(_ path: String, _ folder: String) throws(StoreError) {
        do throws(FileError) {
            try fileSystem.removeIfPresent(path)
            try fileSystem.syncDirectory(folder)
        } catch {
            throw StoreError(file: error)
        }
    }
}
