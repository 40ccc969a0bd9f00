public import HisuiEvent
public import HisuiShape
import HisuiBytes

/// Gathers rows into blocks: one block after the other of one stream.
///
/// Batches are copied in (one `memcpy` for the records, flat arrays for the rest); nothing is
/// allocated for a row once the arrays have grown to the size of a block. Shapes are numbered once
/// for all blocks of a builder, so that the blocks of a segment share a table.
///
///     var builder = BlockBuilder(zone: zone, stream: stream, firstIndex: index)
///     var taken = 0
///     while taken < batch.rows.count {
///         taken = builder.append(batch, from: taken, shapes: table)
///         if builder.isFull { blocks.append(builder.take()) }
///     }
public struct BlockBuilder {
    let zone: String
    let stream: String
    /// Leaf index of the next block's first row.
    public private(set) var firstIndex: UInt64
    /// Rows after which a block is full, at most `Limits.blockRowsMax`.
    let rowsMax: Int
    /// Rows that are known to come, as far as a block holds them; 0 once there is room for them.
    private var rowsExpected: Int

    private(set) var rows = RowArena()
    /// Shapes of all blocks so far.
    private(set) var shapes: [Shape] = []
    private var slotCounts: [(all: Int, ofRecord: Int)] = []
    private var shapeNumbers: [Shape: UInt32] = [:]
    /// What shapes are sorted by; see `sortText`.
    private var sortTexts: [[UInt8]] = []
    /// Numbers in `shapes` by number in the table seen last; `unknown` where not asked yet.
    private var table: ShapeTable?
    private var numbersOfTable: [UInt32] = []
    /// Numbers within the block by number in `shapes`, and the shapes and row counts of the block.
    private var numbersInBlock: [UInt32] = []
    private(set) var blockShapes: [UInt32] = []
    private(set) var blockShapeRows: [Int] = []

    /// Sources and senders of all blocks so far.
    private(set) var sources: [Source] = []
    private(set) var senders: [String] = []
    private var sourceNumbers: [Source: UInt32] = [:]
    private var senderNumbers: [String: UInt32] = [:]
    private var sendersOfBatch: [UInt32] = []

    private static let unknown = UInt32.max
    /// Rows by whose length the room for a block is judged.
    private static let sampleRows = 4096

    /// Rows of a block where nobody says otherwise.
    ///
    /// Larger blocks are smaller on disk, and cost memory; see docs/decisions/0019.
    public static let rowsUsual = 131_072

    /// - Parameter rows: so many will come at least: room for them is made at once, when the first
    ///   thousands have told how long they are. Growing takes twice the memory, for a moment.
    public init(
        zone: String, stream: String, firstIndex: UInt64, rowsMax: Int = rowsUsual,
        expecting rows: Int = 0
    ) {
        precondition(rowsMax > 0 && rowsMax <= Limits.blockRowsMax, "rows of a block")
        self.zone = zone
        self.stream = stream
        self.firstIndex = firstIndex
        self.rowsMax = rowsMax
        rowsExpected = min(rows, rowsMax)
    }

    /// Rows of the block that is being gathered.
    public var count: Int { rows.count }
    /// Whether the block takes no further row.
    public var isFull: Bool {
        rows.count >= rowsMax || rows.bytes.count >= Limits.blockBytesMax
    }
    /// Shapes seen by all blocks of this builder.
    public var shapeCount: Int { shapes.count }

    /// Takes rows of `batch` from row number `first` on until the batch ends or the block is full.
    ///
    /// - Parameter table: where the rows' shape numbers come from.
    /// - Returns: the number of the first row not taken.
    /// - Complexity: O(bytes and slots of the rows taken).
    public mutating func append(
        _ batch: borrowing RowBatch, from first: Int = 0, shapes table: ShapeTable
    ) -> Int {
        if self.table !== table {
            self.table = table
            numbersOfTable.removeAll(keepingCapacity: true)
        }
        let source = number(of: batch.source)
        sendersOfBatch.removeAll(keepingCapacity: true)
        for sender in batch.senders { sendersOfBatch.append(number(ofSender: sender)) }
        if rows.count >= Self.sampleRows, rowsExpected > rows.count {
            rows.reserve(rowsExpected)
            rowsExpected = 0
        }
        var next = first
        while next < batch.rows.count, !isFull {
            append(batch.rows[next], of: batch, source: source, table: table)
            next += 1
        }
        return next
    }

    private mutating func append(
        _ row: RowBatch.Row, of batch: borrowing RowBatch, source: UInt32, table: ShapeTable
    ) {
        let shape = blockNumber(ofShape: Int(row.shape), in: table)
        let slots = slotCounts[Int(blockShapes[Int(shape)])]
        // A slot moves with its record: from the batch's arena to this one.
        let offset = UInt32(rows.bytes.count)
        rows.bytes.append(batch.bytes.span, ByteRange(offset: row.offset, count: row.count))
        rows.offsets.append(offset)
        rows.counts.append(row.count)
        rows.shapes.append(shape)
        rows.firstSlots.append(UInt32(rows.slots.count))
        let firstSlot = Int(row.firstSlot)
        for number in firstSlot..<firstSlot + slots.ofRecord {
            let slot = batch.slots[number]
            precondition(
                slot.offset >= row.offset && slot.range.upperBound <= Int(row.offset + row.count),
                "slots lie in their record")
            rows.slots.append(
                ByteRange(offset: slot.offset - row.offset + offset, count: slot.count))
        }
        for number in firstSlot + slots.ofRecord..<firstSlot + slots.all {
            let slot = batch.slots[number]
            rows.slots.append(ByteRange(offset: UInt32(rows.bytes.count), count: slot.count))
            rows.bytes.append(batch.bytes.span, slot)
        }
        rows.times.append(row.time.nanoseconds)
        rows.received.append(row.received.nanoseconds)
        rows.sources.append(source)
        rows.senders.append(sendersOfBatch[Int(row.sender)])
        rows.flags.append(row.flags.rawValue)
        blockShapeRows[Int(shape)] += 1
    }

    /// The gathered rows as a block, and begins the next one.
    ///
    /// - Precondition: at least one row was gathered.
    public mutating func take() -> Block {
        let block = block()
        rows = RowArena()
        startNext(at: firstIndex + UInt64(block.count))
        return block
    }

    /// The gathered rows as a block that shares its memory with this builder.
    func block() -> Block {
        precondition(rows.count > 0, "a block has rows")
        return Block(
            zone: zone, stream: stream, firstIndex: firstIndex, count: rows.count,
            timeRange: Self.range(rows.times), receivedRange: Self.range(rows.received),
            shapes: zip(blockShapes, blockShapeRows).map { (shapes[Int($0)], $1) },
            sources: sources, senders: senders, backing: .memory(rows))
    }

    /// Forgets the rows, keeping their memory, and begins a block at leaf `index`.
    mutating func startNext(at index: UInt64) {
        firstIndex = index
        rows.removeAll()
        for number in blockShapes { numbersInBlock[Int(number)] = Self.unknown }
        blockShapes.removeAll(keepingCapacity: true)
        blockShapeRows.removeAll(keepingCapacity: true)
    }

    static func range(_ times: [Int64]) -> ClosedRange<Timestamp> {
        var least = Int64.max
        var greatest = Int64.min
        for time in times {
            least = min(least, time)
            greatest = max(greatest, time)
        }
        return Timestamp(nanoseconds: least)...Timestamp(nanoseconds: greatest)
    }
}

// Numbers of shapes, sources and senders.
extension BlockBuilder {
    private mutating func blockNumber(ofShape number: Int, in table: ShapeTable) -> UInt32 {
        while numbersOfTable.count <= number { numbersOfTable.append(Self.unknown) }
        var known = numbersOfTable[number]
        if known == Self.unknown {
            known = intern(table[UInt32(number)])
            numbersOfTable[number] = known
        }
        let inBlock = numbersInBlock[Int(known)]
        if inBlock != Self.unknown { return inBlock }
        let new = UInt32(blockShapes.count)
        numbersInBlock[Int(known)] = new
        blockShapes.append(known)
        blockShapeRows.append(0)
        return new
    }

    private mutating func intern(_ shape: Shape) -> UInt32 {
        if let number = shapeNumbers[shape] { return number }
        let number = UInt32(shapes.count)
        shapeNumbers[shape] = number
        shapes.append(shape)
        slotCounts.append((shape.slots.count, shape.recordSlotCount))
        sortTexts.append(Self.sortText(shape))
        numbersInBlock.append(Self.unknown)
        return number
    }

    /// The shapes of the block in the order in which their columns are kept: those that resemble
    /// each other are neighbours.
    func storedOrder() -> [Int] {
        blockShapes.indices.sorted {
            let (a, b) = (Int(blockShapes[$0]), Int(blockShapes[$1]))
            return sortTexts[a].lexicographicallyPrecedes(sortTexts[b])
                || sortTexts[a] == sortTexts[b] && a < b
        }
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

    private mutating func number(of source: Source) -> UInt32 {
        if let known = sourceNumbers[source] { return known }
        let number = UInt32(sources.count)
        sources.append(source)
        sourceNumbers[source] = number
        return number
    }

    private mutating func number(ofSender sender: String) -> UInt32 {
        if let known = senderNumbers[sender] { return known }
        let number = UInt32(senders.count)
        senders.append(sender)
        senderNumbers[sender] = number
        return number
    }
}
