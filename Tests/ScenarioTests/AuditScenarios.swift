import Foundation
import Testing

/// Records of the kernel as Debian's auditd writes them with `log_format = ENRICHED`.
private struct AuditEvent {
    var serial: Int
    /// Of the system call, by number and by name.
    var call: (Int, String)
    var exe: String
    var flags = "0"
    /// What stands between SYSCALL and PROCTITLE: type, and the rest of the record.
    var others: [(String, String)]
    /// The command line as the process shows it.
    var title: String

    static let second = 1_795_842_595
    private static let separator = "\u{1D}"

    private var caller: String {
        "ppid=994 pid=1070 auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 "
            + "tty=pts0 ses=7 comm=\"\(exe.split(separator: "/").last ?? "")\" exe=\"\(exe)\" "
            + "key=\"watch\""
    }

    /// Type and text of each record, as the kernel says it.
    var raw: [(type: String, text: String)] {
        let items = others.count { $0.0 == "PATH" }
        let head =
            "arch=c000003e syscall=\(call.0) success=yes exit=0 a0=ffffff9c a1=7ffd a2=\(flags) "
            + "a3=1b6 items=\(items) "
        let proctitle = title.utf8.map { String(format: "%02X", $0) }.joined()
        return [("SYSCALL", head + caller)] + others.map { (type: $0.0, text: $0.1) }
            + [("PROCTITLE", "proctitle=" + proctitle)]
    }

    /// The same with what auditd adds, and the kernel's end.
    var enriched: [String] {
        let tail =
            Self.separator + "ARCH=x86_64 SYSCALL=\(call.1) AUID=\"suzuki\" UID=\"root\" "
            + "GID=\"root\" EUID=\"root\" SUID=\"root\" FSUID=\"root\" EGID=\"root\" SGID=\"root\" "
            + "FSGID=\"root\""
        let records = raw.map { type, text in
            type == "SYSCALL"
                ? text + tail : type == "PATH" ? text + Self.separator + "OUID=\"root\"" : text
        }
        return zip(raw.map(\.type) + ["EOE"], records + [""]).map { type, text in
            "node=web1 type=\(type) msg=audit(\(Self.second).698:\(serial)): \(text)"
        }
    }

    /// The same as journald makes entries of it, in its export format.
    var entries: String {
        raw.enumerated().map { index, record in
            let number = serial * 100 + index
            let fields = [
                "__CURSOR=s=0123456789abcdef0123456789abcdef;i=\(String(number, radix: 16));"
                    + "b=0123456789abcdef0123456789abcdef;m=1;t=1;x=1",
                "__REALTIME_TIMESTAMP=\(Self.second)698500",
                "_BOOT_ID=0123456789abcdef0123456789abcdef", "_TRANSPORT=audit",
                "_HOSTNAME=web1", "SYSLOG_IDENTIFIER=audit",
                "_SOURCE_REALTIME_TIMESTAMP=\(Self.second)698000",
                "_AUDIT_TYPE_NAME=\(record.type)", "_AUDIT_ID=\(serial)",
                "MESSAGE=\(record.type) \(record.text)",
            ]
            return fields.joined(separator: "\n") + "\n\n"
        }.joined()
    }

    private static func path(_ item: Int, _ name: String, _ kind: String) -> (String, String) {
        (
            "PATH",
            "item=\(item) name=\(name) inode=131 dev=fe:00 mode=0100644 ouid=0 ogid=0 "
                + "rdev=00:00 nametype=\(kind) cap_fp=0"
        )
    }

    /// curl, which writes a file with a Japanese name and a blank, and moves it to its place.
    static let all = [
        AuditEvent(
            serial: 5, call: (59, "execve"), exe: "/usr/bin/curl",
            others: [
                (
                    "EXECVE",
                    "argc=4 a0=\"curl\" a1=\"-o\" a2=6220632E747874 a3=\"http://192.0.2.9/\""
                ),
                ("CWD", "cwd=\"/srv/www\""), path(0, "\"/usr/bin/curl\"", "NORMAL"),
                path(1, "\"/lib64/ld-linux-x86-64.so.2\"", "NORMAL"),
            ], title: "curl\u{0}-o\u{0}b c.txt\u{0}http://192.0.2.9/"),
        AuditEvent(
            serial: 6, call: (257, "openat"), exe: "/usr/bin/curl", flags: "241",
            others: [
                ("CWD", "cwd=\"/srv/www\""), path(0, "\"/srv/www\"", "PARENT"),
                path(1, "E381B22E706870", "CREATE"),
            ], title: "curl"),
        AuditEvent(
            serial: 7, call: (82, "rename"), exe: "/usr/bin/mv",
            others: [
                ("CWD", "cwd=\"/srv/www\""), path(0, "\"/srv/www\"", "PARENT"),
                path(1, "\"/etc/cron.d\"", "PARENT"), path(2, "E381B22E706870", "DELETE"),
                path(3, "\"/etc/cron.d/job\"", "CREATE"),
            ], title: "mv"),
    ]
}

@Suite("auditd, the real one", .serialized, .enabled(if: getuid() == 0))
struct AuditScenarios {
    /// Rules that know nothing of auditd.
    private static let rules = """
        title: Download to a file
        id: own-download
        logsource: { product: linux, category: process_creation }
        detection:
          s: { Image|endswith: /curl, CommandLine|contains: ' -o b c.txt ' }
          where: { CurrentDirectory: /srv/www }
          condition: s and where
        level: low
        ---
        title: Program in a folder of the web server
        id: own-web-file
        logsource: { product: linux, category: file_event }
        detection:
          s: { TargetFilename|startswith: /srv/www/, TargetFilename|endswith: .php }
          by: { Image|endswith: /curl }
          condition: s and by
        level: medium
        ---
        title: Job put in place
        id: own-job
        logsource: { product: linux, category: file_event }
        detection:
          s: { TargetFilename|startswith: /etc/cron.d/ }
          condition: s
        level: high

        """

    private static let sources = ["file", "plug", "sys", "jour"]

    @Test("the same rules find the same events through each of four ways")
    func fourWays() throws {
        let port = try freePort()
        let daemon = try RunningDaemon(
            sources: [
                "{ files: { paths: [ FOLDER/log/audit.log ] }, id: file }",
                "{ audit: { socket: FOLDER/events }, id: plug }",
                "{ syslog: { unix: FOLDER/devlog }, id: sys }",
                "{ http: { journal: \"127.0.0.1:\(port)\" }, id: jour }",
            ], rules: Self.rules)
        let folder = daemon.folder.path
        try daemon.start()
        let auditd = try Auditd(
            socket: folder + "/events", file: folder + "/log/audit.log",
            devLog: folder + "/devlog")
        try auditd.start()
        try eventually("the daemon is connected to the plug-in: \(daemon.log)", within: 60) {
            try auditd.feed(["type=USER msg=audit(1795842590.000:1): pid=1 msg='text=probe'"])
            return try daemon.count("hisui.source:plug audit.type:USER") > 0
        }
        // Two events woven into each other; the third as it is.
        let all = AuditEvent.all.map(\.enriched)
        try auditd.feed(all[1].enumerated().flatMap { [all[0][$0.offset], $0.element] })
        try auditd.feed(Array(all[0][all[1].count...]) + all[2])
        let export = folder + "/export"
        try Data(AuditEvent.all.map(\.entries).joined().utf8)
            .write(to: URL(fileURLWithPath: export))
        try Program.shell(
            "curl -sS --fail -H 'Content-Type: application/vnd.fdo.journal' --data-binary "
                + "'@\(export)' http://127.0.0.1:\(port)/upload")
        for source in Self.sources {
            try eventually("three events of \(source)", within: 30) {
                try daemon.count("hisui.source:\(source) hisui.joined.records:*") == 3
            }
            try Self.check(daemon, source)
        }
        try eventually("all findings") { try Self.findings(daemon).count == 12 }
        #expect(try daemon.stop() == 0)
        let counts = try Self.findings(daemon).reduce(into: [:]) { $0[$1, default: 0] += 1 }
        #expect(counts == ["own-download": 4, "own-web-file": 4, "own-job": 4])
    }

    private static func check(_ daemon: RunningDaemon, _ source: String) throws {
        let query = "hisui.source:\(source) hisui.joined.records:*"
        let rows = try daemon.search(query)
        func text(_ row: [String: Any]?, _ name: String) -> String? { row?[name] as? String }
        func event(_ action: String) -> [String: Any]? {
            rows.first { text($0, "event.action") == action }
        }
        let exec = event("exec")
        let command = text(exec, "process.command_line")
        #expect(command == "curl -o b c.txt http://192.0.2.9/", "\(source)")
        #expect(text(exec, "process.executable") == "/usr/bin/curl")
        #expect(text(exec, "process.working_directory") == "/srv/www")
        #expect(text(exec, "host.name") == "web1")
        // journald knows no names.
        #expect(text(exec, "user.name") == (source == "jour" ? nil : "root"))
        #expect(text(event("file-create"), "file.path") == "/srv/www/ひ.php")
        let rename = event("file-rename")
        #expect(text(rename, "file.path") == "/srv/www/ひ.php")
        #expect(text(rename, "file.target_path") == "/etc/cron.d/job")
        #expect(try daemon.count(query + " hisui.flags:*incomplete*") == 0)
    }

    /// The rule of each finding over everything that is stored.
    private static func findings(_ daemon: RunningDaemon) throws -> [String] {
        let found = try Program.hisui(
            "detect", "--store", daemon.store, "--rules", daemon.folder.path + "/rules")
        guard found.status == 0 else { throw ScenarioError(found.errors) }
        return try found.lines.compactMap {
            let object = try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
            return object?["rule.id"] as? String
        }
    }

    @Test("auditd started again: records go on, and what lay between is a gap")
    func restart() throws {
        let daemon = try RunningDaemon(
            sources: [
                "{ audit: { socket: FOLDER/events }, id: plug }",
                "{ syslog: { unix: FOLDER/devlog }, id: sys }",
            ])
        let folder = daemon.folder.path
        try daemon.start()
        let auditd = try Auditd(
            socket: folder + "/events", file: folder + "/log/audit.log",
            devLog: folder + "/devlog")
        for round in 1...3 {
            try auditd.start()
            try eventually("records of round \(round): \(daemon.log)", within: 60) {
                try auditd.feed(
                    ["type=USER msg=audit(1795842590.000:\(round)): pid=1 msg='text=probe'"])
                return try daemon.count("hisui.source:plug audit.serial:\(round)") > 0
            }
            auditd.stop()
        }
        #expect(try daemon.stop() == 0)
        let shown = try Program.hisui(
            "sources", "show", "plug", "--store", daemon.store, "--lang", "en")
        let text = String(decoding: shown.output, as: UTF8.self)
        #expect(text.contains("listened to auditd until"), "\(text)\(shown.errors)")
        #expect(text.contains("not connected to auditd: of what it told from"), "\(text)")
        let listed = try Program.hisui("sources", "--store", daemon.store, "--format", "jsonl")
        let row = try listed.lines.map {
            try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }.first { $0?["source"] as? String == "plug" }
        #expect(row??["gaps"] as? Int == 2, "\(text)\(daemon.log)")
    }
}
