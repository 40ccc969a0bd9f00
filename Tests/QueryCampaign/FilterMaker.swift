/// Makes filters that are likely to select some rows and not others: most ask for something that
/// stands in a row of the data.
struct FilterMaker {
    var generator: SeededGenerator
    let rows: [PlainRow]
    /// What is asked for beside pieces of the rows.
    var words = TestData.words
    /// The fields that are asked, some of them more often than others.
    var fields = Self.fieldsOfTestData
    /// Whether only what needs no reading of numbers, addresses and types is asked: of values that
    /// the naive evaluator was not made for.
    var asksTextOnly = false
    /// Whether times are asked for.
    var asksTimes = true

    private static let fieldsOfTestData = [
        "_msg", "_msg", "_msg", "_msg", "event.original", "user.name", "status", "host.name",
        "part",
        "plain", "severity", "zone.name", "hisui.source", "log.source.address", "hisui.flags",
        "hisui.rule", "hisui.parser", "_stream", "zone.index", "missing",
    ]

    mutating func filter(depth: Int = 3) -> NaiveFilter {
        let choice = generator.number(0...99)
        if depth > 0 {
            if choice < 18 { return .and(filter(depth: depth - 1), filter(depth: depth - 1)) }
            if choice < 40 { return .or(filter(depth: depth - 1), filter(depth: depth - 1)) }
            if choice < 52 { return .not(filter(depth: depth - 1)) }
        }
        if choice < 56, asksTimes { return time() }
        if choice == 57 { return .all }
        if choice == 58, asksTimes {
            let start = Int(TestData.base / 60_000_000_000) % 1440
            let (a, b) = (start + generator.number(-2...8), start + generator.number(-2...12))
            return generator.chance(80)
                ? .hours(a, b) : .days(generator.number(0...6), generator.number(0...6))
        }
        if choice == 59, !asksTextOnly {
            let other = fields[generator.number(0...fields.count - 1)]
            let field = fields[generator.number(0...fields.count - 1)]
            return .fields(field, ["eq", "le", "lt"][generator.number(0...2)], other)
        }
        let field = fields[generator.number(0...fields.count - 1)]
        let value = rows[generator.number(0...rows.count - 1)][field]
        if choice < 64 { return .group(field, test(value), test(value)) }
        return .test(field, test(value))
    }

    private mutating func time() -> NaiveFilter {
        let a = TestData.base + Int64(generator.number(0...300)) * 1_000_000_000
        let b = a + Int64(generator.number(1...400)) * 1_000_000_000
        let first = String(decoding: TestData.utc(a), as: UTF8.self)
        let last = String(decoding: TestData.utc(b), as: UTF8.self)
        switch generator.number(0...3) {
        case 0: return .time(a...b - 1, "[\(first), \(last))")
        case 1: return .time(a...b + 999_999_999, "[\(first), \(last)]")
        case 2: return .time((a + 1)...Int64.max, ">\(first)")
        default: return .time(Int64.min...b - 1, "<\(last)")
        }
    }

    private mutating func test(_ value: [UInt8]) -> NaiveTest {
        let piece = piece(of: value)
        var choice = generator.number(0...24)
        if asksTextOnly, (12...15).contains(choice) { choice = generator.number(8...11) }
        switch choice {
        case 0...3: return .phrase(piece)
        case 4: return .prefix(piece)
        case 5, 6: return .substring(piece)
        case 7: return .exact(generator.chance(70) ? value : piece)
        case 8: return .exactPrefix(Array(value.prefix(generator.number(0...max(1, value.count)))))
        case 9: return .anyCase(respelled(piece))
        case 10: return .anyCasePrefix(respelled(piece))
        case 11: return .anyOf((0..<generator.number(0...12)).map { _ in otherValue() } + [value])
        case 12:
            let mark = ["<", "<=", ">", ">="][generator.number(0...3)]
            return .compare(mark, generator.chance(50) ? value : word())
        case 13:
            let a = generator.number(-20...130)
            return .range(
                a, a + generator.number(0...150), openLower: generator.chance(50),
                openUpper: generator.chance(50))
        case 14:
            return generator.chance(50)
                ? .ipv4("10.0.0.0", "10.0.0.\(generator.number(0...40))")
                : .length(generator.number(0...20), generator.number(10...40))
        case 15: return .between(word(), generator.chance(50) ? value : word())
        case 16...18: return .regexp(expression(value))
        default: return laterTest(value, piece)
        }
    }

    private mutating func laterTest(_ value: [UInt8], _ piece: [UInt8]) -> NaiveTest {
        switch generator.number(0...9) {
        case 0...2:
            let next = self.piece(of: Array(value.dropFirst(value.count / 2)))
            return .sequence(generator.chance(80) ? [piece, next] : [piece, word(), next])
        case 3, 4:
            return generator.chance(50)
                ? .containsAll([piece, self.piece(of: value)]) : .containsAny([piece, word()])
        case 5:
            if Self.capitals(of: value) > 10 || Self.capitals(of: piece) > 10 {
                return .commonCase(Array(word().prefix(10)))
            }
            return generator.chance(70) ? .commonCase(piece) : .equalsCommonCase(value)
        case 6:
            if asksTextOnly { return .anyCase(respelled(piece)) }
            let isDigit = value.first.map { $0 >= 0x30 && $0 <= 0x39 } ?? false
            if value.contains(0x3A), isDigit { return .ipv6("2001:db8::/64") }
            return .valueType(isDigit ? Self.types[generator.number(0...5)] : "string")
        default: return .pattern(pattern(value), whole: generator.chance(8))
        }
    }

    /// More of them than 10 are refused.
    private static func capitals(of text: [UInt8]) -> Int {
        String(decoding: text, as: UTF8.self).unicodeScalars.count { $0.properties.isUppercase }
    }

    private static let types = ["uint8", "uint16", "uint64", "int64", "float64", "ipv4"]

    /// A piece of the value with digits in place of digits.
    private mutating func pattern(_ value: [UInt8]) -> [[UInt8]?] {
        let text = readable(generator.chance(30) ? value : piece(of: value))
        var parts: [[UInt8]?] = []
        var rest = text[...]
        while !rest.isEmpty {
            let isDigit = rest[rest.startIndex] >= 0x30 && rest[rest.startIndex] <= 0x39
            let run = rest.prefix { ($0 >= 0x30 && $0 <= 0x39) == isDigit }
            parts.append(isDigit && generator.chance(70) ? nil : Array(run))
            rest = rest.dropFirst(run.count)
        }
        return parts
    }

    /// An expression that some piece of the value may fit: pieces as they stand, digits and
    /// letters in their places, and what is between.
    private mutating func expression(_ value: [UInt8]) -> NaiveExpression {
        var parts: [NaiveExpression] = []
        if generator.chance(15) { parts.append(.start) }
        var rest = value[...]
        if generator.chance(70) { rest = rest.dropFirst(generator.number(0...value.count)) }
        for _ in 0..<generator.number(1...4) {
            let isDigit = rest.first.map { $0 >= 0x30 && $0 <= 0x39 } ?? false
            if isDigit, generator.chance(60) {
                parts.append(.digits(generator.number(1...2), generator.number(2...4)))
                rest = rest.drop { $0 >= 0x30 && $0 <= 0x39 }
                continue
            }
            switch generator.number(0...9) {
            case 0: parts.append(.anything)
            case 1: parts.append(.letters)
            case 2: parts.append(.either(.literal(readable(word())), .literal(readable(word()))))
            default:
                let count = generator.number(1...6)
                let text = Array(rest.prefix(count))
                rest = rest.dropFirst(count)
                guard String(decoding: text, as: UTF8.self).utf8.elementsEqual(text) else {
                    continue
                }
                let isASCII = text.allSatisfy { $0 < 0x80 }
                parts.append(
                    isASCII && generator.chance(25) ? .anyCase(swapped(text)) : .literal(text))
            }
        }
        if generator.chance(15) { parts.append(.end) }
        return .sequence(parts)
    }

    /// An expression is text.
    private func readable(_ text: [UInt8]) -> [UInt8] {
        Array(String(decoding: text, as: UTF8.self).utf8)
    }

    private mutating func word() -> [UInt8] {
        words[generator.number(0...words.count - 1)]
    }

    private mutating func otherValue() -> [UInt8] {
        let field = fields[generator.number(0...fields.count - 1)]
        return rows[generator.number(0...rows.count - 1)][field]
    }

    /// A word of the data, or a piece of the value: cut at words, or anywhere.
    private mutating func piece(of value: [UInt8]) -> [UInt8] {
        if value.isEmpty || generator.chance(25) { return word() }
        if generator.chance(60) {
            let words = value.split { $0 == 0x20 || $0 == 0x3A || $0 == 0x3D }.map(Array.init)
            if words.isEmpty { return word() }
            let first = generator.number(0...words.count - 1)
            if generator.chance(70) { return words[first] }
            // A run of whole words with what parts them in the value.
            let last = generator.number(first...min(words.count - 1, first + 2))
            return words[first...last].joined(separator: [0x20]).map { $0 }
        }
        let start = generator.number(0...value.count - 1)
        let end = generator.number(start...min(value.count, start + 12))
        return Array(value[start..<end])
    }

    /// Letters of ASCII in another case, some of all characters in another width.
    private mutating func respelled(_ text: [UInt8]) -> [UInt8] {
        let text = swapped(text)
        guard generator.chance(40) else { return text }
        var out: [UInt8] = []
        for byte in text {
            if byte > 0x20, byte < 0x7F, generator.chance(50) {
                out += String(UnicodeScalar(0xFEE0 + UInt32(byte)) ?? "?").utf8
            } else {
                out.append(byte)
            }
        }
        return out
    }

    private mutating func swapped(_ text: [UInt8]) -> [UInt8] {
        text.map { byte in
            let isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A
            return isLetter && generator.chance(50) ? byte ^ 0x20 : byte
        }
    }
}
