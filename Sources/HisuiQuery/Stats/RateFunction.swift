/// `rate()`: rows by the second.
struct RateFunction: StatsFunction {
    var fields: [String] { [] }
    var isRate: Bool { true }

    func print(to out: inout String) { out += "rate()" }

    func accumulator() -> (any StatsAccumulator)? { nil }

    /// Takes what stands after `rate`.
    static func parse(_ parser: inout Parser) throws(QueryError) -> RateFunction {
        try parser.expect("(")
        try parser.expect(")")
        return RateFunction()
    }
}
