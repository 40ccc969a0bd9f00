import HisuiBytes

/// `uniq_values(a, b) limit N`: the different values that are not empty, as a JSON array of strings
/// in the order of `sort`.
///
/// With a limit those that are met first; no more than these are kept.
struct UniqValuesFunction: StatsFunction {
    let arguments: FunctionFields
    let limit: Int?

    var fields: [String] { arguments.named }
    var open: OpenFields? { arguments.open }

    func print(to out: inout String) {
        arguments.printCall("uniq_values", to: &out)
        if let limit { out += " limit \(limit)" }
    }

    func accumulator() -> (any StatsAccumulator)? { Accumulator(limit: limit ?? .max) }

    private struct Accumulator: StatsAccumulator {
        let limit: Int
        var tally = ValueTally()

        init(limit: Int) { self.limit = limit }

        mutating func add(_ values: borrowing RowValues, _ own: Range<Int>, group: Int) {
            for index in own where !values.ranges[index].isEmpty {
                tally.add(
                    values.bytes.span.extracting(values.ranges[index]), group: group, limit: limit)
            }
        }

        mutating func merge(_ other: any StatsAccumulator, groups: [Int]) {
            guard let other = other as? Accumulator else { return }
            tally.merge(other.tally, groups: groups, limit: limit)
        }

        func append(group: Int, to out: inout [UInt8]) {
            out.append(UInt8(ascii: "["))
            for (number, entry) in tally.ordered(group: group).enumerated() {
                if number > 0 { out.append(UInt8(ascii: ",")) }
                JSONText.appendString(entry.value.span, 0..<entry.value.count, to: &out)
            }
            out.append(UInt8(ascii: "]"))
        }

        var memory: Int { tally.memory }
    }
}
