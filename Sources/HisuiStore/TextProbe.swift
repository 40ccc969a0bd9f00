public import HisuiBytes

/// Text that is looked for, as far as it can be told without reading where it is not.
///
/// Made once for a query, asked for each column. Who remembers what was asked tells probes apart by
/// their identity.
public final class TextProbe: Sendable {
    /// The text, ASCII letters in lower case if case does not matter.
    let bytes: [UInt8]
    let ignoresCase: Bool
    /// All ways to write the text, if it is looked for in folded text; and which piece it is.
    private let spellings: (all: FoldedSpellings, piece: Range<Int>)?
    /// Whether any byte beyond ASCII is what is looked for, and no text.
    private let isBeyondASCII: Bool
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
    ///     are.
    public convenience init(_ text: [UInt8], ignoresCase: Bool = false) {
        self.init(text, ignoresCase: ignoresCase, spellings: nil)
    }

    /// Any byte beyond ASCII.
    public static func beyondASCII() -> TextProbe {
        TextProbe([0x80], ignoresCase: false, spellings: nil, isBeyondASCII: true)
    }

    /// Text that occurs in what every value that is looked for folds to (`TextFolding`).
    ///
    /// - Parameter piece: of what the spellings are of.
    public convenience init(_ spellings: FoldedSpellings, _ piece: Range<Int>) {
        self.init(
            Array(spellings.wanted[piece]), ignoresCase: true, spellings: (spellings, piece))
    }

    private init(
        _ text: [UInt8], ignoresCase: Bool, spellings: (FoldedSpellings, Range<Int>)?,
        isBeyondASCII: Bool = false
    ) {
        self.isBeyondASCII = isBeyondASCII
        bytes = ignoresCase ? text.map(Self.lower) : text
        self.ignoresCase = ignoresCase
        self.spellings = spellings
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

    /// Whether characters beyond ASCII may stand for those of the text.
    var folds: Bool { spellings != nil }

    /// Whether the text may occur where `filter`, a set of 2^`logSize` bits, was made; an empty one
    /// is that of values shorter than a gram.
    func mayOccur(in filter: Span<UInt8>, logSize: Int) -> Bool {
        func has(_ gram: UInt32) -> Bool {
            let bit = Int(gram) & (1 << logSize - 1)
            return filter[bit >> 3] & 1 << UInt8(bit & 7) != 0
        }
        if !filter.isEmpty, grams.allSatisfy(has) { return true }
        guard let spellings else { return false }
        return spellings.all.mayStand(spellings.piece) { gram in
            !filter.isEmpty && has(GramFilter.hash(gram))
        }
    }

    /// Whether the text occurs in the bytes of `range`.
    func occurs(in value: [UInt8], _ range: Range<Int>) -> Bool {
        first(in: value, range) != nil || occursFolded(in: value, range)
    }

    /// Where the text, as it is, first begins in the bytes of `range`.
    func first(in value: [UInt8], _ range: Range<Int>) -> Int? {
        if isBeyondASCII {
            let end = UTF8Text.asciiEnd(value.span, range)
            return end < range.upperBound ? end : nil
        }
        return ignoresCase
            ? ByteSearch.firstIgnoringCase(of: bytes, in: value.span, range)
            : ByteSearch.first(of: bytes, in: value.span, range)
    }

    /// Whether the text occurs in what the bytes of `range` fold to, if these are not ASCII only.
    func occursFolded(in value: [UInt8], _ range: Range<Int>) -> Bool {
        guard let spellings else { return false }
        if bytes.isEmpty { return true }
        let span = value.span
        var folded: [UInt8] = []
        var from = range.lowerBound
        while let at = spellings.all.firstBeyondASCII(in: span, from..<range.upperBound) {
            // Whatever has this character lies within so many bytes, but for selectors, which are
            // nothing at all.
            let reach = TextFolding.characterBytesMax * bytes.count
            var begin = max(range.lowerBound, at - reach)
            var end = min(range.upperBound, at + TextFolding.characterBytesMax + reach)
            if TextFolding.hasSelectors(span, begin..<end) {
                (begin, end) = (range.lowerBound, range.upperBound)
            }
            // Not within a character.
            for _ in 0..<3 where begin > range.lowerBound && span[begin] & 0xC0 == 0x80 {
                begin -= 1
            }
            for _ in 0..<3 where end < range.upperBound && span[end] & 0xC0 == 0x80 { end += 1 }
            folded.removeAll(keepingCapacity: true)
            TextFolding.append(span, begin..<end, to: &folded)
            if ByteSearch.first(of: bytes, in: folded.span) != nil { return true }
            if end == range.upperBound { return false }
            from = max(end - reach, at + 1)
        }
        return false
    }

    /// Whether the text may occur in a value of a pattern, whatever its numbers are.
    func mayOccur(in pattern: PatternPlaces) -> Bool {
        if isBeyondASCII { return pattern.alphabet.isBeyondASCII }
        if let spellings, pattern.alphabet.isBeyondASCII {
            return spellings.all.mayStand(spellings.piece) { gram in
                let run = (0..<4).map { Self.lower(UInt8(truncatingIfNeeded: gram >> (8 * $0))) }
                return pattern.mayHave(run, ignoresCase: true)
            }
        }
        let known = ignoresCase ? pattern.alphabet.folded : pattern.alphabet
        return known.isSuperset(of: alphabet) && pattern.mayHave(bytes, ignoresCase: ignoresCase)
    }
}
