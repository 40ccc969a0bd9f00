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
        try eventually("both lines are found", within: 5) { try daemon.count("scenario") == 2 }
        let rows = try daemon.search("\"日本語\" | sort by (_time)")
        #expect(rows.count == 2)
        for row in rows {
            #expect(row["process.name"] as? String == "scenario")
            #expect("\(row["log.syslog.severity.code"] ?? "")" == "4")
            #expect(row["log.source.address"] as? String == "127.0.0.1")
        }
        #expect(try daemon.stop() == 0)
    }

    @Test("rsyslog sends 100,000 lines by TCP; kill -9 in the middle loses and repeats nothing seen")
    func rsyslogKilled() throws {
        let daemon = try RunningDaemon()
        try daemon.start()
        let rsyslog = try RSyslog(target: daemon.tcpPort)
        try rsyslog.start()
        defer { rsyslog.stop() }
        let count = 100_000
        let feeder = try rsyslog.feed(lines: count)
        defer { feeder.terminate() }
        try eventually("a part has arrived") { try daemon.count("feed") > 5_000 }
        daemon.kill9()
        // What another process could see before the kill has to be there afterwards, once.
        let before = try sequence(of: daemon.messages("feed"))
        #expect(before.count > 5_000)
        try daemon.start()
        feeder.waitUntilExit()
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

    @Test("a second daemon on the same store is refused, and the first goes on")
    func storeInUse() throws {
        let daemon = try RunningDaemon()
        try daemon.start()
        let second = try Program.hisui("run", "--config", daemon.configuration)
        #expect(second.status == 3)
        #expect(second.errors.contains("zone"), "\(second.errors)")
        #expect(daemon.isRunning)
        #expect(try daemon.stop() == 0)
    }

    @Test("SIGHUP starts a new source and keeps the others; a bad configuration changes nothing")
    func reload() throws {
        let daemon = try RunningDaemon()
        try daemon.start()
        let port = try freePort()
        var text = try String(contentsOfFile: daemon.configuration, encoding: .utf8)
        let good = text + "\n  - syslog: { udp: \"127.0.0.1:\(port)\" }\n"
        try good.write(toFile: daemon.configuration, atomically: true, encoding: .utf8)
        daemon.hangUp()
        try eventually("the new source takes a line") {
            try Program.shell("logger -n 127.0.0.1 -P \(port) -d reloaded")
            return try daemon.count("reloaded") > 0
        }
        text = "nonsense: true\n" + good
        try text.write(toFile: daemon.configuration, atomically: true, encoding: .utf8)
        daemon.hangUp()
        try eventually("the refusal is told") { daemon.log.contains("nonsense") }
        try Program.shell("logger -n 127.0.0.1 -P \(port) -d still-here")
        try eventually("the source still works") { try daemon.count("\"still-here\"") == 1 }
        #expect(try daemon.stop() == 0)
    }
}

/// The accounting of every source of a store adds up, by the program's own output.
func expectEquation(_ store: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let status = try Program.hisui("sources", "--store", store, "--format", "jsonl")
    #expect(status.status == 0, "\(status.errors)", sourceLocation: sourceLocation)
    #expect(!status.lines.isEmpty, sourceLocation: sourceLocation)
    for line in status.lines {
        let row = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        guard let row, let offered = row["offered"] as? Int, let stored = row["stored"] as? Int,
            let deduplicated = row["deduplicated"] as? Int, let dropped = row["dropped"] as? Int,
            let source = row["source"] as? String
        else {
            Issue.record("not a source: \(line)", sourceLocation: sourceLocation)
            continue
        }
        #expect(offered == stored + deduplicated + dropped, sourceLocation: sourceLocation)
        // What is counted as stored is there to be found.
        let found = try Program.hisui(
            "search", "--store", store, "--format", "jsonl", "--",
            "hisui.source:=\"\(source)\" | stats count() as n")
        #expect(
            found.text.contains("\"n\":\(stored)") || found.text.contains("\"n\":\"\(stored)\""),
            "\(source): stored \(stored), found \(found.text)", sourceLocation: sourceLocation)
    }
}
