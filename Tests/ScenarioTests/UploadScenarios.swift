import Foundation
import Testing

/// Debian's systemd-journal-upload on a journal, started again when it has ended, as its unit does.
private final class JournalUpload {
    private let folder: Scratch
    private let arguments: [String]
    private var process: Child?
    private(set) var starts = 0

    init(_ journal: RunningJournal, to url: String, _ more: [String] = []) throws {
        folder = try Scratch()
        arguments =
            [
                "--url=" + url, "--directory=" + journal.directory, "--follow",
                "--save-state=" + folder.path + "/state",
            ] + more
    }

    var errors: String {
        (try? String(contentsOfFile: folder.path + "/err", encoding: .utf8)) ?? ""
    }

    func keepRunning() throws {
        guard process?.isRunning != true else { return }
        starts += 1
        process = try Child(
            try Program.find("systemd-journal-upload"), arguments, errors: folder.path + "/err")
    }

    func kill9() {
        process?.signal(SIGKILL)
        _ = try? process?.wait(seconds: 10)
        process = nil
    }

    deinit { kill9() }
}

@Suite("systemd-journal-upload, the real one", .serialized)
struct UploadScenarios {
    private func expectOnce(
        _ daemon: RunningDaemon, _ tag: String, _ count: Int, _ words: String
    ) throws {
        let numbers = try daemon.messages("\(tag) end").compactMap { message -> Int? in
            guard let start = message.firstRange(of: tag + " ") else { return nil }
            return Int(message[start.upperBound...].prefix { $0.isNumber })
        }
        #expect(numbers.sorted() == Array(0..<count), "\(words): \(numbers.count) of \(count)")
    }

    @Test("both ends killed again and again: every entry is stored, and once")
    func killed() throws {
        let journal = try RunningJournal()
        let port = try freePort()
        let daemon = try RunningDaemon(
            sources: ["{ http: { journal: \"127.0.0.1:\(port)\" }, id: up }"])
        let upload = try JournalUpload(journal, to: "http://127.0.0.1:\(port)")
        try daemon.start()
        var sent = 0
        for round in 0..<12 {
            try journal.log("up", sent..<sent + 400)
            sent += 400
            try upload.keepRunning()
            usleep(UInt32.random(in: 0...200_000))
            if round % 2 == 0 {
                daemon.kill9()
                try daemon.start()
            } else {
                upload.kill9()
            }
        }
        try eventually("all has come: \(upload.errors) \(daemon.log)", within: 60) {
            try upload.keepRunning()
            return try daemon.count("up end") >= sent
        }
        try expectOnce(daemon, "up", sent, "\(upload.starts) starts")
        #expect(upload.starts > 6)
        // It is silent until the journal grows, and then goes on where it was.
        try journal.log("later", 0..<10)
        try eventually("it goes on") { try daemon.count("later end") == 10 }
        #expect(try daemon.stop() == 0)
        #expect(try daemon.sum("deduplicated") > 0)
        try expectEquation(daemon.store)
    }

    @Test("what is uploaded is what reading the journal gives")
    func sameRecords() throws {
        let journal = try RunningJournal()
        try journal.log("same", 0..<300)
        try journal.waitFor("same", 299)
        let port = try freePort()
        let daemon = try RunningDaemon(sources: [
            "{ http: { journal: \"127.0.0.1:\(port)\" }, id: up }",
            "{ journal: { directory: \(journal.directory) }, id: read }",
        ])
        try daemon.start()
        let upload = try JournalUpload(journal, to: "http://127.0.0.1:\(port)")
        try upload.keepRunning()
        try eventually("both have come: \(upload.errors)") {
            try daemon.count("same end") == 600
        }
        func records(_ source: String) throws -> [String] {
            let found = try Program.hisui(
                "search", "--store", daemon.store, "--format", "raw", "--",
                "hisui.source:=\"\(source)\" \"same\"")
            return found.text.components(separatedBy: "__REALTIME_TIMESTAMP=").sorted()
        }
        let uploaded = try records("up/127.0.0.1")
        #expect(uploaded.count == 301)
        #expect(try uploaded == records("read"))
        let found = try daemon.search("hisui.source:=\"up/127.0.0.1\" \"same 7 end\"")
        let row = try #require(found.first)
        #expect(row["log.syslog.appname"] as? String == "same")
        #expect(row["host.name"] != nil)
        #expect(try daemon.stop() == 0)
        try expectEquation(daemon.store)
    }

    @Test("through TLS it is known by its certificate, and nobody else is let in")
    func certificate() throws {
        let folder = try Scratch()
        let script = RunningDaemon.repository + "/Tests/KillCampaign/certificates.sh"
        try Program.shell("bash '\(script)' '\(folder.path)'")
        let journal = try RunningJournal()
        try journal.log("secure", 0..<100)
        let port = try freePort()
        let daemon = try RunningDaemon(sources: [
            "{ http: { journal: \"127.0.0.1:\(port)\" }, id: up, "
                + "tls: { certificate: \(folder.path)/server.pem, key: \(folder.path)/server.key, "
                + "authorities: \(folder.path)/authority.pem, permitted: [client.example] } }"
        ])
        try daemon.start()
        let upload = try JournalUpload(
            journal, to: "https://localhost:\(port)",
            [
                "--key=\(folder.path)/client.key", "--cert=\(folder.path)/client.pem",
                "--trust=\(folder.path)/authority.pem",
            ])
        try upload.keepRunning()
        try eventually("all has come: \(upload.errors) \(daemon.log)") {
            try upload.keepRunning()
            return try daemon.count("secure end") >= 100
        }
        try expectOnce(daemon, "secure", 100, upload.errors)
        #expect(try daemon.count("hisui.source:=\"up/cert:client.example\" secure") == 100)
        let stranger = try Program.run(
            "curl", ["-sk", "https://127.0.0.1:\(port)/upload", "--data", "x"])
        #expect(stranger.status != 0)
        #expect(try daemon.stop() == 0)
        let status = try Program.hisui("status", "--store", daemon.store, "--lang", "en")
        #expect(status.text.contains("failed TLS handshakes"), "\(status.text)")
    }
}
