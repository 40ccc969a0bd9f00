import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiShape
import Synchronization

/// The rows of a block inside a segment: decompresses columns on demand.
///
/// Columns are numbered: the row columns first, then the slot columns by shape and slot. Which
/// chunk holds a column is said by the block's last chunk, its directory.
///
/// Chunks and decoded columns are kept until they are more than `cacheBytesMax`, then all are let
/// go at once: searches go over a block once, column by column or row by row, and neither way
/// profits from a cleverer choice.
final class SegmentBlock: Sendable {
    /// The columns that every row has.
    enum RowColumn: Int, Sendable, CaseIterable {
        case shape, time, received, source, sender, flags
    }

    private static let cacheBytesMax = 64 << 20

    /// Where the chunks are; shared with all blocks of the segment.
    private let contents: FileContents
    private let path: String
    /// Where `contents` begins in the file, for messages.
    private let fileOffset: Int
    private let rows: Int
    private let shapeRows: [Int]
    /// First slot column of each shape; one more element than there are shapes.
    private let firstColumns: [Int]
    private let chunks: [SegmentFooter.ChunkHead]
    /// Where each chunk begins in `contents`.
    private let chunkOffsets: [Int]
    private let sourceCount: Int
    private let senderCount: Int
    private let ignoresChecksums: Bool

    private struct Cache {
        var directory: ColumnDirectory?
        var chunks: [Int: [UInt8]] = [:]
        var shapes: [Int: RecordLayout] = [:]
        var bytes = 0
    }
    private let cache = Mutex(Cache())

    /// - Parameters:
    ///   - offset: where the block's first chunk begins in `contents`.
    init(
        head: SegmentFooter.BlockHead, slotCounts: [Int], sourceCount: Int, senderCount: Int,
        contents: FileContents, offset: Int, fileOffset: Int, path: String,
        ignoresChecksums: Bool = false
    ) {
        self.ignoresChecksums = ignoresChecksums
        self.contents = contents
        self.path = path
        self.fileOffset = fileOffset
        self.sourceCount = sourceCount
        self.senderCount = senderCount
        rows = head.rows
        shapeRows = head.shapeRows
        chunks = head.chunks
        var offsets: [Int] = []
        var next = offset
        for chunk in head.chunks {
            offsets.append(next)
            next += SegmentFormat.chunkHeaderBytes + chunk.storedCount
        }
        chunkOffsets = offsets
        var columns = [RowColumn.allCases.count]
        for count in slotCounts { columns.append(columns[columns.count - 1] + count) }
        firstColumns = columns
    }

    func numbers(_ column: RowColumn) throws(StoreError) -> [UInt32] {
        let place = try place(of: column.rawValue)
        let limit: UInt64 =
            switch column {
            case .shape: UInt64(shapeRows.count)
            case .source: UInt64(sourceCount)
            case .sender: UInt64(senderCount)
            default: UInt64(UInt32.max) + 1
            }
        let bytes = try chunk(place.chunk)
        let numbers: [UInt32]
        do {
            numbers = try ColumnDecoder.numbers(
                place.encoding, rows: rows, below: limit, in: bytes.span, place.range)
        } catch {
            throw damaged("column of \(column) numbers: \(error.what)", chunk: place.chunk)
        }
        if column == .shape {
            // Everything by shape relies on these counts.
            var counts = [Int](repeating: 0, count: shapeRows.count)
            for number in numbers { counts[Int(number)] += 1 }
            guard counts == shapeRows else {
                throw damaged("rows of shapes differ from the footer", chunk: place.chunk)
            }
        }
        return numbers
    }

    func integers(_ column: RowColumn) throws(StoreError) -> [Int64] {
        let place = try place(of: column.rawValue)
        let bytes = try chunk(place.chunk)
        do {
            return try ColumnDecoder.integers(
                place.encoding, rows: rows, in: bytes.span, place.range)
        } catch {
            throw damaged("column of \(column) times: \(error.what)", chunk: place.chunk)
        }
    }

    func column(shape: Int, slot: Int) throws(StoreError) -> SlotColumn {
        if let known = cache.withLock({ $0.shapes[shape] }) { return known.columns[slot] }
        return try decode(shape: shape, slot: slot)
    }

    private func decode(shape: Int, slot: Int) throws(StoreError) -> SlotColumn {
        let place = try place(of: firstColumns[shape] + slot)
        let bytes = try chunk(place.chunk)
        do {
            let ranges = try ColumnDecoder.ranges(
                place.encoding, rows: shapeRows[shape], in: bytes.span, place.range)
            return SlotColumn(bytes: bytes, ranges: ranges)
        } catch {
            throw damaged(
                "column of shape \(shape), slot \(slot): \(error.what)", chunk: place.chunk)
        }
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

    func dropCaches() { cache.withLock { $0 = Cache() } }
}

// Chunks.
extension SegmentBlock {
    private func place(of column: Int) throws(StoreError) -> ColumnDirectory.Place {
        if let directory = cache.withLock({ $0.directory }) { return directory.place(of: column) }
        let last = chunks.count - 1
        let bytes = try decompressed(last)
        let directory: ColumnDirectory
        do {
            directory = try ColumnDirectory(
                decoding: bytes.span, firstColumns: firstColumns, chunks: last)
        } catch {
            throw damaged("column directory: \(error.what)", chunk: last)
        }
        cache.withLock { $0.directory = directory }
        return directory.place(of: column)
    }

    private func chunk(_ number: Int) throws(StoreError) -> [UInt8] {
        if let known = cache.withLock({ $0.chunks[number] }) { return known }
        let bytes = try decompressed(number)
        let expected = cache.withLock { $0.directory?.rawCounts[number] }
        guard expected == bytes.count else {
            throw damaged("columns do not fill their chunk", chunk: number)
        }
        cache.withLock { cache in
            if cache.bytes > Self.cacheBytesMax {
                cache.chunks.removeAll(keepingCapacity: true)
                cache.shapes.removeAll(keepingCapacity: true)
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

    private func damaged(_ what: String, chunk: Int) -> StoreError {
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
