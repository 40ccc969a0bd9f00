import HisuiBytes

/// `values(a, b) limit N`: all values, empty ones too, as a JSON array of strings; those of earlier
/// rows first.
struct ValuesFunction: StatsFunction {
    let arguments: FunctionFields
    let limit: Int?

    var fields: [String] { arguments.named }
    var open: OpenFields? { arguments.open }
    var isOrdered: Bool { true }

    func print(to out: inout String) {
        arguments.printCall("values", to: &out)
        if let limit { out += " limit \(limit)" }
    }

    func accumulator() -> (any StatsAccumulator)? { Accumulator(limit: limit ?? .max) }

    private struct Accumulator: StatsAccumulator {
        let limit: Int
        /// For each group the strings with commas between them, and how many they are.
        var texts: [(text: [UInt8], count: Int)] = []
        private(set) var memory = 0

        init(limit: Int) { self.limit = limit }

        mutating func add(_ values: borrowing RowValues, _ own: Range<Int>, group: Int) {
            makeRoom(for: group)
            for index in own where texts[group].count < limit {
                let before = texts[group].text.count
                if texts[group].count > 0 { texts[group].text.append(UInt8(ascii: ",")) }
                JSONText.appendString(
                    values.bytes.span, values.ranges[index], to: &texts[group].text)
                texts[group].count += 1
                memory += 2 * (texts[group].text.count - before)
            }
        }

        private mutating func makeRoom(for group: Int) {
            while texts.count <= group {
                texts.append(([], 0))
                memory += 64
            }
        }

        /// Only for rows in the order of time, which come one after the other into one accumulator:
        /// there is nothing to merge.
        mutating func merge(_ other: any StatsAccumulator, groups: [Int]) {
            preconditionFailure("rows in order are gathered in one place")
        }

        func append(group: Int, to out: inout [UInt8]) {
            out.append(UInt8(ascii: "["))
            if group < texts.count { out.append(contentsOf: texts[group].text) }
            out.append(UInt8(ascii: "]"))
        }
    }
}
