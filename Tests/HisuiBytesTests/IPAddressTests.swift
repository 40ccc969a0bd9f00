import Glibc
import HisuiBytes
import Testing

@Suite struct IPAddressTests {
    private func parse(_ text: String) -> IPAddress? {
        let bytes = [UInt8](text)
        return IPAddress.parse(bytes.span, bytes.all)
    }

    private func network(_ text: String) -> IPNetwork? {
        let bytes = [UInt8](text)
        return IPNetwork.parse(bytes.span, bytes.all)
    }

    /// The address as the C library reads it, in network order.
    private func reference(_ text: String) -> [UInt8]? {
        guard !text.utf8.contains(0) else { return nil }
        var bytes = [UInt8](repeating: 0, count: 16)
        // Safe: 16 bytes are room for either version, and both texts end in a zero.
        if unsafe inet_pton(AF_INET, text, &bytes) == 1 { return Array(bytes[..<4]) }
        if unsafe inet_pton(AF_INET6, text, &bytes) == 1 { return bytes }
        return nil
    }

    private func networkOrder(_ address: IPAddress) -> [UInt8] {
        let wide = UInt128(address.high) << 64 | UInt128(address.low)
        let count = address.isV4 ? 4 : 16
        return (0..<count).map {
            UInt8(truncatingIfNeeded: wide >> UInt128((count - 1 - $0) * 8))
        }
    }

    @Test(arguments: [
        "0.0.0.0", "255.255.255.255", "192.0.2.3", "256.0.0.1", "1.2.3", "1.2.3.4.5", "01.2.3.4",
        "1.2.3.4 ", "1..2.3", ".1.2.3", "1.2.3.", "1.2.3.4x", "::", "::1", "1::", "1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7", "1::2::3", ":::", ":1", "1:", "::ffff:192.0.2.1",
        "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3.4", "1.2.3.4::", "::1.2.3.256",
        "12345::", "::g", "fe80::1%eth0", "[::1]", "2001:DB8::A", "1:2:3:4:5:6:7::",
        "::2:3:4:5:6:7:8",
        "1:2:3:4::5:6:7:8", "1::3:4:5:6:7:8", "", ":", "1", "::1.2.3", "0:0:0:0:0:0:0:0", "00000::",
        "::01", "0001::", "a.b.c.d", "1:::2", "1:2:3:4:5:6:7:8:", "1:2:3:4:5:6::1.2.3.4",
        "1:2:3:4:5::1.2.3.4", "::ffff:1.2.3.4:5",
    ])
    func readsWhatTheCLibraryReads(text: String) {
        #expect(parse(text).map(networkOrder) == reference(text))
    }

    @Test func randomTextsAndAddresses() throws {
        var random = Randomness()
        for _ in 0..<20_000 {
            let text = random.bytes(18, of: [UInt8]("::::1fF0..2")).text
            #expect(parse(text).map(networkOrder) == reference(text), "\(text)")
        }
        for _ in 0..<20_000 {
            // Zero groups often, so that shortening has work to do.
            var wide: UInt128 = 0
            for _ in 0..<8 {
                let group = Bool.random(using: &random) ? 0 : random.next() & 0xFFFF
                wide = wide << 16 | UInt128(group >> (random.next() % 16))
            }
            let address = IPAddress(
                v6High: UInt64(truncatingIfNeeded: wide >> 64),
                low: UInt64(truncatingIfNeeded: wide))
            #expect(parse("\(address)") == address)
            var bytes = networkOrder(address)
            var text = [CChar](repeating: 0, count: 64)
            // Safe: the library writes at most 64 bytes and a zero at their end.
            _ = unsafe inet_ntop(AF_INET6, &bytes, &text, 64)
            let expected = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }.text
            // The library also writes dots for the obsolete ::a.b.c.d, which RFC 5952 does not.
            if address.high != 0 || address.low >> 32 != 0 { #expect("\(address)" == expected) }
            let v4 = IPAddress(v4: UInt32(truncatingIfNeeded: random.next()))
            #expect(parse("\(v4)") == v4)
        }
    }

    @Test func canonicalText() {
        for (text, expected) in [
            ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:db8:0:1:1:1:1:1", nil),
            ("::", nil), ("::1", nil), ("1::", nil), ("::FFFF:192.0.2.1", "::ffff:192.0.2.1"),
            ("::ffff:c000:201", "::ffff:192.0.2.1"), ("0:0:1::", "0:0:1::"), ("10.0.0.1", nil),
        ] as [(String, String?)] {
            #expect(parse(text)?.description == expected ?? text)
        }
    }

    @Test func versionsAreNotEqualButCanBeUnmapped() {
        #expect(parse("::ffff:1.2.3.4") != parse("1.2.3.4"))
        #expect(parse("::ffff:1.2.3.4")?.unmapped == parse("1.2.3.4"))
        #expect(parse("::1.2.3.4")?.unmapped.isV4 == false)
    }

    @Test func scanningStopsAfterTheAddress() {
        let bytes = [UInt8]("x 192.0.2.3:54874")
        let found = IPAddress.scanV4(bytes.span, 2..<bytes.count)
        #expect(found?.end == 11)
        #expect(found?.address == 0xC000_0203)
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.255.255", true), ("10.0.0.0/8", "11.0.0.0", false),
        ("10.1.2.3/8", "10.9.9.9", true), ("0.0.0.0/0", "255.255.255.255", true),
        ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false),
        ("192.0.2.0/31", "192.0.2.1", true), ("192.0.2.0/31", "192.0.2.2", false),
        ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::", false),
        ("::/0", "ffff::", true), ("::/0", "1.2.3.4", false), ("fe80::/10", "febf::1", true),
        ("fe80::/10", "fec0::1", false), ("2001:db8::/64", "2001:db8::ffff:0:0:0", true),
        ("2001:db8::/65", "2001:db8::8000:0:0:0", false), ("::1/128", "::1", true),
        ("::1/128", "::", false), ("0.0.0.0/0", "::ffff:1.2.3.4", false),
    ])
    func containment(network: String, address: String, expected: Bool) throws {
        let range = try #require(self.network(network))
        #expect(range.contains(try #require(parse(address))) == expected)
    }

    @Test(arguments: [
        "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8/8", "::/129", "/8", "", "10.0.0/8",
        "10.0.0.0/0008",
    ])
    func noNetworks(text: String) {
        #expect(network(text) == nil)
    }

    @Test func networksAreCleared() {
        #expect(network("10.1.2.3/8")?.description == "10.0.0.0/8")
        #expect(network("2001:db8::ffff/32")?.description == "2001:db8::/32")
    }

    @Test(arguments: [
        ("10.1.2.3/8", "10.255.255.255"), ("10.1.2.3", "10.1.2.3"),
        ("0.0.0.0/0", "255.255.255.255"),
        ("192.0.2.128/25", "192.0.2.255"),
        ("2001:db8::/32", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("2001:db8::7", "2001:db8::7"), ("2001:db8::/64", "2001:db8::ffff:ffff:ffff:ffff"),
        ("2001:db8::/65", "2001:db8::7fff:ffff:ffff:ffff"),
        ("::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ])
    func lastOfANetwork(text: String, last: String) {
        #expect(network(text)?.last.description == last)
    }
}
