import HisuiBytes

/// IPv4 addresses as text.
enum IPv4Text {
    /// Appends four numbers with points between them.
    static func append(_ address: UInt32, to out: inout [UInt8]) {
        for shift: UInt32 in [24, 16, 8, 0] {
            if shift < 24 { out.append(0x2E) }
            out.appendDecimal(UInt64(address >> shift & 0xFF))
        }
    }
}
