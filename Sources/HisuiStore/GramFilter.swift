import HisuiBytes

/// Which runs of four bytes occur in the text of a chunk: what tells a search for a word, a phrase,
/// a part of a word or Japanese text that it need not read the chunk.
///
/// A set of bits, one for each hash of four bytes that occur next to each other in a value, ASCII
/// letters in lower case. Its size is a power of two, as small as leaves it sparse; a smaller set
/// is made from a larger one by laying its halves on each other. It says "not there" or "maybe".
struct GramFilter {
    private var words = [UInt64](repeating: 0, count: 1 << (logSizeMax - 6))
    /// Bits that are set.
    private(set) var count = 0

    static let gramBytes = 4
    /// 2^20 bits, 128 KiB: more are not sparse in a chunk of that many bytes of noise.
    static let logSizeMax = 20
    static let logSizeMin = 6
    /// One bit in so many may be set.
    private static let sparseness = 4

    var isEmpty: Bool { count == 0 }

    @inline(__always)
    static func hash(_ gram: UInt32) -> UInt32 {
        // ASCII upper case to lower, four at a time: bit 5 is set where a byte lies in A to Z.
        let low = gram & 0x7F7F_7F7F
        let fromA = low &+ 0x3F3F_3F3F
        let toZ = low &+ 0x2525_2525
        let upper = (fromA & ~toZ & ~gram & 0x8080_8080) &>> 2
        let folded = gram | upper
        return UInt32(truncatingIfNeeded: (UInt64(folded) &* 0x9E37_79B9_7F4A_7C15) &>> 44)
    }

    /// Adds the grams of the value that `count` bytes are.
    @unsafe
    mutating func insert(_ value: UnsafePointer<UInt8>, _ count: Int) {
        guard count >= Self.gramBytes else { return }
        let raw = unsafe UnsafeRawPointer(value)
        for at in 0...count - Self.gramBytes {
            // Safe: four bytes from `at` on lie in the value.
            let gram = unsafe raw.loadUnaligned(fromByteOffset: at, as: UInt32.self)
            let bit = Int(Self.hash(UInt32(littleEndian: gram)))
            let mask: UInt64 = 1 &<< UInt64(bit & 63)
            if words[bit &>> 6] & mask == 0 {
                words[bit &>> 6] |= mask
                self.count += 1
            }
        }
    }

    /// Appends the set, as small as is sparse or as is allowed, and empties it.
    ///
    /// - Returns: the binary logarithm of its bits; 1, and nothing is appended, if most of them
    ///   would be set.
    mutating func take(bytesMax: Int, into out: inout [UInt8]) -> UInt8 {
        var logSize = Self.logSizeMax
        var size = words.count
        while logSize > Self.logSizeMin,
            count * Self.sparseness <= 1 << (logSize - 1) || size * 8 > bytesMax
        {
            size /= 2
            logSize -= 1
            count = 0
            for index in 0..<size {
                words[index] |= words[size + index]
                count += words[index].nonzeroBitCount
            }
        }
        let isOfUse = count * 4 <= 3 << logSize
        if isOfUse {
            for index in 0..<size { out.appendLittleEndian(words[index]) }
        }
        for index in words.indices { words[index] = 0 }
        count = 0
        return isOfUse ? UInt8(logSize) : 1
    }
}
