import HisuiStore

/// A set of rows: one bit each.
struct Bitmap: Sendable {
    private(set) var words: [UInt64]
    let count: Int

    /// - Parameter all: whether every row is in the set at first, or none.
    init(count: Int, all: Bool) {
        self.count = count
        words = [UInt64](repeating: all ? .max : 0, count: (count + 63) / 64)
        if all, count % 64 != 0 { words[words.count - 1] = (1 << UInt64(count % 64)) - 1 }
    }

    var isEmpty: Bool { words.allSatisfy { $0 == 0 } }
    /// How many rows are in the set.
    ///
    /// Complexity: O(count).
    var population: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    @inline(__always)
    func contains(_ row: Int) -> Bool { words[row >> 6] >> UInt64(row & 63) & 1 == 1 }

    /// Whether any row of `range` is in the set.
    func containsAny(of range: Range<Int>) -> Bool {
        var row = range.lowerBound
        while row < range.upperBound {
            let word = words[row >> 6] >> UInt64(row & 63)
            if word != 0 { return row + word.trailingZeroBitCount < range.upperBound }
            row = (row >> 6 + 1) << 6
        }
        return false
    }

    mutating func insert(_ row: Int) { words[row >> 6] |= 1 << UInt64(row & 63) }

    mutating func remove(_ row: Int) { words[row >> 6] &= ~(1 << UInt64(row & 63)) }

    mutating func formUnion(_ other: Bitmap) {
        for index in words.indices { words[index] |= other.words[index] }
    }

    mutating func formIntersection(_ other: Bitmap) {
        for index in words.indices { words[index] &= other.words[index] }
    }

    mutating func subtract(_ other: Bitmap) {
        for index in words.indices { words[index] &= ~other.words[index] }
    }

    mutating func removeAll() {
        for index in words.indices { words[index] = 0 }
    }

    /// Keeps the rows of `kept`, which are numbered as these.
    mutating func keep(_ kept: RunRows) {
        switch kept {
        case .all: return
        case .none: removeAll()
        case .some(let stretches):
            var from = 0
            for stretch in stretches {
                remove(from..<stretch.lowerBound)
                from = stretch.upperBound
            }
            remove(from..<count)
        }
    }

    /// Keeps of the rows those of `ordinals`.
    mutating func keep(_ ordinals: [Int]) {
        let kept = ordinals.filter(contains)
        removeAll()
        for ordinal in kept { insert(ordinal) }
    }

    /// Removes the rows of `range`.
    mutating func remove(_ range: Range<Int>) {
        var row = range.lowerBound
        while row < range.upperBound {
            let end = min(range.upperBound, (row >> 6 + 1) << 6)
            let bits = end - row
            let mask: UInt64 = bits == 64 ? .max : (1 << UInt64(bits) - 1) << UInt64(row & 63)
            words[row >> 6] &= ~mask
            row = end
        }
    }

    /// Calls `body` with each row of the set, ascending.
    @inline(__always)
    func forEach<E: Error>(_ body: (Int) throws(E) -> Void) throws(E) {
        for index in words.indices {
            var word = words[index]
            while word != 0 {
                try body(index << 6 + word.trailingZeroBitCount)
                word &= word - 1
            }
        }
    }

    /// Calls `body` with each row of the set that lies in `range`, ascending.
    @inline(__always)
    func forEach(in range: Range<Int>, _ body: (Int) -> Void) {
        var row = range.lowerBound
        while row < range.upperBound {
            let word = words[row >> 6] >> UInt64(row & 63)
            if word == 0 {
                row = (row >> 6 + 1) << 6
                continue
            }
            row += word.trailingZeroBitCount
            if row < range.upperBound { body(row) }
            row += 1
        }
    }

    /// Keeps the rows for which `keeps` is true.
    @inline(__always)
    mutating func filter<E: Error>(_ keeps: (Int) throws(E) -> Bool) throws(E) {
        for index in words.indices where words[index] != 0 {
            var word = words[index]
            var kept = word
            while word != 0 {
                let bit = word & (~word + 1)
                if try !keeps(index << 6 + word.trailingZeroBitCount) { kept &= ~bit }
                word &= word - 1
            }
            words[index] = kept
        }
    }
}
