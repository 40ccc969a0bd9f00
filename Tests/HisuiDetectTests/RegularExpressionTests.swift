import Testing

@testable import HisuiDetect

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
            ("a{", "a{", true), ("(a|)b", "b", true), ("(a*)*$", "aaa", true), (#"\\"#, "\\", true),
        ])
    func matches(text: String, value: String, expected: Bool) throws {
        let bytes = Array(value.utf8)
        let expression = try RegularExpression(text)
        let fits = expression.matches(bytes.span, 0..<bytes.count)
        #expect(fits == expected, "\(text) on \(value)")
    }

    @Test(
        arguments: [
            "(", ")", "a)", "[a", "*a", #"\1"#, "(?=a)", "(?!a)", "(?<=a)", "(?<!a)", "a++",
            #"\p{L}"#, "[[:alpha:]]", "[あ-ん]", "a{3,2}", "a{5000}", "(a{1000}){1000}", #"\"#,
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
    }
}
