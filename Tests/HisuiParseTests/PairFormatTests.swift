import HisuiBytes
import HisuiEvent
import HisuiShape
import Testing

@testable import HisuiParse

/// `input: kv`: messages of names and values.
@Suite struct PairFormatTests {
    private static func definition(_ match: String, _ more: String = "") -> String {
        """
        parser: site.pairs
        version: 1
        input: kv
        match: \(match)
        \(more)
        defaults: { event.category: network, event.action: packet-block }
        fields: { source.ip: from, source.port: port }
        rules:
          - id: block
            when: { do: block }
        samples:
          - record: '<13>Nov 27 10:00:00 h fw: id=7 do=block from=192.0.2.1 port=5'
            is: { rule: block, source.ip: 192.0.2.1, source.port: 5 }
          - record: '<13>Nov 27 10:00:00 h fw: id=7 do=block note="x\\" do=\\"pass" from=192.0.2.1'
            hostile: true
            is: { rule: block, source.ip: 192.0.2.1, hisui.flags: year-inferred }
          - reject: 'id=7 do=pass'

        """
    }

    @Test func programsAndFirstBytesChoose() {
        for match in ["{ program: fw, first: [\"id=\"] }", "{ first: [\"id=\"] }"] {
            let (set, problems) = NamedOutcome.compile(Self.definition(match))
            #expect(problems == [])
            let outcomes = NamedOutcome.parse(
                [
                    "<13>Nov 27 10:00:00 h fw[1]: id=7 do=block from=192.0.2.1 port=5",
                    "<13>Nov 27 10:00:00 h fy[1]: id=7 do=block from=192.0.2.1 port=5",
                    "<13>Nov 27 10:00:00 h fw[1]: ie=7 do=block from=192.0.2.1 port=5",
                    "<13>Nov 27 10:00:00 h fw[1]: id=7 do=block from 192.0.2.1 port=5",
                ], set)
            let isForAll = !match.contains("program")
            #expect(outcomes.map(\.rule) == ["block", isForAll ? "block" : "", "", ""])
            #expect(outcomes[0].values["do"] == "block" && outcomes[2].values["do"] == nil)
            #expect(outcomes[0].line.contains("\"source.port\":5"))
        }
    }

    @Test func aBoundDefinitionNeedsNoMatch() {
        let text = Self.definition("{ when: { do: \"*\" } }")
        let (set, problems) = NamedOutcome.compile(text)
        #expect(problems == [])
        #expect(NamedOutcome.parse(["id=7 do=block"], set)[0].rule == "block")
        // Beside others it reads nothing: the lines do not say what they are.
        let (both, _) = NamedOutcome.compile(
            text, text.replacing("site.pairs", with: "site.others"))
        #expect(both.members.count < 2 || NamedOutcome.parse(["id=7 do=block"], both)[0].rule == "")
    }

    /// The source is bound: neither program nor first bytes are asked for; what `when` asks is.
    @Test func aBindingIsMoreThanAMatch() {
        let text = Self.definition("{ program: other, first: [\"x=\"], when: { do: \"*\" } }")
            .replacing("- record: '<13>Nov 27 10:00:00 h fw:", with: "- line: 'x=1")
        let (set, problems) = NamedOutcome.compile(text)
        #expect(problems == [])
        let bound = DefinitionSet.compile(
            files: [("d.yaml", Array(text.utf8))], schema: ShippedFiles.schema, isBound: true
        ).set
        let lines = ["<13>Nov 27 10:00:00 h fw[1]: id=7 do=block from=192.0.2.1", "id=7 port=1"]
        #expect(NamedOutcome.parse(lines, set).map(\.rule) == ["", ""])
        let outcomes = NamedOutcome.parse(lines, bound)
        #expect(outcomes.map(\.rule) == ["block", ""])
        #expect(outcomes[0].values["host.name"] == "h" && outcomes[1].values["port"] == "1")
    }

    @Test func severalSeparatorsAreToldByTheFirst() {
        let (set, problems) = NamedOutcome.compile(
            Self.definition("{ first: [\"id=\"] }", "kv: { separator: [\" \", \",\"] }"))
        #expect(problems == [])
        let outcomes = NamedOutcome.parse(
            [
                "id=1,do=block,from=192.0.2.1,note=\"a, do=pass\"", "id=1 do=block,from=192.0.2.1",
                "id=1,do=block from=192.0.2.1", "id=1, do=block, port=5",
            ], set)
        #expect(outcomes.map(\.rule) == ["block", "", "", "block"])
        #expect(outcomes[0].values["note"] == "a, do=pass")
        #expect(outcomes[3].line.contains("\"source.port\":5"))
        for separator in ["[\" \", \"=\"]", "[\",\", \",\"]", "\"ab\"", "[\",\", \"\"]"] {
            let (_, problems) = NamedOutcome.compile(
                Self.definition("{ first: [\"id=\"] }", "kv: { separator: \(separator) }"))
            #expect(problems.count >= 1, "\(separator)")
        }
    }

    @Test func timesAreTriedInOrder() {
        let (set, problems) = NamedOutcome.compile(
            Self.definition("{ first: [\"id=\"] }", "times: [at, day+hour+zone, day+hour]"))
        #expect(problems == [])
        let outcomes = NamedOutcome.parse(
            [
                "id=1 at=1795741200", "id=1 at=1795741200123", "id=1 at=1795741200123456",
                "id=1 at=1795741200123456789",
                "id=1 day=2026-11-27 hour=10:00:00",
                "id=1 day=2026-11-27 hour=10:00:00 zone=\"-0100\"",
                "id=1 at=soon day=2026-11-27 hour=10:00:00 zone=+09:00", "id=1 at=soon",
            ], set)
        let base: Int64 = 1_795_741_200_000_000_000
        #expect(
            outcomes.map(\.row.time.nanoseconds) == [
                base, base + 123_000_000, base + 123_456_000, base + 123_456_789,
                base, base + 36_000_000_000_000, base, 1_795_402_800_000_000_000,
            ])
        #expect(outcomes[7].row.flags.contains(.timeInferred))
        #expect(!outcomes[6].row.flags.contains(.timeInferred))
    }

    @Test func whatOnlyHisuiSaysCannotBeWritten() {
        let (set, _) = NamedOutcome.compile(Self.definition("{ first: [\"id=\"] }"))
        let one = NamedOutcome.parse(["id=1 hisui.parser=x zone.name=y id=2"], set)[0]
        #expect(one.values["record.hisui.parser"] == "x" && one.values["zone.name"] == nil)
        #expect(one.values["id"] == "2" && one.row.flags.contains(.ambiguous))
    }

    @Test func namesFromOutsideAreBounded() {
        let (set, _) = NamedOutcome.compile(Self.definition("{ first: [\"id=\"] }"))
        var parser = Parser(definitions: set, timeZone: .tokyo)
        let lines = (0..<6000).map { "id=\($0) name\($0)=x do=block" }
        _ = NamedOutcome.parse(lines, &parser)
        #expect(parser.shapes.count < 4600)
        let wide = "id=1" + String(repeating: " ", count: 9000) + "do=block"
        let many = "id=1" + (0..<300).map { " a\($0)=1" }.joined()
        for line in [wide, many] {
            let one = NamedOutcome.parse([line], set)[0]
            #expect(one.values["do"] == nil && one.shape.slots.count < 255)
        }
    }

    @Test func mistakesAreReportedWithTheirPlace() {
        for (more, expected) in [
            ("kv: { pair: \"==\" }", "`pair` is one ASCII character"),
            ("kv: { separator: \"=\" }", "must differ"),
            ("kv: { quotes: \"'\" }", "quotes"),
        ] {
            let (_, problems) = NamedOutcome.compile(
                Self.definition("{ first: [\"id=\"] }", more))
            #expect(problems.contains { $0.hasPrefix("d0.yaml:5:") && $0.contains(expected) })
        }
    }
}
