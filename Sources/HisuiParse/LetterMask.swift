/// Which of the bytes of a word of eight are letters and digits of ASCII: a byte's top bit says so.
struct LetterMask {
    let bits: UInt64

    static let all: UInt64 = 0x8080_8080_8080_8080

    private static func repeated(_ byte: UInt8) -> UInt64 { UInt64(byte) &* 0x0101_0101_0101_0101 }

    /// - Parameter word: eight bytes, the first one lowest.
    @inline(__always)
    init(_ word: UInt64) {
        // Sums of seven bits each do not reach the next byte; their top bit says "at least".
        let low = word & ~Self.all
        let folded = low | Self.repeated(0x20)
        let alphabetic =
            (folded &+ Self.repeated(0x80 - 0x61)) & ~(folded &+ Self.repeated(0x80 - 0x7B))
        let digits = (low &+ Self.repeated(0x80 - 0x30)) & ~(low &+ Self.repeated(0x80 - 0x3A))
        bits = (alphabetic | digits) & ~word & Self.all
    }

    static func isLetter(_ byte: UInt8) -> Bool { LetterMask(UInt64(byte)).bits != 0 }
}
