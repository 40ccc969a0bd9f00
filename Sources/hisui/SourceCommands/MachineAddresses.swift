import Glibc
import HisuiBytes

/// The addresses at which other machines may reach this one.
enum MachineAddresses {
    /// Those of its interfaces, IPv4 first; without loopback and link-local ones.
    static func all() -> [IPAddress] {
        var list: UnsafeMutablePointer<ifaddrs>?
        // Safe: the call makes a list, which is read here and freed before the end.
        guard unsafe getifaddrs(&list) == 0 else { return [] }
        defer { unsafe freeifaddrs(list) }
        var found: [IPAddress] = []
        var next = unsafe list
        while let entry = unsafe next {
            // Safe: the entry belongs to the list.
            unsafe next = entry.pointee.ifa_next
            guard let name = unsafe entry.pointee.ifa_addr,
                let address = unsafe address(name), isReachable(address),
                !found.contains(address)
            else { continue }
            found.append(address)
        }
        return found.filter(\.isV4) + found.filter { !$0.isV4 }
    }

    private static func address(_ name: UnsafeMutablePointer<sockaddr>) -> IPAddress? {
        // Safe: the family says how large the structure behind the pointer is.
        switch unsafe Int32(name.pointee.sa_family) {
        case AF_INET:
            return unsafe name.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                unsafe IPAddress(v4: UInt32(bigEndian: $0.pointee.sin_addr.s_addr))
            }
        case AF_INET6:
            let raw = UnsafeRawPointer(name)
            // Safe: the address stands 8 bytes behind the structure's start, 16 bytes long.
            let high = unsafe raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            let low = unsafe raw.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
            return IPAddress(v6High: UInt64(bigEndian: high), low: UInt64(bigEndian: low))
        default: return nil
        }
    }

    /// Neither loopback nor link-local.
    private static func isReachable(_ address: IPAddress) -> Bool {
        if address.isV4 { return address.low >> 24 != 127 && address.low >> 16 != 0xA9FE }
        return !(address.high == 0 && address.low == 1) && address.high >> 54 != 0x3FA
    }
}
