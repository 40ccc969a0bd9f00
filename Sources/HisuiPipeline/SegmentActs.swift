import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiProof
import HisuiStore

/// Records the digests of sealed and merged files among the acts; see `SegmentAct`.
struct SegmentActs: Sendable {
    var fileSystem: any FileSystem = RealFileSystem()
    let store: String
    let actor: Actor

    /// A segment that was written and is not changed any more.
    struct Sealed {
        var zone: String
        var stream: String
        var path: String
    }

    /// Appends an act for each segment; none for a name that is no segment's.
    ///
    /// - Complexity: O(bytes of the segments).
    func record(_ sealed: [Sealed]) throws(StoreError) {
        var acts: [SegmentAct] = []
        for segment in sealed {
            guard let file = try file(segment.path) else { continue }
            let stream = Snapshot.Stream(zone: segment.zone, stream: segment.stream)
            acts.append(SegmentAct(stream: stream, file: file))
        }
        try record(acts)
    }

    func record(_ acts: [SegmentAct]) throws(StoreError) {
        let now = Timestamp(nanoseconds: SystemClock.nanoseconds())
        try ActLog(
            fileSystem: fileSystem, store: store,
            now: { Timestamp(nanoseconds: SystemClock.nanoseconds()) }
        ).append(
            acts.map {
                Act(.segment, time: now, zone: $0.stream.zone, actor: actor, fields: $0.fields)
            })
    }

    /// The leaves of a segment and its digest; nil for a name that is no segment's.
    func file(_ path: String) throws(StoreError) -> SegmentAct.File? {
        guard let leaves = Filenames.segmentRange(Path.name(of: path)) else { return nil }
        let contents: FileContents
        do throws(FileError) {
            contents = try fileSystem.contents(path)
        } catch {
            throw StoreError(error.code == .notFound ? .notFound : .system, "\(error)", path: path)
        }
        return SegmentAct.File(
            leaves: leaves, digest: MerkleHash.digest(of: contents.bytes).bytes)
    }
}

/// The digests of a zone's segments, as the acts know them.
///
/// Owned by one thread; reads the acts that are new.
struct KnownSegments {
    private let reader: ActReader
    private let zone: String
    private var next: UInt64 = 0
    private var digests: [Snapshot.Stream: [Range<UInt64>: [UInt8]]] = [:]

    init(fileSystem: any FileSystem, store: String, zone: String) throws(StoreError) {
        reader = try ActReader(fileSystem: fileSystem, store: store)
        self.zone = zone
    }

    /// Reads what was recorded since.
    ///
    /// - Throws: `.damaged` if some acts cannot be read: what they know is not known then.
    mutating func refresh() throws(StoreError) {
        let list = try reader.acts(from: next, kinds: [.segment])
        if let problem = list.problems.first { throw problem }
        for stored in list.acts where stored.act.zone == zone {
            guard let act = SegmentAct(stored.act) else { continue }
            for file in act.replaced { take(file, act.stream) }
            take(act.file, act.stream)
        }
        next = list.nextIndex
    }

    private mutating func take(_ file: SegmentAct.File, _ stream: Snapshot.Stream) {
        digests[stream, default: [:]][file.leaves] = file.digest
    }

    /// The digest of the segment with these leaves; nil if no act names it.
    func digest(_ leaves: Range<UInt64>, of stream: Snapshot.Stream) -> [UInt8]? {
        digests[stream]?[leaves]
    }
}
