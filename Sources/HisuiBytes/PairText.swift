/// Takes text apart that consists of names and values: `date=2026-11-27 user="a b" note=`.
///
/// A pair is a name, a mark and a value; pairs are parted by a separator. A value that begins with
/// a quote ends with the next one that no backslash stands before, and there a separator or the end
/// must follow; any other value ends before the next separator and may be empty. Blanks around
/// separators and at both ends are passed over.
///
/// Text that is not all pairs is none: a stranger's words must not become names.
public struct PairText: Hashable, Sendable {
    /// Between name and value; ASCII.
    public var mark: UInt8
    /// Between pairs; ASCII.
    public var separator: UInt8
    /// What else may stand between pairs: the first of all separators that stands behind the first
    /// value is the one between all pairs of the message.
    public var otherSeparators: [UInt8]
    /// Around values; ASCII, 0 for none.
    public var quote: UInt8
    /// Whether words without a mark may stand between pairs: they are values without a name.
    public var hasWords: Bool

    /// Names are no longer than this, so that text with a stray mark is not one.
    public static let nameBytesMax = 128

    public init(
        mark: UInt8 = 0x3D, separator: UInt8 = 0x20, otherSeparators: [UInt8] = [],
        quote: UInt8 = 0x22, hasWords: Bool = false
    ) {
        self.mark = mark
        self.separator = separator
        self.otherSeparators = otherSeparators
        self.quote = quote
        self.hasWords = hasWords
    }

    /// A value, without its quotes.
    public struct Pair: Hashable, Sendable {
        /// Empty for a word that has none.
        public var name: Range<Int>
        public var value: Range<Int>
        public var isQuoted: Bool
    }

    /// Appends the values of all pairs in `range`.
    ///
    /// - Returns: false, with nothing appended, if the range is not one pair or more, or has more
    ///   than `countMax` values.
    /// - Complexity: O(length of the range).
    public func appendValues(
        of text: Span<UInt8>, _ range: Range<Int>, countMax: Int, to slots: inout [ByteRange]
    ) -> Bool {
        let first = slots.count
        var scan = Scan(text, range, self)
        var hasName = false
        while slots.count - first < countMax, let pair = scan.next() {
            if !pair.name.isEmpty { hasName = true }
            slots.append(ByteRange(pair.value))
        }
        if hasName, scan.isAtEnd { return true }
        slots.removeSubrange(first...)
        return false
    }

    /// The pairs in `range`, in order.
    public func pairs(of text: Span<UInt8>, _ range: Range<Int>) -> [Pair] {
        var pairs: [Pair] = []
        var scan = Scan(text, range, self)
        while let pair = scan.next() { pairs.append(pair) }
        return pairs
    }

    /// How often a name stands in a text.
    public enum Presence: Hashable, Sendable {
        /// As no pair's name, or the text is not all pairs.
        case missing
        case once(Pair)
        /// A pair has it, and it stands in one more place where a name can begin, be it inside a
        /// value or another name: somebody may have written one of the two.
        case contested
    }

    /// The pair called so, if nothing else in the range looks like one.
    ///
    /// The places looked at are those behind any of the separators, blanks and quotes, so that it
    /// does not matter how whoever wrote a value makes the text come apart.
    /// - Complexity: O(length of the range × length of the name); nothing is allocated.
    public func presence(
        of name: [UInt8], in text: Span<UInt8>, _ range: Range<Int>
    ) -> Presence {
        var found: Pair?
        var scan = Scan(text, range, self)
        while let pair = scan.next() {
            if ByteSearch.equal(text, pair.name, name.span) { found = found ?? pair }
        }
        guard let found, scan.isAtEnd else { return .missing }
        var from = range.lowerBound
        while let place = ByteSearch.first(of: name, in: text, from..<range.upperBound) {
            from = place + 1
            if place != found.name.lowerBound, isName(place, name.count, text, range) {
                return .contested
            }
        }
        return .once(found)
    }

    /// Whether a name of so many bytes at `place` could be that of a pair.
    private func isName(
        _ place: Int, _ count: Int, _ text: Span<UInt8>, _ range: Range<Int>
    ) -> Bool {
        if place > range.lowerBound {
            let before = text[place - 1]
            guard
                before == 0x20 || before == separator || before == quote
                    || otherSeparators.contains(before)
            else { return false }
        }
        var at = place + count
        while at < range.upperBound, text[at] == 0x20 { at += 1 }
        return at < range.upperBound && text[at] == mark
    }

    /// The first separator behind the first value, as its bytes stand; the usual one if none does.
    fileprivate func separator(of text: Span<UInt8>, _ range: Range<Int>) -> UInt8 {
        var at = range.lowerBound
        while at < range.upperBound, text[at] != mark { at += 1 }
        at += 1
        if at < range.upperBound, text[at] == quote, quote != 0 {
            at += 1
            while at < range.upperBound, text[at] != quote { at += text[at] == 0x5C ? 2 : 1 }
        }
        while at < range.upperBound {
            if text[at] == separator || otherSeparators.contains(text[at]) { return text[at] }
            at += 1
        }
        return separator
    }

    /// One pair after the other.
    private struct Scan: ~Escapable {
        private let text: Span<UInt8>
        private let mark: UInt8
        private let separator: UInt8
        private let quote: UInt8
        private let hasWords: Bool
        private let end: Int
        private var at: Int

        @_lifetime(copy text)
        init(_ text: Span<UInt8>, _ range: Range<Int>, _ form: PairText) {
            self.text = text
            mark = form.mark
            quote = form.quote
            hasWords = form.hasWords
            var start = range.lowerBound
            var end = range.upperBound
            while end > start, text[end - 1] == 0x20 { end -= 1 }
            while start < end, text[start] == 0x20 { start += 1 }
            separator =
                form.otherSeparators.isEmpty
                ? form.separator : form.separator(of: text, start..<end)
            self.end = end
            at = start
        }

        /// Whether all is taken.
        var isAtEnd: Bool { at == end }

        private mutating func skipBlanks() {
            while at < end, text[at] == 0x20 { at += 1 }
        }

        /// The next pair; nil at the end, and where none begins.
        mutating func next() -> Pair? {
            guard at < end else { return nil }
            let start = at
            var stop = at
            while stop < end, text[stop] != mark, text[stop] != separator {
                let byte = text[stop]
                guard byte >= 0x20, byte != quote, stop - start < PairText.nameBytesMax
                else { return nil }
                stop += 1
            }
            var name = start..<stop
            while let last = name.last, text[last] == 0x20 { name = start..<last }
            guard !name.isEmpty else { return nil }
            guard stop < end, text[stop] == mark else {
                guard hasWords else { return nil }
                at = stop
                passSeparator()
                return Pair(name: start..<start, value: name, isQuoted: false)
            }
            at = stop + 1
            if separator != 0x20 { skipBlanks() }
            if at < end, text[at] == quote, quote != 0 { return quoted(name) }
            let value = at
            while at < end, text[at] != separator { at += 1 }
            let pair = Pair(name: name, value: value..<at, isQuoted: false)
            passSeparator()
            return pair
        }

        private mutating func quoted(_ name: Range<Int>) -> Pair? {
            let value = at + 1
            var close = value
            while close < end, text[close] != quote {
                close += text[close] == 0x5C ? 2 : 1
            }
            guard close < end else { return nil }
            var after = close + 1
            if separator != 0x20 {
                while after < end, text[after] == 0x20 { after += 1 }
            }
            guard after == end || text[after] == separator else { return nil }
            at = after
            passSeparator()
            return Pair(name: name, value: value..<close, isQuoted: true)
        }

        private mutating func passSeparator() {
            if at < end { at += 1 }
            skipBlanks()
        }
    }
}
