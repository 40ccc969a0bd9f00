import Foundation
import Testing

/// Debian's own senders against a running daemon.
@Suite("syslog, with real senders", .serialized)
struct SyslogScenarios {
    @Test("logger by UDP and TCP is found within a second, with its fields")
    func logger() throws {
        let daemon = try RunningDaemon()
        try daemon.start()
        for transport in [("-d", daemon.udpPort), ("-T", daemon.tcpPort)] {
            try Program.shell(
                "logger -n 127.0.0.1 -P \(transport.1) \(transport.0) -t scenario -p auth.warning "
                    + "'marker\(transport.0) 日本語 \"quoted\"'")
        }
        try eventually("both lines are found", within: 5) {
            try daemon.count("process.name:=scenario") == 2
        }
        let rows = try daemon.search("\"日本語\" | sort by (_time)")
        #expect(rows.count == 2)
        for row in rows {
            #expect(row["process.name"] as? String == "scenario")
            #expect("\(row["log.syslog.severity.code"] ?? "")" == "4")
            #expect(row["log.source.address"] as? String == "127.0.0.1")
        }
        #expect(try daemon.stop() == 0)
    }

    @Test("records whose times go back, by years even, are all stored and found at their times")
    func timesThatGoBack() throws {
        let daemon = try RunningDaemon()
        try daemon.start()
        try Program.shell(
            "for year in 2026 2025 2019 2024 2001; do "
                + "echo \"<13>1 $year-03-04T05:06:07Z h p - - - backwards $year\"; done "
                + "> /dev/tcp/127.0.0.1/\(daemon.tcpPort)")
        try eventually("all are stored") { try daemon.count("backwards") == 5 }
        #expect(try daemon.count("backwards _time:2019-03-04") == 1)
        #expect(
            try daemon.messages("backwards | sort by (_time)").map { $0.suffix(4) }
                == ["2001", "2019", "2024", "2025", "2026"])
        #expect(try daemon.stop() == 0)
        try expectEquation(daemon.store)
    }

    @Test(
        "rsyslog sends 100,000 lines by TCP; kill -9 in the middle loses and repeats nothing seen")
    func rsyslogKilled() throws {
        let daemon = try RunningDaemon()
        try daemon.start()
        let rsyslog = try RSyslog(target: daemon.tcpPort)
        try rsyslog.start()
        defer { rsyslog.stop() }
        let count = 100_000
        let feeder = try rsyslog.feed(lines: count)
        defer { feeder.signal(SIGKILL) }
        try eventually("a part has arrived") { try daemon.count("feed") > 5_000 }
        daemon.kill9()
        // What another process could see before the kill has to be there afterwards, once.
        let before = try sequence(of: daemon.messages("feed"))
        #expect(before.count > 5_000)
        try daemon.start()
        try feeder.wait(seconds: 120, "the feeder")
        try eventually("rsyslog has delivered the rest", within: 120) {
            let last = try daemon.messages("\"feed \(count - 1) end\"")
            return !last.isEmpty
        }
        let after = try sequence(of: daemon.messages("feed"))
        let counted = Dictionary(after.map { ($0, 1) }, uniquingKeysWith: +)
        let lost = Set(before).filter { counted[$0] == nil }
        let repeated = Set(before).filter { (counted[$0] ?? 0) > 1 }
        #expect(lost.isEmpty, "searchable before the kill, gone after: \(lost.count)")
        #expect(repeated.isEmpty, "found more than once: \(repeated.count)")
        #expect(Set(before).count == before.count)
        #expect(try daemon.stop() == 0)
        try expectEquation(daemon.store)
    }

    private func sequence(of messages: [String]) -> [Int] {
        messages.compactMap { message in
            message.firstRange(of: "feed ").flatMap {
                Int(message[$0.upperBound...].prefix { $0.isNumber })
            }
        }
    }

    @Test("what no one would send is stored or counted, and the next line is fine")
    func hostileBytes() throws {
        let daemon = try RunningDaemon()
        try daemon.start()
        var stream = Data()
        stream.append(contentsOf: "<13>Nov 23 10:00:00 h p: NUL \0 inside\n".utf8)
        stream.append(contentsOf: [0xFF, 0xFE, 0x80, 0xC3, 0x0A])
        stream.append(Data(repeating: 0x61, count: 3 << 20))
        stream.append(0x0A)
        stream.append(contentsOf: "99999999999 <13>no such frame\n".utf8)
        stream.append(contentsOf: "12 <13>octets ok".utf8)
        stream.append(contentsOf: "<13>Nov 23 10:00:01 h p: after all of it\n".utf8)
        stream.append(contentsOf: "<13>Nov 23 10:00:02 h p: cut in the mid".utf8)
        try send(stream, toTCPPort: daemon.tcpPort)
        try eventually("the lines after the hostile ones are found") {
            try daemon.count("\"after all of it\" or \"cut in the mid\"") == 2
        }
        #expect(try daemon.count("octets") == 1)
        #expect(try daemon.count("NUL") == 1)
        #expect(try daemon.count("hisui.flags:truncated") == 1)
        #expect(daemon.isRunning)
        #expect(try daemon.stop() == 0)
        try expectEquation(daemon.store)
    }

    private func send(_ data: Data, toTCPPort port: Int) throws {
        let scratch = try Scratch()
        let path = scratch.path + "/bytes"
        try data.write(to: URL(fileURLWithPath: path))
        try Program.shell("cat '\(path)' >/dev/tcp/127.0.0.1/\(port)")
    }
}
