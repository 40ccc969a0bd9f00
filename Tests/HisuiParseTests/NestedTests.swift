import HisuiBytes
import HisuiEvent
import HisuiShape
import Testing

@testable import HisuiParse

/// `nested`: messages inside members of records.
@Suite struct NestedTests {
    static let shipper = """
        parser: site.shipper
        version: 1
        input: json
        match: { when: { log: "*" } }
        fields: { host.name: node }
        nested: { log: syslog }
        samples:
          - line: '{"log":"<34>Nov 27 10:00:00 web01 sshd[1]: x\\n","stream":"stdout"}'
            is: { nested: "<34>Nov 27 10:00:00 web01 sshd[1]: x" }
          - line: '{"log":"x\\",\\"log\\":\\"<34>Nov 27 10:00:00 web01 sshd[1]: y","n":1}'
            hostile: true
            is: { nested: 'x","log":"<34>Nov 27 10:00:00 web01 sshd[1]: y' }
          - reject: '{"log":7,"stream":"stdout"}'

        """
    static let door = """
        parser: site.door
        version: 1
        match: { program: doord }
        untrusted: [user.name]
        defaults: { event.category: session, event.action: logon }
        rules:
          - id: refused
            line: "refused {user.name:user>} from {source.ip:ip}[[ ({event.reason:text})]]"
            set: { event.outcome: failure }
        samples:
          - line: "refused x from 203.0.113.1 from 192.0.2.9"
            is: { rule: refused, source.ip: 192.0.2.9 }
            hostile: true
          - reject: "refused"

        """
    static let objects = """
        parser: site.inside
        version: 1
        input: json
        match: { when: { kind: door } }
        rules:
          - id: opened
            when: { what: opened }
            set: { event.action: logon }
            fields: { user.name: who }
        samples:
          - line: '{"kind":"door","what":"opened","who":"a"}'
            is: { rule: opened }
            hostile: true
          - reject: '{"kind":"door"}'

        """

    private func set(_ more: String...) -> DefinitionSet {
        let texts = [Self.shipper, Self.door] + more
        let (set, problems) = DefinitionSet.compile(
            files: texts.enumerated().map { (name: "d\($0).yaml", bytes: Array($1.utf8)) },
            schema: ShippedFiles.schema)
        #expect(problems.map { "\($0)" } == [])
        return set
    }

    @Test func aLineInsideAnObjectIsKnownByItsRule() {
        let head = "<34>Nov 27 10:00:0"
        let found = NamedOutcome.parse(
            [
                #"{"log":"\#(head)0 web01 doord[7]: refused tanaka from 192.0.2.9\n","s":1}"#,
                #"{"log":"\#(head)1 web02 doord[8]: refused sato from 192.0.2.8 (late)","s":2}"#,
                #"{"log":"<34>Nov 27 10:00:02 web01 doord[7]: nothing that is known","s":3}"#,
                #"{"log":"","s":4}"#, #"{"other":"x","s":5}"#,
            ], set())
        #expect(found[0].shape.parser == "site.door" && found[0].rule == "refused")
        let expected = [
            "user.name": "tanaka", "source.ip": "192.0.2.9", "event.outcome": "failure",
            "event.action": "logon", "host.name": "web01", "process.name": "doord",
            "process.pid": "7", "log.syslog.severity.code": "2", "s": "1",
            "message": "<34>Nov 27 10:00:00 web01 doord[7]: refused tanaka from 192.0.2.9\n",
        ]
        for (name, value) in expected { #expect(found[0].values[name] == value, "\(name)") }
        #expect(text(of: found[0].row.time) == "2026-11-27T10:00:00+09:00")
        #expect(!found[0].row.flags.contains(.timeInferred))
        #expect(found[1].values["event.reason"] == "late")
        #expect(found[1].values["host.name"] == "web02")
        for one in found[2...] {
            #expect(one.rule.isEmpty && one.values["process.name"] == nil)
            #expect(one.values["event.action"] == nil && one.row.flags.contains(.timeInferred))
        }
        #expect(found[2].values["s"] == "3" && found[2].values["log"] != nil)
    }

    @Test func escapesInAnObjectAreResolvedBeforeTheLineIsRead() {
        let found = NamedOutcome.parse(
            [
                ##"{"log":"<14>doord[7]: refused \"a\\b\" \u8868 from \u0031\u0039\u0032.0.2.9"}"##,
                ##"{"log":"<14>doord[7]: refused 表 from 192.0.2.9 (\"x\")\r\n"}"##,
            ], set())
        #expect(found[0].values["user.name"] == #""a\b" 表"#)
        #expect(found[0].values["source.ip"] == "192.0.2.9")
        #expect(found[1].values["user.name"] == "表")
        #expect(found[1].values["event.reason"] == "\"x\"")
    }

    @Test func otherFormatsInsideAreReadTooAndOnlyOnce() {
        let inner = #"{\"kind\":\"door\",\"what\":\"opened\",\"who\":\"tanaka\"}"#
        let twice =
            #"{\"log\":\"<14>doord[7]: refused tanaka from 192.0.2.9\"}"#
        let found = NamedOutcome.parse(
            ["{\"log\":\"\(inner)\"}", "{\"log\":\"\(twice)\"}"], set(Self.objects))
        #expect(found[0].shape.parser == "site.inside" && found[0].values["user.name"] == "tanaka")
        #expect(found[1].rule.isEmpty && found[1].values["user.name"] == nil)
    }

    @Test func whatHandedTheRecordOnSaysWhereItCameFrom() {
        let log = #""log":"<34>Nov 27 10:00:00 evil doord[7]: refused x from 192.0.2.9""#
        let found = NamedOutcome.parse(
            [
                "<13>Nov 27 10:00:00 relay fluentd[99]: {\(log)}",
                "{\(log),\"node\":\"node1\"}",
                // A member called like a field says nothing.
                "{\(log),\"host.name\":\"other\",\"user.name\":\"root\","
                    + "\"event.outcome\":\"success\"}",
            ], set())
        #expect(found.allSatisfy { $0.rule == "refused" && $0.values["user.name"] == "x" })
        #expect(found.map { $0.values["host.name"] } == ["relay", "node1", "evil"])
        #expect(found.map { $0.values["log.syslog.hostname"] } == ["evil", "evil", nil])
        #expect(found[0].values["process.name"] == "doord" && found[0].values["process.pid"] == "7")
        #expect(found[2].values["event.outcome"] == "failure")
        #expect(found[2].values["unmapped.user.name"] == "root")
    }

    /// Whether a rule knows the text or not, its sender says where it came from.
    @Test func whatHandsTheRecordOnIsKnownWhereTheTextIsNot() {
        let found = NamedOutcome.parse(
            [
                #"{"log":"nothing that is known","node":"node1","user.name":"x"}"#,
                #"{"log":"nothing that is known"}"#, #"{"log":"-","node":"node1"}"#,
                #"{"other":"x","node":"node1"}"#,
                #"{"log":"<14>doord[7]: refused x from 192.0.2.9","node":"node1","user.name":"y"}"#,
            ], set())
        #expect(found.map { $0.values["host.name"] } == ["node1", nil, nil, nil, "node1"])
        #expect(found.map(\.rule) == ["", "", "", "", "refused"])
        #expect(found[0].values["node"] == "node1" && found[0].values["user.name"] == "x")
        #expect(found[4].values["user.name"] == "x")
    }

    /// Where several definitions might know the same names, values say which one does.
    @Test func theDefinitionWhoseConditionsHoldSaysWhereItCameFrom() {
        let other = Self.shipper.replacing("site.shipper", with: "site.other")
            .replacing("when: { log: \"*\" }", with: "when: { log: \"*\", stream: other }")
            .replacing("node }", with: "machine }")
            .replacing("\"stream\":\"stdout\"", with: "\"stream\":\"other\"")
            .replacing(",\"n\":1", with: ",\"stream\":\"other\"")
        let first = Self.shipper.replacing(
            "when: { log: \"*\" }", with: "when: { log: \"*\", stream: stdout }"
        ).replacing(",\"n\":1", with: ",\"stream\":\"stdout\"")
        let (set, problems) = NamedOutcome.compile(first, other, Self.door)
        #expect(problems == [])
        let text = "<14>doord[7]: refused x from 192.0.2.9"
        let found = NamedOutcome.parse(
            ["stdout", "other", "third"].map {
                #"{"log":"\#(text)","stream":"\#($0)","node":"n","machine":"m"}"#
            }, set)
        #expect(found.map { $0.values["host.name"] } == ["n", "m", nil])
        #expect(found.map(\.rule) == ["refused", "refused", ""])
    }

    @Test func theProgramMayBeAMemberOfItsOwn() {
        let shipper = Self.shipper.replacing(
            "nested: { log: syslog }", with: "nested: { log: { program: ident } }"
        ).replacing("\"stream\":\"stdout\"", with: "\"ident\":\"sshd\"").replacing(
            ",\"n\":1", with: ",\"ident\":\"sshd\"")
        let (set, problems) = NamedOutcome.compile(shipper, Self.door)
        #expect(problems == [])
        let found = NamedOutcome.parse(
            [
                #"{"ident":"doord","log":"refused tanaka from 192.0.2.9","pid":7}"#,
                #"{"ident":"other","log":"refused tanaka from 192.0.2.9","pid":7}"#,
                #"{"ident":"<14>doord[7]: refused x from 192.0.2.1","log":"refused","pid":7}"#,
                // Behind a program that is known nothing is a header.
                #"{"ident":"other","log":"<34>Nov 27 10:00:00 h doord[7]: refused","pid":7}"#,
                #"{"log":"<14>doord[7]: refused tanaka from 192.0.2.9","pid":7}"#,
            ], set)
        #expect(found.map(\.rule) == ["refused", "", "", "", ""])
        #expect(found[0].values["process.name"] == "doord")
        #expect(found[0].values["message"] == "refused tanaka from 192.0.2.9")
    }

    @Test func aStrangersTextInsideCannotChooseWhatTheRuleSays() {
        let (head, end) = ("<14>doord[7]: refused", "from 203.0.113.1 from 192.0.2.9")
        let found = NamedOutcome.parse(
            [
                #"{"log":"<14>doord[7]: refused x from 203.0.113.1 from 192.0.2.9"}"#,
                #"{"log":"\#(head) x\",\"log\":\"\#(head) y \#(end)"}"#,
                #"{"log":"\#(head) x\n\#(head) root \#(end)"}"#,
            ], set())
        for one in found {
            #expect(one.rule == "refused" && one.values["source.ip"] == "192.0.2.9")
            #expect(one.values["user.name"]?.hasPrefix("x") == true)
        }
    }

    @Test func whomALineInsideIsAboutIsNeverShown() {
        let people = """
            parser: site.people
            version: 1
            match: { program: people }
            defaults: { event.action: subject-lookup }
            rules: [ { id: look, line: "looked at {hisui.subject.id:int} by {user.name:word}" } ]
            samples:
              - { line: "looked at 7 by a", is: { rule: look, hisui.subject.id: 7 } }
              - reject: "looked"

            """
        let found = NamedOutcome.parse(
            [#"{"log":"<14>people[7]: looked at 4711 by tanaka\n","n":1}"#], set(people))[0]
        #expect(found.rule == "look" && found.values["user.name"] == "tanaka")
        #expect(found.values["hisui.subject.id"] == "withheld")
        #expect(found.values["log"] == "withheld" && found.values["message"] == "withheld")
        #expect(!found.line.contains("4711"))
    }

    @Test func recordsInOtherFormatsAndJournalsMayHaveThem() {
        let csv = #"""
            parser: site.table
            version: 1
            input: csv
            match: { first: ["T,"] }
            csv: { columns: [mark, when, text], time: when }
            nested: { text: syslog }
            samples:
              - { line: 'T,2026-11-27 10:00:00,"a ""b"""', is: { nested: 'a "b"' }, hostile: true }
              - reject: 'T,2026-11-27 10:00:00,'

            """#
        let set = set(csv)
        let line = #"T,2026-11-27 10:00:00,"<14>doord[7]: refused ""a, b"" from 192.0.2.9""#
        let found = NamedOutcome.parse([line], set)[0]
        #expect(found.values["user.name"] == "\"a, b\"" && found.values["source.ip"] == "192.0.2.9")
        // The line inside has no time: that of the record stays.
        #expect(text(of: found.row.time) == "2026-11-27T10:00:00+09:00")
        let entry = JournalEntryTests.entry([
            ("__REALTIME_TIMESTAMP", "1795402800123456"), ("SYSLOG_IDENTIFIER", "dockerd"),
            ("MESSAGE", #"{"log":"<14>doord[7]: refused x from 192.0.2.9"}"#),
            ("_PID", "4711"), ("_HOSTNAME", "node1"), ("_COMM", "dockerd"),
        ])
        let journal = HisuiParseTests.parse([entry], form: .journal, definitions: set)
        #expect(journal.record(0) == entry && journal.value("user.name") == "x")
        #expect(journal.value("host.name") == "node1" && journal.value("process.pid") == "4711")
    }

    @Test func largeAndOddTextsAreBounded() {
        let set = set(Self.objects)
        var parser = Parser(definitions: set, timeZone: .tokyo)
        var random = SeededRandom(seed: 5)
        let members = (0..<253).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
        var lines = [
            "{\"log\":\"<14>doord[7]: refused x from 192.0.2.9\",\(members)}",
            "{\"log\":\"\(String(repeating: "a\\\\", count: 100_000))\"}",
            "{\"log\":\"\\ud800\\u0000\\ufffe\"}", "{\"log\":[1,2]}", "{\"log\":{\"log\":\"x\"}}",
        ]
        lines += (0..<3_000).map { _ in
            "{\"log\":\"<14>doord[7]: refused u\(random.next()) from \(random.next())\"}"
        }
        let found = NamedOutcome.parse(lines, &parser)
        #expect(found[0].values["k0"] == "0" && found[0].rule.isEmpty)
        #expect(parser.shapes.count < 300)
    }

    @Test func definitionsAreChecked() {
        for (text, with, words) in [
            (
                "nested: { log: syslog }", "nested: { log: syslog, x: syslog }",
                "must name one member"
            ),
            ("nested: { log: syslog }", "nested: { log: json }", "must be a mapping"),
            ("nested: { log: syslog }", "nested: { log: { program: a, b: c } }", "`b`"),
            ("nested: { log: syslog }", "", "`rules`"),
            (
                "fields: { host.name: node }", "fields: { hisui.subject.id: node }",
                "has no message inside"
            ),
            ("Nov 27 10:00:00 web01 sshd[1]: x\" }", "y\" }", "the message inside should be"),
            ("log\":7", "log\":\"7\"", "a message is found inside"),
            ("input: json", "input: [json, auditkv]", "audit records have no messages inside"),
        ] {
            #expect(Self.shipper.contains(text))
            let (_, problems) = NamedOutcome.compile(Self.shipper.replacing(text, with: with))
            #expect(problems.contains { $0.contains(words) }, "\(with): \(problems)")
        }
    }

    /// People who write rules are shown the message and not the object around it.
    @Test func whatNoRuleKnowsIsGatheredByTheMessageInside() throws {
        let set = set()
        var parser = Parser(definitions: set, timeZone: .tokyo)
        let records = [
            #"{"log":"<34>Nov 27 10:00:00 web01 doord[7]: jammed at 7","s":1}"#,
            #"{"log":"<34>Nov 27 10:00:01 web01 doord[7]: jammed at 8","s":2}"#,
            #"{"log":"<34>Nov 27 10:00:02 web01 doord[7]: refused x from 192.0.2.9","s":3}"#,
            #"{"other":"x"}"#, #"{"log":"{\"inner\":1}"}"#,
        ]
        let rows = parser.parse(batch(records.map { Array($0.utf8) }, form: .line))
        func gather(_ inside: InsideReader?) -> UnknownMessages {
            var messages = UnknownMessages(inside: inside)
            for row in rows.rows { messages.take(row, of: rows, shape: parser.shapes[row.shape]) }
            return messages
        }
        let found = gather(InsideReader(set, timeZone: .tokyo))
        #expect(found.programs.map(\.name) == ["doord"])
        let message = try #require(found.programs.first?.messages.first)
        #expect(message.count == 2 && found.named == 2)
        #expect(String(decoding: message.literals[0], as: UTF8.self) == "jammed at ")
        #expect(gather(nil).programs.isEmpty && gather(nil).named == 4)
        #expect(InsideReader(.empty, timeZone: .tokyo) == nil)
    }

    @Test func anExplanationIsOfTheMessageInside() throws {
        let set = set()
        var reader = try #require(InsideReader(set, timeZone: .tokyo))
        let source = Source(id: "a", kind: .import, form: .line)
        let record = #"{"log":"<34>Nov 27 10:00:00 web01 doord[7]: refused x at 192.0.2.9"}"#
        let bytes = Array(record.utf8)
        let read = reader.read(bytes.span, of: source, received: noon)
        let found = try #require(read)
        let explanation = LineExplanation(
            found.row, of: found.rows, shape: found.shape, definitions: set)
        #expect(explanation.program == "doord" && explanation.attempts.map(\.rule) == ["refused"])
        #expect(explanation.messageStart == 36)
        #expect(explanation.attempts[0].outcome != .fits)
        for other in [#"{"other":1}"#, ""] {
            let bytes = Array(other.utf8)
            let read = reader.read(bytes.span, of: source, received: noon)
            #expect(read == nil)
        }
    }
}
