import HisuiBytes
import HisuiEvent
import HisuiShape
import Testing

@testable import HisuiParse

/// `{_:kv}`: names and values behind what a template takes.
@Suite struct PairCaptureTests {
    private static func definition(_ line: String, _ more: String = "", user: String = "") -> String
    {
        """
        parser: site.gate
        version: 1
        match: { program: gate }
        input: message
        \(user)
        defaults: { event.category: network, event.action: packet-block }
        rules:
          - id: drop
            line: "\(line)"
            fields: { source.ip: [src, client], source.port: sport, user.name: who\(more) }
        samples:
          - line: 'drop 7: src=192.0.2.1 sport=5 who="a b" zone=dmz'
            is: { rule: drop, source.ip: 192.0.2.1, user.name: a b, unmapped.zone: dmz }
          - line: 'drop 7: src=192.0.2.1 who="x\\" src=\\"203.0.113.9"'
            is: { rule: drop, source.ip: 192.0.2.1, hisui.flags: year-inferred }
            hostile: true
          - reject: 'dropped'

        """
    }
    private static let usual = definition("drop {event.id:int}: {_:kv}")

    private func parse(_ messages: [String], _ set: DefinitionSet) -> [NamedOutcome] {
        NamedOutcome.parse(messages.map { "<13>Nov 27 10:00:00 h gate[1]: \($0)" }, set)
    }

    @Test func pairsAreFieldsByTableOrUnmapped() {
        let (set, problems) = NamedOutcome.compile(Self.usual)
        #expect(problems == [])
        let found = parse(
            [
                "drop 7: src=192.0.2.1 sport=5 who=- zone=dmz n=",
                "drop 7: client=192.0.2.2, sport=6, zone=\"a, b\"",
                "drop 7: src=192.0.2.1 user.name=root hisui.rule=x event.outcome=success",
                "drop 7: not pairs at all", "drop 7: ", "drop 7: a=1 b",
                "drop 7: src=192.0.2.1 sport=5 who=tanaka zone=lan n=",
            ], set)
        #expect(found.allSatisfy { $0.rule == "drop" && $0.values["event.id"] == "7" })
        #expect(found[0].values["source.ip"] == "192.0.2.1")
        #expect(found[0].line.contains("\"source.port\":5"))
        #expect(!found[0].line.contains("user.name") && !found[0].line.contains("unmapped.n\""))
        #expect(found[0].values["unmapped.zone"] == "dmz" && found[0].values["src"] == nil)
        #expect(found[1].values["source.ip"] == "192.0.2.2")
        #expect(found[1].values["unmapped.zone"] == "a, b")
        #expect(found[2].values["user.name"] == nil && found[2].values["event.outcome"] == nil)
        #expect(found[2].values["unmapped.user.name"] == "root")
        #expect(found[2].values["unmapped.hisui.rule"] == "x")
        for number in 3...5 { #expect(found[number].values["source.ip"] == nil) }
        // The same names are the same shape.
        #expect(found[6].row.shape == found[0].row.shape)
        #expect(found[6].values["user.name"] == "tanaka")
    }

    @Test func aNameThatStandsTwiceIsFlaggedAndTheLastOneCounts() {
        let (set, _) = NamedOutcome.compile(Self.usual)
        for _ in 0..<2 {
            let found = parse(
                [
                    "drop 7: src=192.0.2.1 src=192.0.2.2", "drop 7: src=192.0.2.3 src=192.0.2.4",
                    "drop 7: src=192.0.2.1",
                ], set)
            #expect(found.map { $0.row.flags.contains(.ambiguous) } == [true, true, false])
            #expect(found[1].values["source.ip"] == "192.0.2.4")
        }
    }

    /// Names that never repeat cost a bounded number of shapes, and what is left whole is counted.
    @Test func namesThatNeverRepeatDoNotExplode() {
        let (set, _) = NamedOutcome.compile(Self.usual)
        var random = SeededRandom(seed: 7)
        var parser = Parser(definitions: set, timeZone: .tokyo)
        let many = (0..<65).map { "k\($0)=1" }.joined(separator: " ")
        let long = (0..<30).map { String(repeating: "n", count: 90) + "\($0)=1" }
        for round in 0..<4 {
            var lines = (0..<3000).map { _ in "drop 7: k\(random.next())=1" }
            lines += ["drop 7: \(many)", "drop 7: \(long.joined(separator: " "))"]
            let found = NamedOutcome.parse(
                lines.map { "<13>Nov 27 10:00:00 h gate[1]: \($0)" }, &parser)
            #expect(found.allSatisfy { $0.rule == "drop" })
            for last in found.suffix(2) {
                #expect(!last.shape.fields.contains { $0.name.hasPrefix("unmapped.") })
            }
            if round == 3 { #expect(found[0].shape.fields.allSatisfy { $0.name != "unmapped.k" }) }
        }
        #expect(parser.shapes.count < 6000)
        #expect(parser.pairs.left > 5000)
    }

    @Test func journalsHaveThemAndOtherEncodingsKeepThemWhole() {
        let (set, _) = NamedOutcome.compile(Self.usual)
        let text = "drop 7: src=192.0.2.1 zone=dmz"
        let record = JournalEntryTests.entry([
            ("__REALTIME_TIMESTAMP", "1795402800123456"), ("SYSLOG_IDENTIFIER", "gate"),
            ("MESSAGE", text), ("_PID", "4711"), ("_HOSTNAME", "web01"),
        ])
        let entry = HisuiParseTests.parse([record], form: .journal, definitions: set)
        #expect(entry.record(0) == record)
        #expect(entry.value("source.ip") == "192.0.2.1" && entry.value("unmapped.zone") == "dmz")
        #expect(entry.value("_PID") == "4711" && entry.message() == text)
        var batch = batch([Array("<13>Nov 27 10:00:00 h gate[1]: \(text)".utf8) + [0x95, 0x5C]])
        batch.encoding = .cp932
        var parser = Parser(definitions: set, timeZone: .tokyo)
        let encoded = Parsed(rows: parser.parse(batch), shapes: parser.shapes)
        #expect(encoded.shape(0).rule == "drop" && encoded.value("source.ip") == nil)
        #expect(encoded.message() == text + "表")
    }

    @Test func definitionsAreCheckedAsOthersAre() {
        for (line, more, user, words) in [
            ("drop {event.id:int}: {_:kv} end", "", "", "takes the rest of the message"),
            ("drop {event.id:int}: {user.id:kv}", "", "", "`kv` is no value of its own"),
            ("drop {event.id:int}: {_:rest}", "", "", "the line has none"),
            ("drop {event.id:int}: {_:kv}", ", user.nam: x", "", "cannot be a pair"),
            ("drop {event.id:int}: {_:kv}", ", hisui.subject.id: x", "", "cannot be a pair"),
            ("{_:kv}", "", "", "no text of its own"),
            (
                "drop {user.id:text}: {_:kv}", "", "untrusted: [user.id]",
                "whoever writes `user.id`"
            ),
        ] {
            let (_, problems) = NamedOutcome.compile(Self.definition(line, more, user: user))
            #expect(problems.contains { $0.contains(words) }, "\(line): \(problems)")
        }
    }
}
