public import HisuiEvent
public import HisuiFile
public import HisuiShape

/// The rows of one stream from any leaf on, read from its files in their order.
///
///     segments | log | log | log, open
///                       ▲ one frame, or one block of a segment, is in memory
///
/// For whoever follows a stream in the process that writes it, however far behind: what it holds
/// does not grow with what it has to read. Nothing else of the store is opened, no lock is taken.
/// A file that vanishes was sealed, merged or expired, and the stream is listed again. Leaves that
/// no file has are passed over: `nextIndex` tells.
///
/// Owned by one thread.
public final class StreamRows: StreamCursor {
    public private(set) var nextIndex: UInt64
    /// What was found to be damaged since this was last emptied; its rows are passed over.
    public var problems: [StoreError] = []

    private let fileSystem: any FileSystem
    private let stream: Snapshot.Stream
    private let path: String
    private let table: ShapeTable

    private var log: LogReader?
    /// Rows of the log's last frame, and the leaf of the first of them.
    private var frame: (rows: RowBatch, first: UInt64)?
    /// Blocks of a segment that were not begun yet, the next one last; and the one that was.
    private var blocks: [Block] = []
    private var block: (rows: BlockRows, end: UInt64)?
    /// Logs that were read to their end without another row having been found since.
    private var finished: Set<String> = []

    /// How often files may vanish in a row before the reader gives up.
    private static let attemptsMax = 32

    /// - Parameters:
    ///   - index: the first leaf wanted.
    ///   - table: where the rows' shape numbers come from.
    public init(
        fileSystem: any FileSystem, store: String, stream: Snapshot.Stream, from index: UInt64,
        shapes table: ShapeTable
    ) {
        self.fileSystem = fileSystem
        self.stream = stream
        self.table = table
        nextIndex = index
        path = Filenames.streamPath(store: store, zone: stream.zone, stream: stream.stream)
    }

    /// Leaves what is before leaf `index` out.
    public func move(to index: UInt64) {
        guard index > nextIndex else { return }
        rest()
        finished = []
        nextIndex = index
    }

    /// Lets go of what is decompressed; of a log the place is kept.
    public func rest() {
        block?.rows.dropCaches()
        block = nil
        blocks = []
    }

    public func head(before end: UInt64) throws(StoreError) -> Timestamp? {
        var vanished = 0
        while nextIndex < end {
            do throws(StoreError) {
                if let received = try held(before: end) { return received }
                // What is held may begin behind a hole, and that behind the end.
                if nextIndex >= end { break }
                if try !open(before: end) { break }
            } catch {
                log = nil
                guard error.code == .notFound, vanished < Self.attemptsMax else { throw error }
                vanished += 1
            }
        }
        return nil
    }

    public func next(
        before end: UInt64, receivedUpTo latest: Timestamp
    ) throws(StoreError) -> RowBatch? {
        guard try head(before: end) != nil else { return nil }
        finished = []
        if let frame { return part(of: frame.rows, from: frame.first, before: end, latest) }
        guard var rows = block?.rows else { return nil }
        defer { block?.rows = rows }
        do throws(StoreError) {
            let batch = try rows.next(before: end, receivedUpTo: latest)
            nextIndex = rows.nextIndex
            return batch
        } catch {
            try passOver(error)
            return nil
        }
    }

    private func part(
        of rows: RowBatch, from first: UInt64, before end: UInt64, _ latest: Timestamp
    ) -> RowBatch {
        let start = Int(nextIndex - first)
        let last = Int(min(UInt64(rows.rows.count), end - first))
        var next = start + 1
        while next < last, rows.rows[next].received <= latest { next += 1 }
        nextIndex = first + UInt64(next)
        if next == rows.rows.count { frame = nil }
        if start == 0, next == rows.rows.count { return rows }
        var part = rows
        part.rows = Array(rows.rows[start..<next])
        return part
    }
}

// What is read.
extension StreamRows {
    /// Receive time of the next row of the open file; nil where that has none before `end`.
    private func held(before end: UInt64) throws(StoreError) -> Timestamp? {
        while true {
            if let frame, frame.first + UInt64(frame.rows.rows.count) > nextIndex {
                nextIndex = max(nextIndex, frame.first)
                guard nextIndex < end else { return nil }
                return frame.rows.rows[Int(nextIndex - frame.first)].received
            }
            frame = nil
            guard log != nil else { break }
            guard let read = try nextFrame() else { return nil }
            if let rows = read.rows { frame = (rows, read.firstIndex) }
        }
        while let block {
            if block.end > nextIndex, let received = block.rows.nextReceived { return received }
            try openBlock()
        }
        return nil
    }

    private func nextFrame() throws(StoreError) -> LogFrame? {
        // A value is not to be read from while it is lent to a call that throws.
        guard var reader = log else { return nil }
        defer { log = reader }
        do throws(StoreError) {
            if let frame = try reader.next(rowsFrom: nextIndex) { return frame }
        } catch {
            if error.code == .notFound || error.code == .system { throw error }
            problems.append(error)
        }
        problems += reader.damages.map { StoreError(damage: $0) }
        if let zone = reader.zone, zone != stream.zone || reader.stream != stream.stream {
            problems.append(
                StoreError(strange: reader, zone: stream.zone, stream: stream.stream))
        }
        return nil
    }

    /// Begins the next block that has wanted rows.
    private func openBlock() throws(StoreError) {
        block?.rows.dropCaches()
        block = nil
        while let next = blocks.popLast() {
            if next.endIndex <= nextIndex { continue }
            nextIndex = max(nextIndex, next.firstIndex)
            do throws(StoreError) {
                block = (try BlockRows(next, from: nextIndex, shapes: table), next.endIndex)
                return
            } catch {
                block = nil
                guard error.code == .damaged else { throw error }
                problems.append(error)
                nextIndex = next.endIndex
            }
        }
    }

    /// Leaves the rows of a block out that cannot be read.
    private func passOver(_ error: StoreError) throws(StoreError) {
        guard error.code == .damaged, let end = block?.end else { throw error }
        problems.append(error)
        nextIndex = end
    }

    /// Opens the file that has the next row, or the first behind it before `end`; false if there
    /// is none.
    private func open(before end: UInt64) throws(StoreError) -> Bool {
        if let log { finished.insert(log.name.text) }
        log = nil
        rest()
        let files = try StreamFiles(path, on: fileSystem)
        if let range = files.segments.first(where: { $0.contains(nextIndex) }) {
            try openSegment(range, files)
            return true
        }
        let logs = files.logs.filter { files.segment(of: $0) == nil }
        let before = logs.last { $0.firstIndex <= nextIndex }?.firstIndex
        let candidate = logs.last {
            $0.firstIndex == before && !finished.contains($0.text)
        }
        if let candidate {
            log = try LogReader(
                fileSystem: fileSystem, path: files.path(of: candidate), shapes: table)
            return true
        }
        let starts = logs.map(\.firstIndex) + files.segments.map(\.lowerBound)
        guard let start = starts.filter({ $0 > nextIndex }).min(), start < end else {
            return false
        }
        nextIndex = start
        return true
    }

    private func openSegment(
        _ range: Range<UInt64>, _ files: StreamFiles
    ) throws(StoreError) {
        do throws(StoreError) {
            let segment = try SegmentReader(
                fileSystem: fileSystem, path: files.path(ofSegment: range))
            try segment.check(range, stream)
            blocks = segment.blocks.filter { $0.endIndex > nextIndex }.reversed()
            try openBlock()
            // A segment answers for its range: what none of its blocks has is lost.
            if block == nil { nextIndex = max(nextIndex, range.upperBound) }
        } catch {
            guard error.code == .damaged else { throw error }
            problems.append(error)
            nextIndex = range.upperBound
        }
    }
}
