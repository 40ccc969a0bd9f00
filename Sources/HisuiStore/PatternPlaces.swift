import HisuiBytes

/// A pattern as the bytes that can follow one another in its values.
struct PatternPlaces {
    /// A byte of fixed text; or beyond 255, any number of decimal digits, or one digit.
    private var places: [UInt16] = []
    /// The bytes that values can have.
    let alphabet: ByteAlphabet

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

    /// Whether `text` may be a part of a value.
    func mayHave(_ text: [UInt8], ignoresCase: Bool) -> Bool {
        // Whether what was taken of the text so far may end before each place; in a decimal number
        // one may stay.
        var here = [Bool](repeating: true, count: places.count + 1)
        for byte in text {
            var next = [Bool](repeating: false, count: places.count + 1)
            var isPossible = false
            for place in places.indices where here[place] {
                guard takes(byte, at: place, ignoresCase: ignoresCase) else { continue }
                isPossible = true
                next[place + 1] = true
                if places[place] == Self.decimal { next[place] = true }
            }
            guard isPossible else { return false }
            here = next
        }
        return true
    }

    private func takes(_ byte: UInt8, at place: Int, ignoresCase: Bool) -> Bool {
        let isDigit = byte &- 0x30 <= 9
        switch places[place] {
        case Self.decimal, Self.digit: return isDigit
        case Self.lowerHexDigit: return isDigit || byte &- 0x61 <= 5
        case Self.upperHexDigit:
            return isDigit || byte &- 0x41 <= 5 || ignoresCase && byte &- 0x61 <= 5
        case let text:
            let own = UInt8(truncatingIfNeeded: text)
            return (ignoresCase ? TextProbe.lower(own) : own) == byte
        }
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

    @inline(__always)
    func isSuperset(of other: ByteAlphabet) -> Bool { words | other.words == words }
}
