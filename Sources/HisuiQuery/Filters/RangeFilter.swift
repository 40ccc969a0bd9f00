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
        return (includesLower ? value >= least : value > least)
            && (includesUpper ? value <= greatest : value < greatest)
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
