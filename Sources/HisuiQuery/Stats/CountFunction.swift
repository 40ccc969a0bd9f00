import HisuiBytes

/// `count()`: rows; `count(a, b)`: rows in which one of these fields has a value.
struct CountFunction: StatsFunction {
    let fields: [String]

    func print(to out: inout String) { printCall("count", fields, to: &out) }

    func accumulator() -> (any StatsAccumulator)? {
        fields.isEmpty ? nil : Accumulator(fields: fields.count)
    }

    private struct Accumulator: StatsAccumulator {
        let fields: Int
        var counts: [UInt64] = []

        init(fields: Int) { self.fields = fields }

        mutating func add(_ values: borrowing RowValues, first: Int, group: Int) {
            while counts.count <= group { counts.append(0) }
            for index in first..<first + fields where !values.ranges[index].isEmpty {
                counts[group] += 1
                return
            }
        }

        mutating func merge(_ other: any StatsAccumulator, groups: [Int]) {
            guard let other = other as? Accumulator else { return }
            for (group, count) in other.counts.enumerated() {
                while counts.count <= groups[group] { counts.append(0) }
                counts[groups[group]] += count
            }
        }

        func append(group: Int, to out: inout [UInt8]) {
            out.appendDecimal(group < counts.count ? counts[group] : 0)
        }

        var memory: Int { counts.count * 8 }
    }
}
