import HisuiEvent
import HisuiShape
import Testing

@testable import HisuiDetect

/// The engine and the definition find the same, in whatever order events come.
@Suite struct CorrelationAgreementTests {
    static let bases: [String: @Sendable (NaiveOccurrence) -> Bool] = [
        "f": { $0.kind == "f" }, "s": { $0.kind == "s" }, "u": { $0.kind == "u" },
        "w": { $0.kind == "f" || $0.kind == "s" },
    ]

    /// On single events.
    static let direct: [NaiveRule] = [
        NaiveRule(
            id: "c1", type: "event_count", rules: ["f"], groupBy: ["h"], seconds: 10,
            bounds: [("gte", 3)]),
        NaiveRule(
            id: "c2", type: "event_count", rules: ["f", "s"], groupBy: ["h"], seconds: 8,
            bounds: [("gte", 2), ("lte", 3)]),
        NaiveRule(
            id: "c3", type: "event_count", rules: ["f", "w"], groupBy: ["h"], seconds: 6,
            bounds: [("gt", 1)]),
        NaiveRule(
            id: "c4", type: "event_count", rules: ["w", "f"], groupBy: ["h", "g"], seconds: 9,
            bounds: [("neq", 2)]),
        NaiveRule(
            id: "c5", type: "event_count", rules: ["w"], groupBy: ["h", "n"], seconds: 20,
            bounds: [("gte", 1)]),
        NaiveRule(
            id: "c6", type: "event_count", rules: ["f", "s"], groupBy: ["who"], seconds: 9,
            bounds: [("eq", 2)], aliases: ["who": ["f": "h", "s": "g"]]),
        NaiveRule(
            id: "v1", type: "value_count", rules: ["w"], groupBy: ["h"], seconds: 7,
            fields: ["v"], bounds: [("gte", 2)]),
        NaiveRule(
            id: "v2", type: "value_count", rules: ["f", "s", "u"], seconds: 9,
            fields: ["v", "g"], bounds: [("gte", 3)]),
        NaiveRule(
            id: "v3", type: "value_count", rules: ["w"], groupBy: ["h"], seconds: 9,
            fields: ["v"], bounds: [("lt", 3)]),
        NaiveRule(
            id: "v4", type: "value_count", rules: ["f", "s"], groupBy: ["h"], seconds: 9,
            fields: ["what"], bounds: [("gt", 1)], aliases: ["what": ["f": "v", "s": "g"]]),
        NaiveRule(
            id: "s1", type: "value_sum", rules: ["w"], groupBy: ["h"], seconds: 9,
            fields: ["n"], bounds: [("gt", 40)]),
        NaiveRule(
            id: "s2", type: "value_sum", rules: ["w", "u"], groupBy: ["h"], seconds: 9,
            fields: ["n"], bounds: [("lte", 35), ("gt", -5)]),
        NaiveRule(
            id: "a1", type: "value_avg", rules: ["w"], groupBy: ["h"], seconds: 9,
            fields: ["n"], bounds: [("gt", 15)]),
        NaiveRule(
            id: "p1", type: "value_percentile", rules: ["f", "w"], groupBy: ["h"], seconds: 12,
            fields: ["n"], bounds: [("gte", 15)], percentile: 50),
        NaiveRule(
            id: "p2", type: "value_percentile", rules: ["w"], seconds: 15, fields: ["v"],
            bounds: [("lte", 340)]),
    ]

    static let sequences: [NaiveRule] = [
        NaiveRule(
            id: "t1", type: "temporal", rules: ["f", "s", "u"], groupBy: ["h"], seconds: 8),
        NaiveRule(
            id: "t2", type: "temporal", rules: ["f", "s", "u"], groupBy: ["h"], seconds: 5,
            bounds: [("gte", 2)]),
        NaiveRule(
            id: "t3", type: "temporal", rules: ["f", "s"], groupBy: ["h"], seconds: 6,
            bounds: [("lt", 2)]),
        NaiveRule(
            id: "o1", type: "temporal_ordered", rules: ["f", "s", "u"], groupBy: ["h"],
            seconds: 10),
        NaiveRule(
            id: "o2", type: "temporal_ordered", rules: ["f", "s", "u"], seconds: 6,
            bounds: [("gt", 1)]),
        NaiveRule(
            id: "o3", type: "temporal_ordered", rules: ["f", "s", "u"], groupBy: ["h"],
            seconds: 9, bounds: [("eq", 2)]),
        NaiveRule(
            id: "o4", type: "temporal_ordered", rules: ["w", "f"], groupBy: ["h"], seconds: 6),
    ]

    /// Over other correlations; those stand before them.
    static let chained: [NaiveRule] = [
        NaiveRule(
            id: "n1", type: "event_count", rules: ["c3"], seconds: 20, bounds: [("gte", 2)]),
        NaiveRule(
            id: "n2", type: "value_count", rules: ["c1", "v1"], seconds: 20, fields: ["h"],
            bounds: [("gte", 2)]),
        NaiveRule(
            id: "n3", type: "temporal_ordered", rules: ["c3", "u"], groupBy: ["h"], seconds: 9),
        NaiveRule(
            id: "n4", type: "temporal_ordered", rules: ["a1", "w"], groupBy: ["h"], seconds: 15),
        NaiveRule(
            id: "n5", type: "value_sum", rules: ["c5"], groupBy: ["h"], seconds: 9,
            fields: ["n"], bounds: [("gt", 30)]),
        NaiveRule(
            id: "n6", type: "event_count", rules: ["c2", "c4"], groupBy: ["h"], seconds: 30,
            bounds: [("lt", 3)]),
        NaiveRule(
            id: "n7", type: "temporal", rules: ["c3", "s"], groupBy: ["h"], seconds: 8),
        NaiveRule(
            id: "n8", type: "temporal_ordered", rules: ["n6", "n4"], groupBy: ["h"],
            seconds: 40, bounds: [("gte", 1)]),
    ]

    static let rules = direct + sequences + chained

    static func text(_ rules: [NaiveRule]) -> String {
        var documents = ["f", "s", "u"].map { CorrelationTests.base($0) }
        documents.append(
            """
            title: Base w
            id: w
            logsource: { category: test }
            detection: { selection: { kind: [f, s] }, condition: selection }
            """)
        return (documents + rules.map(\.text)).joined(separator: "\n---\n")
    }

    static func events(_ count: Int, _ random: inout SeededRandom) -> [NaiveOccurrence] {
        let span = [12, 30, 60].randomElement(using: &random) ?? 30
        return (1...count).map { index in
            var fields: [String: String] = [:]
            func put(_ name: String, _ values: [String?]) {
                if let value = values.randomElement(using: &random) ?? nil { fields[name] = value }
            }
            put("h", ["a", "a", "b", nil])
            put("g", ["a", "b"])
            put("v", ["1", "2", "3", nil])
            put("n", ["-2", "0.5", "1", "2.5", "3", "none", nil])
            put("TargetUserName", ["x", "y", nil])
            let kind = ["f", "f", "s", "u"].randomElement(using: &random) ?? "f"
            return NaiveOccurrence(
                index: UInt64(index), second: Int.random(in: 0...span, using: &random), kind: kind,
                fields: fields)
        }
    }

    static func found(_ events: [NaiveOccurrence], _ empty: Detector) -> [Finding] {
        var detector = empty
        var findings: [Finding] = []
        for event in events {
            detector.takeJSON(Array(event.json.utf8).span, number: event.index, into: &findings)
        }
        findings.removeAll()
        detector.finish(into: &findings)
        return findings
    }

    static func plain(_ findings: [Finding]) -> [String] {
        findings.map { finding in
            let users = finding.entities.first { $0.name == "user.name" }?.values ?? []
            let naive = NaiveFinding(
                rule: finding.ruleID, id: finding.id, events: finding.events.map(\.index),
                users: users.map { String(decoding: $0, as: UTF8.self) })
            #expect(finding.eventCount == finding.events.count)
            return "\(naive)"
        }.sorted()
    }

    static func expected(_ events: [NaiveOccurrence]) -> [String] {
        NaiveCorrelations.findings(bases: bases, rules: rules, events: events).map { "\($0)" }
            .sorted()
    }

    @Test func theEngineFindsWhatTheDefinitionFinds() {
        let (set, refused) = compile(Self.text(Self.rules))
        #expect(refused.isEmpty, "\(refused)")
        let empty = Detector(set)
        var told: Set<String> = []
        for _ in 0..<300 {
            let seed = UInt64.random(in: 0...UInt64.max)
            var random = SeededRandom(seed: seed)
            let events = Self.events(Int.random(in: 1...24, using: &random), &random)
            let found = Self.found(events, empty)
            told.formUnion(found.map(\.ruleID))
            let (mine, theirs) = (Self.plain(found), Self.expected(events))
            guard mine != theirs else { continue }
            let lines = events.map(\.json).joined(separator: "\n")
            Issue.record(
                """
                seed \(seed): \(Set(mine).subtracting(theirs).sorted()) \
                for \(Set(theirs).subtracting(mine).sorted())
                \(lines)
                """)
            return
        }
        #expect(told == Set(Self.rules.map(\.id)), "each rule found something")
    }

    /// Of every type and form one.
    static let some: Set<String> = [
        "c1", "c2", "v1", "v3", "s1", "a1", "p1", "t1", "t3", "o1", "o3", "c3", "n3", "n4",
    ]

    @Test func tenThousandOrdersOfArrivalFindTheSame() {
        let text = Self.text(Self.rules.filter { Self.some.contains($0.id) })
        let empty = Detector(compile(text).set)
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        for _ in 0..<100 {
            let events = Self.events(6, &random)
            let straight = Self.found(events, empty)
            for _ in 0..<100 {
                let found = Self.found(events.shuffled(using: &random), empty)
                guard found != straight else { continue }
                Issue.record("seed \(seed)")
                return
            }
        }
    }
}
