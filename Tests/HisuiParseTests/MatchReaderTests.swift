import HisuiBytes
import HisuiEvent
import HisuiShape
import HisuiYAML
import Testing

@testable import HisuiParse

@Suite struct MatchReaderTests {
    static func yaml(match: String, lines: [String] = ["%FW-1-{event.code:int}: {_:rest}"])
        -> String
    {
        """
        parser: test.device
        version: 1
        match: \(match)
        defaults: { event.action: logon }
        rules:
        \(lines.enumerated().map { "  - { id: r\($0), line: \"\($1)\" }" }.joined(separator: "\n"))
        samples:
          - { line: "%FW-1-302: up", is: { rule: r0 } }
          - reject: "%XX-1-302: up"
        """
    }

    /// Which rule knows each of some records with their headers.
    static func rules(_ yaml: String, _ records: [String]) -> [String] {
        let (set, diagnostics) = TestRules.compile(yaml)
        #expect(diagnostics.map(\.description) == [])
        var batch = RecordBatch(source: Source(id: "t", kind: .file, form: .syslog))
        for record in records {
            batch.append(Array(record.utf8).span, received: Timestamp(nanoseconds: 1 << 60))
        }
        var parser = Parser(definitions: set, timeZone: .tokyo)
        let rows = parser.parse(batch)
        return rows.rows.map { parser.shapes[$0.shape].rule }
    }

    @Test func devicesWithoutATagAreKnownByHowTheirMessagesBegin() {
        for match in ["{ first: \"%FW-\" }", "{ program: \"*\", first: [\"%FX-\", \"%FW-\"] }"] {
            let rules = Self.rules(
                Self.yaml(match: match),
                [
                    "<134>Nov 23 01:02:03 fw1 %FW-1-302: up",
                    "<134>Nov 23 2026 01:02:03: %FW-1-303: up",
                    "<134>%FW-1-304: up",
                    "<134>2026-11-23T01:02:03Z 192.0.2.1 : %FW-1-305: up",
                    "<134>Nov 23 01:02:03 fw1 any[7]: %FW-1-306: up",
                    "<134>Nov 23 01:02:03 fw1 %XX-1-302: up",
                ])
            #expect(rules == ["r0", "r0", "r0", "r0", "r0", ""])
        }
    }

    @Test func aRuleThatBeginsWithAFieldIsHeldToTheBeginning() {
        let yaml = Self.yaml(
            match: "{ first: [\"%FW-1\", \"%FW-2\"] }", lines: ["{_:word}: {_:rest}"])
        #expect(
            Self.rules(yaml, ["<1>%FW-1-3: a", "<1>%FW-2-3: a", "<1>%FW-3-3: a", "<1>%FW-"])
                == ["r0", "r0", "", ""])
    }

    @Test func theLongerOfTextAndBeginningIsCompared() {
        let yaml = Self.yaml(
            match: "{ first: \"%FW-1-\" }", lines: ["%{_:word}: {_:rest}"])
        #expect(Self.rules(yaml, ["<1>%FW-1-9: x", "<1>%FX-1-9: x"]) == ["r0", ""])
    }

    @Test(arguments: [
        ("{ first: \"\" }", "test.yaml:3:17: every message begins with an empty text"),
        ("{ any: [{ program: a, first: b }] }", "test.yaml:3:37: `first` holds for all"),
        ("{ listener: x }", "test.yaml:3:20: this version cannot match by `listener` yet"),
        ("{ first: \"%FX-\" }", "test.yaml:6:21: the rule knows no message that begins as `match`"),
        ("{ program: \"a*b\" }", "test.yaml:3:19: `*` can only stand at the end"),
    ])
    func mistakesAreTold(_ match: String, _ expected: String) {
        let problems = TestRules.problems(Self.yaml(match: match))
        #expect(problems.contains { $0.hasPrefix(expected) }, "\(problems)")
    }
}
