import HisuiBytes
import HisuiEvent
import HisuiShape
import Testing

@testable import HisuiParse

/// `when` and `cases` by the values of pairs behind what a template takes.
@Suite struct PairDecisionTests {
    static let yaml = """
        parser: site.gate
        version: 1
        match: { program: gate }
        defaults: { event.category: session, event.action: logon }
        cases: { mode: { "test*": { event.reason: test } } }
        rules:
          - id: closed
            line: "session {_:kv}"
            when: { kind: [end, "close*"] }
            set: { event.action: logoff }
          - id: opened
            line: "session {_:kv}"
            fields: { user.name: user, event.reason: why }
            cases:
              action:
                allow: { event.outcome: success }
                deny: { event.outcome: failure, event.reason: denied }
                "error *": { event.outcome: failure }
          - id: numbered
            line: "door {event.id:int}[[: {_:kv}]]"
            when: { kind: card }
        samples:
          - line: "session user=tanaka action=allow"
            is: { rule: opened, event.outcome: success, user.name: tanaka, unmapped.action: allow }
          - line: "session user=tanaka action=deny why=late"
            is: { rule: opened, event.outcome: failure, event.reason: denied }
          - line: "session kind=closed user=tanaka"
            is: { rule: closed, unmapped.user: tanaka }
          - line: "door 4: kind=card mode=testing"
            is: { rule: numbered, event.id: 4, event.reason: test }
          - line: "session user=x action=allow action=deny"
            hostile: true
            is: { rule: opened, event.outcome: ~, hisui.flags: "year-inferred,ambiguous" }
          - reject: "door 4"

        """

    private func parse(_ messages: [String], _ set: DefinitionSet) -> [NamedOutcome] {
        NamedOutcome.parse(messages.map { "<13>Nov 27 10:00:00 h gate[1]: \($0)" }, set)
    }

    @Test func valuesOfPairsDecideWhichRuleFitsAndWhatFollows() {
        let (set, problems) = NamedOutcome.compile(Self.yaml)
        #expect(problems == [])
        let found = parse(
            [
                "session user=a, action=\"allow\", mode=test1",
                "session action=\"error \\\"7\\\"\"",
                "session action=other", "session no pairs: action=allow", "session ",
                "session kind=opened action=allow", "door 4: kind=key", "door 4: no=pairs",
                "session user=a action=deny", "session user=a action=allow",
            ], set)
        #expect(found[0].rule == "opened" && found[0].values["event.outcome"] == "success")
        #expect(found[0].values["event.reason"] == "test")
        #expect(found[1].values["event.outcome"] == "failure")
        for number in 2...4 {
            #expect(found[number].rule == "opened")
            #expect(found[number].values["event.outcome"] == nil)
        }
        #expect(found[5].rule == "opened" && found[5].values["event.outcome"] == "success")
        #expect(found[6].rule == "" && found[7].rule == "")
        // The same names with other values are other shapes, whichever came first.
        #expect(found[8].values["event.outcome"] == "failure")
        #expect(found[8].values["event.reason"] == "denied")
        #expect(found[9].values["event.outcome"] == "success")
        #expect(found[9].values["event.reason"] == nil)
    }

    @Test func pairsThatStayTextDecideAllTheSame() {
        let (set, _) = NamedOutcome.compile(Self.yaml)
        let many = (0..<70).map { "k\($0)=1" }.joined(separator: " ")
        let found = parse(
            ["session action=deny \(many)", "session \(many) action=allow action=deny"], set)
        #expect(found[0].values["event.outcome"] == "failure")
        #expect(!found[0].shape.fields.contains { $0.name == "unmapped.k0" })
        #expect(found[1].values["event.outcome"] == nil)
        #expect(found[1].row.flags.contains(.ambiguous))
        var batch = batch([
            Array("<13>Nov 27 10:00:00 h gate[1]: session action=deny user=".utf8) + [0x95, 0x5C]
        ])
        batch.encoding = .cp932
        var parser = Parser(definitions: set, timeZone: .tokyo)
        let encoded = Parsed(rows: parser.parse(batch), shapes: parser.shapes)
        #expect(encoded.value("event.outcome") == "failure")
        let entry = JournalEntryTests.entry([
            ("__REALTIME_TIMESTAMP", "1795402800123456"), ("SYSLOG_IDENTIFIER", "gate"),
            ("MESSAGE", "session user=a action=allow"), ("_HOSTNAME", "web01"),
        ])
        let journal = HisuiParseTests.parse([entry], form: .journal, definitions: set)
        #expect(journal.value("event.outcome") == "success")
    }

    @Test func aDoubledNameDecidesNothingWhereverItStands() {
        let (set, _) = NamedOutcome.compile(Self.yaml)
        for text in [
            "user=x action=allow action=deny", "action=deny user=x action=allow",
            // The first separator behind the first value is the stranger's.
            "user=x;action=allow;z= action=deny", "user=x,action=allow,z action=deny",
            // Quotes of two values.
            "user=x action=allow z=\" action=deny why=\" z=1",
            "user=x|action=allow|z=\"| action=deny why=\"",
            "user=x\taction = allow\tz= action=deny",
        ] {
            let found = parse(["session \(text)"], set)[0]
            #expect(found.values["event.outcome"] == nil, "\(text)")
            #expect(found.row.flags.contains(.ambiguous), "\(text)")
            #expect(parse(["session kind=end \(text) kind=x"], set)[0].rule == "opened")
        }
        for text in ["user=xaction=allow action=deny", "why=action=allow action=deny"] {
            #expect(parse(["session \(text)"], set)[0].values["event.outcome"] == "failure")
        }
    }

    /// Whatever a stranger puts into two values around the one that decides.
    @Test func noTextOfAStrangerDecides() {
        let (set, _) = NamedOutcome.compile(Self.yaml)
        let parts = [
            " ", ";", ",", "|", "\t", "\"", "\\", "=", "action", "action=allow", "allow", "z", "z=",
            " action=allow ", ";action=allow;", " action = allow", "deny",
        ]
        var random = SeededRandom(seed: 20_261_127)
        func text() -> String {
            (0..<random.next() % 7).map { _ in parts[Int(random.next() % UInt64(parts.count))] }
                .joined()
        }
        for separator in [" ", "; ", ",", "|", "\t"] {
            let lines = (0..<4_000).map { _ in
                "session "
                    + ["user=\(text())", "action=deny", "why=\(text())", "id=4"]
                    .joined(separator: separator)
            }
            var decided = 0
            for (line, found) in zip(lines, parse(lines, set)) {
                #expect(found.values["event.outcome"] != "success", "\(line)")
                if found.values["event.outcome"] == "failure" { decided += 1 }
            }
            #expect(decided > 100)
        }
    }

    @Test func costGrowsNoFasterThanTheLine() {
        let set = NamedOutcome.compile(Self.yaml).set
        let limit = DefinitionLimits.cost(of: Self.yaml)
        for unit in ["action=", " action=deny", "a=\"", " k=1", "action", ";\\\"=", "= "] {
            for count in [10, 1_000, 20_000] {
                let line = Array("session k=1 \(String(repeating: unit, count: count))".utf8)
                var scratch = RowScratch()
                var steps = StepCount()
                let program = Array("gate".utf8)
                let record = program + line
                _ = set.match(
                    record.span, message: 4..<record.count, program: 0..<4, into: &scratch,
                    steps: &steps)
                #expect(steps.total <= limit * (line.count + 1))
            }
        }
    }

    @Test func definitionsThatAskForWhatCannotBeAPairAreRefused() {
        let rule = "line: \"session {_:kv}\"\n    when: { kind: [end, \"close*\"] }"
        for (line, words) in [
            ("line: \"session {_:kv}\"\n    when: { _kind: end }", "`when` asks for `_kind`"),
            ("line: \"session {_:kv}\"\n    when: { user.id: end }", "`when` asks for `user.id`"),
            ("line: \"session {_:rest}\"\n    when: { kind: end }", "`when` asks for `kind`"),
        ] {
            let given = Self.yaml.replacing(rule, with: line)
            #expect(given != Self.yaml)
            let (_, problems) = NamedOutcome.compile(given)
            #expect(problems.contains { $0.contains(words) }, "\(line): \(problems)")
        }
    }

    @Test func aStrangersTextBeforeDecidingPairsIsRefused() {
        let given = Self.yaml.replacing(
            "match: { program: gate }", with: "match: { program: gate }\nuntrusted: [user.id]")
        for (line, isRefused) in [
            ("session of {user.id:text}: {_:kv}", true),
            ("session of {user.id:text>}: {_:kv}", false),
        ] {
            let text = given.replacing(
                "line: \"session {_:kv}\"\n    fields", with: "line: \"\(line)\"\n    fields")
            let (_, problems) = NamedOutcome.compile(text)
            #expect(
                problems.contains { $0.contains("whoever writes `user.id`") } == isRefused,
                "\(line): \(problems)")
        }
    }
}

/// What the rules of a definition may cost.
private enum DefinitionLimits {
    /// Byte comparisons for each byte of a message, for all of its rules.
    static func cost(of yaml: String) -> Int {
        let definition = DefinitionReader.read(
            Array(yaml.utf8), file: "test", schema: ShippedFiles.schema, HisuiYAMLLog.make())
        return (definition?.rules ?? []).reduce(1) {
            $0 + TemplateCheck($1.template, $1.decisions, schema: ShippedFiles.schema).cost
        }
    }
}
