import HisuiBytes
import HisuiEvent
public import HisuiFile
import Synchronization

/// Reads a store that somebody else may be writing: no lock is taken, nothing is changed.
///
/// `snapshot` lists the logs of each stream, then its segments, and opens what holds rows. Segments
/// are mapped and only their footers read; logs are read into memory, which holds what was not
/// sealed yet (at most `Limits.openRowsMax` rows a stream and one batch). A row that is in a log
/// and in a segment is given once. If a file vanishes between listing and opening it was sealed,
/// merged or expired meanwhile, and the stream is listed again.
///
/// A reader keeps what it opened, so the next snapshot costs what is new. May be used from several
/// threads, which take snapshots one after the other.
public final class StoreReader: Sendable {
    public let path: String
    private let fileSystem: any FileSystem

    private struct Memory {
        var segments: [String: SegmentReader] = [:]
        var logs: [String: KnownLog] = [:]
        let shared = SharedParts(chunkBytes: Limits.recentChunkBytesMax)
    }
    private let memory = Mutex(Memory())

    /// How often a stream is listed anew before the reader gives up: each time, somebody must have
    /// sealed or removed a file in between.
    private static let attemptsMax = 32

    /// - Throws: `.notAStore` if `path` is no store, `.system` if it cannot be read.
    public init(fileSystem: any FileSystem = RealFileSystem(), path: String) throws(StoreError) {
        self.fileSystem = fileSystem
        self.path = path
        try StoreDirectory.check(fileSystem, path)
    }

    /// What the store holds now.
    ///
    /// - Parameters:
    ///   - acts: only the store's acts (`Snapshot.Stream.acts`), and no zone.
    ///   - zones: only these; all if nil. A zone that is not there has no rows.
    ///   - after: for each stream, the index before which nothing is wanted. Blocks in memory are
    ///     cut there; a block of a segment may begin before it. Source states and gaps are then
    ///     those of the files read.
    /// - Throws: what the system refused. Files that are damaged are in `Snapshot.problems`: one
    ///   bad file does not make the others unreadable.
    public func snapshot(
        acts: Bool = false, zones: Set<String>? = nil, after: [Snapshot.Stream: UInt64] = [:]
    ) throws(StoreError) -> Snapshot {
        let streams = acts ? [.acts] : try streams(zones)
        return try memory.withLock { memory throws(StoreError) -> Snapshot in
            var snapshot = Snapshot()
            var kept = Memory()
            for stream in streams {
                try read(stream, from: after[stream] ?? 0, &memory, &kept, into: &snapshot)
            }
            // Files of zones that were not asked for stay known, others are let go.
            memory.logs.merge(kept.logs) { $1 }
            memory.segments.merge(kept.segments) { $1 }
            let paths = streams.map { path(of: $0) + "/" }
            memory.logs = memory.logs.filter { entry in
                kept.logs[entry.key] != nil || !paths.contains { entry.key.hasPrefix($0) }
            }
            memory.segments = memory.segments.filter { entry in
                kept.segments[entry.key] != nil || !paths.contains { entry.key.hasPrefix($0) }
            }
            return snapshot
        }
    }

    /// What was read of segments since the reader was made.
    public var bytesRead: BytesRead { memory.withLock { $0.shared.reads.total } }

    private func path(of stream: Snapshot.Stream) -> String {
        Filenames.streamPath(store: path, zone: stream.zone, stream: stream.stream)
    }

    /// The streams of the store, by zone and name.
    private func streams(_ zones: Set<String>?) throws(StoreError) -> [Snapshot.Stream] {
        let folder = Path.join(path, Filenames.zones)
        var streams: [Snapshot.Stream] = []
        for zone in try StreamFiles.names(in: folder, on: fileSystem) {
            guard zones?.contains(zone) ?? true, Filenames.isValidName(zone) else { continue }
            let zonePath = Filenames.zonePath(store: path, zone: zone)
            for stream in try StreamFiles.names(in: zonePath, on: fileSystem)
            where Filenames.isValidName(stream) {
                streams.append(Snapshot.Stream(zone: zone, stream: stream))
            }
        }
        return streams.sorted()
    }

    private func read(
        _ stream: Snapshot.Stream, from first: UInt64, _ memory: inout Memory,
        _ kept: inout Memory, into snapshot: inout Snapshot
    ) throws(StoreError) {
        for _ in 0..<Self.attemptsMax {
            let files = try StreamFiles(path(of: stream), on: fileSystem)
            var view = StreamView(stream, path: files.path, first: first)
            do throws(StoreError) {
                try readLogs(files, &view, &memory)
                try readSegments(files, &view, &memory)
            } catch {
                if error.code == .notFound { continue }
                throw error
            }
            for path in view.logPaths { kept.logs[path] = memory.logs[path] }
            for path in view.segmentPaths { kept.segments[path] = memory.segments[path] }
            view.finish(into: &snapshot)
            return
        }
        throw StoreError(
            .system, "files vanish faster than they can be read", path: path(of: stream),
            advice: "try again; if it goes on, look for who removes files there")
    }

    private func readLogs(
        _ files: StreamFiles, _ view: inout StreamView, _ memory: inout Memory
    ) throws(StoreError) {
        for (number, log) in files.logs.enumerated() where files.segment(of: log) == nil {
            // The rows of a log end where the next one's begin. One that begins there, too, has
            // none, and is the only one with the states as long as the next has no frame.
            if number + 1 < files.logs.count, files.logs[number + 1].firstIndex <= view.first,
                log.firstIndex < view.first
            {
                continue
            }
            let path = files.path(of: log)
            // On an error it is opened anew: half a refresh would lose rows.
            var open = memory.logs.removeValue(forKey: path)
            if open == nil {
                open = try KnownLog(
                    fileSystem: fileSystem, path: path, zone: view.stream.zone,
                    stream: view.stream.stream)
            }
            guard var open else { continue }
            do throws(StoreError) {
                try open.refresh()
            } catch {
                if error.code == .notFound || error.code == .system { throw error }
                view.problems.append(error)
                continue
            }
            memory.logs[path] = open
            view.take(open, path: path, firstIndex: log.firstIndex)
        }
    }

    private func readSegments(
        _ files: StreamFiles, _ view: inout StreamView, _ memory: inout Memory
    ) throws(StoreError) {
        let ranges = files.segments.filter { range in
            view.cover(range)
            return range.upperBound > view.first
        }
        // All are on their way from the disk before the first is waited for.
        var contents: [String: FileContents] = [:]
        for path in ranges.map(files.path(ofSegment:)) where memory.segments[path] == nil {
            contents[path] = try SegmentReader.contents(of: path, on: fileSystem)
        }
        for range in ranges {
            let path = files.path(ofSegment: range)
            do throws(StoreError) {
                let segment: SegmentReader
                if let known = memory.segments[path] {
                    segment = known
                } else {
                    guard let bytes = contents.removeValue(forKey: path) else { continue }
                    segment = try SegmentReader(
                        contents: bytes, path: path, sharing: memory.shared)
                    try segment.check(range, view.stream)
                    memory.segments[path] = segment
                }
                view.take(segment, path: path)
            } catch {
                guard error.code == .damaged else { throw error }
                view.problems.append(error)
            }
        }
    }
}
