import HisuiBytes
import HisuiEvent
import HisuiShape
import Testing

@testable import HisuiParse

@Suite struct JournalEntryTests {
    /// An entry in the export format; values with line feeds are written with their length.
    static func entry(_ fields: [(String, String)]) -> [UInt8] {
        var out: [UInt8] = []
        for (name, value) in fields {
            out.append(contentsOf: name.utf8)
            if value.utf8.contains(0x0A) {
                out.append(0x0A)
                out.appendLittleEndian(UInt64(value.utf8.count))
            } else {
                out.append(0x3D)
            }
            out.append(contentsOf: value.utf8)
            out.append(0x0A)
        }
        return out
    }

    static let sshd: [(String, String)] = [
        ("__CURSOR", "s=1;i=2"), ("__REALTIME_TIMESTAMP", "1795402800123456"),
        ("_BOOT_ID", "b00t"), ("PRIORITY", "6"), ("SYSLOG_FACILITY", "4"),
        ("SYSLOG_IDENTIFIER", "sshd"), ("SYSLOG_PID", "1"),
        ("MESSAGE", "Accepted password for root from 192.0.2.1 port 22 ssh2"),
        ("_PID", "4711"), ("_UID", "0"), ("_COMM", "sshd-session"), ("_EXE", "/usr/sbin/sshd"),
        ("_CMDLINE", "sshd: root [priv]"), ("_SYSTEMD_UNIT", "ssh.service"),
        ("_AUDIT_SESSION", "3"), ("_AUDIT_LOGINUID", "1000"), ("_MACHINE_ID", "m4ch1ne"),
        ("_HOSTNAME", "web01"),
    ]

    @Test func nativeAndSchemaNames() {
        let record = JournalEntryTests.entry(JournalEntryTests.sshd)
        let parsed = parse([record], form: .journal)
        #expect(parsed.record(0) == record)
        for (name, value) in JournalEntryTests.sshd where name != "MESSAGE" {
            #expect(parsed.value(name) == value, "\(name)")
        }
        let schema = [
            "host.name": "web01", "process.pid": "4711", "log.syslog.appname": "sshd",
            "process.name": "sshd-session", "log.syslog.severity.code": "6",
            "log.syslog.facility.code": "4", "systemd.unit": "ssh.service", "user.id": "0",
            "process.executable": "/usr/sbin/sshd", "process.command_line": "sshd: root [priv]",
            "host.boot.id": "b00t", "host.id": "m4ch1ne", "audit.session": "3",
            "user.audit.id": "1000",
        ]
        for (name, value) in schema { #expect(parsed.value(name) == value, "\(name)") }
        #expect(parsed.message() == "Accepted password for root from 192.0.2.1 port 22 ssh2")
        let row = parsed.rows.rows[0]
        #expect(row.time.nanoseconds == 1_795_402_800_123_456_000)
        #expect(row.flags == [])
        // The message's own slots stand between those of the fields around it.
        #expect(parsed.slotTexts()[7...9] == ["192.0.2.1", "22", "ssh2"])
    }

    @Test func binaryAndRepeatedFields() {
        let record = JournalEntryTests.entry([
            ("__REALTIME_TIMESTAMP", "1"), ("MESSAGE", "line 1\nline 2\n_PID=1\n"),
            ("NOTE", "a\nb"), ("TAG", "x"), ("TAG", "y"), ("TAG", ""), ("MESSAGE", "second"),
        ])
        let parsed = parse([record], form: .journal)
        #expect(parsed.record(0) == record)
        #expect(parsed.message() == "line 1\nline 2\n_PID=1\n")
        #expect(parsed.value("NOTE") == "a\nb")
        #expect(parsed.value("TAG") == "x")
        #expect(parsed.value("TAG.2") == "y")
        #expect(parsed.value("TAG.3") == "")
        #expect(parsed.value("MESSAGE") == "second")
        #expect(parsed.value("_PID") == nil)
        #expect(parsed.value("process.pid") == nil)
    }

    /// A message may read like the fields of another entry; it must not be taken for them.
    @Test func messageCannotForgeFields() {
        func record(_ message: String, _ rest: String) -> [UInt8] {
            var out = Array("__REALTIME_TIMESTAMP=1\nMESSAGE\n".utf8)
            out.appendLittleEndian(UInt64(message.utf8.count))
            out.append(contentsOf: message.utf8)
            out.append(contentsOf: rest.utf8)
            return out
        }
        let true5 = record("hello", "\n_PID=5\n_UID=0\n")
        let forged = record("hello\n_PID=5\n_UID=0", "\n")
        for records in [[true5, forged], [forged, true5]] {
            let parsed = parse(records, form: .journal)
            let real = records[0] == true5 ? 0 : 1
            #expect(parsed.value("process.pid", real) == "5")
            #expect(parsed.value("user.id", real) == "0")
            #expect(parsed.value("process.pid", 1 - real) == nil)
            #expect(parsed.value("user.id", 1 - real) == nil)
            #expect(parsed.message(real) == "hello")
            #expect(parsed.message(1 - real) == "hello\n_PID=5\n_UID=0")
        }
    }

    /// A sender names itself `systemd` and speaks of another unit: it stays the unit it is of.
    @Test func onlyTheManagerSpeaksOfOtherUnits() {
        let (set, _) = DefinitionSet.compile(
            files: ShippedFiles.definitions, schema: ShippedFiles.schema)
        func record(_ unit: String?) -> [UInt8] {
            var fields = [
                ("__REALTIME_TIMESTAMP", "1"), ("SYSLOG_IDENTIFIER", "systemd"),
                ("MESSAGE", "ssh.service: Failed with result 'exit-code'."), ("UNIT", "a.service"),
                ("_PID", "4711"), ("_UID", "1000"), ("_HOSTNAME", "web01"),
            ]
            if let unit { fields.append(("_SYSTEMD_UNIT", unit)) }
            return JournalEntryTests.entry(fields)
        }
        let records = [
            record("init.scope"), record("user@1000.service"), record("init.scopeX"), record(nil),
        ]
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2]] {
            let parsed = parse(order.map { records[$0] }, form: .journal, definitions: set)
            for (place, number) in order.enumerated() {
                let told = ["ssh.service", "user@1000.service", "init.scopeX", "ssh.service"]
                #expect(parsed.value("systemd.unit", place) == told[number])
                #expect(parsed.value("event.action", place) != nil)
                #expect(parsed.value("process.pid", place) == "4711")
                #expect(parsed.value("user.id", place) == "1000")
                #expect(parsed.value("host.name", place) == "web01")
            }
        }
    }

    @Test func whatASenderSaysOfItselfNeverGoesBeforeWhatJournaldSays() {
        let record = JournalEntryTests.entry([
            ("__REALTIME_TIMESTAMP", "1"), ("HOSTNAME", "forged"), ("MESSAGE", "x"),
            ("PID", "1"), ("SYSLOG_IDENTIFIER", "sshd"), ("SYSLOG_PID", "1"), ("UID", "0"),
            ("UNIT", "ssh.service"), ("_COMM", "logger"), ("_HOSTNAME", "web01"),
            ("_PID", "4711"), ("_SYSTEMD_UNIT", "session-3.scope"), ("_UID", "1000"),
        ])
        let parsed = parse([record], form: .journal)
        #expect(parsed.value("host.name") == "web01")
        #expect(parsed.value("process.pid") == "4711")
        #expect(parsed.value("process.name") == "logger")
        #expect(parsed.value("user.id") == "1000")
        #expect(parsed.value("systemd.unit") == "session-3.scope")
        // What was said is there, under the name by which it was said.
        #expect(parsed.value("HOSTNAME") == "forged")
        #expect(parsed.value("SYSLOG_PID") == "1")
        #expect(parsed.value("log.syslog.appname") == "sshd")
    }

    @Test func aProcessThatEndedBeforeItsNameWasReadHasNoName() {
        func parsed(_ trusted: [(String, String)]) -> Parsed {
            let said = [("MESSAGE", "x"), ("SYSLOG_IDENTIFIER", "systemd"), ("SYSLOG_PID", "1")]
            return parse([JournalEntryTests.entry(said + trusted)], form: .journal)
        }
        let seen = parsed([("_PID", "4711"), ("_UID", "1000")])
        #expect(seen.value("process.name") == nil)
        #expect(seen.value("log.syslog.appname") == "systemd")
        // Of what came without a process, as the kernel's messages do, there is nothing better.
        #expect(parsed([]).value("process.name") == "systemd")
    }

    @Test func withoutMessageOrTime() {
        let record = JournalEntryTests.entry([("_PID", "5"), ("PRIORITY", "3")])
        let parsed = parse([record], form: .journal)
        #expect(parsed.record(0) == record)
        #expect(parsed.message() == "")
        #expect(parsed.value("process.pid") == "5")
        #expect(parsed.rows.rows[0].flags == .timeInferred)
        let empty = parse([JournalEntryTests.entry([("MESSAGE", "")])], form: .journal)
        #expect(empty.message() == "")
        #expect(empty.record(0) == Array("MESSAGE=\n".utf8))
    }

    @Test func missingLastLineFeed() {
        let parsed = parse([Array("MESSAGE=hello 5".utf8)], form: .journal)
        #expect(parsed.message() == "hello 5")
    }

    @Test(arguments: [
        "", "\n", "MESSAGE", "=x\n", "MESSAGE=x\n\nA=1\n", "ME SSAGE=x\n", "MESSAGE\n1234567",
        "MESSAGE\n\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{1}x\n",
        "MESSAGE\n\u{1}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}xy\n",
    ])
    func malformedEntriesAreOneSlot(_ text: String) {
        let record = Array(text.utf8)
        let parsed = parse([record], form: .journal)
        #expect(parsed.rows.rows[0].shape == 0)
        #expect(parsed.record(0) == record)
        #expect(parsed.rows.rows[0].flags == .timeInferred)
    }

    @Test func tooManyFieldsAreOneSlot() {
        let fields = (0..<300).map { ("FIELD_\($0)", "\($0)") }
        let record = JournalEntryTests.entry(fields)
        let parsed = parse([record], form: .journal)
        #expect(parsed.rows.rows[0].shape == 0)
        #expect(parsed.record(0) == record)
    }

    @Test func oneShapeForEntriesOfOneForm() {
        let records = (0..<500).map { number in
            JournalEntryTests.entry([
                ("__REALTIME_TIMESTAMP", "\(number)"), ("_PID", "\(number)"),
                ("MESSAGE", "request \(number) took \(number)ms"), ("_COMM", "app"),
            ])
        }
        let parsed = parse(records, form: .journal)
        #expect(Set(parsed.rows.rows.map(\.shape)).count == 1)
        #expect(parsed.value("process.name", 499) == "app")
        #expect(parsed.message(499) == "request 499 took 499ms")
    }
}
