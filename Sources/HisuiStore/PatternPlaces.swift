import HisuiBytes

/// A pattern as the bytes that can follow one another in its values.
struct PatternPlaces {
    /// The bytes that values can have.
    let alphabet: ByteAlphabet
    /// Whether it has more places than there are bits for: then everything is possible.
    private let isLong: Bool
    // The places of each kind, the first in the lowest bit.
    /// Those of fixed text, by its bytes.
    private var fixed: [(byte: UInt8, places: UInt128)] = []
    private var decimals: UInt128 = 0
    /// Those that can have a decimal digit: of every kind but fixed text.
    private var digits: UInt128 = 0
    private var lowerHexDigits: UInt128 = 0
    private var upperHexDigits: UInt128 = 0

    /// As many as bits, less the one behind them all.
    private static let placesMax = 127

    // A place is a byte of fixed text, any number of decimal digits, or one digit of some kind.
    private static let decimal: UInt16 = 256
    private static let digit: UInt16 = 257
    private static let lowerHexDigit: UInt16 = 258
    private static let upperHexDigit: UInt16 = 259

    /// - Parameter encoded: a pattern as heads have it; nil if it is none.
    init?(_ encoded: [UInt8]) {
        let bytes = encoded.span
        var reader = ByteReader(bytes)
        guard let count = try? reader.varint(), let notations = try? reader.take(2 * Int(count))
        else { return nil }
        var places: [UInt16] = []
        for number in 0...Int(count) {
            guard let length = try? reader.count(), let literal = try? reader.take(length) else {
                return nil
            }
            for at in literal.range { places.append(UInt16(bytes[at])) }
            guard number < Int(count) else { continue }
            let at = Int(notations.offset) + 2 * number
            let digits = Int(bytes[at + 1])
            switch NumberPattern.Notation(rawValue: bytes[at]) {
            case .lowerHex: places += repeatElement(Self.lowerHexDigit, count: digits)
            case .upperHex: places += repeatElement(Self.upperHexDigit, count: digits)
            case .padded: places += repeatElement(Self.digit, count: digits)
            case .decimal, nil: places.append(Self.decimal)
            }
        }
        alphabet = Self.alphabet(of: places)
        isLong = places.count > Self.placesMax
        if !isLong { noteKinds(places) }
    }

    private mutating func noteKinds(_ places: [UInt16]) {
        for (number, place) in places.enumerated() {
            let bit: UInt128 = 1 << number
            switch place {
            case Self.decimal: decimals |= bit
            case Self.digit: break
            case Self.lowerHexDigit: lowerHexDigits |= bit
            case Self.upperHexDigit: upperHexDigits |= bit
            default: noteFixed(UInt8(truncatingIfNeeded: place), bit)
            }
            if place >= Self.decimal { digits |= bit }
        }
    }

    private static func alphabet(of places: [UInt16]) -> ByteAlphabet {
        var alphabet = ByteAlphabet([])
        for place in places {
            if place < Self.decimal {
                alphabet.insert(UInt8(truncatingIfNeeded: place))
                continue
            }
            for digit in UInt8(0)...9 { alphabet.insert(0x30 + digit) }
            if place <= Self.digit { continue }
            for digit in UInt8(0)...5 {
                alphabet.insert((place == Self.lowerHexDigit ? 0x61 : 0x41) + digit)
            }
        }
        return alphabet
    }

    private mutating func noteFixed(_ byte: UInt8, _ bit: UInt128) {
        if let known = fixed.firstIndex(where: { $0.byte == byte }) {
            fixed[known].places |= bit
        } else {
            fixed.append((byte, bit))
        }
    }

    /// Whether `text` may be a part of a value.
    ///
    /// All ways to stand are followed at once, one bit for each place that what was taken of the
    /// text so far may end before; in a decimal number one may stay.
    ///
    /// - Complexity: O(bytes of `text` × different bytes of the pattern's fixed text).
    func mayHave(_ text: [UInt8], ignoresCase: Bool) -> Bool {
        if isLong { return true }
        var here: UInt128 = .max
        for byte in text {
            let taken = here & accepting(byte, ignoresCase: ignoresCase)
            if taken == 0 { return false }
            here = taken << 1 | taken & decimals
        }
        return true
    }

    /// The places that can have a byte.
    private func accepting(_ byte: UInt8, ignoresCase: Bool) -> UInt128 {
        var accepting: UInt128 = 0
        if byte &- 0x30 <= 9 {
            accepting = digits
        } else if byte &- 0x41 <= 5 {
            accepting = upperHexDigits
        } else if byte &- 0x61 <= 5 {
            accepting = ignoresCase ? lowerHexDigits | upperHexDigits : lowerHexDigits
        }
        for (own, places) in fixed where (ignoresCase ? TextProbe.lower(own) : own) == byte {
            accepting |= places
        }
        return accepting
    }
}

/// A set of bytes.
struct ByteAlphabet: Sendable {
    private var words: SIMD4<UInt64> = .zero

    static let all = ByteAlphabet(words: SIMD4(repeating: .max))

    private init(words: SIMD4<UInt64>) { self.words = words }

    init(_ bytes: [UInt8]) {
        for byte in bytes { insert(byte) }
    }

    mutating func insert(_ byte: UInt8) {
        words[Int(byte >> 6)] |= 1 << UInt64(byte & 63)
    }

    /// With each capital letter its small one, too.
    var folded: ByteAlphabet {
        var folded = words
        // A to Z are bits 1 to 26 of their word, a to z 32 bits above.
        folded[1] |= (words[1] & 0x07FF_FFFE) << 32
        return ByteAlphabet(words: folded)
    }

    /// Whether it has a byte that is not ASCII.
    var isBeyondASCII: Bool { words[2] | words[3] != 0 }

    @inline(__always)
    func isSuperset(of other: ByteAlphabet) -> Bool { words | other.words == words }
}
