import HisuiBytes
import HisuiEvent
import HisuiShape
import Testing

@testable import HisuiParse

/// What may stand before every line of a definition, and what relays make of beginnings.
@Suite struct PrefixTests {
    private static let yaml = """
        parser: test.prefix
        version: 1
        match: { program: "*" }
        prefix: "%{_:word}-(auth-|ip-|)[[<{process.pid:int}> ]]{event.severity:int}-"
        untrusted: [user.name]
        defaults: { event.action: logon }
        rules:
          - { id: one, line: "605005: login of {user.name:user>} from {source.ip:ip} to {_:rest}" }
        samples:
          - line: "%ASA-6-605005: login of tanaka from 192.0.2.1 to x"
            is: { rule: one, event.severity: 6, process.pid: ~, user.name: tanaka }
          - line: "%ASA-auth-6-605005: login of tanaka from 192.0.2.1 to x"
            is: { rule: one, event.severity: 6, user.name: tanaka, source.ip: 192.0.2.1 }
          - line: "%ASA-ip-<42> 6-605005: login of tanaka from 2001:db8::1 to x"
            is: { rule: one, process.pid: 42, event.severity: 6, source.ip: "2001:db8::1" }
          - line: "%ASA-6-605005: login of x from 192.0.2.1 to %ASA-6-6: y from 192.0.2.2 to z"
            hostile: true
            is: { rule: one, user.name: "x from 192.0.2.1 to %ASA-6-6: y", source.ip: 192.0.2.2 }
          - line: "605005: login of tanaka from 192.0.2.1 to x"
            is: { rule: one, event.severity: ~, user.name: tanaka }
          - reject: "%ASA-other-6-605005: login of tanaka from 192.0.2.1 to x"
        """

    @Test func aPrefixMayHaveOptionalPartsAndAlternatives() {
        #expect(TestRules.problems(Self.yaml) == [])
    }

    @Test(arguments: [
        ("[[x{_:int} ]]", "end with text"), ("x (a|)", "end with text"),
        ("x [[{_:text}-]]y", "a prefix must be plain"),
        (
            "[[a]][[b]][[c]][[d]][[e]][[f]][[g]][[h]][[i]][[j]][[k]][[l]]: ",
            "they need 12 bits"
        ),
    ])
    func otherPrefixesAreRefused(_ prefix: String, _ problem: String) {
        let line = "prefix: \"%{_:word}-(auth-|ip-|)[[<{process.pid:int}> ]]{event.severity:int}-\""
        let yaml = Self.yaml.replacing(line, with: "prefix: \"\(prefix)\"")
        let (_, diagnostics) = TestRules.compile(yaml)
        #expect(diagnostics.contains { "\($0)".contains(problem) }, "\(diagnostics)")
    }

    /// The address of the last colon but one.
    @Test(arguments: [
        ("from 192.0.2.1:443 x", "192.0.2.1"), ("from 2001:db8::1:443 x", "2001:db8::1"),
        ("from 2001:db8::1:54321 x", "2001:db8::1"), ("from ::1:1 x", "::1"),
        ("from 1:2:3:4:5:6:7:8:443 x", "1:2:3:4:5:6:7:8"),
        ("from fe80::1%eth0:443 x", "fe80::1%eth0"), ("from ::ffff:192.0.2.1:443 x", nil),
        ("from 2001:db8::1 x", nil), ("from 1:2:3:4:5:6:7:443 x", nil), ("from :443 x", nil),
        ("from 2001:db8::1:99999 x", nil), ("from 2001:db8::1::443 x", nil),
        ("from 192.0.2.1.example:443 x", nil), ("from 2001:db8:443 x", nil),
    ])
    func aPortBehindAnAddressIsWhatTheLastColonIsBefore(_ line: String, _ address: String?) throws {
        let template = try TemplateParser.parse("from {source.ip:ip}:{source.port:port} x")
        let set = TestRules.set(template)
        let bytes = Array(line.utf8)
        var scratch = RowScratch()
        let found = TestRules.match(set, bytes, &scratch)
        let slot = found.map { _ in String(decoding: bytes[scratch.slots[0].range], as: UTF8.self) }
        #expect(slot == (line.contains("ffff") ? "::ffff:192.0.2.1" : address))
    }

    /// rsyslog takes the beginning of Cisco's messages for the program.
    @Test func aMnemonicInPlaceOfTheProgramBeginsTheMessage() throws {
        let known = "login of tanaka from 192.0.2.1 to x"
        let records = [
            "<166>1 2026-11-23T12:00:00+09:00 fw1 %ASA-6-605005 - - - \(known)",
            "<166>1 2026-11-23T12:00:00+09:00 fw1 %ASA-6-605005 - - -  \(known)",
            "<166>2026-11-23T12:00:00+09:00 fw1 %ASA-6-605005: \(known)",
            "<166>1 2026-11-23T12:00:00+09:00 fw1 %ASA-auth-6-605005 - - - \(known)",
            "<166>1 2026-11-23T12:00:00+09:00 fw1 %ASA-6-605005 - - - something else",
            "<166>1 2026-11-23T12:00:00+09:00 fw1 %ASA-6-605005 7 - - \(known)",
            "<166>1 2026-11-23T12:00:00+09:00 fw1 %ASA-6-605005 - - [a b=\"c\"] \(known)",
            "<166>1 2026-11-23T12:00:00+09:00 fw1 %ASA-6-605005 - - -",
            "<166>1 2026-11-23T12:00:00+09:00 fw1 % - - - \(known)",
        ]
        let (set, diagnostics) = TestRules.compile(Self.yaml)
        try #require(diagnostics.isEmpty)
        let parsed = parse(records.map { Array($0.utf8) }, definitions: set)
        for (number, record) in records.enumerated() {
            let shape = parsed.shape(number)
            #expect(parsed.record(number) == Array(record.utf8))
            #expect(shape.rule == (number < 4 ? "one" : ""), "\(record)")
            guard number < 4 else { continue }
            #expect(parsed.value("user.name", number) == "tanaka")
            #expect(parsed.value("source.ip", number) == "192.0.2.1")
            #expect(parsed.value("event.severity", number) == "6")
            #expect(parsed.value("host.name", number) == "fw1")
            #expect(shape.field("process.name") == nil)
        }
        #expect(parsed.value("process.name", 4) == "%ASA-6-605005")
        let message = "%ASA-6-605005 - - - login of tanaka from 192.0.2.1 to x"
        #expect(parsed.message(0) == message)
    }

    @Test func metalogWritesProgramsInBrackets() throws {
        let yaml = """
            parser: test.metalog
            version: 1
            match: { program: sshd }
            defaults: { event.action: logon }
            rules: [{ id: one, line: "hello {user.name:rest}" }]
            samples:
              - { line: "hello x", is: { rule: one, user.name: x } }
              - { record: "Nov 23 12:00:00 [sshd] hello x", is: { rule: one, process.name: sshd } }
              - record: "Nov 23 12:00:00 web1 [sshd] hello [sshd] hello y"
                is: { rule: one, host.name: web1, user.name: "[sshd] hello y" }
              - reject: "[sshd] hello x"
            """
        let (set, diagnostics) = TestRules.compile(yaml)
        #expect(diagnostics.isEmpty, "\(diagnostics)")
        let records = [
            "Nov 23 12:00:00 [other] hello x", "Nov 23 12:00:00 [sshd] bye",
            "Nov 23 12:00:00 cron: [sshd] hello x", "2026-11-23 12:00:00 [sshd] hello x",
            "Nov 23 12:00:00 [7] hello x", "Nov 23 12:00:00 [sshd]",
        ]
        let parsed = parse(records.map { Array($0.utf8) }, definitions: set)
        for number in records.indices { #expect(parsed.shape(number).rule == "") }
    }

    @Test(arguments: [
        ("@400000006a7f4dc11dcd6500 imapd: hello", "2026-08-15T02:17:43+09:00"),
        ("@400000000000000a00000000 imapd: hello", "1970-01-01T09:00:00+09:00"),
        ("@400000006a7f4dc13b9aca00 imapd: hello", "none"),
        ("@400000000000000000000000 imapd: hello", "none"),
        ("@7fffffffffffffff00000000 imapd: hello", "none"),
        ("@4fffffffffffffff00000000 imapd: hello", "none"),
        ("@400000006a7f4dc11dcd650 imapd: hello", "none"),
        ("@400000006a7f4dc11dcd6500imapd: hello", "none"), ("@400000006a7f4dc1", "none"),
    ])
    func labelsOfTAI64NAreTimes(_ line: String, _ time: String) {
        #expect(headerTime(line) == time)
    }
}
