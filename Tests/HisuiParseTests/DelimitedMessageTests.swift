import HisuiEvent
import HisuiShape
import Testing

@testable import HisuiParse

/// `input: csv` chosen by what a message begins with, its program and its columns' values.
@Suite struct DelimitedMessageTests {
    private static func definition(
        _ name: String, _ columns: String, _ type: String, _ more: String = ""
    ) -> String {
        """
        parser: \(name)
        version: 1
        input: csv
        match: { first: ["1,20"], when: { type: \(type) } }
        csv: { columns: [\(columns)], time: received\(more) }
        defaults: { event.category: network, event.action: packet-deny }
        fields: { source.address: from }
        rules:
          - id: \(type.lowercased())
            when: { type: \(type) }
        samples:
          - record: '<14>Nov 27 10:00:00 fw1 1,2026/11/27 10:00:00,\(type),"a,b"'
            is: { rule: \(type.lowercased()), source.address: "a,b", host.name: fw1 }
          - line: '1,2026/11/27 10:00:00,\(type),"x"",THREAT,y"'
            hostile: true
            is: { rule: \(type.lowercased()), source.address: 'x",THREAT,y' }
          - reject: '1,2026/11/27 10:00:00,other,x'

        """
    }

    @Test func anEmptyColumnIsNoField() {
        let (set, problems) = NamedOutcome.compile(
            Self.definition("site.traffic", "_, received, type, from", "TRAFFIC"))
        #expect(problems == [])
        for empty in ["", "\"\"", "-"] {
            let line = "1,2026/11/27 09:00:00,TRAFFIC,\(empty)"
            let one = NamedOutcome.parse([line], set)[0]
            #expect(one.rule == "traffic")
            #expect(!one.line.contains("source.address"), "\(one.line)")
        }
    }

    @Test(arguments: [
        ("<14>Nov 27 10:00:00 core 1,2026/11/27 09:00:00,TRAFFIC,192.0.2.1", "traffic", true),
        ("<14>Nov 27 10:00:00 core 1,2026/11/27 09:00:00,OTHER,192.0.2.1", "", false),
        ("<14>Nov 27 10:00:00 core 1,2026 is a year", "", false),
        ("<14>Nov 27 10:00:00 core {\"received\": \"x\"}", "", false),
    ])
    func aWordBeforeARowIsTheHost(_ line: String, _ rule: String, _ isHost: Bool) {
        let (set, problems) = NamedOutcome.compile(
            Self.definition("site.traffic", "_, received, type, from", "TRAFFIC"))
        #expect(problems == [])
        let one = NamedOutcome.parse([line], set)[0]
        #expect(one.rule == rule)
        #expect(one.line.contains("\"host.name\":\"core\"") == isHost, "\(one.line)")
    }

    @Test func columnsAreChosenByAColumnsValue() {
        let (set, problems) = NamedOutcome.compile(
            Self.definition("site.traffic", "_, received, type, from", "TRAFFIC"),
            Self.definition("site.threat", "_, received, type, from, name", "THREAT", ", least: 4"))
        #expect(problems.isEmpty)
        let outcomes = NamedOutcome.parse(
            [
                "<14>1,2026/11/27 09:00:00,TRAFFIC,192.0.2.1",
                "<14>1,2026/11/27 09:00:00,THREAT,192.0.2.2,worm",
                "<14>1,2026/11/27 09:00:00,THREAT,192.0.2.2",
                "<14>1,2026/11/27 09:00:00,TRAFFIC,192.0.2.1,more",
                "<14>2,2026/11/27 09:00:00,TRAFFIC,192.0.2.1",
                "<14>1,2026/11/27 09:00:00,TRAFFIC,\"open",
            ], set)
        #expect(outcomes.map(\.rule) == ["traffic", "threat", "threat", "", "", ""])
        #expect(outcomes.map(\.shape.parser).prefix(2) == ["site.traffic", "site.threat"])
        #expect(outcomes[1].values["name"] == "worm")
        #expect(outcomes[0].values["_"] == nil)
        #expect(outcomes[0].row.time.nanoseconds == 1_795_737_600_000_000_000)
    }

    @Test func valuesBehindTheColumnsAreNumberedWhereMoreMayFollow() {
        let (set, problems) = NamedOutcome.compile(
            Self.definition("site.traffic", "_, received, type, from", "TRAFFIC", ", more: true"))
        #expect(problems.isEmpty)
        let outcomes = NamedOutcome.parse(["1,2026/11/27 09:00:00,TRAFFIC,a,b,c"], set)
        #expect(outcomes[0].values["column6"] == "c")
    }

    @Test func programsChooseToo() {
        let text = Self.definition("site.traffic", "_, received, type, from", "TRAFFIC")
            .replacing("first: [\"1,20\"]", with: "program: [fwd]")
            .replacing(": fw1", with: ": h").replacing("fw1 1,", with: "h fwd: 1,")
        let (set, problems) = NamedOutcome.compile(text)
        #expect(problems.isEmpty)
        let outcomes = NamedOutcome.parse(
            [
                "<14>Nov 27 10:00:00 h fwd[7]: 1,2026/11/27 09:00:00,TRAFFIC,a",
                "<14>Nov 27 10:00:00 h fwx[7]: 1,2026/11/27 09:00:00,TRAFFIC,a",
            ], set)
        #expect(outcomes.map(\.rule) == ["traffic", ""])
    }

    @Test func lackOfAWayToTellIsReported() {
        let text = Self.definition("site.traffic", "_, received, type, from", "TRAFFIC")
        let (_, problems) = NamedOutcome.compile(
            text.replacing("first: [\"1,20\"]", with: "first: [\"\"]"))
        #expect(problems.contains { $0.hasPrefix("d0.yaml:4:") && $0.contains("`first` needs") })
    }
}
