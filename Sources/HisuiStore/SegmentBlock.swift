import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiShape
import Synchronization

/// The rows of a block inside a segment: decompresses columns on demand.
///
/// Slot columns are numbered by shape and slot. Which chunk holds a column is said by the block's
/// last chunk, its directory.
///
/// Chunks and decoded columns are kept until they are more than `cacheBytesMax`, then all are let
/// go at once: searches go over a block once, column by column or row by row, and neither way
/// profits from a cleverer choice.
final class SegmentBlock: Sendable {
    private static let cacheBytesMax = 64 << 20

    /// Where the chunks are; shared with all blocks of the segment.
    private let contents: FileContents
    private let path: String
    /// Where `contents` begins in the file, for messages.
    private let fileOffset: Int
    var chunkCount: Int { chunks.count }
    let rows: Int
    /// For each shape its number in the segment's table.
    let shapes: [UInt32]
    let shapeRows: [Int]
    /// First slot column of each shape; one more element than there are shapes.
    let firstColumns: [Int]
    private let chunks: [SegmentFooter.ChunkHead]
    /// Where each chunk begins in `contents`.
    private let chunkOffsets: [Int]
    private let sourceCount: Int
    private let senderCount: Int
    private let ignoresChecksums: Bool
    let shared: SharedParts
    /// The shapes of the segment; nil while it is being written.
    let table: ShapesInTable.Table?

    struct Cache {
        var directory: BlockDirectory?
        var untold: UntoldColumns?
        var filters: [UInt8]?
        var tallies: RowTallies?
        var pidPlaces: PidPlaces?
        var originRows: [Int]?
        var shapeTimes: ShapeTimes?
        var arrivals: RowArrivals?
        var storedShapes: [UInt32]?
        var numbers: RowNumbers?
        var rows: StoredRows?
        var times: [Int64]?
        var pids: ProcessIDs?
        var chunks: [Int: [UInt8]] = [:]
        var shapes: [Int: RecordLayout] = [:]
        var bytes = 0
        /// Of the allowance for directories.
        var directoryBytes = 0
    }
    let cache = Mutex(Cache())

    /// - Parameters:
    ///   - offset: where the block's first chunk begins in `contents`.
    init(
        head: SegmentFooter.BlockHead, slotCounts: [Int], sourceCount: Int, senderCount: Int,
        contents: FileContents, offset: Int, fileOffset: Int, path: String,
        ignoresChecksums: Bool = false, shared: SharedParts = SharedParts(),
        table: ShapesInTable.Table? = nil
    ) {
        self.ignoresChecksums = ignoresChecksums
        self.shared = shared
        self.table = table
        self.contents = contents
        self.path = path
        self.fileOffset = fileOffset
        self.sourceCount = sourceCount
        self.senderCount = senderCount
        rows = head.rows
        shapes = head.shapes
        shapeRows = head.shapeRows
        chunks = head.chunks
        var offsets: [Int] = []
        var next = offset
        for chunk in head.chunks {
            offsets.append(next)
            next += SegmentFormat.chunkHeaderBytes + chunk.storedCount
        }
        chunkOffsets = offsets
        var columns = [0]
        for count in slotCounts { columns.append(columns[columns.count - 1] + count) }
        firstColumns = columns
    }

    /// Tells the system that directory and filters are read soon, unless they are known.
    func willNeedDirectory() {
        if cache.withLock({ $0.directory != nil }) { return }
        let last = chunks.count - 1
        contents.willNeed(
            chunkOffsets[last - 1]..<chunkOffsets[last] + SegmentFormat.chunkHeaderBytes
                + chunks[last].storedCount)
    }

    func column(
        shape: Int, slot: Int, within ordinals: Range<Int>?
    ) throws(StoreError) -> SlotColumn {
        if let known = cache.withLock({ $0.shapes[shape] }) { return known.columns[slot] }
        return try decode(shape: shape, slot: slot, within: ordinals)
    }

    func appendRecord(
        of shape: Shape, shape number: Int, ordinal: Int, to out: inout [UInt8]
    ) throws(StoreError) {
        try layout(of: shape, number).appendRecord(ordinal, to: &out)
    }

    /// All columns of a shape, kept.
    func layout(of shape: Shape, _ number: Int) throws(StoreError) -> RecordLayout {
        if let known = cache.withLock({ $0.shapes[number] }) { return known }
        var columns: [SlotColumn] = []
        columns.reserveCapacity(shape.slots.count)
        for slot in shape.slots.indices {
            columns.append(try decode(shape: number, slot: slot))
        }
        let cost = columns.count * shapeRows[number] * MemoryLayout<ByteRange>.stride
        let made = RecordLayout(shape: shape, columns: columns)
        cache.withLock { cache in
            cache.shapes[number] = made
            cache.bytes += cost
        }
        return made
    }

    /// Lets go of what was read, but for what every search asks for, if there is room to keep it:
    /// the directory, and what was found out of rows without their values.
    func dropCaches() {
        cache.withLock { cache in
            var left = Cache()
            guard let directory = cache.directory else {
                cache = left
                return
            }
            let least =
                directory.byteCount + (cache.untold?.byteCount ?? 0) + (cache.filters?.count ?? 0)
            let all =
                least + (cache.tallies?.byteCount ?? 0) + (cache.originRows?.count ?? 0) * 8
                + (cache.shapeTimes?.byteCount ?? 0) + (cache.pidPlaces?.byteCount ?? 0)
            left.directoryBytes = shared.directories.resize(cache.directoryBytes, to: [all, least])
            if left.directoryBytes >= least {
                left.directory = directory
                left.untold = cache.untold
                left.filters = cache.filters
            }
            if left.directoryBytes >= all {
                left.tallies = cache.tallies
                left.pidPlaces = cache.pidPlaces
                left.originRows = cache.originRows
                left.shapeTimes = cache.shapeTimes
            }
            cache = left
        }
    }

    deinit {
        shared.directories.give(cache.withLock { $0.directoryBytes })
        shared.chunks.forget(self, chunks: chunks.count)
    }
}

// Chunks.
extension SegmentBlock {
    func directory() throws(StoreError) -> BlockDirectory {
        if let directory = cache.withLock({ $0.directory }) { return directory }
        let last = chunks.count - 1
        let bytes = try decompressed(last)
        let directory: BlockDirectory
        do {
            directory = try BlockDirectory(
                decoding: bytes, shapes: shapeRows.count,
                columnCount: firstColumns[firstColumns.count - 1], chunks: last,
                sourceCount: sourceCount, senderCount: senderCount)
        } catch {
            throw damaged("block directory: \(error.what)", chunk: last)
        }
        cache.withLock { $0.directory = directory }
        return directory
    }

    /// The sets of grams of the block's chunks.
    func filters() throws(StoreError) -> [UInt8] {
        if let filters = cache.withLock({ $0.filters }) { return filters }
        let filters = try chunk(chunkCount - 2)
        cache.withLock { $0.filters = filters }
        return filters
    }

    func chunk(_ number: Int) throws(StoreError) -> [UInt8] {
        if let known = cache.withLock({ $0.chunks[number] }) { return known }
        let recent = shared.chunks.find(number, of: self)
        let bytes: [UInt8]
        if let recent {
            bytes = recent
            shared.reads.addKept()
        } else {
            bytes = try decompressed(number)
            shared.chunks.keep(bytes, number, of: self)
        }
        let expected = cache.withLock { $0.directory?.rawCounts[number] }
        guard expected == bytes.count else {
            throw damaged("columns do not fill their chunk", chunk: number)
        }
        cache.withLock { cache in
            if cache.bytes > Self.cacheBytesMax {
                cache.chunks.removeAll(keepingCapacity: true)
                cache.shapes.removeAll(keepingCapacity: true)
                cache.arrivals = nil
                cache.storedShapes = nil
                cache.numbers = nil
                cache.rows = nil
                cache.times = nil
                cache.pids = nil
                cache.bytes = 0
            }
            cache.chunks[number] = bytes
            cache.bytes += bytes.count
        }
        return bytes
    }

    /// Reads chunk `number`: its checksum against its bytes and the footer, then its bytes.
    private func decompressed(_ number: Int) throws(StoreError) -> [UInt8] {
        let (codec, rawCount, stored) = try checked(number)
        let contents = contents
        let bytes = contents.bytes.extracting(stored)
        guard let raw = codec.decompress(bytes, rawCount: rawCount) else {
            throw damaged("does not decompress to its length", chunk: number)
        }
        shared.reads.add(stored: stored.count, raw: rawCount)
        return raw
    }

    private func checked(_ number: Int) throws(StoreError) -> (Codec, Int, Range<Int>) {
        let offset = chunkOffsets[number]
        let first = offset + SegmentFormat.chunkHeaderBytes
        let stored = first..<first + chunks[number].storedCount
        guard stored.upperBound <= contents.count else {
            throw damaged("lies behind the end of the file", chunk: number)
        }
        let contents = contents
        let bytes = contents.bytes
        let header = Self.chunkHeader(bytes, at: offset)
        let checksum = SegmentFormat.chunkChecksum(
            header: bytes.extracting(offset..<first - 4), stored: bytes.extracting(stored))
        let isRight =
            header.checksum == checksum && header.checksum == chunks[number].checksum
            && header.storedCount == stored.count
        guard isRight || ignoresChecksums else {
            throw damaged("checksum does not match", chunk: number)
        }
        guard let codec = Codec(rawValue: header.codec) else {
            throw damaged("codec \(header.codec) is unknown to this version", chunk: number)
        }
        guard header.rawCount <= Limits.chunkBytesMax else {
            throw damaged("\(header.rawCount) bytes are more than a chunk has", chunk: number)
        }
        return (codec, header.rawCount, stored)
    }

    /// The header of the chunk at `offset`, whose bytes are there.
    private static func chunkHeader(
        _ bytes: Span<UInt8>, at offset: Int
    ) -> (codec: UInt8, rawCount: Int, storedCount: Int, checksum: UInt32) {
        func number(_ at: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(bytes[offset + at + $1]) << UInt32(8 * $1) }
        }
        return (bytes[offset], Int(number(1)), Int(number(5)), number(9))
    }

    /// Checks the checksum of every chunk.
    ///
    /// Decompresses nothing.
    func verifyChecksums() throws(StoreError) {
        for number in chunks.indices { _ = try checked(number) }
    }

    func damaged(_ what: String, chunk: Int) -> StoreError {
        .damaged(
            what, path: path, section: "chunk \(chunk)", offset: fileOffset + chunkOffsets[chunk])
    }
}

extension StoreError {
    static func damaged(
        _ what: String, path: String, section: String?, offset: Int?
    ) -> StoreError {
        StoreError(
            .damaged, what, path: path, section: section, offset: offset,
            advice: "the file is not what was written; put back a copy, or run `hisui status`")
    }
}
