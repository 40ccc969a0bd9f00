import HisuiBytes
import HisuiYAML

/// The modifiers of one field, and what they make of its values.
struct ValueReader {
    private enum Place { case whole, contains, starts, ends }
    private enum Kind: Equatable {
        case text, expression, network, exists, reference
        case number(FieldTest.Comparison)
    }

    let field: Int?
    private(set) var needsAll = false
    private(set) var isNegated = false
    private var place = Place.whole
    private var kind = Kind.text
    private var isCased = false
    private var hasDashes = false
    private var encoding: TextEncoding?
    private var base64 = false
    private var base64Offset = false
    private var flags: Set<Character> = []

    init(field: Int?) { self.field = field }

    static let modifiers = [
        "all", "base64", "base64offset", "cased", "cidr", "contains", "endswith", "exists",
        "fieldref", "gt", "gte", "i", "lt", "lte", "m", "neq", "re", "s", "startswith", "utf16",
        "utf16be", "utf16le", "wide", "windash",
    ]

    mutating func apply(_ modifier: String, _ key: YAMLNode) throws(RuleError) {
        switch modifier {
        case "all": needsAll = true
        case "neq": isNegated = true
        case "contains": place = .contains
        case "startswith": place = .starts
        case "endswith": place = .ends
        case "cased": isCased = true
        case "windash": hasDashes = true
        case "re": kind = .expression
        case "i", "m", "s": flags.insert(Character(modifier))
        case "cidr": kind = .network
        case "exists": kind = .exists
        case "fieldref": kind = .reference
        case "lt": kind = .number(.less)
        case "lte": kind = .number(.lessOrEqual)
        case "gt": kind = .number(.greater)
        case "gte": kind = .number(.greaterOrEqual)
        case "utf16le", "wide": encoding = .utf16LittleEndian
        case "utf16be": encoding = .utf16BigEndian
        case "utf16": encoding = .utf16WithMark
        case "base64": base64 = true
        case "base64offset": base64Offset = true
        case "expand":
            throw RuleError(key, "`expand` needs placeholders, and none can be given yet")
        default:
            let near = NearestName.suggestion(for: modifier, in: Self.modifiers)
            throw RuleError(
                key, "the modifier \(YAMLNode.quote(modifier)) is not supported",
                hint: near.map { "did you mean `\($0)`?" } ?? "")
        }
    }

    /// Refuses what does not go together.
    func finish(_ key: YAMLNode) throws(RuleError) {
        let changesText =
            isCased && kind != .reference || hasDashes || encoding != nil || base64 || base64Offset
        if kind != .text, changesText || place != .whole && kind != .reference {
            throw RuleError(key, "the modifiers of \(key.quoted) do not go together")
        }
        if !flags.isEmpty, kind != .expression {
            throw RuleError(key, "`i`, `m` and `s` belong to `re`")
        }
        if encoding != nil, !base64, !base64Offset {
            throw RuleError(key, "an encoding without `base64` after it cannot match text")
        }
        let needsField: Bool
        switch kind {
        case .text, .expression: needsField = false
        case .network, .exists, .reference, .number: needsField = true
        }
        if field == nil, needsField {
            throw RuleError(key, "\(key.quoted) needs the name of a field")
        }
    }

    /// What one value asks; several for the offsets of base64, any of which will do.
    func questions(
        _ node: YAMLNode, _ table: inout TestTable
    ) throws(RuleError) -> [FieldTest.Question] {
        guard let text = node.text else {
            throw RuleError(node, "a value must be text, a number or null, not \(node.described)")
        }
        if node.isNull {
            guard field != nil, kind == .text, place == .whole else {
                throw RuleError(node, "null can only be the value of a field without modifiers")
            }
            return [.missing]
        }
        switch kind {
        case .text: return try patterns(text, node).map { .pattern($0) }
        case .expression:
            do {
                return [
                    .expression(
                        try RegularExpression(
                            text, ignoresCase: flags.contains("i"),
                            multiline: flags.contains("m"), dotTakesAll: flags.contains("s")))
                ]
            } catch {
                throw RuleError(node, "the regular expression is refused: \(error.reason)")
            }
        case .network:
            let bytes = Array(text.utf8)
            guard let network = IPNetwork.parse(bytes.span, 0..<bytes.count) else {
                throw RuleError(
                    node, "\(node.quoted) is no address range", hint: "write it like 10.0.0.0/8")
            }
            return [.network(network)]
        case .exists:
            guard let value = node.bool else {
                throw RuleError(node, "`exists` takes true or false, not \(node.described)")
            }
            return [value ? .exists : .missing]
        case .number(let comparison):
            guard let number = node.double ?? Double(text) else {
                throw RuleError(node, "a number is needed here, not \(node.described)")
            }
            return [.compare(comparison, number)]
        case .reference:
            let relation: FieldTest.Relation =
                switch place {
                case .whole: .equal
                case .contains: .contains
                case .starts: .startsWith
                case .ends: .endsWith
                }
            return [.related(relation, toField: table.field(text), isCased: isCased)]
        }
    }

    private func patterns(_ text: String, _ node: YAMLNode) throws(RuleError) -> [TextPattern] {
        var tokens = TextPattern.tokens(of: text)
        if hasDashes { tokens = TextPattern.withDashes(tokens) }
        guard encoding != nil || base64 || base64Offset else { return [placed(tokens)] }
        var bytes: [UInt8] = []
        for token in tokens {
            guard case .literal(let literal) = token else {
                throw RuleError(node, "wildcards cannot be encoded", hint: "escape them: `\\*`")
            }
            bytes += literal
        }
        if let encoding { bytes = encoding.encode(bytes) }
        if base64Offset {
            return (0..<3).map { placed([.literal(Base64.encode(bytes, offset: $0))]) }
        }
        return [placed([.literal(Base64.encode(bytes))])]
    }

    private func placed(_ tokens: [TextPattern.Token]) -> TextPattern {
        let isFloatingStart = place == .contains || place == .ends || field == nil
        let isFloatingEnd = place == .contains || place == .starts || field == nil
        return TextPattern(
            (isFloatingStart ? [.any] : []) + tokens + (isFloatingEnd ? [.any] : []),
            // Base64 differs by case.
            isCased: isCased || base64 || base64Offset)
    }
}

/// How a text is written before it is encoded.
enum TextEncoding {
    case utf16LittleEndian, utf16BigEndian, utf16WithMark

    func encode(_ utf8: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = self == .utf16WithMark ? [0xFF, 0xFE] : []
        for unit in String(decoding: utf8, as: UTF8.self).utf16 {
            let low = UInt8(truncatingIfNeeded: unit)
            let high = UInt8(truncatingIfNeeded: unit >> 8)
            bytes += self == .utf16BigEndian ? [high, low] : [low, high]
        }
        return bytes
    }
}

/// Base64 of RFC 4648 §4.
enum Base64 {
    private static let letters = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var out = letters(of: bytes)
        while out.count % 4 != 0 { out.append(UInt8(ascii: "=")) }
        return out
    }

    /// The letters that stand for `bytes` alone, when `offset` other bytes precede them and any
    /// follow.
    static func encode(_ bytes: [UInt8], offset: Int) -> [UInt8] {
        let out = letters(of: [UInt8](repeating: 0, count: offset) + bytes)
        let end = (offset + bytes.count) % 3 == 0 ? out.count : out.count - 1
        let start = [0, 2, 3][offset]
        return start < end ? Array(out[start..<end]) : []
    }

    private static func letters(of bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var buffer = 0
        var bits = 0
        for byte in bytes {
            buffer = buffer << 8 | Int(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                out.append(letters[buffer >> bits & 63])
            }
            buffer &= (1 << bits) - 1
        }
        if bits > 0 { out.append(letters[buffer << (6 - bits) & 63]) }
        return out
    }
}
