import HisuiBytes

/// `sum_len(a, b)`: how many bytes all values have together.
struct SumLengthFunction: StatsFunction {
    let arguments: FunctionFields

    var fields: [String] { arguments.named }
    var open: OpenFields? { arguments.open }

    func print(to out: inout String) { arguments.printCall("sum_len", to: &out) }

    func accumulator() -> (any StatsAccumulator)? { Accumulator() }

    private struct Accumulator: StatsAccumulator {
        var sums: [UInt64] = []

        mutating func add(_ values: borrowing RowValues, _ own: Range<Int>, group: Int) {
            while sums.count <= group { sums.append(0) }
            for index in own { sums[group] += UInt64(values.ranges[index].count) }
        }

        mutating func merge(_ other: any StatsAccumulator, groups: [Int]) {
            guard let other = other as? Accumulator else { return }
            for (number, sum) in other.sums.enumerated() {
                while sums.count <= groups[number] { sums.append(0) }
                sums[groups[number]] += sum
            }
        }

        func append(group: Int, to out: inout [UInt8]) {
            out.appendDecimal(group < sums.count ? sums[group] : 0)
        }

        var memory: Int { sums.count * 8 }
    }
}
