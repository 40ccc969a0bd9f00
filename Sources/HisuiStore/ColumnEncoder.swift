import HisuiBytes
import HisuiShape

/// Writes columns: picks an encoding for the values and appends them to a chunk.
///
/// Keeps its scratch memory from column to column; nothing is allocated once it has grown.
struct ColumnEncoder {
    private var values: [ByteRange] = []
    private var indices: [UInt16] = []
    /// Distinct values of the column, and an open-addressing table of their numbers plus 1.
    private var distinct: [ByteRange] = []
    private var table = [UInt16](repeating: 0, count: tableSize)
    private var usedSlots: [Int] = []

    private static let tableSize = 16_384
    /// A dictionary's index is two bytes at most, and its table a quarter full.
    private static let distinctMax = 4096
    /// Below this a dictionary saves nothing.
    private static let dictionaryRowsMin = 16

    /// Appends the values of slot `slot` in `rows`.
    mutating func append(
        slot: Int, rows: ArraySlice<UInt32>, of arena: borrowing RowArena, to out: inout [UInt8]
    ) -> ColumnEncoding {
        values.removeAll(keepingCapacity: true)
        for row in rows { values.append(arena.slots[Int(arena.firstSlots[Int(row)]) + slot]) }
        let bytes = arena.bytes.span
        if isConstant(bytes) {
            if let first = values.first { out.append(bytes, first) }
            return .constant
        }
        if findDistinct(bytes) {
            appendDictionary(bytes, to: &out)
            return distinct.count <= 256 ? .dictionary8 : .dictionary16
        }
        for value in values { out.appendVarint(UInt64(value.count)) }
        for value in values { out.append(bytes, value) }
        return .text
    }

    private func isConstant(_ bytes: Span<UInt8>) -> Bool {
        guard let first = values.first else { return true }
        for value in values where !isEqual(bytes, first, value) { return false }
        return true
    }

    private func isEqual(_ bytes: Span<UInt8>, _ a: ByteRange, _ b: ByteRange) -> Bool {
        guard a.count == b.count else { return false }
        var i = Int(a.offset)
        var j = Int(b.offset)
        let end = i + Int(a.count)
        while i < end {
            if bytes[i] != bytes[j] { return false }
            i += 1
            j += 1
        }
        return true
    }

    /// Numbers the values by first appearance; false if there are too many for a dictionary.
    private mutating func findDistinct(_ bytes: Span<UInt8>) -> Bool {
        guard values.count >= Self.dictionaryRowsMin else { return false }
        let most = min(Self.distinctMax, values.count / 4)
        indices.removeAll(keepingCapacity: true)
        distinct.removeAll(keepingCapacity: true)
        defer {
            for slot in usedSlots { table[slot] = 0 }
            usedSlots.removeAll(keepingCapacity: true)
        }
        for value in values {
            let hash = Hash64.of(bytes.extracting(value.range))
            var slot = Int(truncatingIfNeeded: hash) & (Self.tableSize - 1)
            while true {
                let entry = table[slot]
                if entry == 0 {
                    if distinct.count == most { return false }
                    distinct.append(value)
                    table[slot] = UInt16(distinct.count)
                    usedSlots.append(slot)
                    indices.append(UInt16(distinct.count - 1))
                    break
                }
                if isEqual(bytes, distinct[Int(entry) - 1], value) {
                    indices.append(entry - 1)
                    break
                }
                slot = (slot + 1) & (Self.tableSize - 1)
            }
        }
        return true
    }

    private func appendDictionary(_ bytes: Span<UInt8>, to out: inout [UInt8]) {
        out.appendVarint(UInt64(distinct.count))
        for value in distinct { out.appendVarint(UInt64(value.count)) }
        for value in distinct { out.append(bytes, value) }
        for index in indices { out.append(UInt8(truncatingIfNeeded: index)) }
        if distinct.count > 256 {
            for index in indices { out.append(UInt8(truncatingIfNeeded: index >> 8)) }
        }
    }
}

// Row columns.
extension ColumnEncoder {
    /// Appends one integer a row, near one another or not.
    static func append(integers: [Int64], to out: inout [UInt8]) -> ColumnEncoding {
        let first = integers.first ?? 0
        if integers.allSatisfy({ $0 == first }) {
            out.appendLittleEndian(first)
            return .integerConstant
        }
        let exponent = [9, 6, 3].first { exponent in
            let unit = powerOfTen(exponent)
            return integers.allSatisfy { $0 % unit == 0 }
        }
        let unit = powerOfTen(exponent ?? 0)
        out.append(UInt8(exponent ?? 0))
        var previous: Int64 = 0
        for value in integers {
            let scaled = value / unit
            out.appendSignedVarint(scaled &- previous)
            previous = scaled
        }
        return .integerDelta
    }

    /// Appends one small number a row.
    static func append(numbers: [UInt32], to out: inout [UInt8]) -> ColumnEncoding {
        let first = numbers.first ?? 0
        var greatest: UInt32 = 0
        var isConstant = true
        for value in numbers {
            greatest = max(greatest, value)
            if value != first { isConstant = false }
        }
        if isConstant {
            out.appendLittleEndian(Int64(first))
            return .integerConstant
        }
        let width = (UInt32.bitWidth - greatest.leadingZeroBitCount + 7) / 8
        out.append(UInt8(width))
        for plane in 0..<width {
            let shift = UInt32(plane * 8)
            for value in numbers { out.append(UInt8(truncatingIfNeeded: value >> shift)) }
        }
        return .integerPlanes
    }

    static func powerOfTen(_ exponent: Int) -> Int64 {
        var power: Int64 = 1
        for _ in 0..<exponent { power *= 10 }
        return power
    }
}
