/// `count() if (error)`: a function over the rows of its group that pass a filter.
struct ConditionalFunction: StatsFunction {
    let function: any StatsFunction
    let filter: Filter
    private let filterFields: [String]

    init(_ function: any StatsFunction, _ filter: Filter) {
        self.function = function
        self.filter = filter
        filterFields = filter.fields.sorted()
    }

    // Those of the filter first: how many they are is known.
    var fields: [String] { filterFields + function.fields }
    var open: OpenFields? { function.open }
    var isOrdered: Bool { function.isOrdered }
    var isRate: Bool { function.isRate }

    func print(to out: inout String) {
        function.print(to: &out)
        out += " if ("
        filter.print(to: &out)
        out += ")"
    }

    func accumulator() -> (any StatsAccumulator)? {
        let fields = filterFields
        return Accumulator(
            filter: RowFilter(filter) { name in Int32(fields.firstIndex(of: name) ?? 0) },
            filterFields: fields.count,
            base: function.accumulator() ?? CountFunction.Accumulator(.rows))
    }

    private struct Accumulator: StatsAccumulator {
        let filter: RowFilter
        let filterFields: Int
        var base: any StatsAccumulator

        mutating func add(_ values: borrowing RowValues, _ own: Range<Int>, group: Int) {
            guard filter.matches(values, from: Int32(own.lowerBound)) else { return }
            base.add(values, own.dropFirst(filterFields), group: group)
        }

        mutating func merge(_ other: any StatsAccumulator, groups: [Int]) {
            guard let other = other as? Accumulator else { return }
            base.merge(other.base, groups: groups)
        }

        func append(group: Int, to out: inout [UInt8]) { base.append(group: group, to: &out) }

        var memory: Int { base.memory }
    }
}
