import Testing

@testable import HisuiBytes

@Suite struct RegularExpressionTests {
    @Test(
        arguments: [
            ("abc", "xabcx", true), ("abc", "xabx", false), ("a|b", "b", true), ("^a", "ba", false),
            ("a$", "ab", false), ("^$", "", true), ("a*", "", true), ("^a+$", "aaa", true),
            ("^a?b$", "b", true), ("^a{2,3}$", "aaaa", false), ("^a{2,}$", "aaaa", true),
            ("^a{2}$", "aa", true), ("^(ab|c)+$", "abcab", true), ("^(?:ab)*?$", "abab", true),
            ("(?<name>a)b", "ab", true), ("(?P<name>a)b", "ab", true), ("a.c", "a\nc", false),
            ("(?s)a.c", "a\nc", true), ("(?m)^b$", "a\nb\nc", true), ("^b$", "a\nb", false),
            ("^.$", "翠", true), ("^..$", "翠", false), ("^[^a]$", "翠", true), ("[翡翠]", "翠", true),
            ("[a-c]{3}", "abc", true), ("[]a]", "]", true), ("[^]a]", "]", false),
            ("[a-]", "-", true),
            (#"\d+\s\w+"#, "12 ab", true), (#"^\D\S\W$"#, "ab-", true),
            (#"\bcat\b"#, "a cat b", true),
            (#"\bcat\b"#, "concat", false), (#"\Bcat"#, "concat", true), (#"a\.b"#, "axb", false),
            (#"\x41\u7fe0"#, "A翠", true), ("(?i)ÄB", "äb", true), ("(?i:a)b", "AB", false),
            ("[[:alpha:]_]+9", "ab_9", true), ("^[[:^digit:]]$", "7", false),
            ("^[ぁ-ん]+$", "さがす", true), ("^[ぁ-ん]+$", "サガス", false),
            ("^[^ぁ-ん]$", "ア", true), ("^[^ぁ-ん]$", "あ", false),
            ("[\u{10000}-\u{10FFFF}]", "𠮷", true),
            ("[\u{7F}-\u{800}]", "\u{801}", false), ("[\u{7F}-\u{800}]", "\u{800}", true),
            (#"^\p{Han}+$"#, "住民情報", true), (#"\P{Han}"#, "住民", false),
            (#"\p{^Katakana}"#, "ア", false), (#"^\p{Hiragana}$"#, "あ", true),
            (#"\Qa.b|(\E+c"#, "a.b|((c", true), (#"\Qa.b\E"#, "axb", false),
            (#"^\C\C\C$"#, "翠", true), (#"\x{7fe0}"#, "翠", true),
            (#"[\x{3041}-\x{3096}]"#, "あ", true),
            ("(?i)[á-ú]X", "Éx", true), ("(?U)a+", "a", true), ("(?i)FAILED", "Failed", true),
            ("a{", "a{", true), ("(a|)b", "b", true), ("(a*)*$", "aaa", true), (#"\\"#, "\\", true),
        ])
    func matches(text: String, value: String, expected: Bool) throws {
        let bytes = Array(value.utf8)
        let expression = try RegularExpression(text)
        let fits = expression.matches(bytes.span, 0..<bytes.count)
        #expect(fits == expected, "\(text) on \(value)")
        let automaton = RegularExpressionAutomaton(expression)
        let fitsAutomaton = automaton.matches(bytes.span, 0..<bytes.count)
        #expect(fitsAutomaton == expected, "\(text) on \(value)")
    }

    @Test(
        arguments: [
            "(", ")", "a)", "[a", "*a", #"\1"#, "(?=a)", "(?!a)", "(?<=a)", "(?<!a)", "a++",
            #"\p{L}"#, #"\pL"#, "[[:alfa:]]", "[[:alpha]", #"\x{110000}"#, #"\x{}"#, "a{3,2}",
            "a{5000}", "(a{1000}){1000}", #"\"#,
            "[z-a]", "(?R)",
        ])
    func refuses(text: String) {
        #expect(throws: RegularExpressionError.self, "\(text)") { try RegularExpression(text) }
    }

    /// Expressions that take a backtracking engine longer than anybody waits.
    @Test(arguments: ["(a+)+$", "(a|aa)+$", "(.*)*x", "(a?){30}a{30}b", "((){1000}){1000}z"])
    func costGrowsWithTheValueOnly(text: String) throws {
        let bytes = [UInt8](repeating: 0x61, count: 5000) + [0x21]
        let expression = try RegularExpression(text)
        let fits = expression.matches(bytes.span, 0..<bytes.count)
        #expect(!fits)
        let automaton = RegularExpressionAutomaton(expression)
        let fitsAutomaton = automaton.matches(bytes.span, 0..<bytes.count)
        #expect(!fitsAutomaton)
    }

    /// More sets of states than are kept: the expression itself answers.
    @Test func tooManyStates() throws {
        let expression = try RegularExpression("(a|b)*a(a|b){18}c")
        let automaton = RegularExpressionAutomaton(expression)
        var generator = SplitMix(state: 7)
        var bytes = (0..<400_000).map { _ in UInt8(0x61 + generator.next() % 2) }
        let before = automaton.matches(bytes.span, 0..<bytes.count)
        #expect(!before)
        #expect(automaton.isExhausted)
        bytes = [0x61] + [UInt8](repeating: 0x62, count: 18) + [0x63]
        let after = automaton.matches(bytes.span, 0..<bytes.count)
        #expect(after)
    }

    @Test(
        arguments: [
            (#"from 10\.\d+ port \d{5}"#, "from 10.| port "), ("(?i)Failed pass", "failed pass!"),
            ("a(b|c)d", "a|b,c|d"), ("(foo|ba+r)x*", "foo,ba"), ("x*", ""), ("a|b*", ""),
            ("(abc){2}", "abc"), ("a{3}b", "aaab"), ("^関数$", "関数"), ("(?i)É", "É,é"),
            ("A(?i)b", "A|b!"), ("[ab]c", "c"), ("(a|(b|c)d)e", "a,d|e"), (#"a\d+b+c"#, "a|b|bc"),
        ])
    func requiredText(text: String, expected: String) throws {
        let clauses = try RegularExpression(text).required.map { clause in
            clause.map { String(decoding: $0.bytes, as: UTF8.self) + ($0.ignoresCase ? "!" : "") }
                .joined(separator: ",")
        }
        #expect(clauses.joined(separator: "|") == expected)
    }

    @Test(
        arguments: [
            (#"from 10\.\d+ port"#, "from 10."), ("^from", ""), ("(?i)from", ""), ("ab|ac", ""),
            ("a+b", "a"), ("a?b", ""), ("(ab)c{2}d", "abc"), (#"ab\bc"#, "ab"), ("関数.", "関数"),
        ])
    func beginnings(text: String, expected: String) throws {
        let beginning = try RegularExpression(text).beginning
        #expect(String(decoding: beginning, as: UTF8.self) == expected)
    }
}
