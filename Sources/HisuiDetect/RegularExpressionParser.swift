import HisuiEvent

/// What a regular expression says, before it is a program.
indirect enum RegularExpressionNode {
    case empty
    case bytes(RegularExpression.ByteSet)
    case assertion(RegularExpression.Assertion)
    case sequence([RegularExpressionNode])
    case choice([RegularExpressionNode])
    case repeated(RegularExpressionNode, least: Int, most: Int?)
}

/// Reads the text of a regular expression.
struct RegularExpressionParser {
    var ignoresCase = false
    var multiline = false
    var dotTakesAll = false
    private let text: [Unicode.Scalar]
    private var at = 0
    private var depth = 0

    init(_ text: String) { self.text = Array(text.unicodeScalars) }

    static let digit = set("0"..."9")
    static let word = set("0"..."9", "a"..."z", "A"..."Z", "_"..."_")
    static let space = set("\t"..."\r", " "..." ")

    private static func set(
        _ ranges: ClosedRange<Unicode.Scalar>...
    ) -> RegularExpression.ByteSet {
        var set = RegularExpression.ByteSet()
        for range in ranges {
            set.insert(UInt8(range.lowerBound.value)...UInt8(range.upperBound.value))
        }
        return set
    }

    mutating func parse() throws(RegularExpressionError) -> RegularExpressionNode {
        let node = try choice()
        if at < text.count { throw RegularExpressionError("an unexpected `)`") }
        return node
    }

    private var peek: Unicode.Scalar? { at < text.count ? text[at] : nil }

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
        while true {
            if take("*") {
                node = .repeated(node, least: 0, most: nil)
            } else if take("+") {
                node = .repeated(node, least: 1, most: nil)
            } else if take("?") {
                node = .repeated(node, least: 0, most: 1)
            } else if let (least, most) = try bounds() {
                node = .repeated(node, least: least, most: most)
            } else {
                return node
            }
            if take("+") {
                throw RegularExpressionError("possessive quantifiers are not supported")
            }
            _ = take("?")
        }
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
        guard least <= Limits.expressionRepeatsMax, (most ?? 0) <= Limits.expressionRepeatsMax,
            isOpen || most ?? least >= least
        else {
            throw RegularExpressionError(
                "repeats go up to \(Limits.expressionRepeatsMax), the lower bound first")
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
        case "[": return try bracket()
        case ".": return anyCharacter(except: dotTakesAll ? [] : ["\n"])
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
        guard depth <= Limits.expressionDepthMax else {
            throw RegularExpressionError(
                "more than \(Limits.expressionDepthMax) groups within each other")
        }
        let flags = (ignoresCase, multiline, dotTakesAll)
        var keepsFlags = false
        if take("?") {
            if take("P") || peek == "<" {
                guard take("<"), peek != "=", peek != "!" else {
                    throw RegularExpressionError("look-behind is not supported")
                }
                while let scalar = peek, scalar != ">" { at += 1 }
                guard take(">") else { throw RegularExpressionError("a group's name has no end") }
            } else if !take(":") {
                keepsFlags = try readFlags()
                if keepsFlags { return .empty }
            }
        }
        let node = try choice()
        guard take(")") else { throw RegularExpressionError("a `(` without its `)`") }
        (ignoresCase, multiline, dotTakesAll) = flags
        return node
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
            case "-": value = false
            case ")": return true
            case ":": return false
            default:
                throw RegularExpressionError(
                    "`(?\(scalar)` is not supported: no look-around, no conditions, flags i, m, s")
            }
        }
        throw RegularExpressionError("a `(` without its `)`")
    }

    private mutating func escape() throws(RegularExpressionError) -> RegularExpressionNode {
        guard let scalar = peek else { throw RegularExpressionError("a backslash at the end") }
        if let (set, isNegated) = classEscape(scalar) {
            at += 1
            return isNegated ? complement(set) : .bytes(set)
        }
        switch scalar {
        case "b", "B":
            at += 1
            return .assertion(scalar == "b" ? .wordEdge : .noWordEdge)
        case "A", "z", "Z":
            at += 1
            return .assertion(scalar == "A" ? .start : .end)
        default: return literal(try plainEscape())
        }
    }

    private func classEscape(
        _ scalar: Unicode.Scalar
    ) -> (set: RegularExpression.ByteSet, isNegated: Bool)? {
        switch scalar {
        case "d", "D": (Self.digit, scalar == "D")
        case "w", "W": (Self.word, scalar == "W")
        case "s", "S": (Self.space, scalar == "S")
        default: nil
        }
    }

    /// The character that an escape stands for.
    private mutating func plainEscape() throws(RegularExpressionError) -> Unicode.Scalar {
        guard let scalar = peek else { throw RegularExpressionError("a backslash at the end") }
        at += 1
        switch scalar {
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "f": return "\u{C}"
        case "v": return "\u{B}"
        case "0": return "\0"
        case "x", "u":
            let count = scalar == "x" ? 2 : 4
            let digits = text[at..<min(at + count, text.count)]
            guard digits.count == count,
                let value = UInt32(String(String.UnicodeScalarView(digits)), radix: 16),
                let found = Unicode.Scalar(value)
            else { throw RegularExpressionError("`\\\(scalar)` needs \(count) hexadecimal digits") }
            at += count
            return found
        default:
            guard scalar.isASCII, !scalar.properties.isAlphabetic, scalar.value &- 0x30 >= 10 else {
                throw RegularExpressionError("`\\\(scalar)` is not supported")
            }
            return scalar
        }
    }

    private mutating func bracket() throws(RegularExpressionError) -> RegularExpressionNode {
        let isNegated = take("^")
        var set = RegularExpression.ByteSet()
        var others: [Unicode.Scalar] = []
        var isFirst = true
        while true {
            guard let scalar = peek else { throw RegularExpressionError("a `[` without its `]`") }
            at += 1
            if scalar == "]", !isFirst { break }
            isFirst = false
            if scalar == "[", peek == ":" {
                throw RegularExpressionError("classes like `[:alpha:]` are not supported")
            }
            var low = scalar
            if scalar == "\\" {
                if let next = peek, let (found, isOpposite) = classEscape(next) {
                    at += 1
                    set.words |= isOpposite ? ~found.words & Self.ascii : found.words
                    continue
                }
                low = peek == "b" ? "\u{8}" : low
                if low == "\u{8}" { at += 1 } else { low = try plainEscape() }
            }
            var high = low
            if peek == "-", at + 1 < text.count, text[at + 1] != "]" {
                at += 1
                high = text[at]
                at += 1
                if high == "\\" { high = try plainEscape() }
            }
            guard low.value <= high.value else { throw RegularExpressionError("a range backwards") }
            if high.isASCII {
                set.insert(UInt8(low.value)...UInt8(high.value))
            } else if low == high {
                others.append(low)
            } else {
                throw RegularExpressionError("ranges of other than ASCII characters")
            }
        }
        return try finish(set, others, isNegated)
    }

    private func finish(
        _ set: RegularExpression.ByteSet, _ others: [Unicode.Scalar], _ isNegated: Bool
    ) throws(RegularExpressionError) -> RegularExpressionNode {
        var set = set
        if ignoresCase {
            for byte in UInt8(0x61)...0x7A where set.contains(byte) || set.contains(byte - 0x20) {
                set.insert(byte)
                set.insert(byte - 0x20)
            }
        }
        guard isNegated else {
            return .choice([.bytes(set)] + others.map(literal))
        }
        guard others.isEmpty else {
            throw RegularExpressionError("a negated class of other than ASCII characters")
        }
        return complement(set)
    }

    private static let ascii = SIMD4<UInt64>(.max, .max, 0, 0)

    /// All characters but those ASCII ones.
    private func complement(_ set: RegularExpression.ByteSet) -> RegularExpressionNode {
        var single = RegularExpression.ByteSet()
        single.words = ~set.words & Self.ascii
        func bytes(_ range: ClosedRange<UInt8>) -> RegularExpressionNode {
            var set = RegularExpression.ByteSet()
            set.insert(range)
            return .bytes(set)
        }
        let follower = bytes(0x80...0xBF)
        return .choice([
            .bytes(single), .sequence([bytes(0xC2...0xDF), follower]),
            .sequence([bytes(0xE0...0xEF), follower, follower]),
            .sequence([bytes(0xF0...0xF4), follower, follower, follower]),
        ])
    }

    private func anyCharacter(except: [Unicode.Scalar]) -> RegularExpressionNode {
        var set = RegularExpression.ByteSet()
        for scalar in except { set.insert(UInt8(scalar.value)) }
        return complement(set)
    }

    private func literal(_ scalar: Unicode.Scalar) -> RegularExpressionNode {
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
