import HisuiBytes

/// Text of which something must stand in a value that satisfies a test.
///
/// A test that has triggers is asked of a value only where one of them is met: all that are not met
/// are answered by what is not there.
struct Trigger: Hashable {
    enum Place: Hashable {
        /// The value is the text.
        case whole
        case start, end, inside
        /// Any character beyond ASCII; there is no text.
        case beyondASCII
    }

    var place: Place
    /// In lower case unless cased.
    var text: [UInt8]
    var isCased: Bool
    /// Whether meeting it is all that the test asks; if not, the value has to be looked at.
    var isEnough: Bool

    /// Shorter text inside a value is met too often to be worth a look into a table.
    static let insideBytesMin = 2

    /// The triggers of a question, of which any is met in every value that satisfies it; nil where
    /// there are none, and the question has to be asked.
    static func of(_ question: FieldTest.Question) -> [Trigger]? {
        switch question {
        case .pattern(let pattern): return of(pattern)
        case .oneOf(let texts, let isCased):
            return texts.map {
                Trigger(place: .whole, text: $0, isCased: isCased, isEnough: true)
            }
        case .expression(let expression):
            guard let texts = RequiredText.best(of: expression.required),
                texts.allSatisfy({ $0.bytes.count >= insideBytesMin })
            else { return nil }
            return texts.map {
                Trigger(
                    place: .inside, text: $0.bytes, isCased: !$0.ignoresCase, isEnough: false)
            }
        default: return nil
        }
    }

    private static func of(_ pattern: TextPattern) -> [Trigger]? {
        if pattern.foldsText { return [folding(pattern)] }
        let forms = pattern.spelledOut
        guard forms.count == 1 else {
            let triggers = forms.compactMap { simple($0, pattern.isCased) }
            return triggers.count == forms.count ? triggers : nil
        }
        if let simple = simple(forms[0], pattern.isCased) { return [simple] }
        var longest: [UInt8] = []
        for case .literal(let text) in forms[0] where text.count > longest.count {
            longest = text
        }
        guard longest.count >= insideBytesMin else { return nil }
        return [
            Trigger(place: .inside, text: longest, isCased: pattern.isCased, isEnough: false)
        ]
    }

    /// The trigger of a pattern that is one text with or without a star before and behind it.
    private static func simple(_ tokens: [TextPattern.Token], _ isCased: Bool) -> Trigger? {
        var place = Place.whole
        var text: [UInt8] = []
        switch tokens.count {
        case 0: break
        case 1:
            guard case .literal(let literal) = tokens[0] else { return nil }
            text = literal
        case 2:
            if case .literal(let literal) = tokens[0], tokens[1] == .any {
                (place, text) = (.start, literal)
            } else if tokens[0] == .any, case .literal(let literal) = tokens[1] {
                (place, text) = (.end, literal)
            } else {
                return nil
            }
        case 3:
            guard tokens[0] == .any, case .literal(let literal) = tokens[1], tokens[2] == .any,
                literal.count >= insideBytesMin
            else { return nil }
            (place, text) = (.inside, literal)
        default: return nil
        }
        return Trigger(place: place, text: text, isCased: isCased, isEnough: true)
    }

    /// The trigger of a pattern whose values are folded as text.
    private static func folding(_ pattern: TextPattern) -> Trigger {
        var longest: [UInt8] = []
        for case .literal(let literal) in pattern.tokens {
            var run: [UInt8] = []
            for scalar in String(decoding: literal, as: UTF8.self).unicodeScalars {
                if isOnlyItself(scalar) {
                    run += UTF8.encode(scalar)!
                } else {
                    run = []
                }
                if run.count > longest.count { longest = run }
            }
        }
        guard longest.count >= insideBytesMin else {
            // What folds to a character beyond ASCII has one itself.
            return Trigger(place: .beyondASCII, text: [], isCased: false, isEnough: false)
        }
        return Trigger(place: .inside, text: longest, isCased: false, isEnough: false)
    }

    /// Whether the character, in lower case, comes of no other but its ASCII upper case.
    private static func isOnlyItself(_ scalar: Unicode.Scalar) -> Bool {
        // The signs of Kelvin and the dotted capital I become ASCII letters; what is no text
        // becomes U+FFFD.
        if scalar.isASCII { return scalar != "k" && scalar != "i" }
        if scalar == "\u{FFFD}" { return false }
        switch scalar.properties.generalCategory {
        case .otherLetter, .otherSymbol, .mathSymbol, .currencySymbol, .otherPunctuation,
            .dashPunctuation, .openPunctuation, .closePunctuation:
            return true
        default: return false
        }
    }
}
