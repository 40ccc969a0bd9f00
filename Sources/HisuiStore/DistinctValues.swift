import HisuiBytes

/// The different values of a column, numbered by first appearance: what a dictionary is made of.
///
/// Keeps its memory from column to column.
struct DistinctValues {
    /// For each row the number of its value.
    private var indices: [UInt16] = []
    private(set) var distinct: [ByteRange] = []
    /// An open-addressing table of numbers plus 1.
    private var table = [UInt16](repeating: 0, count: tableSize)

    private static let tableSize = 16_384
    /// So many different values at most: an index has two bytes, the table is a quarter full.
    static let most = 4096
    /// After so many rows a column in which most values are new is given up.
    private static let trialRows = 512

    var count: Int { distinct.count }

    /// Numbers the values; false if there are more than `most` different ones.
    mutating func find(_ values: ColumnValues, most: Int) -> Bool {
        if indices.count < values.count {
            indices.append(contentsOf: repeatElement(0, count: values.count - indices.count))
        }
        distinct.removeAll(keepingCapacity: true)
        let isFew = number(values, most)
        clear(values)
        return isFew
    }

    private mutating func number(_ values: ColumnValues, _ most: Int) -> Bool {
        var last = ByteRange(offset: 0, count: .max)
        var lastNumber: UInt16 = 0
        for row in 0..<values.count {
            // Safe: below `count`.
            let value = values.range(row)
            if values.isEqual(last, value) {
                indices[row] = lastNumber
                continue
            }
            if row >= Self.trialRows, row < 2 * Self.trialRows, distinct.count > row / 2 {
                return false
            }
            var slot = Int(truncatingIfNeeded: values.hash(value)) & (Self.tableSize - 1)
            while true {
                let entry = table[slot]
                if entry == 0 {
                    guard distinct.count < most else { return false }
                    distinct.append(value)
                    table[slot] = UInt16(distinct.count)
                    lastNumber = UInt16(distinct.count - 1)
                    break
                }
                if values.isEqual(distinct[Int(entry) - 1], value) {
                    lastNumber = entry - 1
                    break
                }
                slot = (slot + 1) & (Self.tableSize - 1)
            }
            indices[row] = lastNumber
            last = value
        }
        return true
    }

    /// Empties the table: wholly, or the entries that are used if those are few.
    private mutating func clear(_ values: ColumnValues) {
        if distinct.count > Self.tableSize / 16 {
            for slot in table.indices { table[slot] = 0 }
            return
        }
        for value in distinct {
            var slot = Int(truncatingIfNeeded: values.hash(value)) & (Self.tableSize - 1)
            // A run of used entries holds the value; emptying all of it is right, for every run
            // belongs to values of this column.
            while table[slot] != 0 {
                table[slot] = 0
                slot = (slot + 1) & (Self.tableSize - 1)
            }
        }
    }

    /// Number of values, their lengths, the values; then the number of each row's value.
    func append(_ values: ColumnValues, to out: ByteSink) {
        var total = 0
        for value in distinct { total += Int(value.count) }
        let isWide = distinct.count > 256
        var end = unsafe out.reserve(
            total + 5 * distinct.count + values.count * (isWide ? 2 : 1) + 5)
        // Safe: room for all of it is reserved.
        unsafe appendVarint(UInt32(distinct.count), &end)
        for value in distinct { unsafe appendVarint(value.count, &end) }
        for value in distinct { unsafe values.copy(value, &end) }
        for row in 0..<values.count {
            unsafe end.pointee = UInt8(truncatingIfNeeded: indices[row])
            unsafe end += 1
        }
        if isWide {
            for row in 0..<values.count {
                unsafe end.pointee = UInt8(truncatingIfNeeded: indices[row] >> 8)
                unsafe end += 1
            }
        }
        unsafe out.finish(at: end)
    }
}
