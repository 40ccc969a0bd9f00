import HisuiBytes

/// `ipv4_range(a, b)`, `ipv4_range(a/8)`, `ipv4_range(a)`: values that are an IPv4 address and lie
/// between two, both included.
struct IPv4RangeFilter: ValueTest {
    let arguments: [[UInt8]]
    private let range: ClosedRange<UInt32>

    func matches(_ value: Span<UInt8>) -> Bool {
        guard let address = Number.ipv4(value, 0..<value.count) else { return false }
        return range.contains(address)
    }

    func print(to out: inout String) {
        out += "ipv4_range("
        Quoting.append(list: arguments, to: &out)
        out += ")"
    }

    /// Takes `(a, b)`, `(a/8)` or `(a)`.
    static func parse(_ parser: inout Parser) throws(QueryError) -> IPv4RangeFilter {
        try parser.expect("(")
        let start = parser.current
        let arguments = try parser.valueList()
        let bounds = arguments.map { network($0) }
        let range: ClosedRange<UInt32>?
        switch bounds.count {
        case 1: range = bounds[0]
        case 2:
            if let first = bounds[0], let last = bounds[1], first.lowerBound <= last.upperBound,
                first.count == 1, last.count == 1
            {
                range = first.lowerBound...last.upperBound
            } else {
                range = nil
            }
        default: range = nil
        }
        guard let range else {
            throw parser.error(
                "expected one address, a network like 10.0.0.0/8, or the first and last address",
                at: start)
        }
        return IPv4RangeFilter(arguments: arguments, range: range)
    }

    /// The addresses of `a.b.c.d` or `a.b.c.d/n`.
    private static func network(_ text: [UInt8]) -> ClosedRange<UInt32>? {
        let slash = text.firstIndex(of: UInt8(ascii: "/")) ?? text.count
        guard let address = Number.ipv4(text.span, 0..<slash) else { return nil }
        if slash == text.count { return address...address }
        guard let bits = DecimalText.parseUnsigned(text.span, slash + 1..<text.count), bits <= 32
        else { return nil }
        let mask = bits == 0 ? 0 : UInt32.max << UInt32(32 - bits)
        return (address & mask)...(address | ~mask)
    }
}
