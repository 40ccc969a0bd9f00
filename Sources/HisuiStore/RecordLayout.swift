import CHisui
import Glibc
import HisuiBytes
import HisuiShape

/// The columns of a shape and its literals, laid out so that records are put together, or compared,
/// without touching an object for each literal and slot.
final class RecordLayout: Sendable {
    let columns: [SlotColumn]
    /// All literals in a row, and the length of each.
    private let text: [UInt8]
    private let lengths: [UInt32]

    /// - Precondition: all columns have the same number of values, one column for each slot.
    init(shape: Shape, columns: [SlotColumn]) {
        precondition(columns.count == shape.slots.count, "one column for each slot")
        self.columns = columns
        text = Array(shape.literals.joined())
        lengths = shape.literals.map { UInt32($0.count) }
    }

    /// Length of literal number `number`.
    func literalCount(_ number: Int) -> UInt32 { lengths[number] }

    /// Appends the record of value number `ordinal` of each column.
    func appendRecord(_ ordinal: Int, to out: inout [UInt8]) {
        var total = text.count
        for column in columns { total += Int(column.ranges[ordinal].count) }
        let start = out.count
        out.append(contentsOf: repeatElement(0, count: total))
        unsafe out.withUnsafeMutableBufferPointer { out in
            var at = start
            unsafe walk(ordinal) { piece in
                // Safe: the lengths of all pieces are those that room was made for above.
                if let source = piece.baseAddress, let target = out.baseAddress {
                    unsafe memcpy(target + at, source, piece.count)
                }
                at += piece.count
            }
        }
    }

    /// Calls `body` with the pieces of a record, in order.
    @inline(__always)
    @unsafe
    private func walk(_ ordinal: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        unsafe text.withUnsafeBufferPointer { text in
            var literal = 0
            for number in 0...columns.count {
                let length = Int(lengths[number])
                // Safe: the lengths are those of the literals that `text` is made of.
                unsafe body(UnsafeBufferPointer(rebasing: text[literal..<literal + length]))
                literal += length
                if number == columns.count { return }
                let range = columns[number].ranges[ordinal].range
                unsafe columns[number].bytes.withUnsafeBufferPointer { bytes in
                    // Safe: the slice is checked against the buffer and used in here only.
                    unsafe body(UnsafeBufferPointer(rebasing: bytes[range]))
                }
            }
        }
    }
}

// Comparing many records.
extension RecordLayout {
    /// A column by pointer.
    @unsafe
    private struct Column {
        var bytes: UnsafePointer<UInt8>
        var ranges: UnsafePointer<ByteRange>
    }

    /// How many rows ahead a record is asked for: the rows of a shape lie far apart in memory.
    private static let ahead = 8

    /// The place in `ofShape` of the first row whose record is not what the columns say; nil if
    /// there is none.
    ///
    /// - Parameter ofShape: the rows of the shape, in the order of the columns.
    func firstDifference(_ ofShape: ArraySlice<UInt32>, in rows: borrowing RowArena) -> Int? {
        let offsets = rows.offsets.span
        let counts = rows.counts.span
        var found: [Column] = unsafe []
        return unsafe rows.bytes.withUnsafeBufferPointer { bytes in
            unsafe withColumns(0, &found) { columns in
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
                    let isSame = unsafe isRecord(
                        place - ofShape.startIndex, columns, base + Int(offsets[row]),
                        Int(counts[row]))
                    if !isSame { return place }
                }
                return nil
            }
        }
    }

    /// What is pointed at where there are no bytes: one byte that lives for ever.
    // Safe: it is never written to.
    private nonisolated(unsafe) static let nothing =
        unsafe UnsafePointer(UnsafeMutablePointer<UInt8>.allocate(capacity: 1))

    /// Calls `body` with pointers to all columns from number `number` on.
    @unsafe
    private func withColumns<Result>(
        _ number: Int, _ found: inout [Column], _ body: ([Column]) -> Result
    ) -> Result {
        if number == columns.count { return unsafe body(found) }
        return unsafe columns[number].bytes.withUnsafeBufferPointer { bytes in
            unsafe columns[number].ranges.withUnsafeBufferPointer { ranges in
                // Safe: there are rows, so there are ranges; without bytes all values are empty.
                guard let ranges = ranges.baseAddress else { return unsafe body(found) }
                unsafe found.append(
                    Column(bytes: bytes.baseAddress ?? Self.nothing, ranges: ranges))
                return unsafe withColumns(number + 1, &found, body)
            }
        }
    }

    /// Whether the record of value number `ordinal` of each column is the `count` bytes of
    /// `record`.
    @inline(__always)
    @unsafe
    private func isRecord(
        _ ordinal: Int, _ columns: [Column], _ record: UnsafePointer<UInt8>, _ count: Int
    ) -> Bool {
        var at = 0
        var literal = 0
        return unsafe text.withUnsafeBufferPointer { text in
            let base = unsafe text.baseAddress ?? Self.nothing
            for number in 0..<lengths.count {
                let length = Int(lengths[number])
                // Safe: the literal lies in the text, and as many bytes are left of the record.
                guard length <= count - at,
                    unsafe Self.isSame(base + literal, record + at, length)
                else { return false }
                at += length
                literal += length
                if number == lengths.count - 1 { break }
                let value = unsafe columns[number].ranges[ordinal]
                // Safe: the same of the value.
                guard Int(value.count) <= count - at,
                    unsafe Self.isSame(
                        columns[number].bytes + Int(value.offset), record + at, Int(value.count))
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
