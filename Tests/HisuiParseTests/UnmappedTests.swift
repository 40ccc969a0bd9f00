import HisuiBytes
import HisuiEvent
import HisuiShape
import Testing

@testable import HisuiParse

/// Values that no rule gives a field: they keep their names, and never pass for what a rule says.
@Suite struct UnmappedTests {
    private static let pairs = """
        parser: site.pairs
        version: 1
        input: kv
        match: { first: ["id="] }
        defaults: { event.category: network, event.action: packet-block }
        fields: { source.ip: from }
        rules:
          - id: block
            when: { do: block }
        samples:
          - line: 'id=7 do=block from=192.0.2.1'
            is: { rule: block, source.ip: 192.0.2.1 }
          - line: 'id=7 do=block user.name=root event.outcome=success'
            hostile: true
            is: { rule: block, user.name: ~, event.outcome: ~, unmapped.user.name: root }
          - reject: 'id=7 do=pass'

        """
    private static let json = """
        parser: site.badge
        version: 1
        input: json
        match: { when: { app: badge } }
        defaults: { event.category: session, event.action: logon }
        fields: { user.name: who, host.name: door }
        rules:
          - id: door
            when: { kind: enter }
        samples:
          - line: '{"app":"badge","kind":"enter","who":"tanaka"}'
            is: { rule: door, user.name: tanaka }
          - line: '{"app":"badge","kind":"enter","user":{"name":"root"},"source.ip":"192.0.2.9"}'
            hostile: true
            is: { rule: door, user.name: ~, source.ip: ~, unmapped.source.ip: 192.0.2.9 }
          - reject: '{"app":"badge","kind":"leave"}'

        """

    @Test func aPairCalledLikeAFieldIsNone() {
        let (set, problems) = NamedOutcome.compile(Self.pairs)
        #expect(problems == [])
        let found = NamedOutcome.parse(
            [
                "<13>Nov 27 10:00:00 h app[5]: id=7 do=block source.ip=192.0.2.9 host.name=x",
                "id=7 do=pass message=hidden hisui.rule=block x=1",
            ], set)
        #expect(found[0].rule == "block" && found[0].values["source.ip"] == nil)
        #expect(found[0].values["unmapped.source.ip"] == "192.0.2.9")
        #expect(found[0].values["host.name"] == "h")
        #expect(found[0].values["unmapped.host.name"] == "x")
        #expect(found[1].rule == "" && found[1].values["message"] == nil)
        #expect(found[1].values["unmapped.message"] == "hidden")
        #expect(found[1].values["record.hisui.rule"] == "block" && found[1].values["x"] == "1")
    }

    /// The columns of a table are what its owner calls them.
    @Test func columnsKeepTheirNames() {
        var batch = batch([Array("a,192.0.2.1".utf8)], form: .line)
        batch.table = RecordTable(
            columns: ["user.name", "source.ip"], delimiter: 0x2C, isNamed: true)
        let (set, _) = NamedOutcome.compile(Self.pairs)
        var parser = Parser(definitions: set, timeZone: .tokyo)
        let parsed = Parsed(rows: parser.parse(batch), shapes: parser.shapes)
        #expect(parsed.value("user.name") == "a" && parsed.value("source.ip") == "192.0.2.1")
    }

    @Test func extensionsOfCEFAreNoFieldsEither() {
        let line = "CEF:0|v|p|1|7|n|3|event.outcome=success src=192.0.2.1 user.name=root"
        let (set, _) = NamedOutcome.compile(Self.pairs)
        let one = NamedOutcome.parse([line], set)[0]
        #expect(one.values["event.outcome"] == nil && one.values["user.name"] == nil)
        #expect(one.values["unmapped.event.outcome"] == "success")
        #expect(one.values["src"] == "192.0.2.1")
    }

    /// A shipper's object that no rule knows keeps its fields; the header's are the header's.
    @Test func objectsOfShippersKeepTheirFieldsUntilARuleKnowsThem() {
        let (set, problems) = NamedOutcome.compile(Self.json)
        #expect(problems == [])
        let found = NamedOutcome.parse(
            [
                #"{"app":"other","user":{"name":"a"},"source.ip":"192.0.2.9"}"#,
                #"{"app":"badge","kind":"enter","user":{"name":"a"},"message":"m"}"#,
                #"<13>Nov 27 10:00:00 h app[5]: {"host":{"name":"x"},"process":{"pid":1}}"#,
                #"<13>Nov 27 10:00:00 h app[5]: {"app":"badge","kind":"enter","door":"d"}"#,
            ], set)
        #expect(found[0].values["user.name"] == "a" && found[0].values["source.ip"] != nil)
        #expect(found[1].values["user.name"] == nil)
        #expect(found[1].values["unmapped.user.name"] == "a")
        #expect(found[1].values["message"] == "m")
        #expect(found[2].values["host.name"] == "h" && found[2].values["process.pid"] == "5")
        #expect(found[2].values["unmapped.host.name"] == "x")
        // What the definition says wins over the header.
        #expect(found[3].values["host.name"] == "d")
    }

    @Test func messagesOfJournalEntriesAreReadLikeOthers() {
        let (set, problems) = NamedOutcome.compile(Self.json, Self.pairs)
        #expect(problems == [])
        func entry(_ message: String, _ more: [(String, String)] = []) -> [UInt8] {
            JournalEntryTests.entry(
                [
                    ("__REALTIME_TIMESTAMP", "1795402800123456"), ("_BOOT_ID", "b00t"),
                    ("SYSLOG_IDENTIFIER", "app"), ("MESSAGE", message), ("_PID", "4711"),
                    ("_HOSTNAME", "web01"),
                ] + more)
        }
        let members = (0..<300).map { "\"m\($0)\":\($0)" }.joined(separator: ",")
        let records = [
            entry(#"{"app":"badge","kind":"enter","who":"tanaka","door":"d"}"#),
            entry(
                #"{"app":"badge","kind":"enter","who":"x\",\"_PID\":\"1","_PID":1,"host.name":"y"}"#
            ),
            entry("id=7 do=block from=192.0.2.1 process.pid=1", [("X", "1")]),
            entry("CEF:0|v|p|1|7|n|3|src=192.0.2.1"), entry("id=7 do"), entry("{\(members)}"),
            entry(" {\"app\":\n\"badge\"} "), entry("plain"),
        ]
        var parser = Parser(definitions: set, timeZone: .tokyo)
        let parsed = Parsed(
            rows: parser.parse(batch(records, form: .journal)), shapes: parser.shapes)
        for number in records.indices {
            #expect(parsed.record(number) == records[number])
            #expect(parsed.value("process.pid", number) == "4711")
            #expect(parsed.value("host.name", number) == "web01", "\(number)")
        }
        #expect(parsed.shape(0).rule == "door" && parsed.value("user.name", 0) == "tanaka")
        #expect(parsed.shape(1).rule == "door")
        #expect(parsed.value("unmapped._PID", 1) == "1")
        #expect(parsed.value("unmapped.host.name", 1) == "y")
        #expect(parsed.shape(2).rule == "block" && parsed.value("source.ip", 2) == "192.0.2.1")
        #expect(parsed.value("unmapped.process.pid", 2) == "1" && parsed.value("X", 2) == "1")
        #expect(parsed.value("src", 3) == "192.0.2.1")
        #expect(parsed.shape(4).rule == "" && parsed.value("do", 4) == nil)
        #expect(parsed.value("m7", 5) == nil && parsed.message(5).hasPrefix("{\"m0\":0"))
        #expect(parsed.value("app", 6) == "badge")
        #expect(parsed.message(7) == "plain")
    }
}
