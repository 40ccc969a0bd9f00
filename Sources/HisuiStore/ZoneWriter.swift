public import HisuiEvent
public import HisuiFile
public import HisuiShape

/// The one writer of a zone: holds its lock, and has a `StreamWriter` for each stream.
///
/// Owned by one thread. Readers, in this process or another one, need nothing of it.
public final class ZoneWriter {
    public let zone: String
    let fileSystem: any FileSystem
    let path: String
    private let now: @Sendable () -> Timestamp
    private let lock: any FileLock
    private let leastIndex: LeastIndex
    private var writers: [String: StreamWriter] = [:]

    /// Says, for a stream, the least index that the next row may get: one past the last leaf that a
    /// checkpoint covers. Called once for a stream, when the lock is held.
    public typealias LeastIndex = (String) throws(StoreError) -> UInt64

    /// The stream that rows belong to where no policy says otherwise.
    public static let defaultStream = "default"

    /// Opens a zone for writing, making store and zone where they are not there yet, and recovers
    /// all its streams.
    ///
    /// Fails with `.locked` while another process writes the zone, and with `.notAStore` where
    /// `store` is a folder of something else.
    ///
    /// - Parameters:
    ///   - now: the time, for the gaps that recovery finds.
    ///   - leastIndex: a stream that ends before it goes on there, with a gap.
    /// - Complexity: O(bytes of all logs that are no segments yet).
    public static func open(
        fileSystem: any FileSystem, store: String, zone: String,
        now: @escaping @Sendable () -> Timestamp,
        leastIndex: @escaping LeastIndex = { (_) throws(StoreError) in 0 }
    ) throws(StoreError) -> ZoneWriter {
        guard Filenames.isValidName(zone) else {
            throw StoreError(
                .limit, "'\(zone)' is no name for a zone", path: store,
                advice: "use 1 to 64 of the characters a-z A-Z 0-9 . _ -")
        }
        try StoreDirectory.create(fileSystem, store)
        return try ZoneWriter(
            fileSystem: fileSystem, store: store, zone: zone, now: now, leastIndex: leastIndex)
    }

    private init(
        fileSystem: any FileSystem, store: String, zone: String,
        now: @escaping @Sendable () -> Timestamp, leastIndex: @escaping LeastIndex
    ) throws(StoreError) {
        self.fileSystem = fileSystem
        self.leastIndex = leastIndex
        self.zone = zone
        self.now = now
        path = Filenames.zonePath(store: store, zone: zone)
        let names: [String]
        do throws(FileError) {
            try fileSystem.createDirectory(path)
            lock = try fileSystem.lock(Path.join(path, Filenames.lock))
            names = try fileSystem.list(path)
        } catch {
            throw StoreError(file: error)
        }
        try StoreDirectory.sync(fileSystem, [store, Path.parent(of: path)])
        for name in names where Filenames.isValidName(name) { _ = try stream(name) }
    }

    /// Names of the streams, in byte order.
    public var streamNames: [String] { writers.keys.sorted() }

    /// The stream of that name, made if there is none; at most `Limits.streamsPerZoneMax`.
    public func stream(_ name: String) throws(StoreError) -> StreamWriter {
        if let writer = writers[name] { return writer }
        guard Filenames.isValidName(name), writers.count < Limits.streamsPerZoneMax else {
            throw StoreError(
                .limit, "no stream '\(name)' can be made", path: path,
                advice: "a zone has at most \(Limits.streamsPerZoneMax) streams")
        }
        let writer = try StreamWriter(
            fileSystem: fileSystem, path: Path.join(path, name), zone: zone, stream: name,
            now: now(), leastIndex: try leastIndex(name))
        writers[name] = writer
        return writer
    }

    /// Appends to a stream; see `StreamWriter.append`.
    public func append(
        _ rows: RowBatch, to stream: String = defaultStream, shapes: ShapeTable,
        definitions: [UInt8]
    ) throws(StoreError) -> Range<UInt64> {
        try self.stream(stream).append(rows, shapes: shapes, definitions: definitions)
    }

    /// Bytes that wait for `commit`, in all streams.
    public var pendingBytes: Int { writers.values.reduce(0) { $0 + $1.pendingBytes } }

    /// Commits all streams. Each is tried; the first failure is thrown.
    public func commit() throws(StoreError) {
        try forEachStream { (writer) throws(StoreError) in try writer.commit() }
    }

    /// Closes logs that are old or large enough to become segments.
    public func closeOldLogs(
        ageSeconds: Int = Limits.openLogAgeSecondsMax, rowsMax: Int = Limits.openRowsMax
    ) throws(StoreError) {
        let now = now()
        try forEachStream { (writer) throws(StoreError) in
            try writer.closeOldLog(now: now, ageSeconds: ageSeconds, rowsMax: rowsMax)
        }
    }

    /// Opens the streams again whose last commit failed; see `StreamWriter.reopen`.
    public func reopenFailedStreams() throws(StoreError) {
        let now = now()
        try forEachStream { (writer) throws(StoreError) in
            if writer.isFailed { try writer.reopen(now: now) }
        }
    }

    /// Logs that wait to become segments; each is given once.
    public func takeClosedLogs() -> [ClosedLog] {
        streamNames.flatMap { writers[$0]?.takeClosedLogs() ?? [] }
    }

    /// The state of a source in the stream that knows it; `nil` if none does.
    public func state(ofSource id: String) -> SourceState? {
        for name in streamNames {
            let states = writers[name]?.sourceStates ?? []
            if let state = states.first(where: { $0.source.id == id }) { return state }
        }
        return nil
    }

    /// Commits, closes the files and releases the lock. Nothing may be done with the writer after.
    public func close() throws(StoreError) {
        defer { lock.release() }
        try forEachStream { (writer) throws(StoreError) in try writer.close() }
    }

    private func forEachStream(
        _ body: (StreamWriter) throws(StoreError) -> Void
    ) throws(StoreError) {
        var first: StoreError?
        for name in streamNames {
            guard let writer = writers[name] else { continue }
            do throws(StoreError) {
                try body(writer)
            } catch {
                first = first ?? error
            }
        }
        if let first { throw first }
    }
}
