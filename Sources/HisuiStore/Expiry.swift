import Glibc
import HisuiBytes
public import HisuiEvent
public import HisuiFile

/// Lets go of the oldest segments of streams, and of nothing else.
///
/// What may go is for others to say (retention policies). Here stands what can go at all, and how
/// files go so that a crash leaves either all of them or an act that tells of them:
///
/// 1. the level-0 hashes of the block at the new edge are kept: `tree/edge/<end>`;
/// 2. the act of the deletion is made durable in the store's acts;
/// 3. the segments are removed, the oldest first, and their folder is synced after each;
/// 4. edges that are older than the new one are removed.
///
/// A crash after step 2 leaves files that the act says are gone, and an edge behind the oldest one
/// that tells of it: `completeDeletions` ends the work. A crash before it leaves an edge too many.
///
/// The zone's lock is not needed: its writer never touches segments at the old end, and readers
/// list again when a file has vanished. One process at a time lets go of a store's segments: it
/// holds `lock`.
public struct Expiry: Sendable {
    let fileSystem: any FileSystem
    let store: String

    public init(fileSystem: any FileSystem, store: String) {
        self.fileSystem = fileSystem
        self.store = store
    }

    /// The streams of the store, by zone and name; acts are none of them, they stay.
    public func streams() throws(StoreError) -> [Snapshot.Stream] {
        var streams: [Snapshot.Stream] = []
        let folder = Path.join(store, Filenames.zones)
        for zone in try StreamFiles.names(in: folder, on: fileSystem)
        where Filenames.isValidName(zone) {
            let path = Filenames.zonePath(store: store, zone: zone)
            for stream in try StreamFiles.names(in: path, on: fileSystem)
            where Filenames.isValidName(stream) {
                streams.append(Snapshot.Stream(zone: zone, stream: stream))
            }
        }
        return streams.sorted()
    }

    /// A segment that can go, as its footer tells it.
    public struct Segment: Hashable, Sendable {
        public var path: String
        public var leaves: Range<UInt64>
        public var records: UInt64
        /// Bytes of the file.
        public var bytes: Int
        /// Least and greatest event time.
        public var events: ClosedRange<Timestamp>
        /// Least and greatest receive time.
        public var received: ClosedRange<Timestamp>

        package init(
            path: String, leaves: Range<UInt64>, records: UInt64, bytes: Int,
            events: ClosedRange<Timestamp>, received: ClosedRange<Timestamp>
        ) {
            self.path = path
            self.leaves = leaves
            self.records = records
            self.bytes = bytes
            self.events = events
            self.received = received
        }
    }

    /// The old end of a stream.
    public struct OldEnd: Sendable {
        /// What can go, the oldest first: sealed, readable, with nothing unsealed before it, and
        /// never the newest segment of the stream, which tells where its sources stand.
        public internal(set) var segments: [Segment] = []
        /// Receive time of the oldest record that is there; nil for an empty stream, or where the
        /// oldest file cannot be read.
        public internal(set) var oldest: Timestamp?
        /// What keeps later segments from going; nil if it is only that they are the newest.
        public internal(set) var obstacle: StoreError?
    }

    /// Looks at the old end of a stream, as far as `isWanted` says.
    ///
    /// - Parameter isWanted: whether a segment should go; the first that should not ends the list.
    /// - Throws: `.notFound` where files vanished meanwhile: look again.
    /// - Complexity: reads the footers of what is listed and of one more.
    public func oldEnd(
        zone: String, stream: String, while isWanted: (Segment) -> Bool
    ) throws(StoreError) -> OldEnd {
        let path = Filenames.streamPath(store: store, zone: zone, stream: stream)
        let files = try StreamFiles(path, on: fileSystem)
        var end = OldEnd()
        let firstLog = files.logs.first { files.segment(of: $0) == nil }
        for range in files.segments {
            let path = files.path(ofSegment: range)
            if let log = firstLog, log.firstIndex < range.lowerBound {
                end.obstacle = end.obstacle ?? obstacle(files.path(of: log))
                break
            }
            let segment: Segment
            do throws(StoreError) {
                segment = try read(path, range, zone, stream)
            } catch {
                guard error.code == .damaged else { throw error }
                end.obstacle = error
                break
            }
            end.oldest = end.oldest ?? segment.received.lowerBound
            guard range != files.segments.last, isWanted(segment) else { break }
            end.segments.append(segment)
        }
        return end
    }

    private func obstacle(_ log: String) -> StoreError {
        StoreError(
            .damaged, "holds the oldest records and was never sealed", path: log,
            advice: "run `hisui status`; a damaged log stays as it is, and so does what follows it")
    }

    private func read(
        _ path: String, _ range: Range<UInt64>, _ zone: String, _ stream: String
    ) throws(StoreError) -> Segment {
        let reader = try SegmentReader(fileSystem: fileSystem, path: path)
        guard reader.leaves == range, reader.zone == zone, reader.stream == stream else {
            throw StoreError(
                .damaged, "does not hold what its path says", path: path, section: "summary",
                advice: "run `hisui verify`")
        }
        let heads = reader.footer.blocks
        return Segment(
            path: path, leaves: range, records: UInt64(reader.rowCount), bytes: reader.byteCount,
            events: SegmentFooter.hull(heads.map(\.timeRange)),
            received: SegmentFooter.hull(heads.map(\.receivedRange)))
    }

    /// Takes the lock under which segments are let go; released by its end at the latest.
    ///
    /// - Parameter waitMillis: how long to wait for who has it: a merge takes some seconds.
    /// - Throws: `.locked` while another process does so, or this one merges.
    public func lock(waitMillis: Int = 0) throws(StoreError) -> any FileLock {
        var waited = 0
        while true {
            do throws(FileError) {
                let folder = Path.join(store, Filenames.state)
                try fileSystem.createDirectory(folder)
                return try fileSystem.lock(Path.join(folder, Filenames.expiryLock))
            } catch {
                guard error.code == .locked, waited < waitMillis else {
                    throw StoreError(file: error)
                }
            }
            usleep(UInt32(Self.lockStepMillis * 1000))
            waited += Self.lockStepMillis
        }
    }

    private static let lockStepMillis = 20

    /// Removes what holds leaves within `leaves` and nothing else, the oldest first; durable when
    /// this returns. The newest segment of a stream is never removed.
    ///
    /// The act that tells of it is durable by now. What is gone already is no error.
    ///
    /// - Returns: how many segments were removed.
    @discardableResult
    public func remove(
        _ leaves: Range<UInt64>, zone: String, stream: String
    ) throws(StoreError) -> Int {
        let path = Filenames.streamPath(store: store, zone: zone, stream: stream)
        let files = try StreamFiles(path, on: fileSystem)
        let gone = (files.segments + files.covered).filter { range in
            leaves.lowerBound <= range.lowerBound && range.upperBound <= leaves.upperBound
                && range != files.segments.last
        }.sorted { $0.lowerBound < $1.lowerBound }
        do throws(FileError) {
            for range in gone {
                try fileSystem.removeIfPresent(files.path(ofSegment: range))
                // One by one: a crash must not bring back an older one and leave a hole behind it.
                try fileSystem.syncDirectory(files.segmentFolder)
            }
            // Where nothing was left the one before may have been killed before its sync.
            if gone.isEmpty, try fileSystem.exists(files.segmentFolder) {
                try fileSystem.syncDirectory(files.segmentFolder)
            }
        } catch {
            throw StoreError(file: error)
        }
        return gone.count
    }
}

// The hashes at the edge.
extension Expiry {
    /// The level-0 hashes of the leaves before `end` that are in one block of 256 with it.
    ///
    /// Their records are gone, and without these no record behind them in the block could be
    /// proved. On disk as `tree/edge/<end>`: `edge 1`, a line feed, and 32 bytes for each leaf
    /// from the beginning of the block.
    public struct Edge: Hashable, Sendable {
        public var end: UInt64
        /// Of leaves `first ..< end`, 32 bytes each.
        public var hashes: [[UInt8]]

        /// The first leaf of the block: a multiple of 256.
        public var first: UInt64 { end & ~255 }

        public init(end: UInt64, hashes: [[UInt8]]) {
            precondition(
                hashes.count == Int(end & 255) && hashes.allSatisfy { $0.count == 32 },
                "32 bytes for each leaf of the block before the end")
            self.end = end
            self.hashes = hashes
        }

        private static let mark = Array("edge 1\n".utf8)

        public var bytes: [UInt8] { Self.mark + hashes.joined() }

        /// The edge at `end` that `bytes` are; nil if they are none.
        public init?(_ bytes: [UInt8], end: UInt64) {
            let count = Int(end & 255)
            guard bytes.starts(with: Self.mark), bytes.count == Self.mark.count + 32 * count
            else { return nil }
            self.end = end
            hashes = (0..<count).map { number in
                let at = Self.mark.count + 32 * number
                return Array(bytes[at..<at + 32])
            }
        }
    }

    private func edgeFolder(_ zone: String, _ stream: String) -> String {
        let path = Filenames.streamPath(store: store, zone: zone, stream: stream)
        return Path.join(Path.join(path, Filenames.tree), Filenames.edge)
    }

    /// Ends of the edges of a stream, in order.
    private func edges(_ zone: String, _ stream: String) throws(StoreError) -> [UInt64] {
        try StreamFiles.names(in: edgeFolder(zone, stream), on: fileSystem)
            .compactMap(Filenames.edgeEnd).sorted()
    }

    /// The edges of a stream, in order: more than one after a deletion that was cut short.
    ///
    /// - Throws: `.damaged` for a file that is no edge.
    public func edges(zone: String, stream: String) throws(StoreError) -> [Edge] {
        var found: [Edge] = []
        for end in try edges(zone, stream) {
            let path = Path.join(edgeFolder(zone, stream), Filenames.edge(end))
            do throws(FileError) {
                let bytes = try fileSystem.bytes(path, from: 0, count: 1 << 14)
                if let edge = Edge(bytes, end: end) {
                    found.append(edge)
                    continue
                }
            } catch {
                throw StoreError(file: error)
            }
            throw StoreError.damaged(
                "holds no hashes of leaves before \(end)", path: path, section: "edge", offset: 0)
        }
        return found
    }

    /// Makes an edge durable, beside those that are there.
    public func keep(_ edge: Edge, zone: String, stream: String) throws(StoreError) {
        let folder = edgeFolder(zone, stream)
        do throws(FileError) {
            try fileSystem.createDirectory(folder)
            for path in [Path.parent(of: folder), folder] { try fileSystem.syncDirectory(path) }
            try fileSystem.writeDurably(
                edge.bytes, to: Path.join(folder, Filenames.edge(edge.end)))
        } catch {
            throw StoreError(file: error)
        }
    }

    /// Removes the edges that lie before the last one at or before the oldest record: nothing is
    /// in their blocks any more, or the last one has it all.
    public func dropOldEdges(zone: String, stream: String) throws(StoreError) {
        let path = Filenames.streamPath(store: store, zone: zone, stream: stream)
        let files = try StreamFiles(path, on: fileSystem)
        let oldest = files.segments.first?.lowerBound ?? 0
        let ends = try edges(zone, stream)
        guard let last = ends.last(where: { $0 <= oldest }) else { return }
        do throws(FileError) {
            let old = ends.filter { $0 < last }
            for end in old {
                try fileSystem.removeIfPresent(
                    Path.join(edgeFolder(zone, stream), Filenames.edge(end)))
            }
            if !old.isEmpty { try fileSystem.syncDirectory(edgeFolder(zone, stream)) }
        } catch {
            throw StoreError(file: error)
        }
    }

    /// Whether a deletion may have been cut short: there is an edge behind the oldest segment.
    ///
    /// Whether it really was, the acts say; an edge without an act is of no harm.
    public func mayBeUnfinished(zone: String, stream: String) throws(StoreError) -> Bool {
        guard let last = try edges(zone, stream).last else { return false }
        let path = Filenames.streamPath(store: store, zone: zone, stream: stream)
        let files = try StreamFiles(path, on: fileSystem)
        return files.segments.first.map { $0.lowerBound < last } ?? false
    }
}
