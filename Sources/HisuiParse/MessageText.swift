import HisuiBytes

/// Which runs of three bytes, and which bytes of ASCII, stand in a message.
///
/// A message that lacks one that a rule's texts have cannot fit the rule, so most rules of those
/// that begin alike (all of `pam_unix(`), or with a field, need not be run. It never says that a
/// rule fits: runs share bits.
///
/// The bits stand in room that lasts as long as the parser and are taken when they are first asked
/// for.
struct MessageText: ~Copyable, ~Escapable {
    /// Up to four bits that a message has to have.
    typealias Probes = SIMD4<UInt16>
    /// Two bits of which a message has both, or neither counts.
    typealias Pair = SIMD2<UInt16>

    /// One bit for each value of the hash of a run, eight for each byte, of which the first counts,
    /// and one that is always set.
    private var bits: MutableSpan<UInt64>
    private(set) var isKnown = false

    static let runs = 8192
    /// Bits of runs and bytes, and the words they stand in.
    static let count = runs + 8 * 256
    static let keyWords = count / 64
    static let always = UInt16(count)
    static let words = keyWords + 1
    /// Of a rule that says nothing.
    static let noProbes = Probes(repeating: always)

    /// - Parameter room: `words` of them.
    @_lifetime(copy room)
    @inline(__always)
    init(_ room: consuming MutableSpan<UInt64>) {
        precondition(room.count == Self.words)
        bits = room
    }

    /// The bit of three bytes, the first one lowest; what stands above them does not count.
    @inline(__always)
    static func run(_ bytes: UInt64) -> UInt16 {
        let hash = UInt32(truncatingIfNeeded: bytes & 0xFF_FFFF) &* 0x9E37_79B1
        return UInt16(truncatingIfNeeded: hash &>> 19)
    }

    /// The bit of a byte.
    static func bit(of byte: UInt8) -> UInt16 { UInt16(runs) + 8 * UInt16(byte) }

    /// 1 if the bit is here, and 0 if it is not.
    @inline(__always)
    func has(_ bit: UInt16) -> UInt64 {
        let place = Int(bit &>> 6)
        assert(place < Self.words)
        // Safe: bits are numbered below 64 times `words`, for which there is room.
        return unsafe bits[unchecked: place] &>> UInt64(bit & 63) & 1
    }

    /// Whether all bits are here.
    @inline(__always)
    func contains(_ probes: Probes) -> Bool {
        has(probes[0]) & has(probes[1]) & has(probes[2]) & has(probes[3]) != 0
    }

    /// Whether one of some pairs is here.
    @inline(__always)
    func containsOne(of pairs: [Pair], _ range: Range<Int>) -> Bool {
        var found: UInt64 = 0
        for index in range { found |= has(pairs[index][0]) & has(pairs[index][1]) }
        return found != 0
    }

    /// Calls `body` with each bit of runs and bytes that is here and among others.
    ///
    /// - Parameter first: where `keyWords` words of the others stand.
    @inline(__always)
    func forEachBit(sharedWith others: Span<UInt64>, from first: Int, _ body: (Int) -> Void) {
        precondition(first >= 0 && first + Self.keyWords <= others.count)
        // Eight words at a time: most have nothing in common.
        for block in stride(from: 0, to: Self.keyWords, by: 8) {
            var any: UInt64 = 0
            // Safe: there are `keyWords` words of both, a multiple of eight.
            for word in block..<block + 8 {
                any |= unsafe bits[unchecked: word] & others[unchecked: first + word]
            }
            if any == 0 { continue }
            for word in block..<block + 8 {
                var rest = unsafe bits[unchecked: word] & others[unchecked: first + word]
                while rest != 0 {
                    body(word * 64 + rest.trailingZeroBitCount)
                    rest &= rest &- 1
                }
            }
        }
    }

    /// Takes the message from `from` on.
    ///
    /// - Complexity: O(length).
    @_lifetime(self: copy self)
    mutating func take<Steps: StepCounting>(
        _ reader: borrowing RuleReader, from: Int, _ steps: inout Steps
    ) {
        steps.add(reader.end - from)
        let end = reader.end
        // Safe: hashes are below `runs` and bytes below 256, for all of which there is room.
        unsafe bits.withUnsafeMutableBytes { room in
            unsafe room.initializeMemory(as: UInt8.self, repeating: 0)
            var at = from
            // Of eight bytes six have two behind them.
            while at + 8 <= end {
                unsafe Self.take(reader.word(at), 6, room)
                at += 6
            }
            while at < end {
                unsafe Self.take(reader.bytes(at), min(6, end - at), room)
                at += 6
            }
        }
        bits[Self.keyWords] = 1
        isKnown = true
    }

    /// Takes the first of eight bytes, `count` of them, and the runs that begin there.
    @unsafe
    @inline(__always)
    private static func take(_ word: UInt64, _ count: Int, _ room: UnsafeMutableRawBufferPointer) {
        var rest = word
        for _ in 0..<count {
            let bit = run(rest)
            let place = Int(bit &>> 6) &* 8
            let before = unsafe room.load(fromByteOffset: place, as: UInt64.self)
            unsafe room.storeBytes(
                of: before | 1 &<< UInt64(bit & 63), toByteOffset: place, as: UInt64.self)
            unsafe room.storeBytes(
                of: 1, toByteOffset: runs / 8 &+ Int(rest & 0xFF), as: UInt8.self)
            rest &>>= 8
        }
    }
}
