import HisuiEvent
import HisuiShape
import HisuiYAML
import Testing

@testable import HisuiParse

/// `input: sd`: structured data of a header as members.
@Suite struct StructuredInputTests {
    private static let yaml = #"""
        parser: test.sd
        version: 1
        input: sd
        match: { first: ["[fw@32473"], when: { msgid: "SESSION_*" } }
        defaults: { event.category: network }
        fields: { source.ip: source-address, user.name: username }
        rules:
          - id: deny
            when: { msgid: SESSION_DENY }
            set: { event.action: packet-block, event.outcome: failure }
          - id: open
            when: { msgid: "SESSION_OPEN*", text: "*" }
            set: { event.action: connection-open, event.outcome: success }
        samples:
          - record: >-
              <14>1 2026-11-23T01:02:03Z fw1 RT - SESSION_DENY
              [fw@32473 source-address="192.0.2.1" username="a"]
            is:
              rule: deny
              host.name: fw1
              source.ip: 192.0.2.1
              user.name: a
              event.outcome: failure
          - record: >-
              <14>1 2026-11-23T01:02:03Z fw1 RT - SESSION_OPEN
              [fw@32473 source-address="::ffff:192.0.2.1"] opened
            is: { rule: open, source.ip: 192.0.2.1, user.name: ~, event.outcome: success }
          - record: >-
              <14>1 2026-11-23T01:02:03Z fw1 RT - SESSION_DENY
              [fw@32473 source-address="192.0.2.1"
              username="x\" source-address=\"198.51.100.1\"] SESSION_OPEN [fw@32473"]
            hostile: true
            is:
              rule: deny
              source.ip: 192.0.2.1
              user.name: 'x" source-address="198.51.100.1"] SESSION_OPEN [fw@32473'
          - reject: '[fw@32473 source-address="192.0.2.1"]'
        """#

    private func parsed(_ line: String, _ definitions: DefinitionSet) -> Parsed {
        parse([Array(line.utf8)], definitions: definitions)
    }

    @Test func structuredDataIsMembers() {
        let (set, diagnostics) = TestRules.compile(Self.yaml)
        #expect(diagnostics.map(\.description) == [])
        let line =
            "<14>1 2026-11-23T01:02:03Z fw1 RT - SESSION_OPEN "
            + #"[fw@32473 source-address="192.0.2.1" x="a\"b"][o@1 y=""] opened now"#
        let one = parsed(line, set)
        #expect(one.record(0) == Array(line.utf8))
        #expect(one.shape(0).rule == "open")
        #expect(one.value("x") == "a\"b")
        #expect(one.value("y") == "")
        #expect(one.value("text") == "opened now")
        #expect(one.value("host.name") == "fw1")
        #expect(one.value("process.name") == "RT")
        #expect(one.value("log.syslog.msgid") == "SESSION_OPEN")
        #expect(text(of: one.rows.rows[0].time) == "2026-11-23T10:02:03+09:00")
    }

    @Test func whatNoDefinitionReadsStaysAsItWas() {
        let set = TestRules.compile(Self.yaml).set
        for data in [#"[other@1 a="1"]"#, #"[other@1 a="1"][fw@32473 b="2"]"#] {
            let line = "<14>1 2026-11-23T01:02:03Z fw1 RT - X \(data) words 5"
            let one = parsed(line, set)
            #expect(one.record(0) == Array(line.utf8))
            #expect(one.value("log.syslog.structured_data.other@1.a") == "1")
            #expect(one.message() == "words 5")
        }
        let broken = #"<14>1 2026-11-23T01:02:03Z fw1 RT - SESSION_DENY [fw@32473 a="1" b] x"#
        #expect(parsed(broken, set).shape(0).rule == "")
    }

    /// Of a name that stands twice the last one counts, and the row says so.
    @Test func namesThatStandTwiceAreAmbiguous() {
        let set = TestRules.compile(Self.yaml).set
        let one = parsed(
            "<14>1 2026-11-23T01:02:03Z fw1 RT - SESSION_DENY "
                + #"[fw@32473 source-address="192.0.2.1"][x source-address="192.0.2.2"]"#, set)
        #expect(one.value("source.ip") == "192.0.2.2")
        #expect(one.rows.rows[0].flags.contains(.ambiguous))
    }

    @Test func dataOfTooManyValuesIsNotTakenApart() {
        let set = TestRules.compile(Self.yaml).set
        let many = (0..<300).map { #" n\#($0)="\#($0)""# }.joined()
        let line = "<14>1 2026-11-23T01:02:03Z fw1 RT - SESSION_DENY [fw@32473\(many)] go"
        let one = parsed(line, set)
        #expect(one.record(0) == Array(line.utf8))
        #expect(one.shape(0).rule == "")
    }
}
