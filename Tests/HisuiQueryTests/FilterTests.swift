import HisuiBytes
import HisuiEvent
import HisuiStore
import Testing

@testable import HisuiQuery

/// Filters beyond words and comparisons, with answers worked out by hand.
@Suite struct FilterTests {
    private static let lines = [
        "web1 taro 10 error: cannot open file", "web2 taro 9 file open: error",
        "web3 db1 2KB ERROR Error error", "db1 db1 300 user_id=123, ip=45.67.89.12 at 10:20:30",
        "db2 2001:db8::7 -5 at 2025-10-20T08:09:11Z", "db3 Hanako 3.5 errors only",
    ]

    /// The hosts whose rows pass.
    private func hosts(_ filter: String) throws -> [String] {
        try results(filter + " | fields host.name", [block(Self.lines)]).map {
            String($0.dropFirst("host.name=".count))
        }
    }

    private static let filtersCases: [(String, [String]?)] = [
        ("seq(error, open)", ["web1"]), ("seq(open, error)", ["web2"]),
        ("seq(error, error)", []), ("seq()", nil),
        ("seq(\"open: \", error)", ["web2"]), ("seq(err, open)", []),
        ("contains_all(open, error)", ["web1", "web2"]), ("contains_all()", nil),
        ("contains_any(cannot, only)", ["web1", "db3"]), ("contains_any()", []),
        ("contains_common_case(Error)", ["web1", "web2", "web3"]),
        ("user.name:equals_common_case(hanako)", []),
        ("user.name:equals_common_case(HanaKo)", ["db3"]),
        ("user.name:eq_field(host.name)", ["db1"]), ("!user.name:eq_field(host.name) db*", []),
        ("nothing:eq_field(missing)", nil), ("nothing:le_field(missing)", []),
        ("user.name:lt_field(host.name)", ["web1", "web2", "web3", "db2", "db3"]),
        ("user.name:le_field(user.name)", nil),
        ("user.name:ipv6_range(\"2001:db8::/32\")", ["db2"]),
        ("user.name:ipv6_range(\"2001:db8::8\", \"2001:db8::9\")", []),
        ("user.name:ipv6_range(\"2001:DB8::0007\")", ["db2"]),
        ("size:value_type(uint8)", ["web1", "web2"]),
        ("size:value_type(uint16)", ["web1", "web2", "db1"]),
        ("size:value_type(int64)", ["web1", "web2", "db1", "db2"]),
        ("size:value_type(float64)", ["db3"]), ("size:value_type(string)", ["web3"]),
        ("missing:value_type(string)", []),
        ("pattern_match(\"user_id=<N>, ip=<IP4> at <TIME>\")", ["db1"]),
        ("pattern_match_full(\"user_id=<N>\")", []), ("pattern_match(\"at <DATETIME>\")", ["db2"]),
        ("pattern_match_full(\"<W> only\")", ["db3"]), ("pattern_match(\"a.c\")", []),
        ("{host.name=\"db1\"}", ["db1"]),
        ("{host.name=~\"db.\",user.name!=\"db1\"}", ["db2", "db3"]),
        ("{host.name=~\"b1\"}", []),
        ("_stream:{host.name=\"db1\" or host.name=\"web2\"}", ["web2", "db1"]),
        ("{source=\"test\", zone!~\"lo.*\"}", []), ("{zone in (local)} only", ["db3"]),
        ("{}", nil), ("re(\"c.nnot\")", ["web1"]),
    ]

    @Test(arguments: filtersCases)
    func filters(text: String, expected: [String]?) throws {
        let all = ["web1", "web2", "web3", "db1", "db2", "db3"]
        #expect(try hosts(text) == expected ?? all, "\(text)")
        // The same once more, of rows that a pipe has gone over.
        let again = try results("* | rename a as b | filter " + text, [block(Self.lines)])
        #expect(again.count == (expected ?? all).count, "\(text) behind a pipe")
    }

    /// The block begins at 2025-11-23T00:00:00Z, a Sunday; it is 09:00 in Japan.
    private static let clocksCases: [(String, TimeZoneRules, Int)] = [
        ("day_range[00:00, 00:01)", TimeZoneRules.utc, 6), ("day_range[09:00, 09:01)", .utc, 0),
        ("day_range[09:00, 09:01)", .tokyo, 6), ("day_range(09:00, 09:01)", .tokyo, 5),
        ("day_range[08:00, 09:00]", .tokyo, 1), ("day_range[08:00, 09:00)", .tokyo, 0),
        ("day_range[22:00, 06:00)", .utc, 6), ("day_range[22:00, 00:00)", .utc, 0),
        ("day_range[22:00, 24:00)", .utc, 0), ("day_range[09:00, 09:01) offset 9h", .utc, 6),
        ("day_range[19:00, 19:01) offset -5h", .tokyo, 6),
        ("week_range[Sun, Sun]", .utc, 6), ("week_range[Mon, Sat]", .utc, 0),
        ("week_range[Fri, Mon]", .utc, 6), ("week_range(Sun, Sat)", .utc, 0),
        ("week_range[Saturday, Saturday] offset -5h", .utc, 6), ("week_range(Sun, Sun)", .utc, 0),
        ("week_range(Sat, Sun)", .utc, 0), ("week_range[Sun, Sat)", .utc, 6),
    ]

    @Test(arguments: clocksCases)
    func clocks(text: String, zone: TimeZoneRules, count: Int) throws {
        for query in ["_time:\(text)", "* | copy a as b | filter _time:\(text)"] {
            let parsed = try Query.parse(query, now: someTime, timeZone: zone)
            var rows = 0
            try QueryRunner(blocks: [block(Self.lines)], query: parsed).run { _ in
                rows += 1
                return true
            }
            #expect(rows == count, "\(query) in \(zone.name)")
        }
    }

    private static let subqueriesCases: [(String, [String])] = [
        ("user.name:in(error cannot | fields user.name)", ["web1", "web2"]),
        ("user.name:in(only | fields host.name)", []),
        ("host.name:in(size:>=100 | uniq by (user.name))", ["db1"]),
        ("!host.name:in(* | fields host.name) open", []),
        (
            "host.name:in(user.name:in(cannot | fields user.name) | fields host.name)",
            ["web1", "web2"]
        ),
        ("contains_any(host.name:db3 | fields missing)", []),
        ("user.name:contains_all(host.name:db1 | fields user.name)", ["web3", "db1"]),
        (
            "* | filter user.name:in(size:=9 | fields user.name) | fields host.name",
            ["web1", "web2"]
        ),
    ]

    @Test(arguments: subqueriesCases)
    func subqueries(text: String, expected: [String]) throws {
        let query = text.contains("| filter") ? text : text + " | fields host.name"
        let found = try results(query, [block(Self.lines)])
        #expect(found.map { String($0.dropFirst("host.name=".count)) } == expected, "\(text)")
        #expect(try parsed(text).canFollow == false)
    }

    @Test func aSubqueryWithTooManyValuesIsRefused() throws {
        let lines = (0...Limits.queryListMax).map { "h\($0) u 1 x" }
        let error = #expect(throws: QueryFailure.self) {
            try results("contains_any(* | fields host.name)", [block(lines)])
        }
        #expect(error?.message.contains("more than 10000 different values of host.name") == true)
        let found = try results(
            "host.name:in(* | fields host.name) | stats count() n", [block(lines)])
        #expect(found == ["n=10001"])
    }
}
