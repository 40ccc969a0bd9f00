public import HisuiEvent
public import HisuiFile
public import HisuiShape

/// Writes rows straight into segments, without the log: bulk import.
///
/// A segment is visible when it is complete and durable; what is still gathered is lost in a crash,
/// and its temporary file is removed by the next start. Each segment ends with a whole batch, and
/// its footer says how far each source was taken: so an interrupted import can go on after the
/// last segment.
///
/// The caller holds the zone's lock, and nothing else appends to the stream meanwhile. Owned by one
/// thread.
public struct SegmentImporter {
    private let fileSystem: any FileSystem
    private let folder: String
    private let zone: String
    private let stream: String
    private let rowsMax: Int
    private let definitions: [[UInt8]]
    private var builder: BlockBuilder
    private var writer: SegmentWriter?
    private var firstIndex: UInt64
    private var gaps: [Gap] = []
    private let clock: StageClock?
    private var sourceStates = SourceStates()
    /// Ids of the sources of the segment that is being gathered.
    private var touched: Set<String> = []

    /// State of each source after the last batch.
    public var states: [SourceState] { sourceStates.all }
    /// Asked for the position of each source that a segment has something of, by id, when the
    /// segment is completed; nil: as it was.
    ///
    /// So a position that is long need not come with every batch.
    public var position: (String) -> [UInt8]? = { _ in nil }
    /// Paths of the segments that are complete.
    public private(set) var segments: [String] = []
    /// Bytes of the segments that are complete.
    public private(set) var byteCount = 0

    /// - Parameters:
    ///   - nextIndex: leaf index of the first row: one past the last of the stream.
    ///   - states: what the stream knows of its sources, from a snapshot; counts go on from there.
    ///   - definitions: digests of the definitions that the rows are made with.
    ///   - rowsMax: rows of a segment, at most `Limits.segmentRowsMax`.
    ///   - clock: counts the time of building and writing.
    public init(
        fileSystem: any FileSystem, store: String, zone: String, stream: String,
        nextIndex: UInt64, states: [SourceState] = [], definitions: [[UInt8]] = [],
        rowsMax: Int = Limits.segmentRowsMax, clock: StageClock? = nil
    ) throws(StoreError) {
        precondition(rowsMax > 0 && rowsMax <= Limits.segmentRowsMax, "rows of a segment")
        self.fileSystem = fileSystem
        self.zone = zone
        self.stream = stream
        self.clock = clock
        for state in states { sourceStates.set(state) }
        self.definitions = definitions
        self.rowsMax = rowsMax
        firstIndex = nextIndex
        builder = BlockBuilder(zone: zone, stream: stream, firstIndex: nextIndex)
        folder = Path.join(
            Filenames.streamPath(store: store, zone: zone, stream: stream), Filenames.segments)
        do throws(FileError) {
            try fileSystem.createDirectory(folder)
        } catch {
            throw StoreError(file: error)
        }
    }

    /// Leaf index of the next row.
    public var nextIndex: UInt64 { builder.firstIndex + UInt64(builder.count) }

    /// Takes all rows of `batch`, and counts them.
    ///
    /// - Parameter table: where the rows' shape numbers come from.
    /// - Throws: what the disk refused; the import is over then: call `abandon`.
    public mutating func append(
        _ batch: borrowing RowBatch, shapes table: ShapeTable
    ) throws(StoreError) {
        let rows = Int(nextIndex - firstIndex)
        let isFull =
            rows + batch.rows.count > rowsMax || builder.shapeCount > Limits.shapesPerSegmentMax
        if isFull, rows > 0, !batch.rows.isEmpty { try endSegment() }
        var taken = 0
        while taken < batch.rows.count {
            if writer == nil {
                writer = try SegmentWriter(
                    fileSystem: fileSystem, directory: folder, zone: zone, stream: stream,
                    firstIndex: firstIndex, clock: clock)
            }
            taken = clock.measure(.build) { builder.append(batch, from: taken, shapes: table) }
            if builder.isFull { try writeBlock() }
        }
        count(batch)
    }

    private mutating func count(_ batch: borrowing RowBatch) {
        gaps += batch.gaps
        var state = sourceStates.state(of: batch.source)
        state.source = batch.source
        state.account.add(batch.account)
        state.account.stored += UInt64(batch.rows.count)
        if !batch.position.isEmpty { state.position = batch.position }
        for row in batch.rows { state.lastReceived = max(state.lastReceived, row.received) }
        sourceStates.set(state)
        touched.insert(batch.source.id)
    }

    private mutating func writeBlock() throws(StoreError) {
        try clock.measure(.write) { () throws(StoreError) in try writer?.append(&builder) }
    }

    /// Completes the segment that is being gathered.
    private mutating func endSegment() throws(StoreError) {
        if builder.count > 0 { try writeBlock() }
        let end = builder.firstIndex
        guard let complete = writer else { return }
        writer = nil
        byteCount += complete.bytes
        setPositions()
        let path = try clock.measure(.write) { () throws(StoreError) in
            try complete.finish(
                leaves: firstIndex..<end, states: states, gaps: gaps, definitions: definitions)
        }
        segments.append(path)
        firstIndex = end
        gaps = []
        // Another segment has a shape table of its own.
        builder = BlockBuilder(zone: zone, stream: stream, firstIndex: end)
    }

    private mutating func setPositions() {
        for state in sourceStates.all where touched.contains(state.source.id) {
            guard let position = position(state.source.id) else { continue }
            var state = state
            state.position = position
            sourceStates.set(state)
        }
        touched.removeAll()
    }

    /// Completes the last segment.
    ///
    /// Counts and positions are in it, also those that came without a row after its last one.
    /// Where no row came at all, nothing is stored of them: a segment has rows.
    public mutating func finish() throws(StoreError) {
        try endSegment()
    }

    /// Gives up: what is complete stays, the rest is removed.
    public mutating func abandon() {
        writer?.abandon()
        writer = nil
    }
}
