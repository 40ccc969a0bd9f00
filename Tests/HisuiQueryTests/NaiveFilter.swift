import HisuiBytes

/// A filter as the tests make it: rendered as LogsQL for the engine, and evaluated here row by row,
/// obviously and slowly.
///
/// Nothing here uses the engine.
indirect enum NaiveFilter {
    case all
    case and(NaiveFilter, NaiveFilter)
    case or(NaiveFilter, NaiveFilter)
    case not(NaiveFilter)
    case group(String, NaiveTest, NaiveTest)
    case time(ClosedRange<Int64>, String)
    case test(String, NaiveTest)

    var text: String {
        switch self {
        case .all: "*"
        case .and(let a, let b): "(\(a.text)) (\(b.text))"
        case .or(let a, let b): "(\(a.text) or \(b.text))"
        case .not(let a): "!(\(a.text))"
        case .group(let field, let a, let b): "\(field):(\(a.text) or \(b.text))"
        case .time(_, let text): "_time:\(text)"
        case .test(let field, let test): field == "_msg" ? test.text : "\(field):\(test.text)"
        }
    }

    func matches(_ row: PlainRow) -> Bool {
        switch self {
        case .all: true
        case .and(let a, let b): a.matches(row) && b.matches(row)
        case .or(let a, let b): a.matches(row) || b.matches(row)
        case .not(let a): !a.matches(row)
        case .group(let field, let a, let b): a.matches(row[field]) || b.matches(row[field])
        case .time(let range, _): range.contains(row.time)
        case .test(let field, let test): test.matches(row[field])
        }
    }
}

enum NaiveTest {
    case phrase([UInt8]), prefix([UInt8]), substring([UInt8])
    case exact([UInt8]), exactPrefix([UInt8])
    case anyCase([UInt8]), anyCasePrefix([UInt8])
    case anyOf([[UInt8]])
    case compare(String, [UInt8])
    case range(Int, Int, openLower: Bool, openUpper: Bool)
    case ipv4(String, String)
    case length(Int, Int)
    case between([UInt8], [UInt8])
    case regexp(NaiveExpression)

    var text: String {
        switch self {
        case .phrase(let text): Self.quoted(text)
        case .prefix(let text): Self.quoted(text) + "*"
        case .substring(let text): "*" + Self.quoted(text) + "*"
        case .exact(let text): "=" + Self.quoted(text)
        case .exactPrefix(let text): "=" + Self.quoted(text) + "*"
        case .anyCase(let text): "i(" + Self.quoted(text) + ")"
        case .anyCasePrefix(let text): "i(" + Self.quoted(text) + "*)"
        case .anyOf(let values): "in(" + values.map(Self.quoted).joined(separator: ", ") + ")"
        case .compare(let mark, let text): mark + Self.quoted(text)
        case .range(let a, let b, let openLower, let openUpper):
            "range" + (openLower ? "(" : "[") + "\(a), \(b)" + (openUpper ? ")" : "]")
        case .ipv4(let a, let b): "ipv4_range(\(a), \(b))"
        case .length(let a, let b): "len_range(\(a), \(b))"
        case .between(let a, let b): "string_range(\(Self.quoted(a)), \(Self.quoted(b)))"
        case .regexp(let expression): "~" + Self.quoted(Array(expression.text.utf8))
        }
    }

    /// Words as they stand, everything else in double quotes with each odd byte as `\x..`.
    static func quoted(_ text: [UInt8]) -> String {
        let plain = text.allSatisfy {
            ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A && $0 >= 0x41) || $0 >= 0x30 && $0 <= 0x39
        }
        if plain, !text.isEmpty,
            !["or", "and", "not"].contains(String(decoding: text, as: UTF8.self))
        {
            return String(decoding: text, as: UTF8.self)
        }
        var out = "\""
        for byte in text {
            if byte >= 0x20, byte < 0x7F, byte != 0x22, byte != 0x5C {
                out.unicodeScalars.append(UnicodeScalar(byte))
            } else {
                out += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return out + "\""
    }

    func matches(_ value: [UInt8]) -> Bool {
        switch self {
        case .phrase(let text):
            return text.isEmpty ? value.isEmpty : Self.finds(text, value, start: true, end: true)
        case .prefix(let text):
            return text.isEmpty ? !value.isEmpty : Self.finds(text, value, start: true, end: false)
        case .substring(let text):
            return text.isEmpty ? !value.isEmpty : Self.finds(text, value, start: false, end: false)
        case .exact(let text): return value == text
        case .exactPrefix(let text): return value.starts(with: text)
        case .anyCase(let text):
            return NaiveTest.phrase(Self.lower(text)).matches(Self.lower(value))
        case .anyCasePrefix(let text):
            return NaiveTest.prefix(Self.lower(text)).matches(Self.lower(value))
        case .anyOf(let values): return values.contains(value)
        case .compare(let mark, let text):
            if let bound = Self.number(text) {
                guard let number = Self.number(value) else { return false }
                return Self.holds(mark, number < bound ? -1 : number > bound ? 1 : 0)
            }
            if value.isEmpty { return false }
            return Self.holds(
                mark, value.lexicographicallyPrecedes(text) ? -1 : value == text ? 0 : 1)
        case .range(let a, let b, let openLower, let openUpper):
            guard let number = Self.number(value) else { return false }
            return (openLower ? number > Double(a) : number >= Double(a))
                && (openUpper ? number < Double(b) : number <= Double(b))
        case .ipv4(let a, let b):
            guard let address = Self.ipv4(value), let a = Self.ipv4(Array(a.utf8)),
                let b = Self.ipv4(Array(b.utf8))
            else { return false }
            return a <= address && address <= b
        case .length(let a, let b):
            let count = String(decoding: value, as: UTF8.self).unicodeScalars.count
            return a <= count && count <= b
        case .between(let a, let b):
            return !value.lexicographicallyPrecedes(a) && value.lexicographicallyPrecedes(b)
        case .regexp(let expression): return expression.matches(value)
        }
    }

    private static func holds(_ mark: String, _ order: Int) -> Bool {
        switch mark {
        case "<": order < 0
        case "<=": order <= 0
        case ">": order > 0
        default: order >= 0
        }
    }
}

// Text, by trying every place.
extension NaiveTest {
    private static func finds(_ text: [UInt8], _ value: [UInt8], start: Bool, end: Bool) -> Bool {
        guard value.count >= text.count else { return false }
        let anywhere = String(decoding: text, as: UTF8.self).unicodeScalars.contains(
            where: isJapanese)
        for place in 0...value.count - text.count
        where Array(value[place..<place + text.count]) == text {
            let before = String(decoding: value[..<place], as: UTF8.self).unicodeScalars.last
            let after = String(decoding: value[(place + text.count)...], as: UTF8.self)
                .unicodeScalars.first
            let first = String(decoding: text, as: UTF8.self).unicodeScalars.first
            let last = String(decoding: text, as: UTF8.self).unicodeScalars.last
            if start, !anywhere, isWord(first), isWord(before) { continue }
            if end, !anywhere, isWord(last), isWord(after) { continue }
            return true
        }
        return false
    }

    private static func isJapanese(_ scalar: UnicodeScalar) -> Bool {
        // Kana, Chinese characters, half-width katakana: all that the words of the data have, also
        // where they are read as CP932.
        switch scalar.value {
        case 0x3041...0x30FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0xFF66...0xFF9F,
            0x3005...0x3007:
            true
        default: false
        }
    }

    private static func isWord(_ scalar: UnicodeScalar?) -> Bool {
        guard let scalar, !isJapanese(scalar) else { return false }
        return scalar == "_" || scalar.properties.isAlphabetic
            || scalar.properties.numericType == .decimal
    }

    private static func lower(_ text: [UInt8]) -> [UInt8] {
        // Byte by byte for what is no text, which `lowercased` would replace.
        var out: [UInt8] = []
        var at = 0
        while at < text.count {
            let (count, scalar) = UTF8Text.character(text.span, at..<text.count)
            if let scalar = scalar.flatMap(UnicodeScalar.init) {
                out += scalar.properties.lowercaseMapping.utf8
            } else {
                out += text[at..<at + count]
            }
            at += count
        }
        return out
    }

    static func number(_ value: [UInt8]) -> Double? {
        let text = String(decoding: value, as: UTF8.self)
        if let address = ipv4(value) { return Double(address) }
        if text.hasSuffix("KB"), let number = number(Array(value.dropLast(2))) {
            return number * 1000
        }
        if text.hasSuffix("5m"), let number = number(Array(value.dropLast(1))) {
            return number * 60e9
        }
        guard let last = value.last, last >= 0x30, last <= 0x39,
            value.allSatisfy({ ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2E || $0 == 0x2D })
        else { return nil }
        return Double(text)
    }

    private static func ipv4(_ value: [UInt8]) -> Int? {
        let parts = String(decoding: value, as: UTF8.self).split(
            separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address = 0
        for part in parts {
            guard let number = Int(part), number <= 255, number >= 0, "\(number)" == part else {
                return nil
            }
            address = address * 256 + number
        }
        return address
    }
}
