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

    /// One bit for each value of the hash of a run, one for each byte, and one that is always set.
    private var bits: MutableSpan<UInt64>
    private(set) var isKnown = false

    static let runs = 4096
    static let runWords = runs / 64
    static let always = UInt16(runs + 128)
    static let count = runs + 128
    /// Words of the bits of runs and bytes.
    static let keyWords = runWords + 2
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
        return UInt16(truncatingIfNeeded: hash &>> 20)
    }

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

    /// Sixty-four bits, below `keyWords`.
    @inline(__always)
    func word(_ number: Int) -> UInt64 { bits[number] }

    /// Takes the message from `from` on.
    ///
    /// - Complexity: O(length).
    @_lifetime(self: copy self)
    mutating func take<Steps: StepCounting>(
        _ reader: borrowing RuleReader, from: Int, _ steps: inout Steps
    ) {
        steps.add(reader.end - from)
        for index in 0..<Self.runWords { bits[index] = 0 }
        var bytes = Bytes()
        var at = from
        // Of eight bytes six have two behind them.
        while at + 8 <= reader.end {
            take(reader.word(at), 6, &bytes)
            at += 6
        }
        while at < reader.end {
            let count = min(6, reader.end - at)
            take(reader.bytes(at), count, &bytes)
            at += count
        }
        bits[Self.runWords] = bytes.low
        bits[Self.runWords + 1] = bytes.high
        bits[Self.keyWords] = 1
        isKnown = true
    }

    private struct Bytes {
        var low: UInt64 = 0
        var high: UInt64 = 0
    }

    /// Takes the first of eight bytes, `count` of them, and the runs that begin there.
    @_lifetime(self: copy self)
    @inline(__always)
    private mutating func take(_ word: UInt64, _ count: Int, _ bytes: inout Bytes) {
        var rest = word
        for _ in 0..<count {
            let bit = Self.run(rest)
            // Safe: hashes are below `runs`, for which there is room.
            unsafe bits[unchecked: Int(bit &>> 6)] |= 1 &<< UInt64(bit & 63)
            let byte: UInt64 = 1 &<< (rest & 63)
            bytes.low |= rest & 0xC0 == 0 ? byte : 0
            bytes.high |= rest & 0xC0 == 0x40 ? byte : 0
            rest &>>= 8
        }
    }
}
