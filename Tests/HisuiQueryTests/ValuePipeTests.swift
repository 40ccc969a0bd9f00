import HisuiBytes
import Testing

@testable import HisuiQuery
@testable import QueryCampaign

/// Pipes that make a value of a value, with results worked out by hand.
@Suite struct ValuePipeTests {
    /// What a query makes of one message.
    private func made(_ message: String, _ pipes: String) throws -> String {
        try results("* | fields _msg | " + pipes, [block(["h u 1 " + message])])
            .joined(separator: "\n")
    }

    @Test(arguments: [
        ("", ""), ("foo", "foo"), ("be abc added", "be abc added"), ("deadbeef", "<N>"),
        ("dead beef ab", "<N> <N> ab"), ("0", "<N>"),
        ("1foo 1 foo a1foo2bar34", "1foo <N> foo a1foo2bar34"),
        ("a.1Zfoo.2Tbar:34", "a.<N>Zfoo.<N>Tbar:<N>"), ("失敗123回 45.78", "失敗123回 <N>.<N>"),
        ("1.23.45.67", "<N>.<N>.<N>.<N>"), ("release v1.2.3", "release v<N>.<N>.<N>"),
        ("123ms 2us 3h5m6s43μs324ns 5µs", "<N>ms <N>us <N>h<N>m<N>s<N>μs<N>ns <N>µs"),
        ("0x1234 0XFEAD12 x_12", "0x<N> 0X<N> x_12"),
        ("2024-12-25T10:20:30.123+05:00 x", "<N>-<N>-<N>T<N>:<N>:<N>.<N>+<N>:<N> x"),
    ])
    func collapsesNumbers(message: String, expected: String) throws {
        let shown = expected.isEmpty ? "" : "_msg=" + expected
        #expect(try made(message, "collapse_nums") == shown)
    }

    @Test(arguments: [
        ("10.0.0.7:51648 - 2edfed59-3e98-4073-bbb2-28d321ca71a7 -", "<IP4>:<N> - <UUID> -"),
        ("[2024/12/08 15:21:02] GET /foo 200", "[<DATETIME>] GET /foo <N>"),
        ("E1208 15:21:02.748877 62 go:182", "E1208 <TIME> <N> go:<N>"),
        ("2024-12-08T15:22:32.342Z a", "<DATETIME> a"), ("2024-12-08 15:22:32Z a", "<DATETIME> a"),
        ("2024-12-08 15:22:32,123 a", "<DATETIME> a"),
        ("2024/12/08T15:22:32-10:30 a", "<DATETIME> a"),
        ("2024-12-08 15:22:32.123+10:30 a", "<DATETIME> a"), ("on 2024-12-08", "on <DATE>"),
        ("1-2-3-4", "<DATE>-<N>"), ("<N>.1.2.3", "<IP4>"), ("none", "none"),
    ])
    func collapsesPrettily(message: String, expected: String) throws {
        #expect(try made(message, "collapse_nums prettify") == "_msg=" + expected)
    }

    @Test func collapsesHereAndThere() throws {
        #expect(
            try results("* | collapse_nums if (user.name:taro) at host.name | fields host.name")
                == ["web1", "web2", "web1", "db1", "web10", "web2"].map { "host.name=" + $0 })
        #expect(
            try results("* | collapse_nums if (user.name:taro) at size | fields size")
                == ["size=<N>", "size=200", "size=<N>", "size=5", "size=x", "size=1000"])
        #expect(
            try parsed("* | collapse_nums if (a) at b prettify").description
                == "* | collapse_nums if (a) at b prettify")
        #expect(try parsed("* | collapse_nums at _msg").description == "* | collapse_nums")
    }

    @Test(arguments: [
        ("a\u{1B}[1;31mred\u{1B}[0m b", "ared b"), ("\u{1B}[2K\u{1B}[?25lx", "x"), ("\u{1B}[", ""),
        ("\u{1B}[31", ""), ("\u{1B}[38:5:1 qx", "x"), ("\u{1B}]x", "\u{1B}]x"), ("plain", "plain"),
        ("\u{1B}[1\u{1B}[2mx", "x"), ("\u{1B}[あ", "あ"),
    ])
    func decolorizes(message: String, expected: String) throws {
        let shown = expected.isEmpty ? "" : "_msg=" + expected
        #expect(try made(message, "decolorize") == shown)
        #expect(
            try made(message, "copy _msg a | decolorize a | fields a")
                == shown.replacing("_msg", with: "a"))
    }

    @Test func decolorizePrints() throws {
        #expect(try parsed("* | decolorize").description == "* | decolorize")
        #expect(try parsed("* | decolorize _msg").description == "* | decolorize")
        #expect(try parsed("* | decolorize 'a b'").description == "* | decolorize \"a b\"")
    }

    @Test(arguments: [
        ("foo bar, a_b.c-1 foo", "", #"["foo","bar","a_b","c","1","foo"]"#),
        ("foo bar foo", "drop_duplicates", #"["foo","bar"]"#),
        ("ログイン失敗 été!", "", #"["ログイン失敗","été"]"#),
        ("", "", "[]"), ("--", "", "[]"), ("x", "as _msg", #"["x"]"#),
    ])
    func unpacksWords(message: String, options: String, expected: String) throws {
        #expect(try made(message, "unpack_words \(options)") == "_msg=" + expected)
        let query = try parsed("* | unpack_words \(options)")
        #expect(try parsed(query.description).description == query.description)
    }

    @Test func wordsOfFields() throws {
        for text in ["unpack_words from a as b", "unpack_words a b", "unpack_words from a b"] {
            #expect(
                try parsed("* | \(text)").description == "* | unpack_words from a as b")
        }
        #expect(
            try parsed("* | unpack_words a drop_duplicates").description
                == "* | unpack_words from a as a drop_duplicates")
        #expect(
            try results("logout | unpack_words from _msg as w | fields w") == [#"w=["logout"]"#])
        let many = (0..<3000).map { "w\($0)" }.joined(separator: " ")
        #expect(try made(many, "unpack_words | json_array_len(_msg) n | fields n") == "n=1000")
    }

    @Test(arguments: [
        ("a,b,,c", "','", #"["a","b","","c"]"#), ("a, b", "', '", #"["a","b"]"#),
        ("abc", "x", #"["abc"]"#), ("あb", "''", #"["あ","b"]"#), ("", "','", #"[""]"#),
        (",", "','", #"["",""]"#), ("a\"b", "'b'", #"["a\"",""]"#),
    ])
    func splits(message: String, separator: String, expected: String) throws {
        #expect(try made(message, "split \(separator)") == "_msg=" + expected)
    }

    @Test func splitsFields() throws {
        for text in ["split ',' from a as b", "split ',' a b", "split ',' a as b"] {
            #expect(try parsed("* | \(text)").description == "* | split \",\" from a as b")
        }
        #expect(
            try parsed("* | split ',' as b").description == "* | split \",\" from _msg as b")
        #expect(
            try results("* | split e from host.name as p | unroll p | fields p | limit 2")
                == ["p=w", "p=b1"])
        #expect(
            try made(
                String(repeating: ",", count: 3000), "split ',' | json_array_len(_msg) n | fields n"
            ) == "n=1000")
    }

    @Test func hashes() throws {
        let bytes = Array("taro".utf8)
        let number = Hash64.of(bytes.span) & (1 << 53 - 1)
        #expect(
            try results("logout | hash(user.name) as h | fields h") == ["h=\(number)"])
        #expect(try results("* | hash(user.name) h | stats count_uniq(h) n") == ["n=3"])
        #expect(number < 1 << 53)
        #expect(try parsed("* | hash(a)").description == "* | hash(a) as _msg")
        #expect(try parsed("* | len(a)").description == "* | len(a) as _msg")
    }

    @Test func addsToTimes() throws {
        #expect(
            try results("logout | time_add 1h | fields _time") == ["_time=2025-11-23T01:00:02Z"])
        #expect(
            try results("logout | time_add -2.5s | fields _time")
                == ["_time=2025-11-22T23:59:59.500Z"])
        #expect(
            try made("2024-02-28T23:00:00+09:00", "time_add 1d at _msg")
                == "_msg=2024-02-29T14:00:00Z")
        #expect(
            try made("2262-04-11T00:00:00Z", "time_add 1y at _msg") == "_msg=2262-04-11T00:00:00Z")
        #expect(try made("noon", "time_add 1d at _msg") == "_msg=noon")
        #expect(try results("logout | fields size | time_add 1h") == ["size=30"])
        #expect(try parsed("* | time_add -1h at a").description == "* | time_add -1h at a")
        #expect(try parsed("* | time_add 1w").description == "* | time_add 1w")
    }

    /// The same rows each time, about one of so many, and no regular ones.
    @Test func samples() throws {
        let rows = [block((0..<10_000).map { "h u \($0) x" })]
        let sample = try results("* | fields size | sample 100", rows)
        #expect(try results("* | fields size | sample 100", rows) == sample)
        #expect(sample.count > 60 && sample.count < 140)
        let numbers = sample.compactMap { Int($0.dropFirst(5)) }
        #expect(Set(zip(numbers, numbers.dropFirst()).map { $1 - $0 }).count > 20)
        #expect(try results("* | fields size | sample 1", rows).count == 10_000)
        #expect(try results("* | fields size | sample 7 | limit 1", rows).count == 1)
        #expect(try parsed("* | sample 10").description == "* | sample 10")
    }

    @Test func packLogfmt() throws {
        #expect(
            try results("logout | fields size, user.name | pack_logfmt as j | fields j")
                == ["j=size=30 user.name=taro"])
        #expect(
            try results("logout | pack_logfmt fields (user*, missing, size) | fields _msg")
                == ["_msg=user.name=taro size=30"])
        #expect(
            try made(
                "a \"b\"\n=c\\ 失敗", "pack_logfmt | unpack_logfmt result_prefix p. | fields p._msg")
                == "p._msg=a \"b\"\n=c\\ 失敗")
        #expect(
            try made("a=b", "rename _msg as 'x =y' | pack_logfmt | fields _msg")
                == #"_msg=x__y="a=b""#)
        #expect(try made("a", "pack_logfmt fields (none) as j | fields j") == "")
        #expect(
            try parsed("* | pack_logfmt fields (a*, b) j").description
                == "* | pack_logfmt fields (a*, b) as j")
    }

    /// Any text comes back from logfmt as it was.
    @Test(arguments: UInt64(1)...4)
    func logfmtReadsBack(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let pieces = [
                "a", "\"", "'", "`", "\\", "=", " ", "\n", "\u{1}", "\u{7F}", "あ", "💡", "1", "/",
            ]
            let value = (0..<generator.number(1...6)).map { _ in
                pieces[generator.number(0...pieces.count - 1)]
            }.joined()
            var out = Array("x=1 ".utf8)
            let bytes = Array(value.utf8)
            LogfmtMembers.append("n", bytes.span, 0..<bytes.count, to: &out)
            out += Array(" y".utf8)
            let members = LogfmtMembers.read(out.span, max: 10)
            let expected = [("x", "1"), ("n", value), ("y", "")].map {
                Member(name: Array($0.0.utf8), value: Array($0.1.utf8))
            }
            #expect(members == expected, "\(value.debugDescription)")
        }
    }

    @Test func renamesByPrefix() throws {
        let shown = "logout | fields user.name, size, host.name | "
        #expect(
            try results(shown + "rename user.* as u_*") == ["u_name=taro size=30 host.name=web1"])
        #expect(
            try results(shown + "copy user.* as *")
                == ["user.name=taro size=30 host.name=web1 name=taro"])
        #expect(
            try results(shown + "mv * as x.*")
                == ["x.user.name=taro x.size=30 x.host.name=web1"])
        // Two that become one field: the later pair takes its place.
        #expect(
            try results(shown + "mv user.* *, host.* *") == ["size=30 name=web1"])
        // What takes a name takes its place; all at once, so none is renamed twice.
        let fields = #"{"a":"1","ab":"2","b":"3"}"#
        #expect(
            try made(fields, "unpack_json | delete _msg | rename a* as ab*") == "ab=1 abb=2 b=3")
        #expect(
            try made(fields, "unpack_json | delete _msg | copy a* as ab*") == "a=1 b=3 ab=1 abb=2")
        #expect(
            try made(fields, "unpack_json | delete _msg | rename a* as *") == "_msg=1 b=2")
        #expect(
            try made(fields, "unpack_json | delete _msg | rename a* as a*, b x") == "a=1 ab=2 x=3")
        #expect(
            try results("logout | fields event.original, size | rename event.* as e.*")
                == ["event.original=web1 taro 30 logout size=30"])
        #expect(
            try parsed("* | cp a.* b.*, c as d, 'x y'* z*").description
                == "* | copy a.* as b.*, c as d, \"x y\"* as z*")
    }

    /// New names out of names that records bring are accounted for, and grow with them only.
    @Test func renamedNamesAreBounded() throws {
        let many = [block((0..<2000).map { "h u 1 {\"name\($0)\":1}" })]
        #expect { try results("* | unpack_json | rename * as x*", many, memory: 300_000) } throws: {
            ($0 as? QueryFailure)?.code == .memory
        }
        #expect(
            try results("* | unpack_json | rename * as x* | fields xname1999", many).last
                == "xname1999=1")
    }

    @Test(arguments: [
        ("rename a* b", 15, "a prefix becomes a prefix"),
        ("copy a b*", 12, "a prefix becomes a prefix"),
        ("rename a*", 14, "the name of a field"), ("sample", 11, "how many rows"),
        ("sample 0", 12, "from 1 on"), ("time_add x", 14, "a duration"),
        ("time_add 1h at", 19, "the name of a field"), ("split", 10, "a value"),
        ("hash x", 10, "expected ‘(’"), ("hash()", 10, "the name of a field"),
        ("collapse_nums at", 21, "the name of a field"),
        ("collapse_nums prettify at x", 28, "‘|’ or the end"),
        ("unpack_words from", 22, "the name of a field"),
        ("pack_logfmt fields x", 24, "expected ‘(’"),
    ])
    func errors(pipe: String, column: Int, part: String) throws {
        #expect { try parsed("* | " + pipe) } throws: { isSyntaxError($0, column, part) }
    }

    @Test func needs() throws {
        func needs(_ text: String) throws -> [String] { try fieldsNeeded(text, for: ["x", "yz"]) }
        #expect(try needs("hash(a) as x") == ["a", "yz"])
        #expect(try needs("unpack_words a x") == ["a", "yz"])
        #expect(try needs("split ',' a x") == ["a", "yz"])
        #expect(try needs("time_add 1h") == ["_time", "x", "yz"])
        #expect(try needs("collapse_nums if (a:b) at c") == ["a", "c", "x", "yz"])
        #expect(try needs("rename a.* as y*") == ["a.z", "x", "yz"])
        #expect(try needs("copy * as y*") == ["x", "yz", "z"])
        #expect(try needs("sample 3 | decolorize") == ["_msg", "x", "yz"])
        #expect(try needs("pack_logfmt fields (a) as x") == ["a", "yz"])
    }
}
