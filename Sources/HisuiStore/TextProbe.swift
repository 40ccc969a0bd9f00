import HisuiBytes

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
    /// The number that the text is, if it is one of up to 19 decimal digits.
    let number: UInt64?
    /// The bytes that it has.
    private let alphabet: ByteAlphabet
    /// Whether the text may occur in values of patterns of numbers.
    let patterns = PatternAnswers()
    let told = TableAnswers()

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
        let isNumber = (1...19).contains(text.count) && text.allSatisfy { $0 &- 0x30 <= 9 }
        number = isNumber ? text.reduce(0) { $0 * 10 + UInt64($1 - 0x30) } : nil
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

    /// Whether the text may occur in a value of a pattern, whatever its numbers are.
    func mayOccur(in pattern: PatternPlaces) -> Bool {
        let known = ignoresCase ? pattern.alphabet.folded : pattern.alphabet
        return known.isSuperset(of: alphabet) && pattern.mayHave(bytes, ignoresCase: ignoresCase)
    }
}
