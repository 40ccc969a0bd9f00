import HisuiBytes

/// `min(a, b)` and `max(a, b)`: the first and the last value in the order of `sort`, empty ones
/// left out.
struct MinMaxFunction: StatsFunction {
    let fields: [String]
    let isMax: Bool

    func print(to out: inout String) { printCall(isMax ? "max" : "min", fields, to: &out) }

    func accumulator() -> (any StatsAccumulator)? {
        Accumulator(fields: fields.count, isMax: isMax)
    }

    private struct Accumulator: StatsAccumulator {
        let fields: Int
        let isMax: Bool
        var best: [(key: SortKey, text: [UInt8])] = []

        init(fields: Int, isMax: Bool) {
            self.fields = fields
            self.isMax = isMax
        }

        mutating func add(_ values: borrowing RowValues, first: Int, group: Int) {
            while best.count <= group { best.append((.empty, [])) }
            for index in first..<first + fields where !values.ranges[index].isEmpty {
                let range = values.ranges[index]
                let key = SortKey(values.bytes.span.extracting(range))
                if isBetter(key, than: best[group].key) {
                    best[group] = (key, Array(values.bytes[range]))
                }
            }
        }

        private func isBetter(_ key: SortKey, than other: SortKey) -> Bool {
            if case .empty = key { return false }
            if case .empty = other { return true }
            let order = key.compare(other)
            return isMax ? order > 0 : order < 0
        }

        mutating func merge(_ other: any StatsAccumulator, groups: [Int]) {
            guard let other = other as? Accumulator else { return }
            for (number, value) in other.best.enumerated() {
                let group = groups[number]
                while best.count <= group { best.append((.empty, [])) }
                if isBetter(value.key, than: best[group].key) { best[group] = value }
            }
        }

        func append(group: Int, to out: inout [UInt8]) {
            if group < best.count { out.append(contentsOf: best[group].text) }
        }

        var memory: Int { best.count * 128 }
    }
}
