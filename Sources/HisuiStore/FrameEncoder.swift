import Glibc
import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiShape

/// Makes the frames of one log file; see `FrameDecoder` for what stands in them.
///
/// Nothing is allocated for a row: one buffer takes all frames of a commit, and the shape of a row
/// is found by two array look-ups. The record of every row is compared with what its shape and
/// slots say; a row that does not agree is written as one slot, so the record is kept whatever
/// the parser did, and `mismatchCount` tells.
///
/// Owned by a `StreamWriter`, which is owned by one thread.
struct FrameEncoder: ~Copyable {
    /// Shapes of one file at most; what comes beyond is written as one slot. A file is closed long
    /// before, at `Limits.shapesPerSegmentMax`.
    static let shapesMax = 2 * Limits.shapesPerSegmentMax

    /// Frames, or the file's header and frames, that wait for their commit.
    var buffer = FrameBuffer()
    /// Rows whose shape and slots did not make up their record.
    private(set) var mismatchCount: UInt64 = 0

    let identity: UInt64
    private var sequence: UInt32 = 0
    /// Shapes by number in the file.
    private let fileShapes = ShapeTable()
    private var layouts = ShapeLayouts()
    private var definitions: [UInt8] = []

    /// Numbers in the file by number in a table of a parser; a table for each parser.
    private struct TableMap {
        /// Held on to, so that no other table gets its identity.
        let table: ShapeTable
        var numbers: [UInt32]
    }
    private var tables: [TableMap] = []
    /// Tables beyond this are forgotten, the oldest first: parsers begin new ones now and then.
    private static let tablesMax = 16
    private static let unknown = UInt32.max

    // Used again for each frame.
    private var newShapes: [UInt8] = []
    private var newShapeCount = 0
    private var encodedShape: [UInt8] = []
    private var rowShapes: [UInt32] = []
    private var small: [UInt8] = []

    /// - Parameter header: the file's header, which becomes the first thing to commit.
    init(identity: UInt64, header: [UInt8]) {
        self.identity = identity
        buffer.append(header)
    }

    /// Goes on with a log file: numbers shapes and frames as its earlier writers would.
    init(resuming log: ResumedLog) {
        identity = log.identity
        sequence = log.sequence
        definitions = log.definitions
        for shape in log.shapes.dropFirst() {
            _ = fileShapes.intern(shape)
            layouts.append(shape)
        }
    }

    /// Writes what waits in the buffer to the end of a file.
    func write(to file: any OpenFile) throws(FileError) {
        try file.append(buffer.bytes)
    }

    /// Shapes the file has so far, `Shape.any` included.
    var shapeCount: Int { layouts.count }

    /// Where a frame stands in log and file.
    struct Place {
        var firstIndex: UInt64
        /// Bytes of the file before the buffer, all of them synced.
        var durable: Int
    }

    /// Appends a frame to the buffer.
    ///
    /// - Parameters:
    ///   - rows: the rows, or `nil` for a frame that only gives account.
    ///   - states: the sources touched; the one of the rows first.
    /// - Returns: whether it fitted `Limits.logFrameBytesMax`; if not, nothing was appended.
    mutating func append(
        _ rows: RowBatch?, shapes: ShapeTable?, definitions digest: [UInt8],
        states: [SourceState], gaps: [Gap], at place: Place
    ) -> Bool {
        precondition(digest.isEmpty || digest.count == 32, "a digest has 32 bytes")
        let start = buffer.count
        let firstShape = UInt32(layouts.count)
        newShapes.removeAll(keepingCapacity: true)
        newShapeCount = 0
        if let rows, let shapes { mapShapes(rows, shapes) }
        appendHeader(place, rows: rows?.rows.count ?? 0, firstShape: firstShape)
        small.removeAll(keepingCapacity: true)
        let changes = !digest.isEmpty && digest != definitions
        small.append(changes ? 32 : 0)
        if changes { small.append(contentsOf: digest) }
        small.appendVarint(UInt64(newShapeCount))
        small.append(contentsOf: newShapes)
        appendSenders(rows)
        small.appendVarint(UInt64(states.count))
        for state in states { state.encode(into: &small) }
        small.appendVarint(UInt64(gaps.count))
        for gap in gaps { gap.encode(into: &small) }
        buffer.append(small)
        if let rows, !rows.rows.isEmpty { appendRows(rows) }

        let length = buffer.count - start
        guard length <= Limits.logFrameBytesMax else {
            buffer.truncate(to: start)
            return false
        }
        buffer.replaceLittleEndian(UInt32(length), at: start + 4)
        let checksum = LogFormat.checksum(
            buffer.bytes.extracting(start..<start + length), without: 8)
        buffer.replaceLittleEndian(checksum, at: start + 8)
        sequence &+= 1
        if changes { definitions = digest }
        return true
    }

    private mutating func appendHeader(_ place: Place, rows: Int, firstShape: UInt32) {
        let offset = UInt64(place.durable + buffer.count)
        buffer.append(LogFormat.frameMagic)
        buffer.appendLittleEndian(UInt32(0))
        buffer.appendLittleEndian(UInt32(0))
        buffer.appendLittleEndian(sequence)
        buffer.appendLittleEndian(identity)
        buffer.appendLittleEndian(offset)
        buffer.appendLittleEndian(UInt64(place.durable))
        buffer.appendLittleEndian(place.firstIndex)
        buffer.appendLittleEndian(UInt32(rows))
        buffer.appendLittleEndian(firstShape)
    }

    private mutating func appendSenders(_ rows: RowBatch?) {
        guard let rows, !rows.rows.isEmpty else {
            small.appendVarint(0)
            return
        }
        small.appendVarint(UInt64(rows.senders.count))
        for sender in rows.senders { small.appendCounted(sender.utf8) }
    }
}

// Shapes.
extension FrameEncoder {
    /// Fills `rowShapes` with the rows' shapes as the file numbers them, defining new ones.
    private mutating func mapShapes(_ batch: RowBatch, _ table: ShapeTable) {
        let map = mapIndex(of: table)
        rowShapes.removeAll(keepingCapacity: true)
        for index in batch.rows.indices {
            let number = Int(batch.rows[index].shape)
            var known = Self.unknown
            if number < tables[map].numbers.count { known = tables[map].numbers[number] }
            if known == Self.unknown { known = define(number, of: map) }
            rowShapes.append(known)
        }
    }

    private mutating func mapIndex(of table: ShapeTable) -> Int {
        if let index = tables.firstIndex(where: { $0.table === table }) { return index }
        if tables.count == Self.tablesMax { tables.removeFirst() }
        tables.append(TableMap(table: table, numbers: [0]))
        return tables.count - 1
    }

    private mutating func define(_ number: Int, of map: Int) -> UInt32 {
        let shape = tables[map].table[UInt32(number)]
        let known = fileNumber(of: shape)
        while tables[map].numbers.count <= number { tables[map].numbers.append(Self.unknown) }
        tables[map].numbers[number] = known
        return known
    }

    /// The file's number of `shape`, defining it if the file does not have it yet.
    private mutating func fileNumber(of shape: Shape) -> UInt32 {
        // Beyond the limit rows are written as one slot, even of shapes the file would know.
        if layouts.count >= Self.shapesMax { return 0 }
        let number = fileShapes.intern(shape)
        if Int(number) == layouts.count {
            layouts.append(shape)
            encodedShape.removeAll(keepingCapacity: true)
            shape.encode(into: &encodedShape)
            newShapes.appendCounted(encodedShape)
            newShapeCount += 1
        }
        return number
    }
}

// Rows.
extension FrameEncoder {
    private mutating func appendRows(_ batch: RowBatch) {
        var received = batch.rows[0].received.nanoseconds
        buffer.appendLittleEndian(received)
        var mismatches: UInt64 = 0
        unsafe batch.bytes.withUnsafeBufferPointer { bytes in
            unsafe layouts.text.withUnsafeBufferPointer { text in
                for index in batch.rows.indices {
                    let row = batch.rows[index]
                    precondition(
                        Int(row.offset) + Int(row.count) <= bytes.count
                            && Int(row.sender) < batch.senders.count, "a row of this batch")
                    var shape = Int(rowShapes[index])
                    // Safe: the record lies in the bytes, as checked above.
                    if shape != 0, unsafe !fits(row, shape, batch.slots, bytes, text) {
                        shape = 0
                        mismatches += 1
                    }
                    buffer.reserve(
                        50 + 10 * layouts.slotCounts[shape] + Int(row.count)
                            + besideCount(row, shape, batch.slots))
                    // Safe: room was made for five numbers, the lengths and the record.
                    unsafe buffer.putVarintUnchecked(UInt64(shape))
                    unsafe buffer.putSignedVarintUnchecked(row.received.nanoseconds &- received)
                    received = row.received.nanoseconds
                    unsafe buffer.putSignedVarintUnchecked(row.time.nanoseconds &- received)
                    unsafe buffer.putVarintUnchecked(UInt64(row.sender))
                    unsafe buffer.putVarintUnchecked(UInt64(row.flags.rawValue))
                    if shape == 0 {
                        unsafe putRecord(row, bytes)
                    } else {
                        unsafe putSlots(row, layouts.slotCounts[shape], batch.slots, bytes)
                    }
                }
            }
        }
        mismatchCount += mismatches
    }

    @inline(__always)
    @unsafe
    private mutating func putRecord(_ row: RowBatch.Row, _ bytes: UnsafeBufferPointer<UInt8>) {
        unsafe buffer.putVarintUnchecked(UInt64(row.count))
        guard let base = bytes.baseAddress else { return }
        unsafe buffer.putUnchecked(base + Int(row.offset), Int(row.count))
    }

    @inline(__always)
    @unsafe
    private mutating func putSlots(
        _ row: RowBatch.Row, _ count: Int, _ slots: [ByteRange],
        _ bytes: UnsafeBufferPointer<UInt8>
    ) {
        guard let base = bytes.baseAddress else { return }
        let first = Int(row.firstSlot)
        for slot in first..<first + count {
            unsafe buffer.putVarintUnchecked(UInt64(slots[slot].count))
        }
        for slot in first..<first + count {
            unsafe buffer.putUnchecked(base + Int(slots[slot].offset), Int(slots[slot].count))
        }
    }

    /// Bytes of the values beside the record.
    @inline(__always)
    private func besideCount(
        _ row: RowBatch.Row, _ shape: Int, _ slots: [ByteRange]
    ) -> Int {
        let beside = layouts.recordSlotCounts[shape]..<layouts.slotCounts[shape]
        var count = 0
        for number in beside { count += Int(slots[Int(row.firstSlot) + number].count) }
        return count
    }

    /// Whether literals and slots of the shape make up the record, byte for byte; then the slots
    /// lie in it, in order, and those beside it lie in the batch.
    @inline(__always)
    @unsafe
    private func fits(
        _ row: RowBatch.Row, _ shape: Int, _ slots: [ByteRange],
        _ bytes: UnsafeBufferPointer<UInt8>, _ text: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        let count = layouts.recordSlotCounts[shape]
        let first = Int(row.firstSlot)
        let all = layouts.slotCounts[shape]
        guard first + all <= slots.count, let base = bytes.baseAddress else { return false }
        for number in count..<all where slots[first + number].range.upperBound > bytes.count {
            return false
        }
        var position = Int(row.offset)
        let end = position + Int(row.count)
        var literal = layouts.firstLiterals[shape]
        for slot in first...first + count {
            let fixed = layouts.literals[literal]
            literal += 1
            let next = position + Int(fixed.count)
            guard next <= end else { return false }
            if fixed.count > 0 {
                // Safe: `position..<next` is in the record, and the literal in the text.
                guard let from = text.baseAddress,
                    unsafe memcmp(base + position, from + Int(fixed.offset), Int(fixed.count)) == 0
                else { return false }
            }
            position = next
            if slot == first + count { break }
            guard Int(slots[slot].offset) == position else { return false }
            position += Int(slots[slot].count)
            guard position <= end else { return false }
        }
        return position == end
    }
}
