import CHisui
import Glibc
import HisuiBytes
import HisuiShape

/// Compares written blocks with the rows they were made from.
///
/// Keeps its memory from block to block.
struct SegmentComparison {
    private var records = RecordComparison()

    mutating func compare(
        _ written: SegmentBlock, with builder: borrowing BlockBuilder, path: String
    ) throws(StoreError) {
        let rows = builder.rows
        let stored = try written.storedRows()
        let times = try written.times()
        let received = try written.received()
        let sources = try written.sourceNumbers()
        let senders = try written.senderNumbers()
        let flags = try written.flags()
        let isSame =
            times == rows.times && received == rows.received && sources == rows.sources
            && senders == rows.senders && flags == rows.flags
        guard isSame else { throw different("a row column", builder.firstIndex, path) }
        // By shape, not by row: the columns of one shape after the other.
        for (shape, number) in written.shapes.enumerated() {
            try records.read(builder.shapes[Int(number)], shape, of: written)
            let ofShape = stored.grouping.rows(of: shape)
            if let place = records.firstDifference(ofShape, in: rows) {
                throw different("the record", builder.firstIndex + UInt64(ofShape[place]), path)
            }
            for row in ofShape where builder.blockShapes[Int(rows.shapes[Int(row)])] != number {
                throw different("the shape", builder.firstIndex + UInt64(row), path)
            }
        }
    }

    private func different(_ what: String, _ index: UInt64, _ path: String) -> StoreError {
        .damaged(
            "\(what) of leaf \(index) read back is not what was stored", path: path,
            section: nil, offset: nil)
    }
}

/// Compares the records of a shape with what its columns say.
///
/// Keeps its memory from shape to shape.
@safe
struct RecordComparison {
    /// The columns of the shape, and behind them memory for more.
    private var columns: [ColumnText] = []
    private var scratch = ColumnScratch()
    private var literals = Literals()
    /// Memory for the columns by pointer.
    private var places: [Place] = unsafe []

    /// The literals of the shape in a row, and the length of each; one more than there are columns.
    private struct Literals {
        var text: [UInt8] = []
        var lengths: [Int] = []
        /// Columns beside the record, which have no literals.
        var besideColumns = 0
    }

    /// A column by pointer.
    @unsafe
    private struct Place {
        var bytes: UnsafePointer<UInt8>
        var ranges: UnsafePointer<ByteRange>
    }

    /// How many rows ahead a record is asked for: the rows of a shape lie far apart in memory.
    private static let ahead = 8

    /// Reads the columns of shape number `number` of a block.
    mutating func read(
        _ shape: Shape, _ number: Int, of block: SegmentBlock
    ) throws(StoreError) {
        literals.text.removeAll(keepingCapacity: true)
        literals.lengths.removeAll(keepingCapacity: true)
        let slots = shape.slots.count
        let ofRecord = shape.recordSlotCount
        for literal in shape.literals[...ofRecord] {
            literals.text += literal
            literals.lengths.append(literal.count)
        }
        literals.besideColumns = slots - ofRecord
        while columns.count < slots { columns.append(ColumnText()) }
        for slot in 0..<slots {
            try block.decode(
                shape: number, slot: slot, within: 0..<block.shapeRows[number],
                to: &columns[slot], &scratch)
        }
    }

    /// The place in `ofShape` of the first row whose record is not what the columns say; nil if
    /// there is none.
    ///
    /// - Parameter ofShape: the rows of the shape, in the order of the columns.
    mutating func firstDifference(
        _ ofShape: ArraySlice<UInt32>, in rows: borrowing RowArena
    ) -> Int? {
        let offsets = rows.offsets.span
        let counts = rows.counts.span
        let literals = literals
        let own = columns[..<(literals.lengths.count - 1 + literals.besideColumns)]
        let beside = literals.lengths.count - 1..<own.count
        var found: [Place] = unsafe []
        unsafe swap(&found, &places)
        unsafe found.removeAll(keepingCapacity: true)
        defer { unsafe swap(&found, &places) }
        return unsafe rows.bytes.withUnsafeBufferPointer { bytes in
            unsafe Self.withPlaces(own, &found) { places in
                // Safe: without bytes all records are empty, and nothing is read.
                let base = unsafe bytes.baseAddress ?? Self.nothing
                let last = ofShape.endIndex - 1
                for place in ofShape.indices {
                    let later = Int(offsets[Int(ofShape[min(place + Self.ahead, last)])])
                    // Safe: asking for memory reads none.
                    unsafe hisui_prefetch(base + later)
                    unsafe hisui_prefetch(base + later + 64)
                    let row = Int(ofShape[place])
                    // Safe: records lie in the arena; each column has a value for each row.
                    let isSame = unsafe Self.isRecord(
                        place - ofShape.startIndex, literals, places, base + Int(offsets[row]),
                        Int(counts[row]))
                    if !isSame { return place }
                    if beside.isEmpty { continue }
                    let firstSlot = Int(rows.firstSlots[row])
                    for number in beside {
                        let value = unsafe places[number].ranges[place - ofShape.startIndex]
                        let own = rows.slots[firstSlot + number]
                        // Safe: slots lie in the arena, and values in their column.
                        guard value.count == own.count,
                            unsafe Self.isSame(
                                places[number].bytes + Int(value.offset),
                                base + Int(own.offset), Int(own.count))
                        else { return place }
                    }
                }
                return nil
            }
        }
    }

    /// What is pointed at where there are no bytes: one byte that lives for ever.
    // Safe: it is never written to.
    private nonisolated(unsafe) static let nothing =
        unsafe UnsafePointer(UnsafeMutablePointer<UInt8>.allocate(capacity: 1))

    /// Calls `body` with pointers to the columns behind those that are `found`.
    @unsafe
    private static func withPlaces(
        _ columns: ArraySlice<ColumnText>, _ found: inout [Place], _ body: ([Place]) -> Int?
    ) -> Int? {
        guard let column = columns.first else { return unsafe body(found) }
        return unsafe column.withBuffers { bytes, ranges in
            // Safe: there are rows, so there are ranges; without bytes all values are empty.
            guard let ranges = ranges.baseAddress else { return unsafe body(found) }
            unsafe found.append(Place(bytes: bytes.baseAddress ?? nothing, ranges: ranges))
            return unsafe withPlaces(columns.dropFirst(), &found, body)
        }
    }

    /// Whether the record of value number `ordinal` of each column is the `count` bytes of
    /// `record`.
    @inline(__always)
    @unsafe
    private static func isRecord(
        _ ordinal: Int, _ literals: Literals, _ places: [Place], _ record: UnsafePointer<UInt8>,
        _ count: Int
    ) -> Bool {
        let lengths = literals.lengths
        var at = 0
        var literal = 0
        return unsafe literals.text.withUnsafeBufferPointer { text in
            let base = unsafe text.baseAddress ?? nothing
            for number in 0..<lengths.count {
                let length = lengths[number]
                // Safe: the literal lies in the text, and as many bytes are left of the record.
                guard length <= count - at,
                    unsafe isSame(base + literal, record + at, length)
                else { return false }
                at += length
                literal += length
                if number == lengths.count - 1 { break }
                let value = unsafe places[number].ranges[ordinal]
                // Safe: the same of the value.
                guard Int(value.count) <= count - at,
                    unsafe isSame(
                        places[number].bytes + Int(value.offset), record + at, Int(value.count))
                else { return false }
                at += Int(value.count)
            }
            return at == count
        }
    }

    /// Whether two runs of `count` bytes are the same; most are too short to call for help.
    @inline(__always)
    @unsafe
    private static func isSame(
        _ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ count: Int
    ) -> Bool {
        let (first, second) = unsafe (UnsafeRawPointer(a), UnsafeRawPointer(b))
        // Safe: all that is read lies within `count` bytes of both.
        if count >= 8, count <= 16 {
            let low =
                unsafe first.loadUnaligned(as: UInt64.self)
                ^ second.loadUnaligned(as: UInt64.self)
            let high =
                unsafe first.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
                ^ second.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
            return low | high == 0
        }
        if count >= 4, count < 8 {
            let low =
                unsafe first.loadUnaligned(as: UInt32.self)
                ^ second.loadUnaligned(as: UInt32.self)
            let high =
                unsafe first.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
                ^ second.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
            return low | high == 0
        }
        if count > 16 { return unsafe memcmp(a, b, count) == 0 }
        for index in 0..<count where unsafe a[index] != b[index] { return false }
        return true
    }
}
