import HisuiBytes

/// `count_uniq(a, b) limit N`: different values, or combinations of them, that are not all empty.
struct CountUniqFunction: StatsFunction {
    let arguments: FunctionFields
    let limit: Int?

    var fields: [String] { arguments.named }

    func print(to out: inout String) {
        arguments.printCall("count_uniq", to: &out)
        if let limit { out += " limit \(limit)" }
    }

    func accumulator() -> (any StatsAccumulator)? {
        Accumulator(limit: limit.map(UInt64.init) ?? .max)
    }

    private struct Accumulator: StatsAccumulator {
        let limit: UInt64
        /// Combinations seen, each after the four bytes of its group.
        var seen = GroupTable()
        var counts: [UInt64] = []
        private var key: [UInt8] = []

        init(limit: UInt64) {
            self.limit = limit
        }

        mutating func add(_ values: borrowing RowValues, _ own: Range<Int>, group: Int) {
            key.removeAll(keepingCapacity: true)
            key.appendLittleEndian(UInt32(group))
            var hasValue = false
            for index in own {
                let range = values.ranges[index]
                if !range.isEmpty { hasValue = true }
                key.appendVarint(UInt64(range.count))
                key.append(contentsOf: values.bytes[range])
            }
            if hasValue { insert(group) }
        }

        /// Counts the combination in `key`, if it is new.
        private mutating func insert(_ group: Int) {
            while counts.count <= group { counts.append(0) }
            guard counts[group] < limit else { return }
            let key = key
            if seen.number(of: key.span).isNew { counts[group] += 1 }
        }

        mutating func merge(_ other: any StatsAccumulator, groups: [Int]) {
            guard let other = other as? Accumulator else { return }
            for number in 0..<other.seen.count {
                let bytes = other.seen.bytes[other.seen.range(of: number)]
                let place = bytes.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
                key.removeAll(keepingCapacity: true)
                key.appendLittleEndian(UInt32(groups[place]))
                key.append(contentsOf: bytes.dropFirst(4))
                insert(groups[place])
            }
        }

        func append(group: Int, to out: inout [UInt8]) {
            out.appendDecimal(group < counts.count ? counts[group] : 0)
        }

        var memory: Int { seen.memory + counts.count * 8 }
    }
}
