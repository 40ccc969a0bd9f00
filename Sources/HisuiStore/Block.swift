public import HisuiBytes
public import HisuiEvent
public import HisuiShape
import Synchronization

/// Consecutive rows of one stream, by column: what a search reads.
///
/// A block is immutable and holds rows `firstIndex ..< firstIndex + count` in order of arrival.
/// It is backed by memory (the open part of a stream, taken from the write-ahead log) or by a
/// segment, of which it decompresses only what is asked for:
///
///     shapes        shape 0 (rows)  shape 1 (rows) …        known without reading a row
///     row columns   shape number, time, received, source, sender, flags: one value a row
///     slot columns  (shape, slot): one value for each row *of that shape*, in stored order
///
/// The record of a row is its shape's literals and slot values in turn. Row `r` of the block is
/// value `grouping().ordinals[r]` of its shape's columns.
///
/// May be used from several threads. What it decompresses it keeps up to a bound, until
/// `dropCaches()`.
public final class Block: Sendable {
    public let zone: String
    public let stream: String
    /// Leaf index of row 0.
    public let firstIndex: UInt64
    /// Number of rows, at least 1.
    public let count: Int
    /// Least and greatest event time.
    public let timeRange: ClosedRange<Timestamp>
    /// Least and greatest receive time.
    public let receivedRange: ClosedRange<Timestamp>
    /// The shapes that occur in this block and how many rows each has; the numbers of
    /// `rowShapes()` are indices into this array.
    public let shapes: [(shape: Shape, rows: Int)]
    /// The numbers of `sourceNumbers()` are indices into this array.
    public let sources: [Source]
    /// The numbers of `senderNumbers()` are indices into this array.
    public let senders: [String]

    enum Backing: Sendable {
        case memory(RowArena)
        case segment(SegmentBlock)
    }

    /// The table that the shapes come from, where several blocks have one in common.
    public let table: ShapesInTable?
    let backing: Backing
    private let cachedGrouping = Mutex<ShapeGrouping?>(nil)

    init(
        zone: String, stream: String, firstIndex: UInt64, count: Int,
        timeRange: ClosedRange<Timestamp>, receivedRange: ClosedRange<Timestamp>,
        shapes: [(shape: Shape, rows: Int)], sources: [Source], senders: [String],
        backing: Backing, table: ShapesInTable? = nil
    ) {
        self.zone = zone
        self.stream = stream
        self.firstIndex = firstIndex
        self.count = count
        self.timeRange = timeRange
        self.receivedRange = receivedRange
        self.shapes = shapes
        self.sources = sources
        self.senders = senders
        self.backing = backing
        self.table = table
    }

    /// One past the leaf index of the last row.
    public var endIndex: UInt64 { firstIndex + UInt64(count) }

    /// Whether the rows are the store's acts, which belong to no zone.
    public var isOfActs: Bool { zone == Filenames.acts && stream == Filenames.acts }

    /// For each row, the number of its shape in `shapes`.
    ///
    /// Complexity: O(rows).
    public func rowShapes() throws(StoreError) -> [UInt32] {
        switch backing {
        case .memory(let rows): rows.shapes
        case .segment(let rows): try rows.storedRows().grouping.shapeOfRow
        }
    }

    /// For each row, the event time in nanoseconds UTC.
    ///
    /// Complexity: O(rows).
    public func times() throws(StoreError) -> [Int64] {
        switch backing {
        case .memory(let rows): rows.times
        case .segment(let rows): try rows.times()
        }
    }

    /// For each row, the receive time in nanoseconds UTC.
    ///
    /// Complexity: O(rows).
    public func received() throws(StoreError) -> [Int64] {
        switch backing {
        case .memory(let rows): rows.received
        case .segment(let rows): try rows.received()
        }
    }

    /// Receive times of some rows, in nanoseconds UTC.
    ///
    /// - Parameter rows: in order of arrival.
    /// - Complexity: O(rows of the block / 8 + `rows`).
    public func received(of rows: [UInt32]) throws(StoreError) -> [Int64] {
        switch backing {
        case .memory(let arena): rows.map { arena.received[Int($0)] }
        case .segment(let segment): try segment.received(of: rows)
        }
    }

    /// For each row, the number of its source in `sources`.
    ///
    /// Complexity: O(rows).
    public func sourceNumbers() throws(StoreError) -> [UInt32] {
        switch backing {
        case .memory(let rows): rows.sources
        case .segment(let rows): try rows.sourceNumbers()
        }
    }

    /// For each row, the number of its sender in `senders`.
    ///
    /// Complexity: O(rows).
    public func senderNumbers() throws(StoreError) -> [UInt32] {
        switch backing {
        case .memory(let rows): rows.senders
        case .segment(let rows): try rows.senderNumbers()
        }
    }

    /// For each row, the raw value of its `RowFlags`.
    ///
    /// Complexity: O(rows).
    public func flags() throws(StoreError) -> [UInt32] {
        switch backing {
        case .memory(let rows): rows.flags
        case .segment(let rows): try rows.flags()
        }
    }

    /// The rows of this block by shape.
    ///
    /// Kept after the first call. Complexity: O(rows) the first time.
    public func grouping() throws(StoreError) -> ShapeGrouping {
        if case .segment(let rows) = backing { return try rows.storedRows().grouping }
        if let known = cachedGrouping.withLock({ $0 }) { return known }
        let made = ShapeGrouping(
            storedShapes: try rowShapes(), rows: nil, shapeRows: shapes.map(\.rows))
        cachedGrouping.withLock { $0 = made }
        return made
    }

    /// The values of slot `slot` in the rows of shape `shape`, in the order of `grouping()`.
    ///
    /// - Parameters:
    ///   - shape: a number in `shapes`.
    ///   - slot: a number in that shape's `slots`.
    ///   - ordinals: the rows that are wanted, all if nil; values of others may be empty.
    /// - Complexity: O(rows of the shape); decompression of one chunk if backed by a segment.
    public func column(
        shape: Int, slot: Int, within ordinals: Range<Int>? = nil
    ) throws(StoreError) -> SlotColumn {
        precondition(slot >= 0 && slot < shapes[shape].shape.slotCount, "the shape has the slot")
        switch backing {
        case .memory(let arena):
            let grouping = try grouping()
            var ranges: [ByteRange] = []
            ranges.reserveCapacity(shapes[shape].rows)
            for row in grouping.rows(of: shape) {
                ranges.append(arena.slots[Int(arena.firstSlots[Int(row)]) + slot])
            }
            return SlotColumn(bytes: arena.bytes, ranges: ranges)
        case .segment(let rows):
            return try rows.column(shape: shape, slot: slot, within: ordinals)
        }
    }

    /// Appends the record of row `row`, byte for byte as it was received.
    ///
    /// - Complexity: O(length of the record) once the columns of its shape are decompressed.
    public func appendRecord(row: Int, to out: inout [UInt8]) throws(StoreError) {
        switch backing {
        case .memory(let arena):
            out.append(
                arena.bytes.span, ByteRange(offset: arena.offsets[row], count: arena.counts[row]))
        case .segment(let rows):
            let grouping = try grouping()
            let shape = Int(grouping.shapeOfRow[row])
            try rows.appendRecord(
                of: shapes[shape].shape, shape: shape, ordinal: Int(grouping.ordinals[row]),
                to: &out)
        }
    }

    /// Appends the record of row `row` as it is shown: in UTF-8, and without whom it names where
    /// that must not be shown.
    ///
    /// - Complexity: as for `appendRecord`.
    public func appendText(row: Int, to out: inout [UInt8]) throws(StoreError) {
        let grouping = try grouping()
        let number = Int(grouping.shapeOfRow[row])
        let ordinal = Int(grouping.ordinals[row])
        let shape = shapes[number].shape
        var bytes: [UInt8] = []
        var slots: [ByteRange] = []
        for slot in 0..<shape.slotCount {
            let column = try column(shape: number, slot: slot, within: ordinal..<ordinal + 1)
            let start = bytes.count
            bytes.append(column.bytes.span, column.ranges[ordinal])
            slots.append(ByteRange(start..<bytes.count))
        }
        shape.append(shape.record, slots: slots, of: bytes.span, to: &out)
    }

    /// The same rows, but whom records name is shown as it stands: found, and shown, by number and
    /// not by pseudonym. For who may see that.
    ///
    /// - Complexity: O(shapes). Where some shape names somebody, plans are made for this block
    ///   alone.
    public var unmasked: Block {
        guard shapes.contains(where: { $0.shape.subject != nil }) else { return self }
        return Block(
            zone: zone, stream: stream, firstIndex: firstIndex, count: count,
            timeRange: timeRange, receivedRange: receivedRange,
            shapes: shapes.map { ($0.shape.unmasked, $0.rows) }, sources: sources,
            senders: senders, backing: backing)
    }

    /// Tells the system that the block is going to be searched: what every search reads can be on
    /// its way from the disk while other blocks are looked at.
    public func willBeSearched() {
        if case .segment(let rows) = backing { rows.willNeedDirectory() }
    }

    /// Lets go of everything that can be decompressed again.
    public func dropCaches() {
        if case .segment(let rows) = backing {
            cachedGrouping.withLock { $0 = nil }
            rows.dropCaches()
        }
    }
}

/// Where the shapes of a block stand in a table that other blocks have, too: what is worked out for
/// the table need not be for each block.
public struct ShapesInTable: Sendable {
    /// The shapes of a segment, by number.
    public final class Table: Sendable {
        public let shapes: [Shape]
        private let told: SegmentColumns
        private let index: PatternIndex
        private let made = AtomicLazyReference<TableColumns>()

        init(_ shapes: [Shape], _ columns: SegmentColumns, _ index: PatternIndex) {
            self.shapes = shapes
            told = columns
            self.index = index
        }

        /// What is known of the columns of the shapes.
        public var columns: TableColumns {
            made.load() ?? made.storeIfNil(TableColumns(told, shapes, index))
        }
    }

    public let table: Table
    /// For each shape of the block its number in the table.
    public let numbers: [UInt32]
}

/// The values of one slot in the rows of one shape, in row order.
///
/// Ranges may overlap and repeat, and need not cover `bytes`: a dictionary or a constant is kept
/// once, and the column of a block in memory points into its records.
public struct SlotColumn: Sendable {
    public var bytes: [UInt8]
    /// One range of `bytes` for each row of the shape.
    public var ranges: [ByteRange]

    public init(bytes: [UInt8], ranges: [ByteRange]) {
        self.bytes = bytes
        self.ranges = ranges
    }

    @inlinable
    public var count: Int { ranges.count }
}

/// Which rows of a block have which shape.
///
/// The rows of a shape stand in stored order, which is that of its slot columns: by origin and
/// program first in a segment, by arrival in memory.
public struct ShapeGrouping: Sendable {
    /// For each row, the number of its shape.
    public let shapeOfRow: [UInt32]
    /// For each row, its place among the rows of its shape: the index into its slot columns.
    public let ordinals: [UInt32]
    /// All row numbers, those of shape 0 first, in stored order within a shape.
    private let order: [UInt32]
    /// Where each shape begins in `order`; one more element than there are shapes.
    private let starts: [Int]

    /// - Parameters:
    ///   - storedShapes: the shape of each row, in stored order.
    ///   - rows: row numbers in stored order; nil if that is the order of arrival.
    /// - Precondition: `shapeRows` are the true counts of `storedShapes`.
    init(storedShapes: [UInt32], rows: [UInt32]?, shapeRows: [Int]) {
        var starts: [Int] = [0]
        starts.reserveCapacity(shapeRows.count + 1)
        var total = 0
        for rows in shapeRows {
            total += rows
            starts.append(total)
        }
        var next = [UInt32](repeating: 0, count: shapeRows.count)
        var order = [UInt32](repeating: 0, count: storedShapes.count)
        var ordinals = order
        var shapeOfRow = order
        for place in storedShapes.indices {
            let shape = Int(storedShapes[place])
            let row = rows?[place] ?? UInt32(place)
            let ordinal = next[shape]
            next[shape] = ordinal + 1
            ordinals[Int(row)] = ordinal
            shapeOfRow[Int(row)] = UInt32(shape)
            order[starts[shape] + Int(ordinal)] = row
        }
        self.shapeOfRow = shapeOfRow
        self.ordinals = ordinals
        self.order = order
        self.starts = starts
    }

    /// The rows of shape number `shape`, row of ordinal 0 first.
    public func rows(of shape: Int) -> ArraySlice<UInt32> {
        order[starts[shape]..<starts[shape + 1]]
    }
}
