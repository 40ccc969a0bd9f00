/// What a regular expression says, before it is a program.
indirect enum RegularExpressionNode: Sendable {
    case empty
    case bytes(RegularExpression.ByteSet)
    case assertion(RegularExpression.Assertion)
    case sequence([RegularExpressionNode])
    case choice([RegularExpressionNode])
    /// A lazy one tries what follows before it takes more.
    case repeated(RegularExpressionNode, least: Int, most: Int?, isLazy: Bool)
    /// A group that remembers what fitted it; the first is number 1.
    case group(RegularExpressionNode, number: Int)
}

/// Reads the text of a regular expression.
struct RegularExpressionParser {
    var ignoresCase = false
    var multiline = false
    var dotTakesAll = false
    /// Whether repeats are lazy and those with `?` are not: the flag U.
    private var isUngreedy = false
    /// The name of each group, by its number less one; nil for one without.
    private(set) var groupNames: [String?] = []
    private let text: [Unicode.Scalar]
    private var at = 0
    private var depth = 0

    init(_ text: String) { self.text = Self.unquoted(Array(text.unicodeScalars)) }

    /// The text with a backslash before each mark between `\Q` and `\E`, and without these.
    private static func unquoted(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var out: [Unicode.Scalar] = []
        var isQuoted = false
        var at = 0
        while at < text.count {
            let scalar = text[at]
            let next = at + 1 < text.count ? text[at + 1] : nil
            at += 1
            if scalar == "\\", next == (isQuoted ? "E" : "Q") {
                isQuoted.toggle()
                at += 1
            } else if scalar == "\\", !isQuoted, let next {
                out += [scalar, next]
                at += 1
            } else {
                if isQuoted, scalar.isASCII, !scalar.properties.isAlphabetic,
                    scalar.value &- 0x30 >= 10
                {
                    out.append("\\")
                }
                out.append(scalar)
            }
        }
        return out
    }

    mutating func parse() throws(RegularExpressionError) -> RegularExpressionNode {
        let node = try choice()
        if at < text.count { throw RegularExpressionError("an unexpected `)`") }
        return node
    }

    private var peek: Unicode.Scalar? { at < text.count ? text[at] : nil }

    /// The character after the next one.
    private var following: Unicode.Scalar? { at + 1 < text.count ? text[at + 1] : nil }

    private mutating func advance() { at += 1 }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == scalar else { return false }
        at += 1
        return true
    }

    private mutating func choice() throws(RegularExpressionError) -> RegularExpressionNode {
        var branches = [try sequence()]
        while take("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func sequence() throws(RegularExpressionError) -> RegularExpressionNode {
        var nodes: [RegularExpressionNode] = []
        while let scalar = peek, scalar != "|", scalar != ")" {
            nodes.append(try quantified(try atom()))
        }
        return nodes.isEmpty ? .empty : .sequence(nodes)
    }

    private mutating func quantified(
        _ node: RegularExpressionNode
    ) throws(RegularExpressionError) -> RegularExpressionNode {
        var node = node
        var count = 0
        while let (least, most) = try quantifier() {
            count += 1
            guard count <= ExpressionLimits.depthMax else {
                throw RegularExpressionError(
                    "more than \(ExpressionLimits.depthMax) repeats of each other")
            }
            if take("+") {
                throw RegularExpressionError("possessive quantifiers are not supported")
            }
            let isLazy = take("?") != isUngreedy
            node = .repeated(node, least: least, most: most, isLazy: isLazy)
        }
        return node
    }

    /// Takes `*`, `+`, `?` or bounds in braces, if they stand here.
    private mutating func quantifier() throws(RegularExpressionError) -> (Int, Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        return try bounds()
    }

    /// `{n}`, `{n,}` or `{n,m}`; nil where a brace is only a brace.
    private mutating func bounds() throws(RegularExpressionError) -> (Int, Int?)? {
        let start = at
        guard take("{") else { return nil }
        let least = number()
        var most = least
        if take(",") { most = number() }
        guard take("}"), let least else {
            at = start
            return nil
        }
        let isOpen = text[at - 2] == ","
        guard least <= ExpressionLimits.repeatsMax, (most ?? 0) <= ExpressionLimits.repeatsMax,
            isOpen || most ?? least >= least
        else {
            throw RegularExpressionError(
                "repeats go up to \(ExpressionLimits.repeatsMax), the lower bound first")
        }
        return (least, isOpen ? nil : most)
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let scalar = peek, scalar.value &- 0x30 < 10, value ?? 0 < 100_000 {
            value = (value ?? 0) * 10 + Int(scalar.value - 0x30)
            at += 1
        }
        return value
    }

    private mutating func atom() throws(RegularExpressionError) -> RegularExpressionNode {
        let scalar = text[at]
        at += 1
        switch scalar {
        case "(": return try group()
        case "[": return try bracket().node
        case ".": return (dotTakesAll ? ScalarSet() : .newline).complement.node
        case "^": return .assertion(multiline ? .lineStart : .start)
        case "$": return .assertion(multiline ? .lineEnd : .end)
        case "*", "+", "?": throw RegularExpressionError("`\(scalar)` has nothing to repeat")
        case "\\": return try escape()
        default: return literal(scalar)
        }
    }

    private mutating func group() throws(RegularExpressionError) -> RegularExpressionNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= ExpressionLimits.depthMax else {
            throw RegularExpressionError(
                "more than \(ExpressionLimits.depthMax) groups within each other")
        }
        let flags = (ignoresCase, multiline, dotTakesAll, isUngreedy)
        var number: Int?
        if !take("?") {
            groupNames.append(nil)
            number = groupNames.count
        } else if take("P") || peek == "<" {
            groupNames.append(try groupName())
            number = groupNames.count
        } else if !take(":"), try readFlags() {
            return .empty
        }
        let node = try choice()
        guard take(")") else { throw RegularExpressionError("a `(` without its `)`") }
        (ignoresCase, multiline, dotTakesAll, isUngreedy) = flags
        return number.map { .group(node, number: $0) } ?? node
    }

    /// Takes `<name>`.
    private mutating func groupName() throws(RegularExpressionError) -> String {
        guard take("<"), peek != "=", peek != "!" else {
            throw RegularExpressionError("look-behind is not supported")
        }
        var name = ""
        while let scalar = peek, scalar != ">" {
            name.unicodeScalars.append(scalar)
            at += 1
        }
        guard take(">") else { throw RegularExpressionError("a group's name has no end") }
        return name
    }

    /// Flags after `(?`: true for `(?i)`, which hold for what follows, false for `(?i:`.
    private mutating func readFlags() throws(RegularExpressionError) -> Bool {
        var value = true
        while let scalar = peek {
            at += 1
            switch scalar {
            case "i": ignoresCase = value
            case "m": multiline = value
            case "s": dotTakesAll = value
            case "U": isUngreedy = value
            case "-": value = false
            case ")": return true
            case ":": return false
            default:
                throw RegularExpressionError(
                    "`(?\(scalar)` is not supported: no look-around, no conditions; "
                        + "flags are i, m, s, U")
            }
        }
        throw RegularExpressionError("a `(` without its `)`")
    }
}

// Escapes and classes.
extension RegularExpressionParser {
    private mutating func escape() throws(RegularExpressionError) -> RegularExpressionNode {
        guard let scalar = peek else { throw RegularExpressionError("a backslash at the end") }
        if let set = try classEscape() { return set.node }
        switch scalar {
        case "b", "B":
            advance()
            return .assertion(scalar == "b" ? .wordEdge : .noWordEdge)
        case "A", "z", "Z":
            advance()
            return .assertion(scalar == "A" ? .start : .end)
        case "C":
            advance()
            var set = RegularExpression.ByteSet()
            set.insert(0...0xFF)
            return .bytes(set)
        default: return literal(try plainEscape())
        }
    }

    /// Takes `\d`, `\S`, `\p{Han}` and the like, the backslash being taken; nil for what is no
    /// class.
    private mutating func classEscape() throws(RegularExpressionError) -> ScalarSet? {
        guard let scalar = peek else { return nil }
        let set: ScalarSet
        switch scalar {
        case "d", "D": set = .digit
        case "w", "W": set = .word
        case "s", "S": set = .space
        case "p", "P":
            advance()
            var name = ""
            guard take("{") else {
                throw RegularExpressionError("`\\\(scalar)` needs `{script}`")
            }
            let isOpposite = take("^")
            while let next = peek, next != "}" {
                name.unicodeScalars.append(next)
                advance()
            }
            guard take("}"), let script = ScalarSet.scripts[name] else {
                throw RegularExpressionError(
                    "`\\\(scalar){\(name)}` is not supported; there are "
                        + ScalarSet.scripts.keys.sorted().joined(separator: ", "))
            }
            return (scalar == "P") != isOpposite ? script.complement : script
        default: return nil
        }
        advance()
        return scalar.properties.isUppercase ? set.complement : set
    }

    /// The character that an escape stands for.
    private mutating func plainEscape() throws(RegularExpressionError) -> Unicode.Scalar {
        guard let scalar = peek else { throw RegularExpressionError("a backslash at the end") }
        advance()
        switch scalar {
        case "a": return "\u{7}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "f": return "\u{C}"
        case "v": return "\u{B}"
        case "0": return "\0"
        case "x", "u": return try hexadecimal(scalar)
        default:
            guard scalar.isASCII, !scalar.properties.isAlphabetic, scalar.value &- 0x30 >= 10 else {
                throw RegularExpressionError("`\\\(scalar)` is not supported")
            }
            return scalar
        }
    }

    /// Takes `7f` after `\x`, `3042` after `\u`, or `{1f600}`.
    private mutating func hexadecimal(
        _ kind: Unicode.Scalar
    ) throws(RegularExpressionError) -> Unicode.Scalar {
        let isBraced = take("{")
        let count = isBraced ? 8 : kind == "x" ? 2 : 4
        var digits = ""
        while digits.utf8.count < count, let next = peek, next.properties.isASCIIHexDigit {
            digits.unicodeScalars.append(next)
            advance()
        }
        guard isBraced ? take("}") : digits.utf8.count == count,
            let value = UInt32(digits, radix: 16), let found = Unicode.Scalar(value)
        else {
            throw RegularExpressionError(
                "`\\\(kind)` needs " + (isBraced ? "a character’s" : "\(count) hexadecimal")
                    + " digits")
        }
        return found
    }

    /// Takes a class in brackets; the opening one has been taken.
    private mutating func bracket() throws(RegularExpressionError) -> ScalarSet {
        let isNegated = take("^")
        var ranges: [ClosedRange<UInt32>] = []
        var isFirst = true
        while true {
            guard let scalar = peek else { throw RegularExpressionError("a `[` without its `]`") }
            advance()
            if scalar == "]", !isFirst { break }
            isFirst = false
            if scalar == "[", peek == ":" {
                ranges += try posixClass().ranges
                continue
            }
            if scalar == "\\", let set = try classEscape() {
                ranges += set.ranges
                continue
            }
            let low = scalar == "\\" ? try classCharacter() : scalar
            var high = low
            if peek == "-", following != nil, following != "]" {
                advance()
                let next = peek
                advance()
                high = next == "\\" ? try classCharacter() : next ?? low
            }
            guard low.value <= high.value else { throw RegularExpressionError("a range backwards") }
            ranges.append(low.value...high.value)
        }
        var set = ScalarSet(ranges)
        if ignoresCase { set = set.ignoringCase }
        return isNegated ? set.complement : set
    }

    /// The character that an escape in a class stands for: there `\b` is one.
    private mutating func classCharacter() throws(RegularExpressionError) -> Unicode.Scalar {
        take("b") ? "\u{8}" : try plainEscape()
    }

    /// Takes `:alpha:]` or `:^alpha:]`.
    private mutating func posixClass() throws(RegularExpressionError) -> ScalarSet {
        advance()
        let isOpposite = take("^")
        var name = ""
        while let scalar = peek, scalar.isASCII, scalar.properties.isAlphabetic {
            name.unicodeScalars.append(scalar)
            advance()
        }
        guard take(":"), take("]"), let set = ScalarSet.posix[name] else {
            throw RegularExpressionError("`[:\(name)` is no class like `[:alpha:]`")
        }
        return isOpposite ? set.complement : set
    }

    private func literal(_ scalar: Unicode.Scalar) -> RegularExpressionNode {
        let set = ScalarSet(scalar...scalar)
        if scalar.isASCII { return (ignoresCase ? set.ignoringCase : set).node }
        let forms =
            ignoresCase
            ? Set([
                String(scalar), scalar.properties.lowercaseMapping,
                scalar.properties.uppercaseMapping,
            ]).sorted() : [String(scalar)]
        let nodes = forms.map { form in
            RegularExpressionNode.sequence(
                form.utf8.map { byte in
                    var set = RegularExpression.ByteSet()
                    set.insert(byte)
                    return .bytes(set)
                })
        }
        return nodes.count == 1 ? nodes[0] : .choice(nodes)
    }
}
