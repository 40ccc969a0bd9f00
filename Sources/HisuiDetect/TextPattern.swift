import HisuiBytes

/// Text of a rule with `*` and `?`: what a value must look like as a whole.
///
/// Letters of either case are equal unless the pattern is cased: ASCII byte by byte, and where the
/// pattern itself has other letters, by Unicode's lower case. Matching never goes back over a `*`:
/// the parts between them are looked for from left to right, so it is O(value · pattern) at worst.
struct TextPattern: Hashable, Sendable {
    enum Token: Hashable, Sendable {
        case literal([UInt8])
        /// One character.
        case one
        /// Any number of characters, none too.
        case any
        /// A dash or slash before an option, in the five forms that Windows programs accept.
        case dash
    }

    private(set) var tokens: [Token]
    let isCased: Bool
    /// The pattern holds letters outside ASCII, so values have to be folded as text.
    let foldsText: Bool

    /// The forms of `.dash`: hyphen, slash, en dash, em dash, horizontal bar.
    static let dashes: [[UInt8]] = [
        [0x2D], [0x2F], [0xE2, 0x80, 0x93], [0xE2, 0x80, 0x94], [0xE2, 0x80, 0x95],
    ]

    init(_ tokens: [Token], isCased: Bool) {
        var folds = false
        var merged: [Token] = []
        for token in tokens {
            guard case .literal(var bytes) = token else {
                if token != .any || merged.last != .any { merged.append(token) }
                continue
            }
            if bytes.isEmpty { continue }
            if !isCased {
                if bytes.contains(where: { $0 >= 0x80 }) {
                    bytes = TextPattern.folded(bytes)
                    folds = true
                } else {
                    bytes = bytes.map(ByteSearch.lowered)
                }
            }
            if case .literal(let before) = merged.last {
                merged[merged.count - 1] = .literal(before + bytes)
            } else {
                merged.append(.literal(bytes))
            }
        }
        self.tokens = merged
        self.isCased = isCased
        foldsText = folds
    }

    /// Reads the text of a rule: `*` and `?` are wildcards; a backslash before `*`, `?` or another
    /// backslash takes its meaning away, and is itself everywhere else.
    static func tokens(of text: String) -> [Token] {
        var tokens: [Token] = []
        var literal: [UInt8] = []
        let bytes = Array(text.utf8)
        var at = 0
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            switch byte {
            case 0x5C where at < bytes.count && [0x2A, 0x3F, 0x5C].contains(bytes[at]):
                literal.append(bytes[at])
                at += 1
            case 0x2A, 0x3F:
                tokens.append(.literal(literal))
                tokens.append(byte == 0x2A ? .any : .one)
                literal = []
            default: literal.append(byte)
            }
        }
        tokens.append(.literal(literal))
        return tokens
    }

    /// Literals that follow each other made one.
    private static func joined(_ tokens: [Token]) -> [Token] {
        var out: [Token] = []
        for token in tokens {
            if case .literal(let more) = token, case .literal(let bytes)? = out.last {
                out[out.count - 1] = .literal(bytes + more)
            } else {
                out.append(token)
            }
        }
        return out
    }

    /// Makes each dash or slash that begins an option, before a letter or digit and not after one,
    /// stand for all forms.
    static func withDashes(_ tokens: [Token]) -> [Token] {
        var out: [Token] = []
        for token in joined(tokens) {
            guard case .literal(let bytes) = token else {
                out.append(token)
                continue
            }
            let scalars = Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)
            var literal = String.UnicodeScalarView()
            for (at, scalar) in scalars.enumerated() {
                let startsOption =
                    dashes.contains(Array(String(scalar).utf8))
                    && (at == 0 || !isWord(scalars[at - 1]))
                    && at + 1 < scalars.count && isWord(scalars[at + 1])
                if startsOption {
                    out += [.literal(Array(String(literal).utf8)), .dash]
                    literal = String.UnicodeScalarView()
                } else {
                    literal.append(scalar)
                }
            }
            out.append(.literal(Array(String(literal).utf8)))
        }
        return out
    }

    /// The tokens with the one dash they have, if they have one, written in each of its forms; the
    /// tokens as they are otherwise.
    var spelledOut: [[Token]] {
        let places = tokens.indices.filter { tokens[$0] == .dash }
        guard places.count == 1 else { return [tokens] }
        return TextPattern.dashes.map { dash in
            var spelled = tokens
            spelled[places[0]] = .literal(dash)
            return TextPattern(spelled, isCased: true).tokens
        }
    }

    /// The literal, where the pattern has no wildcard: values equal to it and no others match.
    var exact: [UInt8]? {
        if foldsText { return nil }
        if tokens.isEmpty { return [] }
        if tokens.count == 1, case .literal(let bytes) = tokens[0] { return bytes }
        return nil
    }

    /// Whether the whole of `range` fits.
    func matches(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        if foldsText {
            let value = TextPattern.folded(bytes.extracting(range))
            return fits(value.span, 0..<value.count)
        }
        return fits(bytes, range)
    }

    /// Whether the whole of a value fits that is folded already.
    func matchesFolded(_ value: [UInt8]) -> Bool { fits(value.span, 0..<value.count) }

    private func fits(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var at = range.lowerBound
        var next = 0
        var floats = false
        while true {
            var end = next
            while end < tokens.count, tokens[end] != .any { end += 1 }
            let isLast = end == tokens.count
            if next == end {
                if isLast { return floats || at == range.upperBound }
            } else {
                guard
                    let found = place(
                        next..<end, bytes, at..<range.upperBound, floats: floats, toEnd: isLast)
                else { return false }
                at = found
                if isLast { return true }
            }
            floats = true
            next = end + 1
        }
    }

    /// Where the tokens between two stars end: at the start of `range`, or anywhere if they float.
    private func place(
        _ part: Range<Int>, _ bytes: Span<UInt8>, _ range: Range<Int>, floats: Bool, toEnd: Bool
    ) -> Int? {
        if floats, part.count == 1, case .literal(let literal) = tokens[part.lowerBound] {
            if toEnd {
                let start = range.upperBound - literal.count
                return start >= range.lowerBound ? run(part, bytes, start..<range.upperBound) : nil
            }
            let found =
                isCased
                ? ByteSearch.first(of: literal, in: bytes, range)
                : ByteSearch.firstIgnoringCase(of: literal, in: bytes, range)
            return found.map { $0 + literal.count }
        }
        var start = range.lowerBound
        repeat {
            if let end = run(part, bytes, start..<range.upperBound),
                !toEnd || end == range.upperBound
            {
                return end
            }
            start += 1
        } while floats && start <= range.upperBound
        return nil
    }

    /// Where the tokens end if they stand at the very start of `range`.
    private func run(_ part: Range<Int>, _ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        var at = range.lowerBound
        for index in part {
            switch tokens[index] {
            case .any: return nil
            case .one:
                guard at < range.upperBound else { return nil }
                at += 1
                while at < range.upperBound, bytes[at] & 0xC0 == 0x80 { at += 1 }
            case .literal(let literal):
                let end = at + literal.count
                guard end <= range.upperBound else { return nil }
                let isEqual =
                    isCased
                    ? ByteSearch.equal(bytes, at..<end, literal.span)
                    : ByteSearch.equalIgnoringCase(bytes, at..<end, literal.span)
                guard isEqual else { return nil }
                at = end
            case .dash:
                guard
                    let dash = TextPattern.dashes.first(where: {
                        at + $0.count <= range.upperBound
                            && ByteSearch.equal(bytes, at..<at + $0.count, $0.span)
                    })
                else { return nil }
                at += dash.count
            }
        }
        return at
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
    }

    static func folded(_ bytes: Span<UInt8>) -> [UInt8] {
        var copy: [UInt8] = []
        copy.reserveCapacity(bytes.count)
        for index in 0..<bytes.count { copy.append(bytes[index]) }
        return folded(copy)
    }

    private static func folded(_ bytes: [UInt8]) -> [UInt8] {
        Array(String(decoding: bytes, as: UTF8.self).lowercased().utf8)
    }
}
