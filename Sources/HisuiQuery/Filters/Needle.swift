import HisuiBytes
import HisuiStore

/// Text to be found anywhere in a value: what word, phrase, prefix, substring and their
/// case-insensitive forms come down to.
struct Needle: Sendable {
    /// What is the same.
    enum Likeness: Sendable {
        /// Bytes.
        case exact
        /// Letters of ASCII in either case, all else as bytes: what an expression asks for.
        case anyCase
        /// Characters that fold to the same (`TextFolding`).
        case folded
    }

    /// What to find, folded or in lower case as its likeness says; never empty.
    let bytes: [UInt8]
    /// Whether the character before an occurrence must not be part of a word.
    let startsWord: Bool
    /// Whether the character after an occurrence must not be part of a word.
    let endsWord: Bool
    /// Whether the character after an occurrence must not be a mark: folded, が begins as か does.
    let endsCharacter: Bool
    let likeness: Likeness
    /// Whether `bytes` has ASCII only.
    let isASCII: Bool
    /// What tells of columns that the needle is not in.
    let probes: NeedleProbes

    /// A phrase as LogsQL means it, or a substring.
    ///
    /// - Parameters:
    ///   - text: where it is looked for folded, one that folds to something.
    ///   - wholeStart: whether the text must not begin inside a word.
    ///   - wholeEnd: whether the text must not end inside a word.
    init(_ text: [UInt8], wholeStart: Bool, wholeEnd: Bool, _ likeness: Likeness = .exact) {
        let bytes =
            switch likeness {
            case .exact: text
            case .anyCase: text.map(ByteSearch.lowered)
            case .folded: TextFolding.folded(text)
            }
        precondition(!bytes.isEmpty, "a needle has text")
        let range = 0..<bytes.count
        let anywhere = WordCharacter.hasUnspaced(bytes)
        let first = Scalars.first(in: bytes.span, range).0
        startsWord = wholeStart && !anywhere && first.map(WordCharacter.isWord) == true
        endsWord =
            wholeEnd && !anywhere && Self.endsInWord(bytes.span, range, likeness) == true
        endsCharacter = likeness == .folded
        self.likeness = likeness
        self.bytes = bytes
        isASCII = bytes.allSatisfy { $0 < 0x80 }
        probes = NeedleProbes(bytes, likeness)
    }

    private init(anywhere needle: Needle) {
        bytes = needle.bytes
        startsWord = false
        endsWord = false
        endsCharacter = false
        likeness = needle.likeness
        isASCII = needle.isASCII
        probes = needle.probes
    }

    /// The same bytes, whatever surrounds them.
    var anywhere: Needle { Needle(anywhere: self) }

    /// Whether it matters what stands right behind an occurrence.
    var asksBehind: Bool { endsWord || endsCharacter }

    /// Whether the needle stands in `value`.
    ///
    /// - Parameters:
    ///   - wordBefore: whether a word goes on right before the value, where that is cut from text.
    ///   - cutBehind: whether what stands right after it there would cut an occurrence
    ///     (`cuts(behind:)`).
    func matches(_ value: Span<UInt8>, wordBefore: Bool = false, cutBehind: Bool = false) -> Bool {
        var scratch: [UInt8] = []
        return matches(value, wordBefore: wordBefore, cutBehind: cutBehind, &scratch)
    }

    /// The same of many values.
    ///
    /// - Parameter scratch: any bytes; room to fold the value.
    func matches(
        _ value: Span<UInt8>, wordBefore: Bool = false, cutBehind: Bool = false,
        _ scratch: inout [UInt8]
    ) -> Bool {
        if likeness == .folded, UTF8Text.asciiEnd(value, 0..<value.count) < value.count {
            // Of most values it is seen at once that they have nothing of the needle.
            let mayStand =
                probes.mayBeWritten(in: value)
                || candidate(in: value, 0..<value.count, true) != nil
            if !mayStand { return false }
            scratch.removeAll(keepingCapacity: true)
            TextFolding.append(value, 0..<value.count, to: &scratch)
            return stands(in: scratch.span, false, wordBefore, cutBehind)
        }
        return stands(in: value, likeness != .exact, wordBefore, cutBehind)
    }

    private func stands(
        in value: Span<UInt8>, _ ignoringCase: Bool, _ wordBefore: Bool, _ cutBehind: Bool
    ) -> Bool {
        var from = 0
        while let found = candidate(in: value, from..<value.count, ignoringCase) {
            if fits(value, 0..<value.count, found, wordBefore, cutBehind) { return true }
            from = found + 1
        }
        return false
    }

    /// Whether what is around the occurrence at `found` lets it stand.
    func fits(
        _ value: Span<UInt8>, _ range: Range<Int>, _ found: Int, _ wordBefore: Bool,
        _ cutBehind: Bool
    ) -> Bool {
        if startsWord {
            let before = Self.endsInWord(value, range.lowerBound..<found, likeness)
            if before ?? wordBefore { return false }
        }
        guard asksBehind else { return true }
        let end = found + bytes.count
        return end == range.upperBound
            ? !cutBehind : !cuts(behind: value, end..<range.upperBound)
    }

    /// Where the bytes of the needle stand next, whatever is around them.
    @inline(__always)
    func candidate(in value: Span<UInt8>, _ range: Range<Int>, _ ignoringCase: Bool) -> Int? {
        guard range.count >= bytes.count else { return nil }
        return ignoringCase
            ? ByteSearch.firstIgnoringCase(of: bytes.span, in: value, range)
            : ByteSearch.first(of: bytes.span, in: value, range)
    }

    /// Whether the last character of `range` is part of a word; nil if there is none. A mark is
    /// part of a word where its letter is.
    func endsInWord(_ value: Span<UInt8>, _ range: Range<Int>) -> Bool? {
        Self.endsInWord(value, range, likeness)
    }

    private static func endsInWord(
        _ value: Span<UInt8>, _ range: Range<Int>, _ likeness: Likeness
    ) -> Bool? {
        var end = range.upperBound
        while end > range.lowerBound {
            guard let last = Scalars.last(in: value, range.lowerBound..<end) else { return false }
            guard likeness == .folded, TextFolding.isMark(last) else {
                return WordCharacter.isWord(last)
            }
            end -= UTF8.width(last)
        }
        return nil
    }

    /// Whether an occurrence would be cut from more by what stands right behind it: the beginning
    /// of `range`.
    func cuts(behind value: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard !range.isEmpty, let next = Scalars.first(in: value, range).0 else { return false }
        return endsWord && WordCharacter.isWord(next)
            || endsCharacter && TextFolding.isMark(next)
    }
}
