import Glibc
import HisuiBytes
import HisuiShape

/// The columns of a shape and its literals, laid out so that records are put together without
/// touching an object for each literal and slot.
final class RecordLayout: Sendable {
    let columns: [SlotColumn]
    /// All literals in a row, and the length of each.
    private let text: [UInt8]
    private let lengths: [UInt32]
    /// Columns that make up the record; those beside it are behind them.
    let recordColumns: Int

    /// - Precondition: all columns have the same number of values, one column for each slot.
    init(shape: Shape, columns: [SlotColumn]) {
        precondition(columns.count == shape.slots.count, "one column for each slot")
        self.columns = columns
        recordColumns = shape.recordSlotCount
        text = Array(shape.literals.joined())
        lengths = shape.literals.map { UInt32($0.count) }
    }

    /// Length of literal number `number`.
    func literalCount(_ number: Int) -> UInt32 { lengths[number] }

    /// Appends the record of value number `ordinal` of each column.
    func appendRecord(_ ordinal: Int, to out: inout [UInt8]) {
        var total = text.count
        for column in columns[..<recordColumns] { total += Int(column.ranges[ordinal].count) }
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
            for number in 0...recordColumns {
                let length = Int(lengths[number])
                // Safe: the lengths are those of the literals that `text` is made of.
                unsafe body(UnsafeBufferPointer(rebasing: text[literal..<literal + length]))
                literal += length
                if number == recordColumns { return }
                let range = columns[number].ranges[ordinal].range
                unsafe columns[number].bytes.withUnsafeBufferPointer { bytes in
                    // Safe: the slice is checked against the buffer and used in here only.
                    unsafe body(UnsafeBufferPointer(rebasing: bytes[range]))
                }
            }
        }
    }
}
