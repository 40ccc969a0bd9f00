import Foundation
import Testing

/// What `hisui sources` says of real senders, and how it helps to connect them.
@Suite("sources are listed, shown and connected", .serialized)
struct SourceScenarios {
    private static func wait(_ daemon: RunningDaemon, _ arguments: String...) throws -> Child {
        try Child(
            Program.hisui,
            ["sources", "add"] + arguments + ["--config", daemon.configuration, "--wait"],
            output: daemon.folder.path + "/add.out", errors: daemon.folder.path + "/add.err")
    }

    private static func said(_ daemon: RunningDaemon) -> String {
        (try? String(contentsOfFile: daemon.folder.path + "/add.out", encoding: .utf8)) ?? ""
    }

    private static func waits(_ daemon: RunningDaemon) throws {
        try eventually("it waits") { said(daemon).contains("Waiting for records") }
    }

    @Test("what is pasted into rsyslog sends, and it is told what came of it")
    func rsyslog() throws {
        let daemon = try RunningDaemon()
        try daemon.start()
        let add = try Self.wait(daemon, "linux-rsyslog", "--over", "tcp", "--lang", "en")
        try Self.waits(daemon)
        // The very text that a person would paste, behind an input of its own.
        let said = Self.said(daemon)
        let begin = try #require(said.range(of: "*.* action("))
        let end = try #require(said.range(of: "resumeRetryCount=\"-1\")"))
        let pasted = String(said[begin.lowerBound..<end.upperBound])
        #expect(pasted.contains("target=\"127.0.0.1\" port=\"\(daemon.tcpPort)\""))
        let sender = try PastedRSyslog(pasted)
        try sender.start()
        try sender.log("sshd[42]: Failed password for root from 192.0.2.7 port 22 ssh2")
        try sender.log("something: strange happened")
        #expect(try add.wait(seconds: 60, "sources add") == 0)
        let told = Self.said(daemon)
        let source = "syslog-tcp-127.0.0.1:\(daemon.tcpPort)/127.0.0.1"
        #expect(told.contains("From 127.0.0.1 (new), as the source \(source):"), "\(told)")
        #expect(told.contains("The definition linux.sshd knows 1 of them."), "\(told)")
        #expect(told.contains("strange happened"), "\(told)")
        #expect(told.contains("Its clock agrees with this machine's."), "\(told)")
        #expect(try daemon.stop() == 0)
    }

    @Test("a clock that is a time zone off is told when a device is connected")
    func clockOff() throws {
        let daemon = try RunningDaemon()
        try daemon.start()
        let add = try Self.wait(daemon, "cisco", "--over", "udp", "--lang", "en")
        try Self.waits(daemon)
        try Program.shell(
            "printf '<13>1 %s h p - - - x\\n' $(date -u -d '+9 hours' +%Y-%m-%dT%H:%M:%SZ) "
                + "> /dev/udp/127.0.0.1/\(daemon.udpPort)")
        #expect(try add.wait(seconds: 60, "sources add") == 0)
        let told = Self.said(daemon)
        #expect(told.contains("Its clock is ahead of this machine's by"), "\(told)")
        #expect(told.contains("That looks like a time zone"), "\(told)")
        #expect(try daemon.stop() == 0)
    }

    @Test("waiting ends cleanly with Ctrl-C, and says what to look at when nothing came")
    func interrupted() throws {
        let daemon = try RunningDaemon()
        try daemon.start()
        let add = try Self.wait(daemon, "fortigate", "--lang", "en")
        try Self.waits(daemon)
        add.signal(SIGINT)
        #expect(try add.wait(seconds: 10, "sources add") == 1)
        #expect(Self.said(daemon).contains("Nothing arrived."))
        #expect(try daemon.stop() == 0)
        let stopped = try Program.hisui(
            "sources", "add", "fortigate", "--config", daemon.configuration, "--wait",
            "--seconds", "1", "--lang", "en")
        #expect(stopped.status == 1)
        #expect(stopped.text.contains("was stopped in an orderly way"), "\(stopped.text)")
    }

    @Test("where the configuration has no fitting listener, it is told which lines to add")
    func noListener() throws {
        let daemon = try RunningDaemon()
        let told = try Program.hisui(
            "sources", "add", "yamaha-rtx", "--config", daemon.configuration, "--address",
            "192.0.2.9", "--lang", "ja")
        #expect(told.status == 0, "\(told.errors)")
        #expect(told.text.contains("  - syslog: {udp: \"0.0.0.0:514\"}"), "\(told.text)")
        #expect(told.text.contains("syslog host 192.0.2.9"))
        let unknown = try Program.hisui("sources", "add", "fortigat", "--lang", "en")
        #expect(unknown.status == 2)
        let all = try Program.hisui("sources", "add", "--lang", "en")
        #expect(all.status == 0)
        #expect(all.lines.count == 17)
        let checked = try Program.hisui("check", "recipes", "--lang", "en")
        #expect(checked.status == 0, "\(checked.errors)")
    }

    @Test("a source is shown with everything that is known of it")
    func show() throws {
        let daemon = try RunningDaemon(sources: ["{files: {paths: [FOLDER/in/*.log]}, id: app}"])
        try Program.shell("mkdir -p \(daemon.folder.path)/in")
        try daemon.start()
        try Program.shell(
            "for i in 1 2 3; do logger -n 127.0.0.1 -P \(daemon.tcpPort) -T -t sshd "
                + "'Failed password for root from 192.0.2.7 port 22 ssh2'; done; "
                + "echo one two >> \(daemon.folder.path)/in/a.log")
        try eventually("it is stored") { try daemon.count("*") == 4 }
        #expect(try daemon.stop() == 0)
        let tcp = try Program.hisui(
            "sources", "show", "--store", daemon.store, "\(daemon.tcpPort)/127",
            "--format", "jsonl")
        let source = try #require(
            JSONSerialization.jsonObject(with: tcp.output) as? [String: Any], "\(tcp.errors)")
        #expect(source["stored"] as? Int == 3)
        #expect(source["parsers"] as? [String: Int] == ["linux.sshd": 3])
        #expect(source["silent"] as? Bool == false)
        #expect((source["hourly"] as? [Int])?.reduce(0, +) == 3)
        #expect(source["lag_ms"] as? Int != nil)
        let file = try Program.hisui(
            "sources", "show", "--store", daemon.store, "app", "--format", "table", "--lang", "ja")
        #expect(file.text.contains("読み取り位置"), "\(file.text)")
        #expect(file.text.contains("8 バイト目（inode"), "\(file.text)")
        #expect(file.text.contains("どの規則も知らない原文: 1 件"), "\(file.text)")
        let many = try Program.hisui(
            "sources", "show", "--store", daemon.store, "/", "--lang", "en")
        #expect(many.status == 3)
        #expect(many.errors.contains("fits 2 sources"), "\(many.errors)")
    }

    @Test(
        "the table fits 80 columns in both languages, however long the names",
        arguments: ["en", "ja"])
    func columns(language: String) throws {
        let name = "listener-with-a-long-name-in-the-third-cellar"
        let port = try freePort()
        let daemon = try RunningDaemon(
            sources: ["{syslog: {udp: \"127.0.0.1:\(port)\"}, id: \(name)}"])
        try daemon.start()
        try Program.shell(
            "for i in $(seq 200); do echo '<13>1 - h p - - - x'; done "
                + "> /dev/tcp/127.0.0.1/\(daemon.tcpPort); "
                + "echo '<13>1 - h p - - - x' > /dev/udp/127.0.0.1/\(port)")
        try eventually("it is stored") { try daemon.count("*") == 201 }
        #expect(try daemon.stop() == 0)
        let shown = try Program.run(
            "script",
            [
                "-qec",
                "stty cols 80; '\(Program.hisui)' sources --store \(daemon.store) "
                    + "--lang \(language)",
                "/dev/null",
            ], environment: ["TERM": "xterm", "LC_ALL": "C.UTF-8"])
        #expect(shown.status == 0, "\(shown.text)")
        #expect(shown.text.contains(".."), "\(shown.text)")
        for line in shown.text.split(whereSeparator: \.isNewline) {
            let width = line.unicodeScalars.reduce(0) { $0 + ($1.value >= 0x3000 ? 2 : 1) }
            #expect(width <= 80, "\(line)")
        }
    }
}

/// Debian's rsyslog with what was pasted into it, and a socket from which it reads.
private final class PastedRSyslog {
    private let folder: Scratch
    private var process: Child?

    init(_ pasted: String) throws {
        folder = try Scratch()
        try """
        global(workDirectory="\(folder.path)")
        module(load="imuxsock" SysSock.Use="off")
        input(type="imuxsock" Socket="\(folder.path)/log" CreatePath="on")
        \(pasted)

        """.write(toFile: folder.path + "/rsyslog.conf", atomically: true, encoding: .utf8)
    }

    func start() throws {
        process = try Child(
            try Program.find("rsyslogd"),
            ["-n", "-f", folder.path + "/rsyslog.conf", "-i", folder.path + "/rsyslog.pid"],
            errors: folder.path + "/rsyslog.err")
        try eventually("rsyslog listens") {
            FileManager.default.fileExists(atPath: self.folder.path + "/log")
        }
    }

    /// Logs `tag: text`.
    func log(_ line: String) throws {
        let parts = line.split(separator: ": ", maxSplits: 1)
        let words = parts[0].split(whereSeparator: { "[]".contains($0) })
        let id = words.count > 1 ? "--id=\(words[1])" : ""
        try Program.shell(
            "logger -u \(folder.path)/log -t \(words[0]) \(id) -- '\(parts[1])'")
    }

    deinit {
        process?.signal(SIGTERM)
        _ = try? process?.wait(seconds: 10)
    }
}
