/// An address of IP version 4 or 6.
///
/// Addresses of the two versions are never equal, also where one is mapped into the other;
/// `unmapped` is there for those who want that.
@frozen
public struct IPAddress: Hashable, Sendable {
    /// The upper 64 bits; 0 for version 4.
    public var high: UInt64
    /// The lower 64 bits; an address of version 4 is in the lowest 32.
    public var low: UInt64
    public var isV4: Bool

    @inlinable
    public init(v4: UInt32) {
        high = 0
        low = UInt64(v4)
        isV4 = true
    }

    @inlinable
    public init(v6High: UInt64, low: UInt64) {
        high = v6High
        self.low = low
        isV4 = false
    }

    /// The address of version 4 if this is one mapped into version 6 (`::ffff:a.b.c.d`).
    public var unmapped: IPAddress {
        !isV4 && high == 0 && low >> 32 == 0xFFFF ? IPAddress(v4: UInt32(low & 0xFFFF_FFFF)) : self
    }

    /// The address that the whole of `range` spells, or nil.
    ///
    /// Version 4 is four decimal numbers without leading zeros, so its text is always canonical;
    /// version 6 any form of RFC 4291, without zone (`%eth0`) and without brackets.
    public static func parse(_ bytes: Span<UInt8>, _ range: Range<Int>) -> IPAddress? {
        if let (end, address) = scanV4(bytes, range) {
            return end == range.upperBound ? IPAddress(v4: address) : nil
        }
        return parseV6(bytes, range)
    }

    /// Where the address of version 4 stands of one that is mapped into version 6 and written so
    /// (`::ffff:a.b.c.d`); the whole of `range` of any other text.
    public static func withoutMapping(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
        let start = range.lowerBound
        guard range.count >= 14, bytes[start] == 0x3A, bytes[start + 1] == 0x3A,
            bytes[start + 6] == 0x3A
        else { return range }
        for index in start + 2..<start + 6 where bytes[index] | 0x20 != 0x66 { return range }
        let inner = start + 7..<range.upperBound
        return scanV4(bytes, inner)?.end == range.upperBound ? inner : range
    }

    /// The address of version 4 at the start of `range`, whatever follows it.
    public static func scanV4(
        _ bytes: Span<UInt8>, _ range: Range<Int>
    ) -> (end: Int, address: UInt32)? {
        var at = range.lowerBound
        let end = range.upperBound
        var address: UInt32 = 0
        for part in 0..<4 {
            if part > 0 {
                guard at < end, bytes[at] == 0x2E else { return nil }
                at += 1
            }
            guard at < end, let first = TimeText.digit(bytes[at]) else { return nil }
            var value = first
            at += 1
            while at < end, let digit = TimeText.digit(bytes[at]) {
                value = value * 10 + digit
                if first == 0 || value > 255 { return nil }
                at += 1
            }
            address = address << 8 | UInt32(value)
        }
        return (at, address)
    }

    private static func parseV6(_ bytes: Span<UInt8>, _ range: Range<Int>) -> IPAddress? {
        guard range.count >= 2, range.count <= 45 else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        var groups = 0
        var gap: Int?
        var at = range.lowerBound
        let end = range.upperBound
        func push(_ group: UInt64) {
            high = high << 16 | low >> 48
            low = low << 16 | group
            groups += 1
        }
        if bytes[at] == 0x3A {
            guard bytes[at + 1] == 0x3A else { return nil }
            gap = 0
            at += 2
        }
        while at < end {
            if groups <= 6, let (stop, v4) = scanV4(bytes, at..<end), stop == end {
                push(UInt64(v4 >> 16))
                push(UInt64(v4 & 0xFFFF))
                at = end
                break
            }
            let start = at
            var group: UInt64 = 0
            while at < end, at - start < 4, let digit = HexText.digit(bytes[at]) {
                group = group << 4 | UInt64(digit)
                at += 1
            }
            guard at > start, groups < 8 else { return nil }
            push(group)
            if at == end { break }
            guard bytes[at] == 0x3A, at + 1 < end else { return nil }
            at += 1
            if bytes[at] == 0x3A {
                guard gap == nil else { return nil }
                gap = groups
                at += 1
            }
        }
        guard let gap else {
            return groups == 8 ? IPAddress(v6High: high, low: low) : nil
        }
        // "::" stands for at least one group; what came after it is already at the low end.
        guard groups < 8 else { return nil }
        let tail = (groups - gap) * 16
        let wide = UInt128(high) << 64 | UInt128(low)
        let after = tail == 0 ? 0 : wide & (UInt128.max >> UInt128(128 - tail))
        let before = gap == 0 ? 0 : (wide >> UInt128(tail)) << UInt128(128 - gap * 16)
        let whole = before | after
        return IPAddress(
            v6High: UInt64(truncatingIfNeeded: whole >> 64), low: UInt64(truncatingIfNeeded: whole))
    }

    /// Group 0 to 7 of an address of version 6.
    private func group(_ index: Int) -> UInt16 {
        let half = index < 4 ? high : low
        return UInt16(truncatingIfNeeded: half >> UInt64((3 - index % 4) * 16))
    }

    /// Appends the canonical text: dotted decimal, or RFC 5952 (lower case, the longest run of zero
    /// groups shortened, mapped addresses with dots).
    public func appendText(to out: inout [UInt8]) {
        if isV4 {
            appendDotted(UInt32(truncatingIfNeeded: low), to: &out)
            return
        }
        if unmapped.isV4 {
            out.append(utf8: "::ffff:")
            appendDotted(UInt32(truncatingIfNeeded: low), to: &out)
            return
        }
        var longest = 0..<0
        var start = 0
        for index in 0...8 where index == 8 || group(index) != 0 {
            if index - start > longest.count, index - start >= 2 { longest = start..<index }
            start = index + 1
        }
        var index = 0
        while index < 8 {
            if index == longest.lowerBound, !longest.isEmpty {
                out.append(0x3A)
                out.append(0x3A)
                index = longest.upperBound
                continue
            }
            if index > 0, index != longest.upperBound || longest.isEmpty { out.append(0x3A) }
            out.append(utf8: String(group(index), radix: 16))
            index += 1
        }
    }

    private func appendDotted(_ address: UInt32, to out: inout [UInt8]) {
        for shift: UInt32 in [24, 16, 8, 0] {
            if shift < 24 { out.append(0x2E) }
            out.appendDecimal(UInt64(address >> shift & 0xFF))
        }
    }
}

extension IPAddress: CustomStringConvertible {
    public var description: String {
        var out: [UInt8] = []
        appendText(to: &out)
        return String(decoding: out, as: UTF8.self)
    }
}

/// Addresses of one version that begin with the same bits: `10.0.0.0/8`, `2001:db8::/32`.
public struct IPNetwork: Hashable, Sendable {
    /// The first address of the network.
    public let address: IPAddress
    /// 0 to 32 for version 4, 0 to 128 for version 6.
    public let prefixLength: Int

    /// The network of the first `prefixLength` bits of `address`; nil if the length is out of
    /// range.
    ///
    /// Bits beyond the length are cleared.
    public init?(_ address: IPAddress, prefixLength: Int) {
        guard prefixLength >= 0, prefixLength <= (address.isV4 ? 32 : 128) else { return nil }
        self.prefixLength = prefixLength
        let (high, low) = IPNetwork.mask(prefixLength, isV4: address.isV4)
        var first = address
        first.high &= high
        first.low &= low
        self.address = first
    }

    /// The network that the whole of `range` spells: `ADDRESS/LENGTH`, or an address alone for the
    /// network of just that address.
    public static func parse(_ bytes: Span<UInt8>, _ range: Range<Int>) -> IPNetwork? {
        guard let slash = ByteSearch.first(of: 0x2F, in: bytes, range) else {
            return IPAddress.parse(bytes, range).flatMap {
                IPNetwork($0, prefixLength: $0.isV4 ? 32 : 128)
            }
        }
        guard range.upperBound - slash <= 4,
            let address = IPAddress.parse(bytes, range.lowerBound..<slash),
            let length = DecimalText.parseUnsigned(bytes, slash + 1..<range.upperBound)
        else { return nil }
        return IPNetwork(address, prefixLength: Int(length))
    }

    /// The last address of the network.
    public var last: IPAddress {
        let (high, low) = IPNetwork.mask(prefixLength, isV4: address.isV4)
        if address.isV4 { return IPAddress(v4: UInt32((address.low | ~low) & 0xFFFF_FFFF)) }
        return IPAddress(v6High: address.high | ~high, low: address.low | ~low)
    }

    /// Whether `address` is one of the network's, of the same version.
    public func contains(_ other: IPAddress) -> Bool {
        guard other.isV4 == address.isV4 else { return false }
        let (high, low) = IPNetwork.mask(prefixLength, isV4: address.isV4)
        return other.high & high == address.high && other.low & low == address.low
    }

    private static func mask(_ length: Int, isV4: Bool) -> (high: UInt64, low: UInt64) {
        if isV4 { return (0, length == 0 ? 0 : 0xFFFF_FFFF << UInt64(32 - length) & 0xFFFF_FFFF) }
        let high = length == 0 ? 0 : UInt64.max << UInt64(64 - min(length, 64))
        let low = length <= 64 ? 0 : UInt64.max << UInt64(128 - length)
        return (high, low)
    }
}

extension IPNetwork: CustomStringConvertible {
    public var description: String { "\(address)/\(prefixLength)" }
}
