import HisuiBytes

/// `quantile(0.9, a, b)` and `median(a)`: of all values in the order of `sort`, empty ones left
/// out, the one at the place ⌊φ·n⌋ counted from 0, the last one for φ = 1.
///
/// Exact: every different value is kept until the end.
struct QuantileFunction: StatsFunction {
    let arguments: FunctionFields
    /// From 0 to 1; nil for the median.
    let phi: Double?
    /// As the query says it.
    let phiText: [UInt8]

    var fields: [String] { arguments.named }
    var open: OpenFields? { arguments.open }

    func print(to out: inout String) {
        guard phi != nil else { return arguments.printCall("median", to: &out) }
        out += "quantile("
        Quoting.append(phiText, to: &out)
        out += ", "
        arguments.print(to: &out)
        out += ")"
    }

    func accumulator() -> (any StatsAccumulator)? { Accumulator(phi: phi ?? 0.5) }

    /// Takes what stands after `quantile`.
    static func parse(_ parser: inout Parser) throws(QueryError) -> QuantileFunction {
        try parser.expect("(")
        let token = parser.current
        let (text, number) = try parser.number()
        guard (0...1).contains(number.value) else {
            throw parser.error("expected a quantile from 0 to 1, like 0.95", at: token)
        }
        guard parser.take(",") else { throw parser.expected("‘,’ and the name of a field") }
        let start = parser.current
        let fields = try parser.restOfFunctionFields()
        guard !fields.patterns.isEmpty else {
            throw parser.error("expected the name of a field", at: start)
        }
        return QuantileFunction(arguments: fields, phi: number.value, phiText: text)
    }

    private struct Accumulator: StatsAccumulator {
        let phi: Double
        var tally = ValueTally()

        init(phi: Double) { self.phi = phi }

        mutating func add(_ values: borrowing RowValues, _ own: Range<Int>, group: Int) {
            for index in own where !values.ranges[index].isEmpty {
                tally.add(values.bytes.span.extracting(values.ranges[index]), group: group)
            }
        }

        mutating func merge(_ other: any StatsAccumulator, groups: [Int]) {
            guard let other = other as? Accumulator else { return }
            tally.merge(other.tally, groups: groups)
        }

        func append(group: Int, to out: inout [UInt8]) {
            let values = tally.ordered(group: group)
            let total = values.reduce(0) { $0 + $1.count }
            guard total > 0 else { return }
            var place = min(total - 1, UInt64((phi * Double(total)).rounded(.down)))
            for (value, count) in values {
                if place < count {
                    out.append(contentsOf: value)
                    return
                }
                place -= count
            }
        }

        var memory: Int { tally.memory }
    }
}
