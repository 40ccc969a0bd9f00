import HisuiBytes
import HisuiStore

/// Text to be found anywhere in a value: what word, phrase, prefix, substring and their
/// case-insensitive forms come down to.
struct Needle: Sendable {
    /// What to find, folded if `ignoresCase`; never empty.
    let bytes: [UInt8]
    /// Whether the character before an occurrence must not be part of a word.
    let startsWord: Bool
    /// Whether the character after an occurrence must not be part of a word.
    let endsWord: Bool
    let ignoresCase: Bool
    /// Whether `bytes` has ASCII only.
    let isASCII: Bool
    /// What tells of columns that the needle is not in.
    let probes: NeedleProbes

    /// A phrase as LogsQL means it, or a substring.
    ///
    /// - Parameters:
    ///   - wholeStart: whether the text must not begin inside a word.
    ///   - wholeEnd: whether the text must not end inside a word.
    init(_ text: [UInt8], wholeStart: Bool, wholeEnd: Bool, ignoresCase: Bool = false) {
        precondition(!text.isEmpty, "a needle has text")
        let range = 0..<text.count
        let anywhere = WordCharacter.hasUnspaced(text)
        let first = Scalars.first(in: text.span, range).0
        let last = Scalars.last(in: text.span, range)
        startsWord = wholeStart && !anywhere && first.map(WordCharacter.isWord) == true
        endsWord = wholeEnd && !anywhere && last.map(WordCharacter.isWord) == true
        self.ignoresCase = ignoresCase
        bytes = ignoresCase ? CaseFolding.folded(text.span) : text
        isASCII = bytes.allSatisfy { $0 < 0x80 }
        probes = NeedleProbes(bytes, ignoresCase: ignoresCase)
    }

    private init(anywhere needle: Needle) {
        bytes = needle.bytes
        startsWord = false
        endsWord = false
        ignoresCase = needle.ignoresCase
        isASCII = needle.isASCII
        probes = needle.probes
    }

    /// The same bytes, whatever surrounds them.
    var anywhere: Needle { Needle(anywhere: self) }

    /// Whether the needle stands in `value`.
    ///
    /// - Parameters:
    ///   - wordBefore: whether a word goes on right before the value, where that is cut from text.
    ///   - wordAfter: whether one goes on right after it.
    func matches(_ value: Span<UInt8>, wordBefore: Bool = false, wordAfter: Bool = false) -> Bool {
        guard value.count >= bytes.count || ignoresCase else { return false }
        if ignoresCase, !(isASCII && CaseFolding.isASCII(value)) {
            let folded = CaseFolding.folded(value)
            return stands(in: folded.span, false, wordBefore, wordAfter)
        }
        return stands(in: value, ignoresCase, wordBefore, wordAfter)
    }

    private func stands(
        in value: Span<UInt8>, _ ignoringCase: Bool, _ wordBefore: Bool, _ wordAfter: Bool
    ) -> Bool {
        var from = 0
        while let found = candidate(in: value, from..<value.count, ignoringCase) {
            if fits(value, 0..<value.count, found, wordBefore, wordAfter) { return true }
            from = found + 1
        }
        return false
    }

    /// Whether what is around the occurrence at `found` lets it stand.
    func fits(
        _ value: Span<UInt8>, _ range: Range<Int>, _ found: Int, _ wordBefore: Bool,
        _ wordAfter: Bool
    ) -> Bool {
        if startsWord {
            let cut =
                found == range.lowerBound
                ? wordBefore : Self.endsInWord(value, range.lowerBound..<found)
            if cut { return false }
        }
        if endsWord {
            let end = found + bytes.count
            return end == range.upperBound
                ? !wordAfter : !Self.beginsInWord(value, end..<range.upperBound)
        }
        return true
    }

    /// Where the bytes of the needle stand next, whatever is around them.
    @inline(__always)
    func candidate(in value: Span<UInt8>, _ range: Range<Int>, _ ignoringCase: Bool) -> Int? {
        guard range.count >= bytes.count else { return nil }
        return ignoringCase
            ? ByteSearch.firstIgnoringCase(of: bytes.span, in: value, range)
            : ByteSearch.first(of: bytes.span, in: value, range)
    }

    /// Whether the last character of `range` is part of a word.
    static func endsInWord(_ value: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard !range.isEmpty else { return false }
        return Scalars.last(in: value, range).map(WordCharacter.isWord) ?? false
    }

    /// Whether the first character of `range` is part of a word.
    static func beginsInWord(_ value: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard !range.isEmpty else { return false }
        return Scalars.first(in: value, range).0.map(WordCharacter.isWord) ?? false
    }
}

/// Lower case, character by character.
enum CaseFolding {
    static func isASCII(_ bytes: Span<UInt8>) -> Bool {
        var all: UInt8 = 0
        for index in 0..<bytes.count { all |= bytes[index] }
        return all < 0x80
    }

    /// `bytes` in lower case; what is no valid text stays as it is.
    static func folded(_ bytes: Span<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let (scalar, length) = Scalars.first(in: bytes, index..<bytes.count)
            if length == 1 {
                out.append(ByteSearch.lowered(bytes[index]))
            } else if let scalar {
                out.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
            } else {
                out.append(bytes, index..<index + length)
            }
            index += length
        }
        return out
    }
}
