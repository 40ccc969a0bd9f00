import HisuiBytes

/// `ipv6_range(a, b)`, `ipv6_range(a/32)`, `ipv6_range(a)`: values that are an IPv6 address and lie
/// between two, both included.
///
/// An address of version 4 is none of version 6, also where it is mapped into one.
struct IPv6RangeFilter: ValueTest {
    let arguments: [[UInt8]]
    private let first: IPAddress
    private let last: IPAddress

    func matches(_ value: Span<UInt8>) -> Bool {
        guard let address = IPAddress.parse(value, 0..<value.count), !address.isV4 else {
            return false
        }
        return Self.isOrdered(first, address) && Self.isOrdered(address, last)
    }

    private static func isOrdered(_ a: IPAddress, _ b: IPAddress) -> Bool {
        (a.high, a.low) <= (b.high, b.low)
    }

    func print(to out: inout String) {
        out += "ipv6_range("
        Quoting.append(list: arguments, to: &out)
        out += ")"
    }

    /// Takes `(a, b)`, `(a/32)` or `(a)`.
    static func parse(_ parser: inout Parser) throws(QueryError) -> IPv6RangeFilter {
        try parser.expect("(")
        let start = parser.current
        let arguments = try parser.valueList()
        let networks = arguments.compactMap { IPNetwork.parse($0.span, 0..<$0.count) }
            .filter { !$0.address.isV4 }
        if networks.count == arguments.count {
            if networks.count == 1 {
                return IPv6RangeFilter(
                    arguments: arguments, first: networks[0].address, last: networks[0].last)
            }
            if networks.count == 2, networks.allSatisfy({ $0.prefixLength == 128 }),
                isOrdered(networks[0].address, networks[1].address)
            {
                return IPv6RangeFilter(
                    arguments: arguments, first: networks[0].address, last: networks[1].address)
            }
        }
        throw parser.error(
            "expected one address, a network like 2001:db8::/32, or the first and last address",
            at: start)
    }
}

extension IPNetwork {
    /// The last address of a network of version 6.
    fileprivate var last: IPAddress {
        let highBits = UInt64(max(0, 64 - prefixLength))
        let lowBits = UInt64(min(64, 128 - prefixLength))
        return IPAddress(
            v6High: address.high | Self.ones(highBits), low: address.low | Self.ones(lowBits))
    }

    private static func ones(_ count: UInt64) -> UInt64 {
        count == 64 ? .max : (1 << count) - 1
    }
}
