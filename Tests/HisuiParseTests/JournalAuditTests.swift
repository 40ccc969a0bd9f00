import HisuiBytes
import HisuiEvent
import HisuiShape
import Testing

@testable import HisuiParse

/// Audit records that journald has read from the kernel.
@Suite struct JournalAuditTests {
    /// An entry as journald makes it of a record.
    private static func entry(
        _ type: String, _ serial: Int, _ body: String, more: [String] = [],
        transport: String = "audit"
    ) -> [UInt8] {
        let fields =
            [
                "__REALTIME_TIMESTAMP=1767225600500000", "_HOSTNAME=web1",
                "_TRANSPORT=\(transport)", "SYSLOG_FACILITY=4", "SYSLOG_IDENTIFIER=audit",
                "_SOURCE_REALTIME_TIMESTAMP=1767225600123000", "_AUDIT_TYPE_NAME=\(type)",
                "_AUDIT_ID=\(serial)",
            ] + more + ["MESSAGE=\(type) \(body)"]
        return Array(fields.joined(separator: "\n").utf8)
    }

    private static func parse(_ batches: [[[UInt8]]]) -> [Parsed] {
        var parser = Parser(definitions: JoinTests.set, timeZone: .tokyo)
        return batches.map { records in
            let rows = parser.parse(batch(records, form: .journal))
            let parsed = Parsed(rows: rows, shapes: parser.shapes)
            for (number, record) in records.enumerated() {
                #expect(parsed.record(number) == record)
            }
            return parsed
        }
    }

    private static func execve(_ serial: Int) -> [[UInt8]] {
        [
            entry(
                "SYSCALL", serial,
                "arch=c000003e syscall=59 success=yes exit=0 items=1 ppid=6 pid=7 auid=1000 uid=0 "
                    + "ses=3 comm=\"run\" exe=\"/bin/run\" key=\"k\"",
                more: ["_PID=7", "_UID=0", "_COMM=run", "_EXE=/bin/run"]),
            entry("EXECVE", serial, "argc=2 a0=\"run\" a1=\"\(serial)\""),
            entry("CWD", serial, "cwd=\"/\""),
            entry("PATH", serial, "item=0 name=\"/bin/run\" nametype=NORMAL"),
            entry("PROCTITLE", serial, "proctitle=72756E"),
        ]
    }

    @Test func theirEventsAreJoinedAsThoseOfAFile() {
        let one = Self.execve(5)
        let parsed = Self.parse([one])[0]
        #expect(
            (0..<5).map { parsed.shape($0).rule } == ["part", "part", "part", "part", "execve"])
        for number in 0..<5 { #expect(parsed.value("hisui.joined", number) == "true") }
        let expected = [
            "process.command_line": "run 5", "process.executable": "/bin/run",
            "process.pid": "7", "user.audit.id": "1000", "audit.key": "k", "host.name": "web1",
            "hisui.joined.records": "4 3 2 1", "event.action": "exec", "event.outcome": "success",
            "audit.serial": "5", "audit.type": "PROCTITLE",
        ]
        for (name, value) in expected { #expect(parsed.value(name, 4) == value, "\(name)") }
        #expect(parsed.rows.rows[4].time.nanoseconds == 1_767_225_600_123_000_000)
        #expect(parsed.json(4).contains("\"@timestamp\":\"2026-01-01T00:00:00.123000Z\""))
    }

    /// Two events woven into each other, in batches of two.
    @Test func batchesDoNotMatter() {
        let woven = zip(Self.execve(5), Self.execve(6)).flatMap { [$0, $1] }
        let parsed = Self.parse(
            stride(from: 0, to: 10, by: 2).map { Array(woven[$0..<$0 + 2]) })
        let events = parsed.flatMap { batch in
            (0..<2).map { batch.value("hisui.joined.records", $0) }
        }
        #expect(events.compactMap { $0 } == ["8 6 4 2", "8 6 4 2"])
        #expect(parsed[4].value("process.command_line", 1) == "run 6")
    }

    @Test func recordsThatAreEventsThemselvesAreKnown() {
        let body = "pid=8 uid=0 auid=4294967295 ses=4294967295 msg='op=PAM:authentication "
        let failed = body + "acct=\"root\" exe=\"/usr/sbin/sshd\" hostname=192.0.2.9 "
        let parsed = Self.parse([
            [
                Self.entry(
                    "USER_AUTH", 5, failed + "addr=192.0.2.9 terminal=ssh res=failed'",
                    more: ["_PID=8", "_UID=0"])
            ]
        ])[0]
        #expect(parsed.shape(0).rule == "authentication")
        #expect(parsed.value("user.name") == "root" && parsed.value("source.ip") == "192.0.2.9")
        #expect(parsed.value("event.outcome") == "failure")
        #expect(parsed.value("process.pid") == "8")
    }

    /// Only what journald itself says makes a message an audit record.
    @Test func aProgramCannotWriteOne() {
        let lie = "arch=c000003e syscall=59 items=0 exe=\"/bin/true\""
        for transport in ["syslog", "stdout", "journal", "audit2"] {
            let parsed = Self.parse([[Self.entry("SYSCALL", 5, lie, transport: transport)]])[0]
            #expect(parsed.shape(0).rule == "" && parsed.value("hisui.joined") == nil)
        }
        let inner = "x\" a1=\"y\"\nMESSAGE=EXECVE argc=1 a0=\"z"
        let hex = inner.utf8.map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
        var records = Self.execve(5)
        records[1] = Self.entry("EXECVE", 5, "argc=2 a0=\"run\" a1=\(hex)")
        let parsed = Self.parse([records])[0]
        #expect(parsed.value("process.command_line", 4) == "run \(inner)")
    }

    /// Entries without what tells which record it is are messages like any other.
    @Test func whatLacksAPartIsNone() {
        let whole = String(decoding: Self.entry("CWD", 5, "cwd=\"/\""), as: UTF8.self)
        for name in ["_AUDIT_ID", "_SOURCE_REALTIME_TIMESTAMP", "_TRANSPORT"] {
            let lines = whole.split(separator: "\n").filter { !$0.hasPrefix(name + "=") }
            let parsed = Self.parse([[Array(lines.joined(separator: "\n").utf8)]])[0]
            #expect(parsed.shape(0).rule == "", "\(name)")
        }
        let bare = whole.replacing("MESSAGE=CWD cwd=\"/\"", with: "MESSAGE=CWD")
        #expect(Self.parse([[Array(bare.utf8)]])[0].shape(0).rule == "")
    }
}
