import HisuiBytes

/// `min(a, b)` and `max(a, b)`: the first and the last value in the order of `sort`, empty ones
/// left out.
struct MinMaxFunction: StatsFunction {
    let arguments: FunctionFields
    let isMax: Bool

    var fields: [String] { arguments.named }
    var open: OpenFields? { arguments.open }

    func print(to out: inout String) { arguments.printCall(isMax ? "max" : "min", to: &out) }

    func accumulator() -> (any StatsAccumulator)? {
        Accumulator(isMax: isMax)
    }

    private struct Accumulator: StatsAccumulator {
        let isMax: Bool
        var best: [(key: SortKey, text: [UInt8])] = []

        init(isMax: Bool) {
            self.isMax = isMax
        }

        mutating func add(_ values: borrowing RowValues, _ own: Range<Int>, group: Int) {
            while best.count <= group { best.append((.empty, [])) }
            for index in own where !values.ranges[index].isEmpty {
                let range = values.ranges[index]
                let key = SortKey(values.bytes.span.extracting(range))
                if key.isBetter(than: best[group].key, isMax: isMax) {
                    best[group] = (key, Array(values.bytes[range]))
                }
            }
        }

        mutating func merge(_ other: any StatsAccumulator, groups: [Int]) {
            guard let other = other as? Accumulator else { return }
            for (number, value) in other.best.enumerated() {
                let group = groups[number]
                while best.count <= group { best.append((.empty, [])) }
                if value.key.isBetter(than: best[group].key, isMax: isMax) { best[group] = value }
            }
        }

        func append(group: Int, to out: inout [UInt8]) {
            if group < best.count { out.append(contentsOf: best[group].text) }
        }

        var memory: Int { best.count * 128 }
    }
}
