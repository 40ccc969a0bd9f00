import HisuiBytes

/// `count_uniq_hash(a, b)`: how many hashes of 64 bits the values have, or their combinations that
/// are not all empty. Of n values less than n²/2⁶⁵ share theirs with another, so the count is exact
/// but for one in thousands of searches over a hundred million values; values are not kept.
struct CountUniqHashFunction: StatsFunction {
    let arguments: FunctionFields

    var fields: [String] { arguments.named }

    func print(to out: inout String) { arguments.printCall("count_uniq_hash", to: &out) }

    func accumulator() -> (any StatsAccumulator)? { Accumulator() }

    private struct Accumulator: StatsAccumulator {
        private var hashes: [Set<UInt64>] = []
        private var count = 0
        private var key: [UInt8] = []

        mutating func add(_ values: borrowing RowValues, _ own: Range<Int>, group: Int) {
            key.removeAll(keepingCapacity: true)
            var hasValue = false
            for index in own {
                let range = values.ranges[index]
                if !range.isEmpty { hasValue = true }
                key.appendVarint(UInt64(range.count))
                key.append(values.bytes.span, range)
            }
            if hasValue { insert(Hash64.of(key.span), group) }
        }

        private mutating func insert(_ hash: UInt64, _ group: Int) {
            while hashes.count <= group { hashes.append([]) }
            if hashes[group].insert(hash).inserted { count += 1 }
        }

        mutating func merge(_ other: any StatsAccumulator, groups: [Int]) {
            guard let other = other as? Accumulator else { return }
            for (number, some) in other.hashes.enumerated() {
                for hash in some { insert(hash, groups[number]) }
            }
        }

        func append(group: Int, to out: inout [UInt8]) {
            out.appendDecimal(group < hashes.count ? hashes[group].count : 0)
        }

        // A set has room for up to twice as many as are in it.
        var memory: Int { hashes.count * 16 + count * 20 }
    }
}
