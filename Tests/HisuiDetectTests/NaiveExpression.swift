/// A regular expression by what it means: from places in a text to the places behind what fits.
///
/// The subset that Sigma names, and what public rules write beside it: `(?:`, `(?i)`, lazy repeats,
/// `\d \w \s \b`. Sets of places instead of going back keep it short.
indirect enum NaiveExpression {
    case empty
    case one((Unicode.Scalar) -> Bool)
    case start, end, lineStart, lineEnd, wordEdge
    case sequence([NaiveExpression])
    case choice([NaiveExpression])
    case repeated(NaiveExpression, least: Int, most: Int?)

    struct Flags {
        var ignoresCase = false
        var isMultiline = false
        var dotTakesAll = false
    }

    init(_ expression: String, _ flags: Flags) {
        var reader = Reader(rest: Array(expression.unicodeScalars)[...], flags: flags)
        self = reader.choice()
    }

    /// Whether some part of `text` fits.
    func fits(_ text: String) -> Bool {
        let scalars = Array(text.unicodeScalars)
        return !ends(Set(0...scalars.count), scalars).isEmpty
    }

    private func ends(_ starts: Set<Int>, _ text: [Unicode.Scalar]) -> Set<Int> {
        func isWord(_ at: Int) -> Bool {
            text.indices.contains(at) && NaiveExpression.isWord(text[at])
        }
        switch self {
        case .empty: return starts
        case .one(let fits):
            return Set(starts.filter { $0 < text.count && fits(text[$0]) }.map { $0 + 1 })
        case .start: return starts.intersection([0])
        case .end: return starts.intersection([text.count])
        case .lineStart: return starts.filter { $0 == 0 || text[$0 - 1] == "\n" }
        case .lineEnd: return starts.filter { $0 == text.count || text[$0] == "\n" }
        case .wordEdge: return starts.filter { isWord($0 - 1) != isWord($0) }
        case .sequence(let parts): return parts.reduce(starts) { $1.ends($0, text) }
        case .choice(let parts):
            return parts.reduce(into: []) { $0.formUnion($1.ends(starts, text)) }
        case .repeated(let part, let least, let most):
            var now = starts
            for _ in 0..<least { now = part.ends(now, text) }
            var all = now
            var count = least
            while !now.isEmpty, most.map({ count < $0 }) ?? true {
                now = part.ends(now, text).subtracting(all)
                all.formUnion(now)
                count += 1
            }
            return all
        }
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII && (scalar.properties.isAlphabetic || "0"..."9" ~= scalar || scalar == "_")
    }

    private struct Reader {
        var rest: ArraySlice<Unicode.Scalar>
        var flags: Flags

        mutating func choice() -> NaiveExpression {
            var parts = [sequence()]
            while rest.first == "|" {
                rest.removeFirst()
                parts.append(sequence())
            }
            return .choice(parts)
        }

        private mutating func sequence() -> NaiveExpression {
            var parts: [NaiveExpression] = []
            while let next = rest.first, next != "|", next != ")" { parts.append(quantified()) }
            return .sequence(parts)
        }

        private mutating func quantified() -> NaiveExpression {
            var part = atom()
            while let (least, most) = quantifier() {
                if rest.first == "?" { rest.removeFirst() }
                part = .repeated(part, least: least, most: most)
            }
            return part
        }

        private mutating func quantifier() -> (Int, Int?)? {
            switch rest.first {
            case "*": rest.removeFirst(); return (0, nil)
            case "+": rest.removeFirst(); return (1, nil)
            case "?": rest.removeFirst(); return (0, 1)
            case "{":
                guard let end = rest.firstIndex(of: "}") else { return nil }
                let text = String(String.UnicodeScalarView(rest[rest.startIndex + 1..<end]))
                let bounds = text.split(separator: ",", omittingEmptySubsequences: false)
                    .map { Int($0) }
                guard let first = bounds.first, let least = first, bounds.count <= 2 else {
                    return nil
                }
                rest = rest[(end + 1)...]
                return (least, bounds.count == 2 ? bounds[1] : least)
            default: return nil
            }
        }

        private mutating func atom() -> NaiveExpression {
            switch rest.removeFirst() {
            case "(": return group()
            case "[": return bracket()
            case ".":
                let takesAll = flags.dotTakesAll
                return .one { takesAll || $0 != "\n" }
            case "^": return flags.isMultiline ? .lineStart : .start
            case "$": return flags.isMultiline ? .lineEnd : .end
            case "\\": return escape()
            case let scalar: return literal(scalar)
            }
        }

        /// `(?:…)`, `(?i)` and plain groups.
        private mutating func group() -> NaiveExpression {
            let before = flags
            if rest.first == "?" {
                rest.removeFirst()
                while let flag = rest.popFirst(), flag != ":" {
                    if flag == "i" { flags.ignoresCase = true }
                    if flag == "s" { flags.dotTakesAll = true }
                    if flag == "m" { flags.isMultiline = true }
                    if flag == ")" { return .empty }
                }
            }
            let part = choice()
            _ = rest.popFirst()
            flags = before
            return part
        }

        private func literal(_ scalar: Unicode.Scalar) -> NaiveExpression {
            guard flags.ignoresCase else { return .one { $0 == scalar } }
            let wanted = scalar.properties.lowercaseMapping
            return .one { $0.properties.lowercaseMapping == wanted }
        }

        private static func category(_ letter: Unicode.Scalar) -> ((Unicode.Scalar) -> Bool)? {
            switch letter {
            case "d": { "0"..."9" ~= $0 }
            case "D": { !("0"..."9" ~= $0) }
            case "w": { isWord($0) }
            case "W": { !isWord($0) }
            case "s": { ("\t"..."\r").contains($0) || $0 == " " }
            case "S": { !(("\t"..."\r").contains($0) || $0 == " ") }
            default: nil
            }
        }

        private mutating func character(_ letter: Unicode.Scalar) -> Unicode.Scalar {
            switch letter {
            case "n": return "\n"
            case "r": return "\r"
            case "t": return "\t"
            case "x":
                let digits = String(String.UnicodeScalarView(rest.prefix(2)))
                rest = rest.dropFirst(2)
                return UInt32(digits, radix: 16).flatMap { Unicode.Scalar($0) } ?? "?"
            default: return letter
            }
        }

        private mutating func escape() -> NaiveExpression {
            let letter = rest.removeFirst()
            if letter == "b" { return .wordEdge }
            if let category = Self.category(letter) { return .one(category) }
            return literal(character(letter))
        }

        private mutating func bracket() -> NaiveExpression {
            let isNegated = rest.first == "^"
            if isNegated { rest.removeFirst() }
            var tests: [(Unicode.Scalar) -> Bool] = []
            var isFirst = true
            while let scalar = rest.popFirst(), scalar != "]" || isFirst {
                isFirst = false
                var low = scalar
                if scalar == "\\" {
                    let letter = rest.removeFirst()
                    if let category = Self.category(letter) {
                        tests.append(category)
                        continue
                    }
                    low = character(letter)
                }
                var high = low
                if rest.first == "-", rest.dropFirst().first != "]" {
                    rest.removeFirst()
                    high = rest.removeFirst()
                    if high == "\\" { high = character(rest.removeFirst()) }
                }
                tests.append { (low...high).contains($0) }
            }
            let ignoresCase = flags.ignoresCase
            return .one { scalar in
                var forms = [scalar]
                if ignoresCase {
                    forms += scalar.properties.lowercaseMapping.unicodeScalars
                    forms += scalar.properties.uppercaseMapping.unicodeScalars
                }
                return forms.contains { form in tests.contains { $0(form) } } != isNegated
            }
        }
    }
}
