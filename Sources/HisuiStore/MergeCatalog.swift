public import HisuiEvent
public import HisuiFile

/// What a plan of merges has to know of a stream's segments: each footer is read once.
///
/// Owned by one thread; of one stream.
public struct MergeCatalog {
    private let fileSystem: any FileSystem
    private let stream: Snapshot.Stream
    private let path: String
    private let day: @Sendable (Timestamp) -> Int
    private var known: [Range<UInt64>: MergePlan.Segment] = [:]

    /// - Parameter day: the number of the day on which something was received, by the clocks that
    ///   retention goes by.
    public init(
        fileSystem: any FileSystem, store: String, stream: Snapshot.Stream,
        day: @escaping @Sendable (Timestamp) -> Int
    ) {
        self.fileSystem = fileSystem
        self.stream = stream
        self.day = day
        path = Filenames.streamPath(store: store, zone: stream.zone, stream: stream.stream)
    }

    /// The segments of the stream now, in order.
    ///
    /// - Returns: what a plan is made of, and damage found for the first time: such a segment is
    ///   left alone.
    /// - Throws: `.notFound` if one vanished meanwhile; what the system refused.
    /// - Complexity: O(segments); reads the footers of new ones.
    public mutating func segments() throws(StoreError) -> (
        [MergePlan.Segment], damages: [StoreError]
    ) {
        let files = try StreamFiles(path, on: fileSystem)
        var found: [MergePlan.Segment] = []
        var damages: [StoreError] = []
        for range in files.segments {
            if let segment = known[range] {
                found.append(segment)
                continue
            }
            do throws(StoreError) {
                let reader = try SegmentReader.open(range, of: stream, files, on: fileSystem)
                let received = SegmentFooter.hull(reader.footer.blocks.map(\.receivedRange))
                found.append(
                    MergePlan.Segment(
                        leaves: range, rows: reader.rowCount, bytes: reader.byteCount,
                        shapes: reader.shapes.count, day: day(received.upperBound)))
            } catch {
                guard error.code == .damaged else { throw error }
                damages.append(error)
                found.append(
                    MergePlan.Segment(
                        leaves: range, rows: 0, bytes: 0, shapes: 0, day: .min, isApart: true))
            }
        }
        known = Dictionary(uniqueKeysWithValues: found.map { ($0.leaves, $0) })
        return (found, damages)
    }

    /// Leaves a segment out of all further plans of this catalog.
    public mutating func setApart(_ leaves: Range<UInt64>) { known[leaves]?.isApart = true }
}

extension SegmentReader {
    /// Opens a segment that was listed; `.damaged` if it is not the one that its path says.
    static func open(
        _ range: Range<UInt64>, of stream: Snapshot.Stream, _ files: StreamFiles,
        on fileSystem: any FileSystem
    ) throws(StoreError) -> SegmentReader {
        let path = files.path(ofSegment: range)
        let reader = try SegmentReader(fileSystem: fileSystem, path: path)
        guard reader.leaves == range, reader.zone == stream.zone, reader.stream == stream.stream
        else {
            throw StoreError(
                .damaged, "does not hold what its path says", path: path, section: "summary",
                advice: "run `hisui verify`")
        }
        return reader
    }
}
