/// A set of columns: one bit each.
struct ColumnSet: Sendable {
    private var words: [UInt64]

    /// - Parameter count: columns that there are; none is in the set at first.
    init(count: Int) { words = [UInt64](repeating: 0, count: count / 64 + 1) }

    var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    var byteCount: Int { words.count * MemoryLayout<UInt64>.stride }

    @inline(__always)
    func contains(_ column: Int) -> Bool { words[column >> 6] >> UInt64(column & 63) & 1 == 1 }

    /// Whether any of some neighbouring columns is in the set.
    @inline(__always)
    func containsAny(of columns: Range<Int>) -> Bool {
        if columns.isEmpty { return false }
        let last = (columns.upperBound - 1) >> 6
        var word = columns.lowerBound >> 6
        var bits = words[word] & (.max << UInt64(columns.lowerBound & 63))
        while word < last {
            if bits != 0 { return true }
            word += 1
            bits = words[word]
        }
        return bits & (.max >> UInt64(63 - (columns.upperBound - 1) & 63)) != 0
    }

    mutating func insert(_ column: Int) { words[column >> 6] |= 1 << UInt64(column & 63) }

    /// Adds the columns of another set of as many columns.
    mutating func formUnion(_ other: ColumnSet) {
        for word in words.indices { words[word] |= other.words[word] }
    }

    /// Adds those columns of another set of as many columns that lie in `columns`.
    mutating func formUnion(_ other: ColumnSet, in columns: ClosedRange<Int>) {
        let (first, last) = (columns.lowerBound >> 6, columns.upperBound >> 6)
        for word in first...last {
            var bits = other.words[word]
            if word == first { bits &= .max << UInt64(columns.lowerBound & 63) }
            if word == last { bits &= .max >> UInt64(63 - columns.upperBound & 63) }
            words[word] |= bits
        }
    }
}
