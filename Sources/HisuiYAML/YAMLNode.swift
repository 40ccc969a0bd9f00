/// One value of a YAML document, with its place in the file.
///
/// Aliases are already replaced by what they stand for. Such a copy has the place of the alias
/// at its top, and below that the places where the text stands.
public struct YAMLNode: Sendable {
    public enum Kind: Sendable {
        /// Text, and whether it was written without quotes: only then it can be a number, a truth
        /// value or null.
        case scalar(String, isPlain: Bool)
        case sequence([YAMLNode])
        /// In the order of the file. Keys are scalars, and no two have the same text.
        case mapping([(key: YAMLNode, value: YAMLNode)])
    }

    public let kind: Kind
    /// The name under which the file was given to the parser.
    public let file: String
    /// From 1.
    public let line: Int
    /// From 1, in code points.
    public let column: Int

    public init(kind: Kind, file: String, line: Int, column: Int) {
        self.kind = kind
        self.file = file
        self.line = line
        self.column = column
    }

    /// The same value at the place of `other`.
    func placed(at line: Int, _ column: Int) -> YAMLNode {
        YAMLNode(kind: kind, file: file, line: line, column: column)
    }
}

extension YAMLNode {
    /// A scalar's text as it stands, whatever it may mean; nil for sequences and mappings.
    public var text: String? {
        if case .scalar(let text, _) = kind { text } else { nil }
    }

    /// The elements; nil unless a sequence.
    public var sequence: [YAMLNode]? {
        if case .sequence(let elements) = kind { elements } else { nil }
    }

    /// The pairs; nil unless a mapping.
    public var mapping: [(key: YAMLNode, value: YAMLNode)]? {
        if case .mapping(let entries) = kind { entries } else { nil }
    }

    /// The value under `key`; nil when there is none or this is no mapping.
    /// - Complexity: O(number of keys).
    public subscript(key: String) -> YAMLNode? {
        mapping?.first { $0.key.text == key }?.value
    }

    /// `~`, `null` or nothing at all, without quotes.
    public var isNull: Bool { coreType == .null }

    /// Text: quoted, or plain and by the core schema neither null, truth value nor number.
    ///
    /// So `yes`, `2026-11-23` and `10.0.0.1` are text, `10.0` and `true` are not.
    public var string: String? { coreType == .string ? text : nil }

    /// `true` or `false` in the three spellings of the core schema; `yes` and `on` are text.
    public var bool: Bool? {
        guard coreType == .bool, let text else { return nil }
        return text.utf8.first == UInt8(ascii: "t") || text.utf8.first == UInt8(ascii: "T")
    }

    /// A plain decimal, `0o` octal or `0x` hexadecimal number that fits 64 bits.
    public var int: Int? {
        guard coreType == .int, let text else { return nil }
        if text.hasPrefix("0x") { return Int(text.dropFirst(2), radix: 16) }
        if text.hasPrefix("0o") { return Int(text.dropFirst(2), radix: 8) }
        return Int(text)
    }

    /// A plain number, whole or not.
    public var double: Double? {
        guard let text else { return nil }
        switch coreType {
        case .int: return int.map(Double.init)
        case .float:
            switch text.lowercased() {
            case ".inf", "+.inf": return .infinity
            case "-.inf": return -.infinity
            case ".nan": return .nan
            default:
                // Swift wants a digit on both sides of the point, YAML on one.
                let exponent = text.firstIndex { $0 == "e" || $0 == "E" } ?? text.endIndex
                var number = String(text[..<exponent])
                if number.hasSuffix(".") { number += "0" }
                if let point = number.firstIndex(of: "."),
                    point == number.startIndex || !number[number.index(before: point)].isNumber
                {
                    number.insert("0", at: point)
                }
                return Double(number + text[exponent...])
            }
        default: return nil
        }
    }

    /// What it is, as a message says it: "the number 5", "text", "a list".
    public var described: String {
        switch coreType {
        case .null: "nothing"
        case .bool: "the truth value \(quoted)"
        case .int, .float: "the number \(quoted)"
        case .string: "the text \(quoted)"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }

    /// A scalar's text for a message: in backquotes, control characters made visible, cut short.
    public var quoted: String { text.map(YAMLNode.quote) ?? "" }

    /// `text` in backquotes, control characters made visible, cut after 80 characters.
    public static func quote(_ text: String) -> String {
        var out = "`"
        for (i, scalar) in text.unicodeScalars.enumerated() {
            if i == 80 {
                out += "…"
                break
            }
            switch scalar.properties.generalCategory {
            // Bidirectional controls are `format`: they could make a message read otherwise.
            case .control, .format, .lineSeparator, .paragraphSeparator:
                out += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "`"
    }
}
