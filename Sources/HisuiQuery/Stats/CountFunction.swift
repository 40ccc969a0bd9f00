import HisuiBytes

/// `count()`: rows; `count(a, b)`: rows in which one of these fields has a value;
/// `count_empty(a, b)`: rows in which none has.
struct CountFunction: StatsFunction {
    enum Kind: Hashable, Sendable {
        case rows, values, empty
    }

    let arguments: FunctionFields
    let kind: Kind

    init(_ arguments: FunctionFields, empty: Bool) {
        self.arguments = arguments
        kind = empty ? .empty : arguments.patterns.isEmpty ? .rows : .values
    }

    var fields: [String] { arguments.named }
    var open: OpenFields? { arguments.open }

    func print(to out: inout String) {
        arguments.printCall(kind == .empty ? "count_empty" : "count", to: &out)
    }

    func accumulator() -> (any StatsAccumulator)? {
        kind == .rows ? nil : Accumulator(kind)
    }

    struct Accumulator: StatsAccumulator {
        private let kind: Kind
        private var counts: [UInt64] = []

        init(_ kind: Kind) { self.kind = kind }

        mutating func add(_ values: borrowing RowValues, _ own: Range<Int>, group: Int) {
            while counts.count <= group { counts.append(0) }
            var isEmpty = true
            for index in own where !values.ranges[index].isEmpty {
                isEmpty = false
                break
            }
            if kind == .rows || isEmpty == (kind == .empty) { counts[group] += 1 }
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
