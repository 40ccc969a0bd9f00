/// `len_range(a, b)`: the value has a to b characters, both included.
struct LengthRangeFilter: ValueTest {
    let lower: [UInt8]
    let upper: [UInt8]
    private let least: Number
    private let greatest: Number

    func matches(_ value: Span<UInt8>) -> Bool {
        var characters = 0
        var index = 0
        while index < value.count {
            index += Scalars.first(in: value, index..<value.count).1
            characters += 1
        }
        let length = Number(Int64(characters))
        return least <= length && length <= greatest
    }

    func print(to out: inout String) {
        out += "len_range("
        Quoting.append(lower, to: &out)
        out += ","
        Quoting.append(upper, to: &out)
        out += ")"
    }

    /// Takes `(a, b)`.
    static func parse(_ parser: inout Parser) throws(QueryError) -> LengthRangeFilter {
        try parser.expect("(")
        let (lower, least) = try parser.number()
        try parser.expect(",")
        let (upper, greatest) = try parser.number()
        try parser.expect(")")
        return LengthRangeFilter(lower: lower, upper: upper, least: least, greatest: greatest)
    }
}
