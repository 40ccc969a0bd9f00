import CHisui
import HisuiBytes

/// The values of all slots of a shape, column by column.
///
/// Rows of a shape lie far apart in the arena, so each is visited once: its values are copied to
/// where those of their column are, and all that follows reads memory from start to end.
///
/// Keeps its memory from shape to shape.
struct ShapeValues {
    /// Spans of `bytes`, those of a column together.
    private var ranges: [ByteRange] = []
    private let bytes = ByteSink()
    /// Where the next value of each column goes in `bytes`.
    private var ends: [Int] = []
    private var rows = 0

    /// How many rows ahead memory is asked for.
    private static let ahead = 12

    /// Takes the values of `slots` slots in `rows` of `arena`.
    mutating func gather(_ rows: ArraySlice<UInt32>, slots: Int, of arena: borrowing RowArena) {
        self.rows = rows.count
        let values = rows.count * slots
        if ranges.count < values {
            let none = ByteRange(offset: 0, count: 0)
            ranges.append(contentsOf: repeatElement(none, count: values - ranges.count))
        }
        bytes.removeAll()
        if values == 0 { return }
        let room = transpose(rows, slots, arena)
        copy(rows, slots, arena, room)
    }

    /// Brings spans of the arena into columns, and sets `ends` to where each column begins.
    ///
    /// - Returns: how many bytes all columns take.
    private mutating func transpose(
        _ rows: ArraySlice<UInt32>, _ slots: Int, _ arena: borrowing RowArena
    ) -> Int {
        let count = rows.count
        // As a local array it is known to be the loop's alone.
        var ends: [Int] = []
        swap(&ends, &self.ends)
        defer { swap(&ends, &self.ends) }
        ends.removeAll(keepingCapacity: true)
        ends.append(contentsOf: repeatElement(0, count: slots))
        let firstSlots = arena.firstSlots.span
        unsafe arena.slots.withUnsafeBufferPointer { source in
            unsafe ranges.withUnsafeMutableBufferPointer { target in
                for (index, row) in rows.enumerated() {
                    let next = rows.startIndex + min(index + Self.ahead, count - 1)
                    let later = Int(firstSlots[Int(rows[next])])
                    // Safe: asking for memory reads none.
                    unsafe hisui_prefetch(source.baseAddress.map { unsafe $0 + later })
                    let first = Int(firstSlots[Int(row)])
                    for slot in 0..<slots {
                        let value = unsafe source[first + slot]
                        unsafe target[slot * count + index] = value
                        ends[slot] += Int(value.count)
                    }
                }
            }
        }
        var room = 0
        for slot in 0..<slots {
            let count = ends[slot]
            ends[slot] = room
            room += count + ByteSink.slack
        }
        return room
    }

    /// Copies values, and makes their spans those of the copies.
    private mutating func copy(
        _ rows: ArraySlice<UInt32>, _ slots: Int, _ arena: borrowing RowArena, _ room: Int
    ) {
        let count = rows.count
        // As above.
        var ends: [Int] = []
        swap(&ends, &self.ends)
        defer { swap(&ends, &self.ends) }
        let target = unsafe bytes.reserve(room)
        unsafe arena.bytes.withUnsafeBufferPointer { source in
            // Safe: an arena without bytes has only empty values, which are not copied.
            guard let base = source.baseAddress else { return }
            unsafe ranges.withUnsafeMutableBufferPointer { ranges in
                for index in 0..<count {
                    let later = min(index + Self.ahead, count - 1)
                    // Safe: asking for memory reads none.
                    unsafe hisui_prefetch(base + Int(ranges[later].offset))
                    for slot in 0..<slots {
                        let at = slot * count + index
                        let offset = unsafe Int(ranges[at].offset)
                        let length = unsafe Int(ranges[at].count)
                        let end = ends[slot]
                        // Safe: the value lies in the arena; each column has room for all its
                        // values and the slack behind them.
                        unsafe copyRun(
                            base + offset, target + end, length,
                            hasSlack: offset + ByteSink.slack <= source.count)
                        unsafe ranges[at].offset = UInt32(truncatingIfNeeded: end)
                        ends[slot] = end + length
                    }
                }
            }
        }
        unsafe bytes.finish(at: target + room)
    }

    /// Calls `body` with the values of a slot; there is at least one row.
    func withColumn<Result>(_ slot: Int, _ body: (ColumnValues) -> Result) -> Result {
        bytes.withBytes(upTo: bytes.count) { bytes in
            unsafe bytes.withUnsafeBufferPointer { bytes in
                unsafe ranges.withUnsafeBufferPointer { ranges in
                    // Safe: a shape with rows and slots has bytes, for there is slack behind each
                    // column; values lie in them.
                    guard let base = bytes.baseAddress, let ranges = ranges.baseAddress else {
                        preconditionFailure("values were gathered")
                    }
                    return body(
                        unsafe ColumnValues(
                            base: base, byteCount: bytes.count, ranges: ranges + slot * rows,
                            count: rows))
                }
            }
        }
    }
}
