import Testing

@testable import HisuiDetect

@Suite struct CorrelationTests {
    static func base(_ name: String) -> String {
        """
        title: Base \(name)
        id: \(name)
        logsource: { category: test }
        detection: { selection: { kind: \(name) }, condition: selection }
        """
    }

    static func correlation(_ id: String, _ rest: String) -> String {
        "title: C\nid: \(id)\nlevel: high\ncorrelation: { \(rest) }"
    }

    static let count =
        base("f") + "\n---\n"
        + correlation(
            "c",
            "type: event_count, rules: [f], group-by: [h], timespan: 10s, condition: { gte: 3 }")

    static let sequence =
        [base("f"), base("s"), base("u")].joined(separator: "\n---\n") + "\n---\n"
        + correlation(
            "c", "type: temporal_ordered, rules: [f, s, u], group-by: [h], timespan: 10s")

    static func event(_ kind: String, _ second: Int, host: String? = "a") -> String {
        let group = host.map { ",\"h\":\"\($0)\"" } ?? ""
        return #"{"kind":"\#(kind)","t":\#(1_700_000_000 + second)\#(group)}"#
    }

    @Test(
        arguments: [
            // Exactly a timespan apart is within.
            ([0, 5, 10], [[1, 2, 3]]), ([0, 5, 11], []), ([0, 0, 0], [[1, 2, 3]]),
            // A finding grows while the condition holds, and is one.
            ([0, 1, 2, 3, 4], [[1, 2, 3, 4, 5]]), ([0, 1, 2, 12, 13], [[1, 2, 3]]),
            ([0, 1, 2, 30, 31, 32], [[1, 2, 3], [4, 5, 6]]),
            // Out of order: time counts, not arrival.
            ([10, 0, 5], [[1, 2, 3]]), ([32, 0, 31, 1, 30, 2], [[2, 4, 6], [1, 3, 5]]),
        ] as [([Int], [[UInt64]])])
    func counts(seconds: [Int], expected: [[UInt64]]) {
        let result = run(Self.count, seconds.map { Self.event("f", $0) })
        #expect(result.refused.isEmpty, "\(result.refused)")
        #expect((result.events["c"] ?? []) == expected)
        #expect(result.events["f"] == nil)
    }

    @Test func groupsAreApartAndNeedTheirField() {
        let lines = [
            Self.event("f", 0), Self.event("f", 1, host: "b"), Self.event("f", 2),
            Self.event("f", 3, host: nil), Self.event("f", 4, host: nil),
            Self.event("f", 5, host: nil), Self.event("f", 6),
        ]
        #expect(run(Self.count, lines).events == ["c": [[1, 3, 7]]])
    }

    @Test(
        arguments: [
            ("fsu", [0, 1, 2], [[1, 2, 3]]), ("fsu", [0, 5, 10], [[1, 2, 3]]),
            ("fsu", [0, 5, 11], []), ("sfu", [0, 1, 2], []), ("usf", [2, 1, 0], [[1, 2, 3]]),
            // The same second: the order of the lines decides.
            ("fsu", [0, 0, 0], [[1, 2, 3]]), ("ufs", [0, 0, 0], []),
            // The first start is too old, the second is not.
            ("ffsu", [0, 8, 9, 12], [[2, 3, 4]]), ("fsuu", [0, 1, 2, 3], [[1, 2, 3]]),
            ("fsufsu", [0, 1, 2, 3, 4, 5], [[1, 2, 3], [4, 5, 6]]),
        ] as [(String, [Int], [[UInt64]])])
    func sequences(kinds: String, seconds: [Int], expected: [[UInt64]]) {
        let lines = zip(kinds, seconds).map { Self.event(String($0), $1) }
        #expect((run(Self.sequence, lines).events["c"] ?? []) == expected)
    }

    @Test func anyOrderOfArrivalFindsTheSame() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        for _ in 0..<200 {
            let events = (0..<12).map { _ in
                (
                    kind: ["f", "s", "u"].randomElement(using: &random) ?? "f",
                    second: Int.random(in: 0...30, using: &random) * 2,
                    host: ["a", "b"].randomElement(using: &random) ?? "a"
                )
            }
            // Events of one second are alike to the rule only if their kinds are.
            var seen: Set<Int> = []
            let distinct = events.filter { seen.insert($0.second).inserted }
            for text in [Self.count, Self.sequence] {
                func found(_ order: [Int]) -> Set<[Int]> {
                    let lines = order.map {
                        Self.event(distinct[$0].kind, distinct[$0].second, host: distinct[$0].host)
                    }
                    let events = run(text, lines).events["c"] ?? []
                    return Set(events.map { $0.map { order[Int($0) - 1] }.sorted() })
                }
                let straight = Array(distinct.indices)
                #expect(found(straight) == found(straight.shuffled(using: &random)), "seed \(seed)")
            }
        }
    }

    @Test func aSequenceMayBeginWithACount() {
        let text =
            Self.count + "\n---\n" + Self.base("s") + "\n---\n"
            + Self.correlation(
                "d", "type: temporal_ordered, rules: [c, s], group-by: [h], timespan: 10s")
        let lines = [("f", 0), ("f", 1), ("f", 2), ("f", 3), ("s", 8), ("s", 9)]
        let result = run(text, lines.map { Self.event($0.0, $0.1) })
        #expect(result.refused.isEmpty, "\(result.refused)")
        #expect(result.events == ["d": [[1, 2, 3, 4, 5]]])
        let early = [("f", 0), ("f", 1), ("s", 2), ("f", 3)]
        #expect(run(text, early.map { Self.event($0.0, $0.1) }).events.isEmpty)
    }

    @Test func temporalTakesAnyOrder() {
        let text =
            Self.base("f") + "\n---\n" + Self.base("s") + "\n---\n"
            + Self.correlation("c", "type: temporal, rules: [f, s], timespan: 10s, generate: true")
        let lines = [("s", 0), ("f", 10), ("f", 30), ("s", 41)]
        let result = run(text, lines.map { Self.event($0.0, $0.1) })
        #expect(result.events == ["c": [[1, 2]], "f": [[2], [3]], "s": [[1], [4]]])
    }

    @Test func aliasesNameTheGroupInEachRule() {
        let text =
            Self.base("f") + "\n---\n" + Self.base("s") + "\n---\n"
            + Self.correlation(
                "c",
                "type: temporal_ordered, rules: [f, s], timespan: 1m, group-by: [who], "
                    + "aliases: { who: { f: from, s: user } }")
        let lines = [
            #"{"kind":"f","from":"x","t":1700000000}"#, #"{"kind":"s","user":"y","t":1700000001}"#,
            #"{"kind":"s","user":"x","t":1700000002}"#,
        ]
        #expect(run(text, lines).events == ["c": [[1, 3]]])
    }

    @Test func aHyphenNamesNobody() {
        let event = #"{"kind":"f","user.name":"-","TargetUserName":"x"}"#
        let result = run(Self.base("f"), [event])
        #expect(result.findings.map(\.entities) == [[.init(name: "user.name", values: [[0x78]])]])
    }

    @Test func findingsNameWhatTheirEventsName() {
        let lines = ["x", "y", "x"].enumerated().map { index, user in
            #"{"kind":"f","h":"a","TargetUserName":"\#(user)","IpAddress":"192.0.2.1","#
                + #""t":170000000\#(index)}"#
        }
        let result = run(Self.count, lines)
        var json: [UInt8] = []
        for finding in result.findings { finding.append(to: &json) }
        #expect(
            String(decoding: json, as: UTF8.self) == """
                {"rule.id":"c","rule.title":"C","rule.level":"high","entities":{"user.name":\
                ["x","y"],"source.ip":"192.0.2.1"},"events":[1,2,3]}

                """)
    }
}
