/// `range(1, 10)`, `range[1, 10]`: numbers between two bounds; a bracket includes its bound.
struct RangeFilter: ValueTest {
    let lower: [UInt8]
    let upper: [UInt8]
    let includesLower: Bool
    let includesUpper: Bool
    private let least: Number
    private let greatest: Number

    func matches(_ value: Span<UInt8>) -> Bool {
        guard let value = Number(value) else { return false }
        return isAbove(value) && isBelow(value)
    }

    private func isAbove(_ value: Number) -> Bool {
        includesLower ? value >= least : value > least
    }

    private func isBelow(_ value: Number) -> Bool {
        includesUpper ? value <= greatest : value < greatest
    }

    func verdict(numbers: ClosedRange<UInt64>) -> Verdict {
        guard let first = Int64(exactly: numbers.lowerBound),
            let last = Int64(exactly: numbers.upperBound)
        else { return .depends }
        if !isBelow(Number(first)) || !isAbove(Number(last)) { return .never }
        return isAbove(Number(first)) && isBelow(Number(last)) ? .always : .depends
    }

    func print(to out: inout String) {
        out += includesLower ? "range[" : "range("
        Quoting.append(lower, to: &out)
        out += ","
        Quoting.append(upper, to: &out)
        out += includesUpper ? "]" : ")"
    }

    /// Takes the bounds with their brackets.
    static func parse(_ parser: inout Parser) throws(QueryError) -> RangeFilter {
        let includesLower = parser.take("[")
        if !includesLower { try parser.expect("(") }
        let (lower, least) = try parser.number()
        try parser.expect(",")
        let (upper, greatest) = try parser.number()
        let includesUpper = parser.take("]")
        if !includesUpper { try parser.expect(")") }
        return RangeFilter(
            lower: lower, upper: upper, includesLower: includesLower,
            includesUpper: includesUpper, least: least, greatest: greatest)
    }
}
