/// `string_range(a, b)`: by bytes, from `a` up to, not including, `b`.
struct StringRangeFilter: ValueTest {
    let lower: [UInt8]
    let upper: [UInt8]

    func matches(_ value: Span<UInt8>) -> Bool {
        ValueOrder.bytes(value, lower.span) >= 0 && ValueOrder.bytes(value, upper.span) < 0
    }

    func print(to out: inout String) {
        out += "string_range("
        Quoting.append(lower, to: &out)
        out += ","
        Quoting.append(upper, to: &out)
        out += ")"
    }

    /// Takes `(a, b)`.
    static func parse(_ parser: inout Parser) throws(QueryError) -> StringRangeFilter {
        try parser.expect("(")
        let start = parser.current
        let values = try parser.valueList()
        guard values.count == 2 else {
            throw parser.error("expected two values: the first one, and the end", at: start)
        }
        return StringRangeFilter(lower: values[0], upper: values[1])
    }
}
