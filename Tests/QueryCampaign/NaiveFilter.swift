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
    /// From and to a minute of the day, over midnight if the second is less; the end left out.
    case hours(Int, Int)
    /// Days of the week, Sunday being 0, over its end if the second is less; both included.
    case days(Int, Int)
    /// Two fields, and one of `eq`, `le` and `lt`.
    case fields(String, String, String)
    case test(String, NaiveTest)

    var text: String {
        switch self {
        case .all: "*"
        case .and(let a, let b): "(\(a.text)) (\(b.text))"
        case .or(let a, let b): "(\(a.text) or \(b.text))"
        case .not(let a): "!(\(a.text))"
        case .group(let field, let a, let b): "\(field):(\(a.text) or \(b.text))"
        case .time(_, let text): "_time:\(text)"
        case .hours(let a, let b): "_time:day_range[\(Self.clock(a)), \(Self.clock(b)))"
        case .days(let a, let b): "_time:week_range[\(Self.weekdays[a]), \(Self.weekdays[b])]"
        case .fields(let a, let operation, let b): "\(a):\(operation)_field(\(b))"
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
        case .hours(let a, let b):
            a != b && Self.isIn(Int(row.time / 60_000_000_000) % 1440, a, b - 1)
        // The second day of 1970 was a Friday.
        case .days(let a, let b): Self.isIn((Int(row.time / 86_400_000_000_000) + 4) % 7, a, b)
        case .fields(let a, let operation, let b): Self.holds(operation, row[a], row[b])
        case .test(let field, let test): test.matches(row[field])
        }
    }
}

extension NaiveFilter {
    static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]

    private static func clock(_ minutes: Int) -> String {
        let (hour, minute) = (minutes / 60, minutes % 60)
        return (hour < 10 ? "0" : "") + "\(hour):" + (minute < 10 ? "0" : "") + "\(minute)"
    }

    /// Whether it lies between two, going round where the second is less than the first.
    private static func isIn(_ value: Int, _ first: Int, _ last: Int) -> Bool {
        first <= last ? first <= value && value <= last : value >= first || value <= last
    }

    private static func holds(_ operation: String, _ a: [UInt8], _ b: [UInt8]) -> Bool {
        if operation == "eq" { return a == b }
        if a.isEmpty || b.isEmpty { return false }
        if let first = NaiveTest.number(a), let second = NaiveTest.number(b) {
            return operation == "lt" ? first < second : first <= second
        }
        return a.lexicographicallyPrecedes(b) || operation == "le" && a == b
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
    case sequence([[UInt8]]), containsAll([[UInt8]]), containsAny([[UInt8]])
    case commonCase([UInt8]), equalsCommonCase([UInt8])
    case ipv6(String)
    case valueType(String)
    /// Digits in place of nil.
    case pattern([[UInt8]?], whole: Bool)

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
        case .sequence(let values): "seq(" + Self.list(values) + ")"
        case .containsAll(let values): "contains_all(" + Self.list(values) + ")"
        case .containsAny(let values): "contains_any(" + Self.list(values) + ")"
        case .commonCase(let text): "contains_common_case(" + Self.quoted(text) + ")"
        case .equalsCommonCase(let text): "equals_common_case(" + Self.quoted(text) + ")"
        case .ipv6(let network): "ipv6_range(\"\(network)\")"
        case .valueType(let name): "value_type(\(name))"
        case .pattern(let parts, let whole):
            (whole ? "pattern_match_full(" : "pattern_match(")
                + Self.quoted(parts.flatMap { $0 ?? Array("<N>".utf8) }) + ")"
        }
    }

    private static func list(_ values: [[UInt8]]) -> String {
        values.map(quoted).joined(separator: ", ")
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
            return NaiveFolding.finds(text, in: value, wholeEnd: true)
        case .anyCasePrefix(let text):
            return NaiveFolding.finds(text, in: value, wholeEnd: false)
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
        case .sequence(let phrases):
            var from = 0
            for phrase in phrases where !phrase.isEmpty {
                let places = Self.places(phrase, value, start: true, end: true)
                guard let place = places.first(where: { $0 >= from }) else { return false }
                from = place + phrase.count
            }
            return true
        case .containsAll(let phrases):
            return phrases.allSatisfy { NaiveTest.phrase($0).matches(value) }
        case .containsAny(let phrases):
            return phrases.contains { NaiveTest.phrase($0).matches(value) }
        case .commonCase(let text):
            return Self.writings(text).contains { NaiveTest.phrase($0).matches(value) }
        case .equalsCommonCase(let text): return Self.writings(text).contains(value)
        case .ipv6(let network):
            // Only of /64 networks, and of values that write the zeros before their last groups
            // as `::`, which those of the data do.
            let text = String(decoding: value, as: UTF8.self)
            guard text.hasPrefix(network.dropLast(3)) else { return false }
            let groups = text.dropFirst(network.count - 3).split(
                separator: ":", omittingEmptySubsequences: false)
            return groups == [""]
                || groups.count <= 4
                    && groups.allSatisfy {
                        (1...4).contains($0.count) && UInt16($0, radix: 16) != nil
                    }
        case .valueType(let name): return Self.type(of: value).contains(name)
        case .pattern(let parts, let whole):
            return Self.fits(parts[...], value[...], anywhere: !whole, toEnd: whole)
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
        !places(text, value, start: start, end: end).isEmpty
    }

    /// Where the text stands.
    private static func places(
        _ text: [UInt8], _ value: [UInt8], start: Bool, end: Bool
    ) -> [Int] {
        guard value.count >= text.count else { return [] }
        var found: [Int] = []
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
            found.append(place)
        }
        return found
    }

    /// As it stands, in capitals, in small letters, and each capital small or not.
    private static func writings(_ text: [UInt8]) -> [[UInt8]] {
        let string = String(decoding: text, as: UTF8.self)
        guard string.utf8.elementsEqual(text) else { return [text] }
        var writings = [""]
        for character in string.unicodeScalars {
            let small = character.properties.lowercaseMapping
            writings = writings.flatMap {
                character.properties.isUppercase
                    ? [$0 + String(character), $0 + small] : [$0 + String(character)]
            }
        }
        return (writings + [string.uppercased(), string.lowercased()]).map { Array($0.utf8) }
    }

    /// All types that a value has.
    private static func type(of value: [UInt8]) -> Set<String> {
        let text = String(decoding: value, as: UTF8.self)
        if value.isEmpty { return [] }
        if ipv4(value) != nil { return ["ipv4"] }
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        let isNumeric = parts.allSatisfy { part in
            !part.isEmpty && part.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
        }
        guard isNumeric, parts.count <= 2, parts[0].count == 1 || !parts[0].hasPrefix("0") else {
            return ["string"]
        }
        if parts.count == 2 { return ["float64"] }
        var types: Set<String> = []
        if Int64(text) != nil { types.insert("int64") }
        if let number = UInt64(text), !text.hasPrefix("-") {
            types.insert("uint64")
            if number <= 255 { types.insert("uint8") }
            if number <= 65_535 { types.insert("uint16") }
            if number <= 4_294_967_295 { types.insert("uint32") }
        }
        return types.isEmpty ? ["string"] : types
    }

    /// Whether parts stand one after the other, `nil` being digits.
    private static func fits(
        _ parts: ArraySlice<[UInt8]?>, _ value: ArraySlice<UInt8>, anywhere: Bool, toEnd: Bool
    ) -> Bool {
        if anywhere {
            return (value.startIndex...value.endIndex).contains {
                fits(parts, value[$0...], anywhere: false, toEnd: toEnd)
            }
        }
        guard let part = parts.first else { return !toEnd || value.isEmpty }
        let rest = parts.dropFirst()
        if let text = part {
            return value.starts(with: text)
                && fits(rest, value.dropFirst(text.count), anywhere: false, toEnd: toEnd)
        }
        let hex = value.prefix {
            ($0 >= 0x30 && $0 <= 0x39) || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x66)
        }
        let decimal = value.prefix { $0 >= 0x30 && $0 <= 0x39 }
        return (0...hex.count).contains { count in
            (count > 0 && count <= decimal.count || count >= 4)
                && fits(rest, value.dropFirst(count), anywhere: false, toEnd: toEnd)
        }
    }

    static func isJapanese(_ scalar: UnicodeScalar) -> Bool {
        // Kana, Chinese characters, half-width katakana: all that the words of the data have, also
        // where they are read as CP932.
        switch scalar.value {
        case 0x3041...0x30FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0xFF66...0xFF9F,
            0x3005...0x3007:
            true
        default: false
        }
    }

    static func isWord(_ scalar: UnicodeScalar?) -> Bool {
        guard let scalar, !isJapanese(scalar) else { return false }
        return scalar == "_" || scalar.properties.isAlphabetic
            || scalar.properties.numericType == .decimal
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
