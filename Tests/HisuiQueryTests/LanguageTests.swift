import HisuiBytes
import HisuiEvent
import HisuiQuery
import Testing

/// 2025-11-23T01:02:03Z.
let someTime = Timestamp(nanoseconds: 1_763_859_723_000_000_000)

func parsed(_ text: String, zone: TimeZoneRules = .tokyo) throws -> Query {
    try Query.parse(text, now: someTime, timeZone: zone)
}

/// Queries and their normal form.
@Suite struct LanguageTests {
    @Test(arguments: [
        ("*", "*"),
        ("error", "error"),
        ("  error  # why\n warn", "error warn"),
        ("error AND warn OR not info", "(error warn) or !info"),
        ("error -warn !info", "error !warn !info"),
        ("-(a or b) c", "!(a or b) c"),
        ("!!a", "!!a"),
        ("\"a phrase\"", "\"a phrase\""),
        ("'it' 's'", "it s"),
        ("'single \\'quoted\\''", "\"single 'quoted'\""),
        ("`back\\slash \"quoted\"`", "\"back\\\\slash \\\"quoted\\\"\""),
        ("\"tab\\tnul\\x00 \\u3042 \\377\"", "\"tab\\tnul\\x00 あ \\xff\""),
        ("\"and\" \"or\"", "\"and\" \"or\""),
        ("foo* \"foo bar\"*", "foo* \"foo bar\"*"),
        ("*foo* *\"a b\"*", "*foo* *\"a b\"*"),
        ("=\"a b\" =x*", "=\"a b\" =x*"),
        ("a:=b a:=\"b c\"* exact(x) a:exact(\"y z\"*)", "a:=b a:=\"b c\"* =x a:=\"y z\"*"),
        ("a:!=b", "!a:=b"),
        ("host.name:web-1", "host.name:web-1"),
        ("\"host name\":x", "\"host name\":x"),
        ("message:x _msg:y", "x y"),
        ("a:(b or c -d)", "a:b or (a:c !a:d)"),
        ("a:\"\" b:* _msg:*", "a:\"\" b:* _msg:*"),
        ("addr:fe80::1 t:01:02:03", "addr:\"fe80::1\" t:\"01:02:03\""),
        ("a:in(x, \"y z\", 3) b:in(*) c:in()", "a:in(x,\"y z\",3) b:in(*) c:in()"),
        ("i(Error) a:i(\"x y\"*) i(*)", "i(Error) a:i(\"x y\"*) i(*)"),
        ("n:>5 n:>=-5 n:<10KiB n:<=1.5h", "n:>5 n:>=\"-5\" n:<10KiB n:<=1.5h"),
        ("n:range(1, 2] n:range[-1, inf)", "n:range(1,2] n:range[\"-1\",inf)"),
        ("ip:ipv4_range(10.0.0.0/8)", "ip:ipv4_range(10.0.0.0/8)"),
        ("len_range(5, inf) u:string_range(A, C)", "len_range(5,inf) u:string_range(A,C)"),
        ("_time:5m error", "_time:5m error"),
        ("_time:5m offset 1h", "_time:5m offset 1h"),
        ("_time:[2025-01-01Z, now)", "_time:[2025-01-01Z,now)"),
        ("_time:>=2025-01-01T00:00:00+09:00", "_time:>=2025-01-01T00:00:00+09:00"),
        ("ログイン", "ログイン"),
        ("error　warn", "error warn"),
        ("user=root /var/log", "\"user=root\" /var/log"),
        ("in (a or b)", "in (a or b)"),
        ("seq(a, \"b c\") u:seq(x)", "seq(a,\"b c\") u:seq(x)"),
        ("contains_all(a, \"b c\") u:contains_any(x, y)", "(a \"b c\") (u:x or u:y)"),
        ("contains_all(*) u:contains_any(*) contains_any()", "* * !*"),
        ("u:equals_common_case(aB)", "u:in(aB,AB,ab)"),
        ("contains_common_case(ab)", "ab or AB"),
        (
            "a:eq_field(b) a:le_field(\"b c\") lt_field(n)",
            "a:eq_field(b) a:le_field(\"b c\") lt_field(n)"
        ),
        ("ip:ipv6_range(\"2001:db8::/32\")", "ip:ipv6_range(\"2001:db8::/32\")"),
        ("n:value_type(uint16)", "n:value_type(uint16)"),
        (
            "pattern_match(\"id=<N>\") u:pattern_match_full(\"<W>\")",
            "pattern_match(\"id=<N>\") u:pattern_match_full(\"<W>\")"
        ),
        ("re(\"a+\")", "~\"a+\""),
        ("_time:day_range[08:30, 17:15) x", "_time:day_range[08:30,17:15) x"),
        ("_time:week_range(sunday, Sat] offset 9h", "_time:week_range(Sun,Sat] offset 9h"),
        (
            "{zone=\"lgwan\", app!=\"x\" or source=~\"fw.\"} y",
            "((zone.name:=lgwan !app:=x) or hisui.source:~\"\\\\A(?:fw.)\\\\z\") y"
        ),
        ("_stream:{app in (\"a\", b), c not_in (d)}", "app:in(a,b) !c:in(d)"),
        ("u:in(error n:>5 | fields u) x", "u:in(error n:>5 | fields u) x"),
        ("contains_any(* | uniq by (u) limit 5)", "contains_any(* | uniq by (u) limit 5)"),
    ])
    func filters(text: String, normal: String) throws {
        #expect(try parsed(text).description == normal)
        #expect(try parsed(normal).description == normal, "the normal form reads back")
    }

    @Test(arguments: [
        ("* | fields a, \"b c\", d*", "* | fields a, \"b c\", d*"),
        (
            "* | keep _msg | rm a | drop b | del c* | delete d",
            "* | fields _msg | delete a | delete b | delete c* | delete d"
        ),
        (
            "* | limit 5 | head | offset 3 | skip 1_000",
            "* | limit 5 | limit 10 | offset 3 | offset 1000"
        ),
        (
            "* | sort by (a, b desc) desc offset 2 limit 7",
            "* | sort by (a desc, b) offset 2 limit 7"
        ),
        (
            "* | order (a asc) partition by (b) limit 1 rank as r",
            "* | sort by (a) limit 1 partition by (b) rank as r"
        ),
        (
            "* | first 3 by (a) | last 2 by (b desc)",
            "* | sort by (a) limit 3 | sort by (b) limit 2"
        ),
        ("* | stats count()", "* | stats count(*) as \"count(*)\""),
        (
            "* | STATS BY (a, _time:1h offset 9h) COUNT() n, sum(b, c) AS s",
            "* | stats by (a, _time:1h offset 9h) count(*) as n, sum(b, c) as s"
        ),
        (
            "* | count() hits, count_uniq(a) limit 5 u",
            "* | stats count(*) as hits, count_uniq(a) limit 5 as u"
        ),
        (
            "* | stats (a:10KB) min(b) x, max(b) y, avg(b) z",
            "* | stats by (a:10KB) min(b) as x, max(b) as y, avg(b) as z"
        ),
        ("* | uniq (a, b) with hits limit 3", "* | uniq by (a, b) with hits limit 3"),
        (
            "* | top by (a) | top 3 (b) hits as n rank",
            "* | top 10 by (a) | top 3 by (b) hits as n rank as rank"
        ),
        ("* | rename a as b, c d | cp e f", "* | rename a as b, c as d | copy e as f"),
        ("* | where n:>5 | n:<9 | filter x or y", "* | filter n:>5 | filter n:<9 | filter x or y"),
        ("* | len(_msg) as l", "* | len(_msg) as l"),
    ])
    func pipes(text: String, normal: String) throws {
        #expect(try parsed(text).description == normal)
        #expect(try parsed(normal).description == normal, "the normal form reads back")
    }

    private func range(_ text: String, zone: TimeZoneRules = .tokyo) throws -> ClosedRange<Int64> {
        guard case .time(let filter) = try parsed("_time:\(text)", zone: zone).filter else {
            throw QueryMissing()
        }
        return filter.first...filter.last
    }

    private struct QueryMissing: Error {}

    private func at(_ text: String) throws -> Int64 {
        let bytes = Array(text.utf8)
        let found = TimeText.rfc3339(bytes.span, 0..<bytes.count)
        return try #require(found?.value.nanoseconds(zone: .utc, received: 0))
    }

    @Test(arguments: [
        ("2025", "2025-01-01T00:00:00+09:00", "2026-01-01T00:00:00+09:00"),
        ("2025Z", "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("2025-02", "2025-02-01T00:00:00+09:00", "2025-03-01T00:00:00+09:00"),
        ("2025-12Z", "2025-12-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("2025-02-07:00", "2025-02-01T00:00:00-07:00", "2025-03-01T00:00:00-07:00"),
        ("2024-02-28", "2024-02-28T00:00:00+09:00", "2024-02-29T00:00:00+09:00"),
        ("2024-02-29", "2024-02-29T00:00:00+09:00", "2024-03-01T00:00:00+09:00"),
        ("2025-11-23T10", "2025-11-23T10:00:00+09:00", "2025-11-23T11:00:00+09:00"),
        ("2025-11-23T10:20Z", "2025-11-23T10:20:00Z", "2025-11-23T10:21:00Z"),
        ("2025-11-23T10:20:30+05:30", "2025-11-23T10:20:30+05:30", "2025-11-23T10:20:31+05:30"),
        ("2025-11-23T10:20:30.5Z", "2025-11-23T10:20:30.5Z", "2025-11-23T10:20:30.6Z"),
        ("\"2025-11-23 10:20:30\"", "2025-11-23T10:20:30+09:00", "2025-11-23T10:20:31+09:00"),
        ("[2025-11-01, 2025-11-30]", "2025-11-01T00:00:00+09:00", "2025-12-01T00:00:00+09:00"),
        ("[2025-11-01, 2025-11-30)", "2025-11-01T00:00:00+09:00", "2025-11-30T00:00:00+09:00"),
        ("2025-11-23Z offset 1h", "2025-11-22T23:00:00Z", "2025-11-23T23:00:00Z"),
        ("[1763856000, 1763859600)", "2025-11-23T00:00:00Z", "2025-11-23T01:00:00Z"),
        ("[1763856000000, 1763859600000000)", "2025-11-23T00:00:00Z", "2025-11-23T01:00:00Z"),
    ])
    func times(text: String, start: String, end: String) throws {
        #expect(try range(text) == at(start)...at(end) - 1)
    }

    @Test func timesRelativeToNow() throws {
        let now = someTime.nanoseconds
        let minute: Int64 = 60_000_000_000
        #expect(try range("5m") == now - 5 * minute + 1...now)
        #expect(try range("1h30m offset 5m") == now - 95 * minute + 1...now - 5 * minute)
        #expect(try range("offset 1h") == Int64.min...now - 60 * minute)
        #expect(try range(">5m") == Int64.min...now - 5 * minute - 1)
        #expect(try range("<=5m") == now - 5 * minute...now)
        #expect(try range("[now-1h, now]") == now - 60 * minute...now)
        #expect(try range(">2025-11-23Z") == at("2025-11-23T00:00:00Z") + 1...Int64.max)
        #expect(try range("<=2025-11-23Z") == Int64.min...at("2025-11-24T00:00:00Z") - 1)
    }

    /// What begins in a year that 64 bits do not hold, or lasts longer than they do, is refused or
    /// cut, and never a wrong time.
    @Test func timesAtTheEnds() throws {
        #expect(throws: QueryError.self) { try parsed("_time:9999") }
        #expect(throws: QueryError.self) { try parsed("_time:0000-01-01") }
        #expect(try range("200y").lowerBound < 0)
        #expect(throws: QueryError.self) { try parsed("_time:9999y") }
    }
}
