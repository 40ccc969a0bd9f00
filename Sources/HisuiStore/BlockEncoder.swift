import HisuiBytes
import HisuiEvent
import HisuiShape

/// Turns gathered rows into the chunks of a block.
///
/// Columns are stored so that alike ones lie together: first the row columns, then the slot columns
/// by what they are (all hosts, all times, …, all integers, all text), within that by the text of
/// their shapes. A codec sees neighbours that resemble each other, and a search for a host reads
/// few chunks.
struct BlockEncoder {
    /// The chunks of the block, ready to be written.
    private(set) var output: [UInt8] = []
    private let raw = ByteSink()
    private var columns = ColumnEncoder()
    private let compressor: Compressor

    init(compressor: Compressor) { self.compressor = compressor }

    /// Encodes the rows gathered in `builder`.
    ///
    /// - Returns: what the footer says of the block; its bytes are in `output`.
    mutating func encode(_ builder: borrowing BlockBuilder) -> SegmentFooter.BlockHead {
        output.removeAll(keepingCapacity: true)
        raw.removeAll()
        let grouping = ShapeGrouping(
            rowShapes: builder.rows.shapes, shapeRows: builder.blockShapeRows)
        var head = SegmentFooter.BlockHead(
            firstIndex: builder.firstIndex, rows: builder.rows.count,
            timeRange: BlockBuilder.range(builder.rows.times),
            receivedRange: BlockBuilder.range(builder.rows.received),
            shapes: builder.blockShapes, shapeRows: builder.blockShapeRows)
        var directory = ColumnDirectoryBuilder()
        appendRowColumns(builder.rows, &directory, &head)
        for key in Self.storedOrder(builder) {
            let shape = Int(key.shape)
            let start = raw.count
            let encoding = columns.append(
                slot: Int(key.slot), rows: grouping.rows(of: shape), of: builder.rows, to: raw)
            let length = raw.count - start
            if start > 0, raw.count > SegmentFormat.chunkSoftMaxBytes {
                closeChunk(upTo: start, &directory, &head)
            }
            directory.append(shape: shape, slot: Int(key.slot), encoding, length: length)
            if raw.count >= SegmentFormat.chunkTargetBytes {
                closeChunk(upTo: raw.count, &directory, &head)
            }
        }
        if directory.hasOpenChunk { closeChunk(upTo: raw.count, &directory, &head) }
        raw.append(directory.encoded())
        writeChunk(upTo: raw.count, &head)
        return head
    }

    private mutating func appendRowColumns(
        _ rows: borrowing RowArena, _ directory: inout ColumnDirectoryBuilder,
        _ head: inout SegmentFooter.BlockHead
    ) {
        for column in SegmentBlock.RowColumn.allCases {
            let start = raw.count
            let encoding =
                switch column {
                case .shape: RowColumnEncoder.append(numbers: rows.shapes, to: raw)
                case .time: RowColumnEncoder.append(integers: rows.times, to: raw)
                case .received: RowColumnEncoder.append(integers: rows.received, to: raw)
                case .source: RowColumnEncoder.append(numbers: rows.sources, to: raw)
                case .sender: RowColumnEncoder.append(numbers: rows.senders, to: raw)
                case .flags: RowColumnEncoder.append(numbers: rows.flags, to: raw)
                }
            directory.appendRowColumn(encoding, length: raw.count - start)
            if raw.count >= SegmentFormat.rowChunkTargetBytes {
                closeChunk(upTo: raw.count, &directory, &head)
            }
        }
        if directory.hasOpenChunk { closeChunk(upTo: raw.count, &directory, &head) }
    }

    private mutating func closeChunk(
        upTo end: Int, _ directory: inout ColumnDirectoryBuilder,
        _ head: inout SegmentFooter.BlockHead
    ) {
        directory.endChunk()
        writeChunk(upTo: end, &head)
    }

    /// Compresses the first `end` bytes of `raw` into a chunk, and takes them away.
    private mutating func writeChunk(upTo end: Int, _ head: inout SegmentFooter.BlockHead) {
        let codec = raw.withBytes(upTo: end) { compressor.compress($0) }
        let stored = compressor.output
        let start = output.count
        output.append(codec.rawValue)
        output.appendLittleEndian(UInt32(end))
        output.appendLittleEndian(UInt32(stored.count))
        let checksum = SegmentFormat.chunkChecksum(
            header: output.span.extracting(start..<output.count), stored: stored.span)
        output.appendLittleEndian(checksum)
        output += stored
        head.chunks.append(.init(storedCount: stored.count, checksum: checksum))
        raw.removeFirst(end)
    }

    /// One slot column in the order of storage.
    private struct Key: Comparable {
        /// What the column holds, then the rank of the shape's text.
        var group: UInt32
        var rank: UInt32
        var slot: UInt32
        var shape: UInt32

        static func < (a: Key, b: Key) -> Bool {
            if a.group != b.group { return a.group < b.group }
            return a.rank == b.rank ? a.slot < b.slot : a.rank < b.rank
        }
    }

    private static func storedOrder(_ builder: borrowing BlockBuilder) -> [Key] {
        let numbers = builder.blockShapes
        let shapes = numbers.map { builder.shapes[Int($0)] }
        let texts = shapes.map(sortText)
        let byText = shapes.indices.sorted { texts[$0].lexicographicallyPrecedes(texts[$1]) }
        var keys: [Key] = []
        for (rank, shape) in byText.enumerated() {
            for (number, slot) in shapes[shape].slots.enumerated() {
                let group =
                    slot.role == .none
                    ? 16 + UInt32(slot.kind.rawValue) : UInt32(slot.role.rawValue)
                keys.append(
                    Key(
                        group: group, rank: UInt32(rank), slot: UInt32(number),
                        shape: UInt32(shape)))
            }
        }
        keys.sort()
        return keys
    }

    /// The fixed text of a shape, enough of it to tell which shapes resemble each other.
    private static func sortText(_ shape: Shape) -> [UInt8] {
        var text = Array(shape.parser.utf8) + Array(shape.rule.utf8)
        for literal in shape.literals {
            text += literal
            if text.count > 96 { break }
        }
        return text
    }
}
