import HisuiBytes
import HisuiEvent
import HisuiStore
import Testing

@testable import HisuiQuery

/// Pipes that make fields of fields, with results worked out by hand.
@Suite struct FieldPipeTests {
    /// What a query makes of one message.
    private func made(_ message: String, _ pipes: String) throws -> String {
        try results("* | fields _msg | " + pipes, [block(["h u 1 " + message])])
            .joined(separator: "\n")
    }

    @Test(arguments: [
        ("ip=1.2.3.4 port=22 end", "'ip=<ip> port=<port> '", "ip=1.2.3.4 port=22"),
        ("1.2.3.4 GET /foo 404 x", "'<ip> <_> <path> <_>'", "ip=1.2.3.4 path=/foo"),
        ("a=1 b=2", "'b=<b>'", "b=2"),
        ("a=1 b=2", "'c=<c>'", ""),
        // The rest stays empty where a text is missing.
        ("a=1 b=2", "'a=<a> c=<b>, d=<c>'", ""),
        ("a=1; b=2", "'a=<a>; b=<b>; c=<c>'", "a=1"),
        (#"{"m":"a \"b\" \u3042\n","n":1}"#, #"'"m":<m>,'"#, "m=a \"b\" あ\n"),
        (#"x ["a","b"] y"#, "'[<plain:list>]'", #"list="a","b""#),
        (#"x ["a","b"] y"#, "'[<list>]'", #"list="a","b""#),
        (#"ua "Mozilla 5" end"#, "'ua <ua> end'", "ua=Mozilla 5"),
        (#"ua "Mozilla 5"x end"#, "'ua <ua> end'", #"ua="Mozilla 5"x"#),
        (#"ua 'it' `a\b` end"#, "'ua <a> <b> end'", #"a=it b=a\b"#),
        (#"ua "bad \q" end"#, "'ua <ua> end'", #"ua="bad \q""#),
        (#"ua "open"#, "'ua <ua>'", #"ua="open"#),
        ("a < b & c", "'<l> &lt; <r> &amp; <s>'", "l=a r=b s=c"),
        ("x&#60;y;", "'x&#38;#60;<y>;'", "y=y"),
        ("a  b", "'<x> <y> <z>'", "x=a z=b"),
        ("", "'<x> b'", ""),
    ])
    func extract(message: String, pattern: String, expected: String) throws {
        #expect(try made(message, "extract \(pattern) | delete _msg") == expected)
        let query = try parsed("* | extract \(pattern)")
        #expect(try parsed(query.description).description == query.description)
    }

    @Test func extractKeepsAndSkips() throws {
        let lines = [block(["web1 taro 10 size=7 user.name= x", "web2 root 20 nothing"])]
        let shown = " | fields size, user.name"
        let pattern = "'size=<size> user.name=<user.name> '"
        #expect(
            try results("* | extract \(pattern)" + shown, lines) == ["size=7", ""])
        #expect(
            try results("* | extract \(pattern) keep_original_fields" + shown, lines)
                == ["size=10 user.name=taro", "size=20 user.name=root"])
        #expect(
            try results("* | extract \(pattern) skip_empty_results" + shown, lines)
                == ["size=7 user.name=taro", "size=20 user.name=root"])
        #expect(
            try results("* | extract if (user.name:root) \(pattern)" + shown, lines)
                == ["size=10 user.name=taro", ""])
        #expect(
            try results("* | extract 'web<n>' from host.name | stats by (n) sum(size) s", lines)
                == ["n=1 s=10", "n=2 s=20"])
    }

    @Test(arguments: [
        ("<ip>:<port>", "", ":"),
        ("v=<_msg>!", "a b", "v=a b!"),
        (#"{"m":<q:_msg>}"#, #"a "b" \"#, #"{"m":"a \"b\" \\"}"#),
        ("<uc:_msg>/<lc:_msg>", "Straße É", "STRASSE É/straße é"),
        ("<urlencode:_msg>", "a b/あ~", "a%20b%2F%E3%81%82~"),
        ("<urldecode:_msg>", "a%20b+%2f%zz%", "a b /%zz%"),
        ("<hexencode:_msg>", "Az", "417a"),
        ("<hexdecode:_msg>", "417A", "Az"),
        ("<hexdecode:_msg>", "417", "417"),
        ("<base64encode:_msg>", "ab", "YWI="),
        ("<base64decode:_msg>", "YWI=", "ab"),
        ("<base64decode:_msg>", "Y!", "Y!"),
        ("<hexnumdecode:_msg>", "0xfF", "255"),
        ("<hexnumdecode:_msg>", "ffffffffffffffff", "18446744073709551615"),
        ("<hexnumdecode:_msg>", "fffffffffffffffff", "fffffffffffffffff"),
        ("<hexnumencode:_msg>", "255", "00000000000000ff"),
        ("<hexnumencode:_msg>", "-1", "-1"),
        ("<time:_msg>", "1763856000", "2025-11-23T00:00:00Z"),
        ("<time:_msg>", "1763856000123", "2025-11-23T00:00:00.123Z"),
        ("<time:_msg>", "1763856000123456", "2025-11-23T00:00:00.123456Z"),
        ("<time:_msg>", "1763856000123456789", "2025-11-23T00:00:00.123456789Z"),
        ("<time:_msg>", "1763856000.5", "2025-11-23T00:00:00.500Z"),
        ("<time:_msg>", "yesterday", "yesterday"),
        ("<duration:_msg>", "3723500000000", "1h2m3.5s"),
        ("<duration:_msg>", "60000000000", "1m0s"),
        ("<duration:_msg>", "1500000", "1.5ms"),
        ("<duration:_msg>", "1005", "1.005µs"),
        ("<duration:_msg>", "7", "7ns"),
        ("<duration:_msg>", "0", "0s"),
        ("<duration:_msg>", "-2000000000", "-2s"),
        ("<duration:_msg>", "-9223372036854775807", "-2562047h47m16.854775807s"),
        ("<duration_seconds:_msg>", "1.5s", "1.5"),
        ("<duration_seconds:_msg>", "2m", "120"),
        ("<ipv4:_msg>", "16909060", "1.2.3.4"),
        ("<ipv4:_msg>", "4294967296", "4294967296"),
        ("a &lt; b", "", "a < b"),
    ])
    func format(pattern: String, message: String, expected: String) throws {
        #expect(try made(message, "format '\(pattern)' as x | fields x") == "x=" + expected)
    }

    @Test func formatKeepsAndSkips() throws {
        let lines = [block(["web1 taro 10 x", "web2 root 20 y"])]
        #expect(
            try results("* | format if (size:10) '<size> <host.name>' | fields _msg", lines)
                == ["_msg=10 web1", "_msg=y"])
        #expect(
            try results("* | format '<none>' as size | fields size", lines) == ["", ""])
        #expect(
            try results("* | format '<none>' as size skip_empty_results | fields size", lines)
                == ["size=10", "size=20"])
        #expect(
            try results("* | format 'n' as size keep_original_fields | fields size", lines)
                == ["size=10", "size=20"])
        let query = try parsed("* | format if (a:b) \"<q:a> '\" as x keep_original_fields")
        #expect(
            query.description == "* | format if (a:b) \"<q:a> '\" as x keep_original_fields")
    }

    @Test func replace() throws {
        #expect(try made("a secret, secret", "replace ('secret', '*')") == "_msg=a *, *")
        #expect(try made("aaa", "replace (aa, b)") == "_msg=ba")
        #expect(try made("aaa", "replace (a, '') limit 2") == "_msg=a")
        #expect(try made("aaa", "replace (a, aa) limit 0") == "_msg=aaa")
        #expect(try made("aaa", "replace (a, '')") == "")
        #expect(try made("ログイン失敗", "replace ('失敗', 'x')") == "_msg=ログインx")
        #expect(
            try results("* | replace if (user.name:root) (o, 0) at user.name | fields user.name")
                == [
                    "user.name=taro", "user.name=hanako", "user.name=taro", "user.name=r00t",
                    "user.name=taro", "user.name=r00t",
                ])
        #expect(
            try parsed("* | replace if (a) ('x', \"y\") at b limit 3").description
                == "* | replace if (a) (\"x\", \"y\") at b limit 3")
    }

    @Test func unpackJSON() throws {
        let text =
            #"{"a":"x \u00e9","b":{"c":1.50,"d":{"e":true}},"f":[1,{"g":"]"}],"n":null,"empty":""}"#
        #expect(
            try made(text, "unpack_json | delete _msg")
                == #"a=x é b.c=1.50 b.d.e=true f=[1,{"g":"]"}]"#)
        #expect(
            try made(text, "unpack_json fields (b.*, a) | delete _msg")
                == "a=x é b.c=1.50 b.d.e=true")
        #expect(
            try made(text, "unpack_json from _msg result_prefix 'j.' | delete _msg | fields j.a")
                == "j.a=x é")
        #expect(try made(#"{"_msg":"m","b":1}"#, "unpack_json") == "_msg=m b=1")
        #expect(try made(#"{"":"m","b":1}"#, "unpack_json") == "_msg=m b=1")
        for text in ["[1]", "{", #"{"a":1} x"#, "", "text", #"{"a":"# + "1"] {
            #expect(try made(text, "unpack_json | delete _msg") == "", "\(text)")
        }
        let deep = String(repeating: #"{"a":"#, count: 65) + "1" + String(repeating: "}", count: 65)
        #expect(try made(deep, "unpack_json | delete _msg") == "")
        let lines = [block([#"web1 taro 10 {"size":"","user.name":"u"}"#, "web2 root 20 y"])]
        let shown = " | fields size, user.name"
        #expect(
            try results("* | unpack_json" + shown, lines) == [
                "user.name=u", "size=20 user.name=root",
            ])
        #expect(
            try results("* | unpack_json fields (size)" + shown, lines) == [
                "user.name=taro", "user.name=root",
            ])
        #expect(
            try results("* | unpack_json fields (size) skip_empty_results" + shown, lines)
                == ["size=10 user.name=taro", "size=20 user.name=root"])
        #expect(
            try results("* | unpack_json keep_original_fields" + shown, lines)
                == ["size=10 user.name=taro", "size=20 user.name=root"])
        #expect(
            try results("* | unpack_json if (size:20)" + shown, lines)
                == ["size=10 user.name=taro", "size=20 user.name=root"])
    }

    @Test func unpackLogfmt() throws {
        #expect(
            try made(
                #"level=info msg="a \"b\" c" empty= flag  x="open y=`q r`"#,
                "unpack_logfmt result_prefix p_ | delete _msg")
                == #"p_level=info p_msg=a "b" c p_x="open p_y=q r"#)
        #expect(try made("=x a=1 =", "unpack_logfmt | delete _msg") == "a=1")
        #expect(try made("a=b=c", "unpack_logfmt fields (a, b) | delete _msg") == "a=b=c")
        #expect(
            try parsed(
                "* | unpack_logfmt if (a) from b fields (c*, d) result_prefix \"x\" "
                    + "skip_empty_results"
            ).description
                == "* | unpack_logfmt if (a) from b fields (c*, d) result_prefix \"x\" "
                + "skip_empty_results")
    }

    @Test func packJSON() throws {
        #expect(
            try results("logout | fields size, user.name | pack_json as j | fields j")
                == [#"j={"size":"30","user.name":"taro"}"#])
        #expect(
            try results("logout | pack_json fields (user*, size, missing) | fields _msg")
                == [#"_msg={"user.name":"taro","size":"30"}"#])
        #expect(
            try results("logout | fields size | pack_json | unpack_json result_prefix p.")
                == [#"size=30 _msg={"size":"30"} p.size=30"#])
        #expect(try results("logout | fields missing | pack_json x") == ["x={}"])
        #expect(
            try parsed("* | pack_json fields (a*, b) j").description
                == "* | pack_json fields (a*, b) as j")
    }

    @Test(arguments: [
        ("[]", 0), ("[1]", 1), (#"[1,"a,]",[2,3],{"b":[4]},null]"#, 5), ("{}", 0), ("[1", 0),
        ("x", 0), ("[1] 2", 0),
    ])
    func arrayLengths(text: String, count: Int) throws {
        #expect(
            try made(text, "json_array_len(_msg) as n | fields n") == "n=\(count)", "\(text)")
    }

    @Test func unroll() throws {
        #expect(
            try made(#"[1,"a\u3042",[2,"x"],{"b":[4]},null,true]"#, "unroll (_msg)")
                == "_msg=1\n_msg=aあ\n_msg=[2,\"x\"]\n_msg={\"b\":[4]}\n_msg=null\n_msg=true")
        #expect(try made("[]", "copy _msg m | unroll by (_msg)") == "m=[]")
        #expect(try made("no array", "unroll _msg") == "_msg=no array")
        // Two arrays side by side, one shorter.
        #expect(
            try made(
                #"{"a":[1,2,3],"b":["x"],"c":"z"}"#, "unpack_json | delete _msg | unroll (a, b)")
                == "c=z a=1 b=x\nc=z a=2\nc=z a=3")
        #expect(
            try made("[1,2]", "copy _msg m | unroll if (m:x) by (m) | fields m") == "m=[1,2]")
        #expect(try made("[1,2,3]", "unroll (_msg) | limit 2") == "_msg=1\n_msg=2")
        #expect(
            try results(
                "* | stats histogram(size) h | unroll (h) | unpack_json from h | fields hits",
                [block(["a u 1 x", "a u 1 x", "a u 5 x"])]) == ["hits=2", "hits=1"])
        let many = "[" + (0..<3000).map { "\($0)" }.joined(separator: ",") + "]"
        #expect(try made(many, "unroll (_msg) | stats count() n") == "n=1000")
        #expect(try parsed("* | unroll if (a) b, c").description == "* | unroll if (a) by (b, c)")
    }

    /// A value with many members or ever new names takes no more than it may.
    @Test func membersAreBounded() throws {
        let members = (0..<5000).map { "\"k\($0)\":1" }.joined(separator: ",")
        let pairs = (0..<5000).map { "k\($0)=1" }.joined(separator: " ")
        for (text, pipe) in [("{\(members)}", "unpack_json"), (pairs, "unpack_logfmt")] {
            #expect(
                try made(text, "\(pipe) | delete _msg | fields k9*").split(separator: " ").count
                    == 111)
        }
        let many = [block((0..<2000).map { "h u 1 {\"name\($0)\":1}" })]
        #expect { try results("* | unpack_json | fields size", many, memory: 150_000) } throws: {
            ($0 as? QueryFailure)?.code == .memory
        }
    }

    /// Pipes that make much of little are stopped.
    @Test func rowsAreBounded() throws {
        let line = [block(["h u 1 " + String(repeating: "a", count: 5000)])]
        let long = String(repeating: "b", count: 5000)
        for pipe in [
            "replace (a, '\(long)')",
            "format '\(String(repeating: "<_msg>", count: 4000))' as x",
            (0..<20).map { _ in "format '<_msg><_msg>'" }.joined(separator: " | "),
        ] {
            #expect { try results("* | " + pipe, line) } throws: { error in
                let failure = error as? QueryFailure
                return failure?.code == .memory && failure?.message.contains("16 MiB") == true
            }
        }
    }

    @Test(arguments: [
        ("extract ''", 13, "names no field"), ("extract 'a=<a><b>'", 13, "a text between"),
        ("extract 'a=<a'", 13, "without its ‘>’"),
        ("extract", 12, "a pattern"), ("extract if a 'b=<b>'", 16, "expected ‘(’"),
        ("extract 'a=<a>' from", 25, "the name of a field"),
        ("format '<q:>x'", 12, "the name of a field"), ("format '<ulencode:a>'", 12, "urlencode"),
        ("replace ('', b)", 14, "an empty one"), ("replace (a)", 15, "‘,’ and the new text"),
        ("replace (a, b", 18, "expected ‘)’"), ("replace (a, b) limit x", 26, "a number"),
        ("unpack_json fields ()", 24, "the name of a field"),
        ("unpack_json from", 21, "the name of a field"),
        ("unpack_json 'a' 'b'", 21, "‘|’ or the end"),
        ("unroll ()", 12, "the name of a field"), ("unroll by x", 15, "expected ‘(’"),
        ("json_array_len x", 20, "expected ‘(’"), ("pack_json fields x", 22, "expected ‘(’"),
        ("field_values", 17, "the name of a field"), ("facets 10 20", 15, "‘|’ or the end"),
        ("facets max_value_len x", 26, "a number of bytes"),
    ])
    func errors(pipe: String, column: Int, part: String) throws {
        #expect { try parsed("* | " + pipe) } throws: { isSyntaxError($0, column, part) }
    }

    @Test(arguments: [
        "unpack_syslog", "block_stats", "blocks_count", "query_stats", "set_stream_fields",
    ])
    func refusedByName(pipe: String) throws {
        #expect { try parsed("* | \(pipe) x") } throws: { error in
            guard let error = error as? QueryError else { return false }
            return error.code == .unsupported && error.column == 5 && error.message.contains(pipe)
        }
    }

    @Test func emptyFields() throws {
        #expect(
            try results(
                "* | extract 'failed<f>' | fields f, size | delete size | drop_empty_fields") == [])
        #expect(
            try results("* | extract 'log<f>' | fields f | drop_empty_fields | limit 2")
                == ["f=in ok", "f=in failed"])
    }

    @Test func fieldNames() throws {
        #expect(
            try results("* | extract 'login <state>' | fields size, state | field_names")
                == ["name=size hits=6", "name=state hits=4"])
        #expect(
            try results("logout | field_names | name:=size | fields name")
                == ["name=size"])
        #expect(try results("nothing | field_names") == [])
        #expect(
            try results("* | field_values user.name")
                == ["user.name=hanako hits=1", "user.name=root hits=2", "user.name=taro hits=3"])
        #expect(
            try results("* | field_values user.name limit 1") == ["user.name=hanako hits=1"])
        #expect(
            try parsed("* | field_values a limit 1").description
                == "* | uniq by (a) with hits limit 1")
    }

    @Test func facets() throws {
        let shown = "* | fields host.name, user.name, zone.name | "
        #expect(
            try results(shown + "facets 2") == [
                "field_name=host.name field_value=web1 hits=2",
                "field_name=host.name field_value=web2 hits=2",
                "field_name=user.name field_value=taro hits=3",
                "field_name=user.name field_value=root hits=2",
            ])
        #expect(
            try results(shown + "facets keep_const_fields | field_name:zone.name")
                == ["field_name=zone.name field_value=local hits=6"])
        #expect(
            try results(shown + "facets max_values_per_field 3 | stats by (field_name) count() n")
                == ["field_name=user.name n=3"])
        #expect(
            try results(shown + "facets max_value_len 5 | stats by (field_name) count() n")
                == ["field_name=host.name n=4"])
        #expect(
            try parsed("* | facets 3 max_value_len 9 max_values_per_field 7 keep_const_fields")
                .description
                == "* | facets 3 max_values_per_field 7 max_value_len 9 keep_const_fields")
        let many = [block((0..<900).map { "h\($0) u\($0) \($0) text" })]
        #expect { try results("* | facets", many, memory: 60_000) } throws: {
            ($0 as? QueryFailure)?.code == .memory
        }
    }

    /// A long name around a thousand members stands in the name of each.
    @Test func namesAroundMembersAreBounded() throws {
        let name = String(repeating: "n", count: 100_000)
        let members = (0..<1000).map { "\"\($0)\":1" }.joined(separator: ",")
        let lines = [block(["h u 1 {\"\(name)\":{\(members)}}"])]
        #expect { try results("* | unpack_json", lines) } throws: {
            let failure = $0 as? QueryFailure
            return failure?.code == .memory && failure?.message.contains("16 MiB") == true
        }
        let json = Array("{\"\(name)\":{\(members)}}".utf8)
        #expect(JSONMembers.read(json.span, max: 1000)?.count == 168)
    }

    /// Only what the pipes behind look at is read, and what is overwritten is not.
    @Test func needs() throws {
        func needs(_ text: String) throws -> [String] { try fieldsNeeded(text, for: ["x"]) }
        #expect(try needs("extract '<x> ' from a") == ["a"])
        #expect(try needs("extract if (b:1) '<x> ' from a") == ["a", "b", "x"])
        #expect(try needs("extract '<x> ' from a skip_empty_results") == ["a", "x"])
        #expect(try needs("format '<a><q:b>' as x") == ["a", "b"])
        #expect(try needs("math a + x as x") == ["a", "x"])
        #expect(try needs("math a + 1 as x, x * b as y") == ["a", "b"])
        #expect(try needs("replace (a, b) at c") == ["c", "x"])
        #expect(try needs("unpack_json from c") == ["c", "x"])
    }
}
