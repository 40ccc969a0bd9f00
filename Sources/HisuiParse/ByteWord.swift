/// Eight bytes as a number, the first one lowest.
extension UInt64 {
    /// The top bit of the first byte that is `byte` is set, and none below it; 0 if there is none.
    ///
    /// Bits above say nothing.
    @inline(__always)
    func bytes(equalTo byte: UInt8) -> UInt64 {
        let other = self ^ 0x0101_0101_0101_0101 &* UInt64(byte)
        return (other &- 0x0101_0101_0101_0101) & ~other & 0x8080_8080_8080_8080
    }

    /// How many of the first bytes are digits.
    @inline(__always)
    var digitCount: Int {
        // A sum of more than 8 bits reaches into the next byte only, behind the one looked for.
        let value = self ^ 0x3030_3030_3030_3030
        let others = (value &+ 0x7676_7676_7676_7676 | value) & 0x8080_8080_8080_8080
        return others.trailingZeroBitCount / 8
    }

    /// The number that the first `count` bytes write, 1 to 8 digits.
    @inline(__always)
    func decimal(_ count: Int) -> Int {
        // At the top, with zeros for the digits before them; then pairs of digits become numbers,
        // pairs of those, and the last pair.
        let digits = self &<< UInt64(truncatingIfNeeded: 64 &- count &* 8)
        let tens = ((digits & 0x0F0F_0F0F_0F0F_0F0F) &* 2561) &>> 8
        let hundreds = ((tens & 0x00FF_00FF_00FF_00FF) &* 6_553_601) &>> 16
        return Int(
            truncatingIfNeeded: ((hundreds & 0x0000_FFFF_0000_FFFF) &* 42_949_672_960_001) &>> 32)
    }
}
