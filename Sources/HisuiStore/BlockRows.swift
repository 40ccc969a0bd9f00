public import HisuiEvent
import HisuiBytes
public import HisuiShape

/// The rows of a block as batches again, in order: for whoever reads a stream as it was written.
///
///     var rows = try BlockRows(block, from: index, shapes: table)
///     while let batch = try rows.next(before: end) { … }
///
/// A batch has one source, as any batch; where the source changes, a new one begins. Batches of a
/// block in memory share its bytes. Owned by one thread.
public struct BlockRows {
    /// Whether rows of a shape, by its number in the block, are needed.
    public typealias Need = (Block, Int) throws(StoreError) -> Bool

    private let block: Block
    private let table: ShapeTable
    /// Numbers in `table` by number in the block.
    private let numbers: [UInt32]
    private let shapes: [UInt32]
    private let times: [Int64]
    private let received: [Int64]
    private let sources: [UInt32]
    private let senders: [UInt32]
    private let flags: [UInt32]
    private var layouts: [RecordLayout?]
    /// By shape, whether its rows are needed.
    private var isNeeded: [Bool] = []
    private var next: Int

    /// - Parameters:
    ///   - index: leaves before it are left out.
    ///   - table: where the batches' shape numbers come from.
    ///   - need: rows of other shapes are given unread (`RowBatch.Row.isUnread`); nil: all are
    ///     needed. Only for blocks in segments.
    /// - Throws: `.damaged` if a column cannot be read.
    /// - Complexity: O(rows); slot columns are decompressed when they are first needed.
    public init(
        _ block: Block, from index: UInt64, shapes table: ShapeTable, need: Need? = nil
    ) throws(StoreError) {
        self.block = block
        self.table = table
        numbers = block.shapes.map { table.intern($0.shape) }
        shapes = try block.rowShapes()
        times = try block.times()
        received = try block.received()
        sources = try block.sourceNumbers()
        senders = try block.senderNumbers()
        flags = try block.flags()
        layouts = [RecordLayout?](repeating: nil, count: block.shapes.count)
        if let need {
            for shape in block.shapes.indices { isNeeded.append(try need(block, shape)) }
        }
        next = index > block.firstIndex ? Int(min(index, block.endIndex) - block.firstIndex) : 0
    }

    /// Lets go of what the block can decompress again.
    func dropCaches() { block.dropCaches() }

    /// Leaf index of the first row of the next batch; one past the block at its end.
    public var nextIndex: UInt64 { block.firstIndex + UInt64(next) }

    /// Receive time of the next row; nil at the end.
    public var nextReceived: Timestamp? {
        next < block.count ? Timestamp(nanoseconds: received[next]) : nil
    }

    /// The next rows: up to leaf `end`, all of one source, within the bounds of a batch; nil where
    /// none is left.
    ///
    /// - Parameter latest: a row received after it ends the batch, unless it is its first row.
    /// - Complexity: O(bytes and slots of the batch).
    public mutating func next(
        before end: UInt64, receivedUpTo latest: Timestamp = Timestamp(nanoseconds: .max)
    ) throws(StoreError) -> RowBatch? {
        guard end > nextIndex, next < block.count else { return nil }
        var last = min(block.count, Int(min(end, block.endIndex) - block.firstIndex))
        last = min(last, next + Limits.batchRecordsMax)
        var count = 1
        while next + count < last, sources[next + count] == sources[next],
            received[next + count] <= latest.nanoseconds
        {
            count += 1
        }
        var batch = RowBatch(source: block.sources[Int(sources[next])], senders: block.senders)
        batch.rows.reserveCapacity(count)
        switch block.backing {
        case .memory(let arena):
            batch.bytes = arena.bytes
            batch.slots = arena.slots
            for row in next..<next + count {
                append(row, arena.offsets[row], arena.counts[row], arena.firstSlots[row], &batch)
            }
        case .segment(let segment):
            let grouping = try block.grouping()
            for row in next..<next + count {
                let shape = Int(shapes[row])
                if !isNeeded.isEmpty, !isNeeded[shape] {
                    append(row, 0, 0, RowBatch.Row.unread, &batch)
                    continue
                }
                if layouts[shape] == nil {
                    layouts[shape] = try segment.layout(of: block.shapes[shape].shape, shape)
                }
                guard let layout = layouts[shape] else { continue }
                let ordinal = Int(grouping.ordinals[row])
                if batch.bytes.count >= Limits.batchBytesMax, !batch.rows.isEmpty { break }
                let offset = batch.bytes.count
                let firstSlot = batch.slots.count
                layout.appendRecord(ordinal, to: &batch.bytes)
                let count = batch.bytes.count - offset
                layout.appendSlots(ordinal, recordAt: offset, to: &batch.slots)
                layout.appendBeside(ordinal, &batch)
                append(row, UInt32(offset), UInt32(count), UInt32(firstSlot), &batch)
            }
        }
        next += batch.rows.count
        return batch
    }

    private func append(
        _ row: Int, _ offset: UInt32, _ count: UInt32, _ firstSlot: UInt32, _ batch: inout RowBatch
    ) {
        batch.rows.append(
            RowBatch.Row(
                offset: offset, count: count, shape: numbers[Int(shapes[row])],
                firstSlot: firstSlot, time: Timestamp(nanoseconds: times[row]),
                received: Timestamp(nanoseconds: received[row]), sender: senders[row],
                flags: RowFlags(rawValue: flags[row])))
    }
}

extension RecordLayout {
    /// Appends where the slots of value number `ordinal` stand in a record that begins at `offset`.
    func appendSlots(_ ordinal: Int, recordAt offset: Int, to out: inout [ByteRange]) {
        var at = UInt32(offset)
        for (number, column) in columns[..<recordColumns].enumerated() {
            at += literalCount(number)
            let count = column.ranges[ordinal].count
            out.append(ByteRange(offset: at, count: count))
            at += count
        }
    }

    /// Appends the values beside the record, and where they stand.
    func appendBeside(_ ordinal: Int, _ batch: inout RowBatch) {
        for column in columns[recordColumns...] {
            let value = column.ranges[ordinal]
            batch.slots.append(ByteRange(offset: UInt32(batch.bytes.count), count: value.count))
            batch.bytes.append(column.bytes.span, value)
        }
    }
}
