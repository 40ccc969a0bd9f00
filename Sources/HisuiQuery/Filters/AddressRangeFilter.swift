import HisuiBytes

/// `ipv4_range(a, b)`, `ipv4_range(a/8)`, `ipv4_range(a)`, and `ipv6_range` likewise: values that
/// are an address of that version and lie between two, both included.
///
/// An address of version 4 is none of version 6, also where it is mapped into one.
struct AddressRangeFilter: ValueTest {
    let arguments: [[UInt8]]
    private let first: IPAddress
    private let last: IPAddress

    func matches(_ value: Span<UInt8>) -> Bool {
        guard let address = IPAddress.parse(value, 0..<value.count), address.isV4 == first.isV4
        else { return false }
        return Self.isOrdered(first, address) && Self.isOrdered(address, last)
    }

    private static func isOrdered(_ a: IPAddress, _ b: IPAddress) -> Bool {
        (a.high, a.low) <= (b.high, b.low)
    }

    func print(to out: inout String) {
        out += first.isV4 ? "ipv4_range(" : "ipv6_range("
        Quoting.append(list: arguments, to: &out)
        out += ")"
    }

    /// Takes `(a, b)`, `(a/8)` or `(a)`.
    static func parse(
        _ parser: inout Parser, isV4: Bool
    ) throws(QueryError) -> AddressRangeFilter {
        try parser.expect("(")
        let start = parser.current
        let arguments = try parser.valueList()
        let networks = arguments.compactMap { IPNetwork.parse($0.span, 0..<$0.count) }
            .filter { $0.address.isV4 == isV4 }
        if networks.count == arguments.count, let one = networks.first, let other = networks.last {
            if networks.count == 1 {
                return AddressRangeFilter(
                    arguments: arguments, first: one.address, last: one.last)
            }
            let areAddresses = networks.allSatisfy { $0.prefixLength == (isV4 ? 32 : 128) }
            if networks.count == 2, areAddresses, isOrdered(one.address, other.address) {
                return AddressRangeFilter(
                    arguments: arguments, first: one.address, last: other.address)
            }
        }
        let example = isV4 ? "10.0.0.0/8" : "2001:db8::/32"
        throw parser.error(
            "expected one address, a network like \(example), or the first and last address",
            at: start)
    }
}
