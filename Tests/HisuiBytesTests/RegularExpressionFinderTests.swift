import Testing

@testable import HisuiBytes

/// An expression with groups as the tests make it: written for the engine, and matched here by
/// listing all ways in order of preference, obviously and slowly.
indirect enum GroupedExpression {
    case character(UInt8)
    case any
    case start, end, edge
    case sequence([GroupedExpression])
    case choice([GroupedExpression])
    case group(GroupedExpression, Int)
    case repeated(GroupedExpression, least: Int, most: Int?, isLazy: Bool)

    /// A way to fit: where it ends, and the places of the groups that it met.
    struct Way {
        var end: Int
        var groups: [Int: Range<Int>] = [:]
    }

    var text: String {
        switch self {
        case .character(let byte): String(UnicodeScalar(byte))
        case .any: "."
        case .start: "^"
        case .end: "$"
        case .edge: #"\b"#
        case .sequence(let parts): parts.map(\.text).joined()
        case .choice(let parts): "(?:" + parts.map(\.text).joined(separator: "|") + ")"
        case .group(let part, _): "(\(part.text))"
        case .repeated(let part, let least, let most, let isLazy):
            "(?:\(part.text)){\(least),\(most.map(String.init) ?? "")}" + (isLazy ? "?" : "")
        }
    }

    var canBeEmpty: Bool {
        switch self {
        case .character, .any: false
        case .start, .end, .edge: true
        case .sequence(let parts): parts.allSatisfy(\.canBeEmpty)
        case .choice(let parts): parts.contains(where: \.canBeEmpty)
        case .group(let part, _): part.canBeEmpty
        case .repeated(let part, let least, _, _): least == 0 || part.canBeEmpty
        }
    }

    func ways(_ value: [UInt8], from way: Way) -> [Way] {
        let at = way.end
        func moved(_ fits: Bool, by count: Int) -> [Way] {
            fits ? [Way(end: at + count, groups: way.groups)] : []
        }
        switch self {
        case .character(let byte): return moved(at < value.count && value[at] == byte, by: 1)
        case .any: return moved(at < value.count && value[at] != 0x0A, by: 1)
        case .start: return moved(at == 0, by: 0)
        case .end: return moved(at == value.count, by: 0)
        case .edge:
            let before = at > 0 && value[at - 1] > 0x2F
            return moved(before != (at < value.count && value[at] > 0x2F), by: 0)
        case .sequence(let parts):
            return parts.reduce([way]) { ways, part in
                ways.flatMap { part.ways(value, from: $0) }
            }
        case .choice(let parts): return parts.flatMap { $0.ways(value, from: way) }
        case .group(let part, let number):
            return part.ways(value, from: way).map {
                var way = $0
                way.groups[number] = at..<way.end
                return way
            }
        case .repeated(let part, let least, let most, let isLazy):
            let more = most == 0 ? [] : part.ways(value, from: way)
            let rest = GroupedExpression.repeated(
                part, least: max(0, least - 1), most: most.map { $0 - 1 }, isLazy: isLazy)
            let longer = more.flatMap { rest.ways(value, from: $0) }
            if least > 0 { return longer }
            return isLazy ? [way] + longer : longer + [way]
        }
    }

    func first(in value: [UInt8], from start: Int) -> (Range<Int>, [Int: Range<Int>])? {
        for begin in start...value.count {
            if let way = ways(value, from: Way(end: begin)).first {
                return (begin..<way.end, way.groups)
            }
        }
        return nil
    }

    static let alphabet: [UInt8] = Array("ab-\n".utf8)

    static func random(
        _ generator: inout SplitMix, depth: Int, groups: inout Int
    ) -> GroupedExpression {
        switch generator.number(0...(depth > 0 ? 15 : 6)) {
        case 0...3: return .character(alphabet[generator.number(0...2)])
        case 4, 5: return .any
        case 6: return [.start, .end, .edge][generator.number(0...2)]
        case 7, 8:
            var parts: [GroupedExpression] = []
            for _ in 0..<generator.number(1...3) {
                parts.append(random(&generator, depth: depth - 1, groups: &groups))
            }
            return .sequence(parts)
        case 9, 10:
            var parts: [GroupedExpression] = []
            for _ in 0..<generator.number(2...3) {
                parts.append(random(&generator, depth: depth - 1, groups: &groups))
            }
            return .choice(parts)
        case 11, 12:
            groups += 1
            let number = groups
            return .group(random(&generator, depth: depth - 1, groups: &groups), number)
        default:
            var part = random(&generator, depth: depth - 1, groups: &groups)
            // What engines do with a repeat of nothing is tested by hand below.
            if part.canBeEmpty { part = .sequence([part, .character(0x61)]) }
            let least = generator.number(0...2)
            let most = generator.number(0...1) == 0 ? nil : least + generator.number(0...2)
            return .repeated(
                part, least: least, most: most, isLazy: generator.number(0...2) == 0)
        }
    }
}

@Suite struct RegularExpressionFinderTests {
    /// What is found, as `start-end` of the whole and of each group.
    private func found(_ text: String, _ value: [UInt8], from start: Int = 0) throws -> String {
        var count = 0
        let expression = try CapturingExpression(
            text,
            remembering: { (names) throws(RegularExpressionError) in
                count = names.count
                return names.indices.map { $0 + 1 }
            })
        var finder = RegularExpressionFinder(expression)
        guard finder.find(in: value.span, from: start) else { return "" }
        let groups = (0..<count).map { finder.range(ofGroup: $0) }
        return ([finder.range] + groups).map { range in
            range.map { "\($0.lowerBound)-\($0.upperBound)" } ?? "none"
        }.joined(separator: " ")
    }

    @Test(
        arguments: [
            ("b", "abc", "1-2"), ("x", "abc", ""), ("", "abc", "0-0"),
            ("(b)(c)?", "ab", "1-2 1-2 none"),
            // Leftmost, and the branch that stands first.
            ("a|ab", "xab", "1-2"), ("ab|a", "xab", "1-3"),
            ("(a|ab)(c|bcd)", "abcd", "0-4 0-1 1-4"),
            ("a+", "baaab", "1-4"), ("a+?", "baaab", "1-2"), ("(a+?)(a*)", "aaa", "0-3 0-1 1-3"),
            ("(?U)(a+)(a*?)", "aaa", "0-3 0-1 1-3"), ("a{2,3}?", "aaaa", "0-2"),
            ("host-(.+?)-foo", "host-a-foo-foo", "0-10 5-6"),
            ("host-(.+)-foo", "host-a-foo-foo", "0-14 5-10"),
            // The last time that a group was met.
            ("(a|b)+", "abab", "0-4 3-4"), ("(?:(a)|b)*", "ab", "0-2 0-1"),
            ("((a)|(b))*", "ab", "0-2 1-2 0-1 1-2"),
            // Repeats of what can be nothing, as Go and RE2 have them.
            ("(a*)*", "b", "0-0 0-0"), ("(a*)+", "b", "0-0 0-0"), ("(|a)*", "aa", "0-0 0-0"),
            ("(|a)+", "aa", "0-0 0-0"), ("(a|b)*?c", "abc", "0-3 1-2"), ("(a*)*", "aab", "0-2 0-2"),
            ("(){3}", "a", "0-0 0-0"), ("(a?){3}", "a", "0-1 1-1"),
            // Assertions.
            ("^b", "ab", ""), ("b$", "bab", "2-3"), (#"\bb"#, "ab b", "3-4"),
            ("(?m)^b", "a\nb", "2-3"),
            ("a.c", "a\nc", ""), ("(?s)a.c", "a\nc", "0-3"), ("$", "ab", "2-2"),
            // Characters.
            ("[^a]", "a翠", "1-4"), ("(.)(.)", "翡翠", "0-6 0-3 3-6"), ("(?i)É", "aé", "1-3"),
            (#"\C"#, "翠", "0-1"), ("(?P<x>a)(?<y.z>b)", "ab", "0-2 0-1 1-2"),
        ])
    func finds(text: String, value: String, expected: String) throws {
        let result = try found(text, Array(value.utf8))
        #expect(result == expected, "\(text) on \(value)")
    }

    @Test func whatStandsBeforeTheStartCounts() throws {
        let value = Array("ab ab".utf8)
        #expect(try found("^a", value, from: 1) == "")
        #expect(try found(#"\bab"#, value, from: 1) == "3-5")
        #expect(try found(#"b"#, value, from: 1) == "1-2")
        #expect(try found(#"b"#, value, from: 5) == "")
        #expect(try found("$", value, from: 5) == "5-5")
        // Nothing begins inside of a character.
        #expect(try found("x*", Array("é".utf8), from: 1) == "2-2")
        #expect(try found("x*", [0xC3], from: 0) == "0-0")
        #expect(try found("x*", [0x61, 0xA9], from: 1) == "1-1")
        #expect(try found("", [], from: 0) == "0-0")
    }

    /// 8 × 400 expressions on 15 values each.
    @Test(arguments: UInt64(1)...8)
    func agreesWithListOfAllWays(seed: UInt64) throws {
        var generator = SplitMix(state: seed)
        var fitting = 0
        for _ in 0..<400 {
            var groups = 0
            let plain = GroupedExpression.random(&generator, depth: 3, groups: &groups)
            let expression = try CapturingExpression(
                plain.text,
                remembering: { (names) throws(RegularExpressionError) in
                    names.indices.map { $0 + 1 }
                })
            var finder = RegularExpressionFinder(expression)
            for _ in 0..<15 {
                let value = (0..<generator.number(0...7)).map { _ in
                    GroupedExpression.alphabet[generator.number(0...3)]
                }
                let start = generator.number(0...2) == 0 ? generator.number(0...value.count) : 0
                let expected = plain.first(in: value, from: start)
                let isFound = finder.find(in: value.span, from: start)
                #expect(isFound == (expected != nil), "\(plain.text) on \(value) from \(start)")
                guard isFound, let expected else { continue }
                fitting += 1
                #expect(finder.range == expected.0, "\(plain.text) on \(value) from \(start)")
                for group in 0..<groups {
                    #expect(
                        finder.range(ofGroup: group) == expected.1[group + 1],
                        "group \(group + 1) of \(plain.text) on \(value) from \(start)")
                }
            }
        }
        #expect(fitting > 1500 && fitting < 5500, "some values fit and some do not: \(fitting)")
    }

    @Test func remembersOnlyWhatIsAskedFor() throws {
        let value = Array("ab".utf8)
        let expression = try CapturingExpression(
            "(a)(?P<second>b)",
            remembering: { (names) throws(RegularExpressionError) in
                #expect(names == [nil, "second"])
                return [2]
            })
        var finder = RegularExpressionFinder(expression)
        let isFound = finder.find(in: value.span, from: 0)
        #expect(isFound)
        #expect(finder.range(ofGroup: 0) == 1..<2)
        #expect(expression.groupCount == 1)
    }

    @Test func groupsAreCounted() throws {
        let max = ExpressionLimits.groupsMax
        let text = String(repeating: "(a)", count: max + 1)
        func expression(_ count: Int) throws(RegularExpressionError) -> CapturingExpression {
            try CapturingExpression(
                text,
                remembering: { (_) throws(RegularExpressionError) in Array(1...count) })
        }
        #expect(try expression(max).groupCount == max)
        #expect(throws: RegularExpressionError.self) { try expression(max + 1) }
    }

    /// Expressions that take a backtracking engine longer than anybody waits: each byte is taken
    /// once, whatever the expression is.
    @Test(arguments: ["(a+)+$", "(a|aa)+$", "(.*)*x", "(a?){30}a{30}b", "(a|b|ab)*c|(!)"])
    func costGrowsWithTheValueOnly(text: String) throws {
        let value = [UInt8](repeating: 0x61, count: 5000) + [0x21]
        let expression = try CapturingExpression(
            text, remembering: { (_) throws(RegularExpressionError) in [1] })
        var finder = RegularExpressionFinder(expression)
        let isFound = finder.find(in: value.span, from: 0)
        #expect(isFound == text.hasSuffix("(!)"))
        #expect(finder.bytesFollowed <= value.count + 1)
    }
}
