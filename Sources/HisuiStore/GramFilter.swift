import HisuiBytes
import Synchronization

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

/// Text that is looked for, as far as it can be told without reading where it is not.
///
/// Made once for a query, asked for each column. Who remembers what was asked tells probes apart by
/// their identity.
public final class TextProbe: Sendable {
    /// The text, ASCII letters in lower case if case does not matter.
    let bytes: [UInt8]
    let ignoresCase: Bool
    /// Hashes of its grams.
    let grams: [UInt32]
    /// The bytes that it has.
    private let alphabet: ByteAlphabet
    /// Whether the text may occur in values of patterns of numbers.
    let patterns = PatternAnswers()
    /// - Parameters:
    ///   - text: bytes that occur next to each other in every value that is looked for.
    ///   - ignoresCase: whether ASCII letters match in either case. Other letters match as they
    ///     are: who folds more looks for the parts between them.
    public init(_ text: [UInt8], ignoresCase: Bool = false) {
        bytes = ignoresCase ? text.map(Self.lower) : text
        self.ignoresCase = ignoresCase
        var grams: [UInt32] = []
        if text.count >= GramFilter.gramBytes {
            for at in 0...text.count - GramFilter.gramBytes {
                var gram: UInt32 = 0
                for byte in 0..<4 { gram |= UInt32(text[at + byte]) << UInt32(8 * byte) }
                grams.append(GramFilter.hash(gram))
            }
        }
        self.grams = grams
        alphabet = ByteAlphabet(bytes)
    }

    static func lower(_ byte: UInt8) -> UInt8 { byte &- 0x41 <= 25 ? byte | 0x20 : byte }

    /// Whether the text may occur where `filter`, a set of 2^`logSize` bits, was made.
    func mayOccur(in filter: Span<UInt8>, logSize: Int) -> Bool {
        for gram in grams {
            let bit = Int(gram) & (1 << logSize - 1)
            if filter[bit >> 3] & 1 << UInt8(bit & 7) == 0 { return false }
        }
        return true
    }

    /// Whether the text occurs in `value`.
    func occurs(in value: [UInt8]) -> Bool { occurs(in: value, 0..<value.count) }

    /// Whether the text occurs in the bytes of `range`.
    func occurs(in value: [UInt8], _ range: Range<Int>) -> Bool {
        first(in: value, range) != nil
    }

    /// Where the text first begins in the bytes of `range`.
    func first(in value: [UInt8], _ range: Range<Int>) -> Int? {
        ignoresCase
            ? ByteSearch.firstIgnoringCase(of: bytes, in: value.span, range)
            : ByteSearch.first(of: bytes, in: value.span, range)
    }

    /// Whether the text may occur in a value of the pattern with that encoding, whatever its
    /// numbers are.
    ///
    /// - Parameter alphabet: the bytes that values of the pattern can have.
    func mayOccur(inPattern encoded: [UInt8], alphabet known: ByteAlphabet) -> Bool {
        guard (ignoresCase ? known.folded : known).isSuperset(of: alphabet) else { return false }
        return PatternPlaces(encoded)?.mayHave(bytes, ignoresCase: ignoresCase) ?? true
    }
}

/// A pattern as the bytes that can follow one another in its values.
struct PatternPlaces {
    /// A byte of fixed text; or beyond 255, a number: decimal or hexadecimal.
    private var places: [UInt16] = []

    private static let decimal: UInt16 = 256
    private static let lowerHex: UInt16 = 257
    private static let upperHex: UInt16 = 258

    /// - Parameter encoded: a pattern as heads have it; nil if it is none.
    init?(_ encoded: [UInt8]) {
        let bytes = encoded.span
        var reader = ByteReader(bytes)
        guard let count = try? reader.varint(), let notations = try? reader.take(2 * Int(count))
        else { return nil }
        for number in 0...Int(count) {
            guard let length = try? reader.count(), let literal = try? reader.take(length) else {
                return nil
            }
            for at in literal.range { places.append(UInt16(bytes[at])) }
            guard number < Int(count) else { continue }
            switch bytes[Int(notations.offset) + 2 * number] {
            case NumberPattern.Notation.lowerHex.rawValue: places.append(Self.lowerHex)
            case NumberPattern.Notation.upperHex.rawValue: places.append(Self.upperHex)
            default: places.append(Self.decimal)
            }
        }
    }

    /// The bytes that values can have.
    var alphabet: ByteAlphabet {
        var alphabet = ByteAlphabet([])
        for place in places {
            if place < Self.decimal {
                alphabet.insert(UInt8(truncatingIfNeeded: place))
                continue
            }
            for digit in UInt8(0)...9 { alphabet.insert(0x30 + digit) }
            if place == Self.decimal { continue }
            for digit in UInt8(0)...5 {
                alphabet.insert((place == Self.lowerHex ? 0x61 : 0x41) + digit)
            }
        }
        return alphabet
    }

    /// Whether `text` may be a part of a value.
    func mayHave(_ text: [UInt8], ignoresCase: Bool) -> Bool {
        // Whether what was taken of the text so far may end before each place; in a number one may
        // stay.
        var here = [Bool](repeating: true, count: places.count + 1)
        for byte in text {
            var next = [Bool](repeating: false, count: places.count + 1)
            var isPossible = false
            for place in places.indices where here[place] {
                guard takes(byte, at: place, ignoresCase: ignoresCase) else { continue }
                isPossible = true
                next[place + 1] = true
                if places[place] >= Self.decimal { next[place] = true }
            }
            guard isPossible else { return false }
            here = next
        }
        return true
    }

    private func takes(_ byte: UInt8, at place: Int, ignoresCase: Bool) -> Bool {
        let isDigit = byte &- 0x30 <= 9
        switch places[place] {
        case Self.decimal: return isDigit
        case Self.lowerHex: return isDigit || byte &- 0x61 <= 5
        case Self.upperHex:
            return isDigit || byte &- 0x41 <= 5 || ignoresCase && byte &- 0x61 <= 5
        case let text:
            let own = UInt8(truncatingIfNeeded: text)
            return (ignoresCase ? TextProbe.lower(own) : own) == byte
        }
    }
}
