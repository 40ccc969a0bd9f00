import Testing

@testable import HisuiQuery

@Suite struct QueryEndTests {
    private func end(_ text: String) -> String? {
        guard let end = QueryEnd(text) else { return nil }
        switch end.kind {
        case .word(let inFilter): return "\(end.head)‹\(end.typed)› \(inFilter ? "filter" : "pipe")"
        case .value(let field): return "\(end.head)‹\(end.typed)› of \(field)"
        }
    }

    @Test func whatIsTypedLast() {
        #expect(end("") == "‹› filter")
        #expect(end("user.n") == "‹user.n› filter")
        #expect(end("a and !user.n") == "a and !‹user.n› filter")
        #expect(end("-user.n") == "-‹user.n› filter")
        #expect(end("user.name:") == "user.name:‹› of user.name")
        #expect(end("user.name:=ro") == "user.name:=‹ro› of user.name")
        #expect(end("(x or source.ip:=2001:db8::") == "(x or source.ip:=‹2001:db8::› of source.ip")
        #expect(end("\"a | \\\" b\" user.n") == "\"a | \\\" b\" ‹user.n› filter")
        #expect(end("* | stats by (user.n") == "* | stats by (‹user.n› pipe")
        #expect(end("`a\\` b") == "`a\\` ‹b› filter")
    }

    @Test func whereNothingIsCompleted() {
        for text in ["\"a", "user.name:=\"ro", "\"a\"", "a:~b", "a:>1", "a:==b", ":x", "a:b*"] {
            #expect(end(text) == nil, "\(text)")
        }
    }

    /// What is offered means itself, to LogsQL and to shells.
    @Test func plainValues() {
        for value in ["root", "a-b.c", "2001:db8::7", "/var/log", "a@b", "失敗", "web_1", "5"] {
            #expect(QueryEnd.isPlain(value, of: "user.name"), "\(value)")
            #expect(
                (try? parsed("user.name:=\(value)").description)
                    == (try? parsed("user.name:=\"\(value)\"").description), "\(value)")
        }
        for value in [
            "", "-a", "a b", "$(a)", "`a`", "a;b", "a'b", "a\"b", "a\\b", "a\u{1B}[m", "a\nb",
            "{a,b}", "~a", "*", "a|b", "a>b", "a&b", "a!b", "a#b", "a\u{202E}b", "a=b",
            String(repeating: "a", count: 65),
        ] {
            #expect(!QueryEnd.isPlain(value, of: "user.name"), "\(value)")
        }
    }
}
