import HisuiBytes
import Testing

@testable import HisuiQuery

/// `extract_regexp` and `replace_regexp`, with results worked out by hand.
@Suite struct RegexpPipeTests {
    /// What a query makes of one message.
    private func made(_ message: String, _ pipes: String) throws -> String {
        try results("* | fields _msg | " + pipes, [block(["h u 1 " + message])])
            .joined(separator: "\n")
    }

    @Test(arguments: [
        ("a 10.0.0.1 b", #"`(?P<ip>(\d+[.]){3}\d+)`"#, "ip=10.0.0.1"),
        (
            "ip=1.2.3.4 port=22", #"`ip=(?<source.ip>\S+) port=(?P<source.port>\d+)`"#,
            "source.ip=1.2.3.4 source.port=22"
        ),
        // The first place that fits, and there the branch that stands first.
        ("b=1 a=2", "'(?P<x>a=.|b=.)'", "x=b=1"), ("ab", "'(?P<x>a|ab)'", "x=a"),
        ("<a><b>", "'<(?P<x>.+)>'", "x=a><b"), ("<a><b>", "'<(?P<x>.+?)>'", "x=a"),
        // The last time that a group was met; none that was not.
        ("abc", "'(?:(?P<x>[a-b])|(?P<y>z))+'", "x=b"),
        ("none", "'(?P<x>q)'", ""), ("失敗しました", "'(?P<x>..)$'", "x=した"),
        ("a\nb", "'a(?P<x>.*)'", ""), ("a\nb", "'(?s)a(?P<x>.*)'", "x=\nb"),
        // The field itself may be one of the results.
        ("one two", "`(?P<a>\\w+) (?P<_msg>\\w+)`", "_msg=two a=one"),
    ])
    func extract(message: String, pattern: String, expected: String) throws {
        let hides = pattern.contains("_msg") ? "" : " | delete _msg"
        #expect(try made(message, "extract_regexp \(pattern)" + hides) == expected)
        let query = try parsed("* | extract_regexp \(pattern)")
        #expect(try parsed(query.description).description == query.description)
    }

    @Test func extractKeepsAndSkips() throws {
        let lines = [block(["web1 taro 10 size=7 x", "web2 root 20 nothing"])]
        let shown = " | fields size, user.name"
        let pattern = "'size=(?P<size>.)(?P<user.name>!?)'"
        #expect(try results("* | extract_regexp \(pattern)" + shown, lines) == ["size=7", ""])
        #expect(
            try results("* | extract_regexp \(pattern) keep_original_fields" + shown, lines)
                == ["size=10 user.name=taro", "size=20 user.name=root"])
        #expect(
            try results("* | extract_regexp \(pattern) skip_empty_results" + shown, lines)
                == ["size=7 user.name=taro", "size=20 user.name=root"])
        #expect(
            try results("* | extract_regexp if (user.name:root) \(pattern)" + shown, lines)
                == ["size=10 user.name=taro", ""])
        #expect(
            try results(
                "* | extract_regexp 'web(?P<n>.)' from host.name | stats by (n) sum(size) s", lines)
                == ["n=1 s=10", "n=2 s=20"])
        #expect(
            try parsed("* | extract_regexp if (a:b) `\"(?P<x>\\d)` from c skip_empty_results")
                .description
                == #"* | extract_regexp if (a:b) "\"(?P<x>\\d)" from c skip_empty_results"#)
    }

    @Test(arguments: [
        ("host-a-foo host-b-foo", "'host-(.+?)-foo', '$1'", "a b"),
        ("password: x y password: z", "'password: [^ ]+', ''", " y "),
        (
            "user=taro id=7", #"`user=(?P<who>\w+) id=(\d)`, '${who}/$2: $0'"#,
            "taro/7: user=taro id=7"
        ),
        ("a-b", "'(a)-(b)', '${2}x$1'", "bxa"), ("5", "`\\d`, '$$$0$$'", "$5$"),
        ("a", "a, '$ ${ $'", "$ ${ $"), ("a", "a, '${}'", "${}"),
        ("ab", "'(x)?(b)', '<$1$2>'", "a<b>"), ("source", "'(?<a.b>s)', '${a.b}${a.b}'", "ssource"),
        // Nothing stands between characters, and behind each that was not replaced.
        ("翡翠", "'', '-'", "-翡-翠-"), ("baac", "'a*', 'x'", "xbxcx"), ("abc", "'x*', '-'", "-a-b-c-"),
        ("aaa", "'^a', b", "baa"), ("a b", "`\\b`, '|'", "|a| |b|"), ("x.y", "'.$', z", "x.z"),
        ("a\nb", "'(?m)^', '> '", "> a\n> b"),
    ])
    func replace(message: String, arguments: String, expected: String) throws {
        #expect(try made(message, "replace_regexp (\(arguments))") == "_msg=" + expected)
        let query = try parsed("* | replace_regexp (\(arguments))")
        #expect(try parsed(query.description).description == query.description)
    }

    @Test func replaceHereAndThere() throws {
        #expect(try made("aaa", "replace_regexp (a, b) limit 2") == "_msg=bba")
        #expect(try made("aaa", "replace_regexp (a, b) limit 0") == "_msg=aaa")
        #expect(try made("aaa", "replace_regexp (a+, '')") == "")
        #expect(
            try results(
                "* | replace_regexp if (size:>100) ('o+', 0) at user.name | fields user.name")
                == [
                    "user.name=taro", "user.name=hanako", "user.name=taro", "user.name=root",
                    "user.name=taro", "user.name=r0t",
                ].map { $0 == "user.name=hanako" ? "user.name=hanak0" : $0 })
        #expect(
            try parsed("* | replace_regexp if (a) (`\\d+`, \"y\") at b limit 3").description
                == #"* | replace_regexp if (a) ("\\d+", "y") at b limit 3"#)
    }

    /// What reads to the end for each part that fits is stopped; a long value alone is not.
    @Test func costIsBounded() throws {
        let long = String(repeating: "a", count: 100_000)
        #expect { try made(long, "replace_regexp ('a.*b|a', x)") } throws: { error in
            (error as? QueryFailure)?.code == .unsuitable
        }
        #expect(try made(long, "replace_regexp ('a+|b', x)") == "_msg=x")
        let result = try made(long, "replace_regexp ('a', xy)")
        #expect(result.utf8.count == 5 + 200_000)
        for (pattern, text) in [("a", String(repeating: "b", count: 5000)), ("^", "$0")] {
            let grown = (0..<6).map { _ in "replace_regexp ('(.*)', '$1$1$1$1$1$1')" }
            let pipes = pattern == "a" ? ["replace_regexp (a, '\(text)')"] : grown
            #expect { try made(long, pipes.joined(separator: " | ")) } throws: { error in
                let failure = error as? QueryFailure
                return failure?.code == .memory && failure?.message.contains("16 MiB") == true
            }
        }
    }

    @Test(arguments: [
        ("extract_regexp", 19, "a value"), ("extract_regexp 'a'", 20, "names no field"),
        ("extract_regexp '(a'", 20, "without its"),
        ("extract_regexp '(?P<a>b)(?P<a>c)'", 20, "one name"),
        ("extract_regexp '(?P<>b)'", 20, "or none"),
        ("extract_regexp '(?P<a>b)(?P<message>c)(?P<_msg>d)'", 20, "one name"),
        (#"extract_regexp "(?P<a>\xff)""#, 20, "valid UTF-8"),
        ("replace_regexp x", 20, "expected ‘(’"), ("replace_regexp (x)", 22, "the new text"),
        ("replace_regexp (x, '$1')", 21, "no group ‘1’"),
        ("replace_regexp ('(x)', '$1a')", 21, "no group ‘1a’"),
        ("replace_regexp ('(x)', '${-1}')", 21, "no group ‘-1’"),
        ("replace_regexp (x, y", 25, "expected ‘)’"),
    ])
    func errors(pipe: String, column: Int, part: String) throws {
        #expect { try parsed("* | " + pipe) } throws: { isSyntaxError($0, column, part) }
    }

    @Test func needs() throws {
        func needs(_ text: String) throws -> [String] { try fieldsNeeded(text, for: ["x"]) }
        #expect(try needs("extract_regexp '(?P<x>a)' from b") == ["b"])
        #expect(try needs("extract_regexp if (c) '(?P<x>a)' from b") == ["_msg", "b", "x"])
        #expect(try needs("replace_regexp if (c:d) (a, b) at e") == ["c", "e", "x"])
    }
}
