import Foundation
import Testing

@Suite("journald, the real one", .serialized)
struct JournalScenarios {
    @Test("followed while written to, rotated, vacuumed and killed: every entry once")
    func followed() throws {
        let journal = try RunningJournal()
        try journal.log("early", 0..<200)
        try journal.waitFor("early", 199)
        let daemon = try RunningDaemon(sources: ["journal: { directory: \(journal.directory) }"])
        try daemon.start()
        try eventually("what was there before is found") { try daemon.count("early") >= 200 }
        // It lives on for a moment: journald asks the kernel who wrote when it reads the line.
        try journal.inside(
            "systemd-cat -t cat-scenario bash -c \"echo 'from systemd-cat 日本語'; sleep 2; true\"")
        try journal.log("live", 0..<500)
        try journal.rotate()
        try journal.log("live", 500..<1000)
        try journal.vacuum()
        try journal.log("live", 1000..<1500)
        try eventually("all live lines are found") { try daemon.count("live end") >= 1500 }
        daemon.kill9()
        try journal.log("live", 1500..<2000)
        try journal.rotate()
        try journal.log("live", 2000..<2500)
        try daemon.start()
        try eventually("what came meanwhile is found") { try daemon.count("live end") >= 2500 }
        try expectOnce(daemon.messages("live end"), "live", 0..<2500)
        try expectOnce(daemon.messages("early"), "early", 0..<200)
        let cat = try daemon.search("\"from systemd-cat\"")
        #expect(cat.count == 1)
        #expect(cat.first?["log.syslog.appname"] as? String == "cat-scenario")
        // The program's name is what the kernel says, not what the sender calls itself.
        #expect(cat.first?["process.name"] as? String == "bash")
        #expect(cat.first?["_TRANSPORT"] as? String == "stdout")
        #expect(try daemon.stop() == 0)
        try expectEquation(daemon.store)
    }

    private func expectOnce(_ messages: [String], _ tag: String, _ numbers: Range<Int>) throws {
        let found = messages.compactMap { message -> Int? in
            guard let start = message.firstRange(of: tag + " ") else { return nil }
            return Int(message[start.upperBound...].prefix { $0.isNumber })
        }
        #expect(found.sorted() == Array(numbers), "\(tag): \(found.count) of \(numbers.count)")
    }

    @Test("entries vacuumed before they were read are a gap with its exact count")
    func vacuumedBeforeRead() throws {
        let journal = try RunningJournal()
        let daemon = try RunningDaemon(sources: ["journal: { directory: \(journal.directory) }"])
        try daemon.start()
        try journal.log("seen", 0..<100)
        try eventually("seen") { try daemon.count("seen end") == 100 }
        #expect(try daemon.stop() == 0)
        try journal.log("lost", 0..<300)
        try journal.waitFor("lost", 299)
        try journal.rotate()
        try journal.vacuum()
        try journal.log("after", 0..<10)
        try journal.waitFor("after", 9)
        try daemon.start()
        try eventually("collection goes on after the gap") { try daemon.count("after end") == 10 }
        #expect(try daemon.count("lost end") == 0)
        #expect(try daemon.stop() == 0)
        let sources = try Program.hisui("sources", "--store", daemon.store, "--format", "jsonl")
        let row = try #require(sources.lines.first { $0.contains("journal") })
        let object = try #require(
            JSONSerialization.jsonObject(with: Data(row.utf8)) as? [String: Any])
        #expect((object["gaps"] as? Int ?? 0) >= 1)
        let dropped = try #require(object["dropped"] as? Int)
        // journald adds lines of its own (rotation, vacuum) to the 300.
        #expect((300...310).contains(dropped), "dropped \(dropped)")
        try expectEquation(daemon.store)
    }

    @Test("a namespace's journal is followed, and the machine's own is not mixed in")
    func namespace() throws {
        let journal = try RunningJournal()
        try journal.startNamespace("tenant")
        let daemon = try RunningDaemon(sources: [
            "{ journal: { local: true }, namespace: tenant, id: tenant }"
        ])
        try journal.log("machine", 0..<50)
        try journal.log("tenant", 0..<200, namespace: "tenant")
        // Where a journal lies is for the daemon to find, in the journald's own file system.
        let inside = try Child(
            try Program.find("nsenter"),
            [
                "-t", "\(journal.pid)", "-m", Program.hisui, "run", "--config",
                daemon.configuration,
            ], errors: daemon.folder.path + "/inside.err")
        try eventually("the namespace's entries are found") {
            FileManager.default.fileExists(atPath: daemon.store + "/hisui-store")
                ? try daemon.count("tenant end") == 200 : false
        }
        try journal.log("tenant", 200..<300, namespace: "tenant")
        try eventually("it is followed") { try daemon.count("tenant end") == 300 }
        inside.signal(SIGTERM)
        #expect(try inside.wait(seconds: 20) == 0)
        try expectOnce(daemon.messages("tenant end"), "tenant", 0..<300)
        #expect(try daemon.count("machine end") == 0)
        try expectEquation(daemon.store)
    }

    @Test("a sender cannot forge host, process, user or unit")
    func forged() throws {
        let journal = try RunningJournal()
        let daemon = try RunningDaemon(sources: ["journal: { directory: \(journal.directory) }"])
        try daemon.start()
        try journal.inside(
            "bash -c \"printf 'MESSAGE=ssh.service: Failed with result forged.\\n_PID=1\\n"
                + "_UID=0\\n_COMM=systemd\\n_HOSTNAME=other\\n_SYSTEMD_UNIT=init.scope\\n"
                + "SYSLOG_IDENTIFIER=systemd\\nSYSLOG_PID=1\\nHOSTNAME=other\\nUNIT=x.service\\n'"
                + " | setpriv --reuid=65534 --regid=65534 --clear-groups logger --journald\"")
        try eventually("it is found") { try daemon.count("forged") == 1 }
        let row = try #require(try daemon.search("forged").first)
        #expect("\(row["user.id"] ?? "")" == "65534")
        // One that ends before journald has looked at it has no name, and never one it chose.
        #expect([nil, "logger"].contains(row["process.name"] as? String))
        #expect(row["log.syslog.appname"] as? String == "systemd")
        #expect(row["process.pid"] as? Int ?? 1 > 1)
        #expect(row["host.name"] as? String != "other")
        #expect(row["systemd.unit"] as? String != "init.scope")
        #expect(row["SYSLOG_IDENTIFIER"] as? String == "systemd")
        #expect(row["HOSTNAME"] as? String == "other")
        #expect(try daemon.stop() == 0)
    }

    @Test("a journal written by systemd-journal-remote is read, and one cut in the middle survived")
    func remoteAndCut() throws {
        let journal = try RunningJournal()
        try journal.log("remote", 0..<3000)
        try journal.waitFor("remote", 2999)
        let folder = try Scratch()
        let remote = try Program.find("systemd-journal-remote")
        try Program.shell(
            "mkdir '\(folder.path)/r' '\(folder.path)/cut'; "
                + "journalctl --directory='\(journal.directory)' -o export -t remote | "
                + "'\(remote)' -o '\(folder.path)/r/remote.journal' - >/dev/null 2>&1; "
                + "size=$(stat -c %s '\(folder.path)/r/remote.journal'); "
                + "head -c $((size / 3)) '\(folder.path)/r/remote.journal' "
                + "> '\(folder.path)/cut/cut.journal'")
        let daemon = try RunningDaemon(sources: [
            "{ journal: { files: [ \(folder.path)/r/remote.journal ] }, id: remote }",
            "{ journal: { files: [ \(folder.path)/cut/cut.journal ] }, id: cut }",
        ])
        try daemon.start()
        try eventually("all 3,000 are found") {
            try daemon.count("hisui.source:=remote \"remote\"") >= 3000
        }
        #expect(try daemon.count("hisui.source:=remote \"remote\"") == 3000)
        #expect(daemon.isRunning)
        try Program.shell("logger -n 127.0.0.1 -P \(daemon.udpPort) -d alive")
        try eventually("other sources work") { try daemon.count("alive") == 1 }
        #expect(try daemon.stop() == 0)
        try expectEquation(daemon.store)
    }
}
