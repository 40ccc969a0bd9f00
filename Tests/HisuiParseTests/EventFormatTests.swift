import HisuiBytes
import HisuiEvent
import HisuiShape
import Testing

@testable import HisuiParse

/// CEF, LEEF and the XML of Windows events: formats that say what they are.
@Suite struct EventFormatTests {
    private static let definition = """
        parser: site.gateway
        version: 1
        input: [cef, leef]
        match: { when: { vendor: Example } }
        members: { vendor: [cef.vendor, leef.vendor], user: [suser, usrName] }
        defaults: { event.category: network, event.action: packet-block }
        fields: { source.ip: src, user.name: user }
        rules:
          - id: deny
            when: { act: deny }
        samples:
          - record: '<134>Nov 27 10:00:00 gw CEF:0|Example|GW|1|7|Blocked \\| \
        refused|5|src=192.0.2.1 suser=tanaka act=deny'
            is: { rule: deny, source.ip: 192.0.2.1, host.name: gw }
          - line: 'LEEF:2.0|Example|GW|1|7|^|src=192.0.2.1^usrName=tanaka^act=deny'
            is: { rule: deny, source.ip: 192.0.2.1, user.name: tanaka }
          - line: 'CEF:0|Example|GW|1|7|n|5|suser=x src\\=203.0.113.1 act\\=allow \
        src=192.0.2.1 act=deny'
            hostile: true
            is: { rule: deny, source.ip: 192.0.2.1, user.name: "x src=203.0.113.1 act=allow" }
          - reject: 'CEF:0|Other|GW|1|7|n|5|act=deny'

        """

    @Test func oneDefinitionForBothFormats() {
        let (_, problems) = NamedOutcome.compile(Self.definition)
        #expect(problems == [])
    }

    @Test func fieldsNeedNoDefinition() {
        let outcomes = NamedOutcome.parse(
            [
                "CEF:0|V|P|1|2|n|5|rt=1795741200123 cs1Label=Policy cs1=a\\=b cs2Label=src src=x",
                "CEF:0|V|P|1|2|n|5|rt=Nov 27 2026 10:00:00.123 UTC src=y",
                "LEEF:1.0|V|P|1|E|devTime=2026-11-27T10:00:00Z\tsrc=z",
                "<Event><System><TimeCreated SystemTime='2026-11-27T01:00:00.5Z'/></System>"
                    + "<RenderingInfo><Message>a &amp; b</Message></RenderingInfo></Event>",
            ], .empty)
        #expect(outcomes[0].values["cef.vendor"] == "V" && outcomes[0].values["Policy"] == "a=b")
        #expect(outcomes[0].values["src"] == "x")
        #expect(outcomes[2].values["leef.event_id"] == "E" && outcomes[2].values["src"] == "z")
        #expect(outcomes[3].line.contains(#""message":"a & b""#))
        let base: Int64 = 1_795_741_200_000_000_000
        let utc = base + 9 * 3_600_000_000_000
        #expect(
            outcomes.map(\.row.time.nanoseconds) == [
                base + 123_000_000, utc + 123_000_000, utc, base + 500_000_000,
            ])
        #expect(outcomes.allSatisfy { !$0.row.flags.contains(.timeInferred) })
    }

    @Test func oneShapeForTheSameNamesWhateverTheValues() {
        let outcomes = NamedOutcome.parse(
            ["CEF:0|V|P|1|2|n|5|src=x msg=a b", "CEF:0|V|P|1|2|other name|5|src=yy msg="], .empty)
        #expect(outcomes[0].shape == outcomes[1].shape)
    }

    @Test func theSameNameTwiceIsFlagged() {
        let one = NamedOutcome.parse(["CEF:0|V|P|1|2|n|5|act=deny msg=x act=allow"], .empty)[0]
        #expect(one.row.flags.contains(.ambiguous) && one.values["act"] == "allow")
    }

    @Test func whatIsBrokenIsText() {
        for text in [
            "CEF:0|V|P", "LEEF:1.0|V", "<Event><a></Event>", "<Event>", "<Eventual words",
            "<?xml version='1.0'?>", "CEF: words", "LEEF:",
        ] {
            let one = NamedOutcome.parse([text], .empty)[0]
            #expect(one.rule.isEmpty && one.line.contains("\"message\""), "\(text)")
        }
    }

    @Test func theyNeedNoWayToTell() {
        let (_, problems) = NamedOutcome.compile(
            Self.definition.replacing("{ when:", with: "{ first: [\"CEF:\"], when:"))
        #expect(problems.contains { $0.hasPrefix("d0.yaml:4:") && $0.contains("says what it is") })
    }
}
