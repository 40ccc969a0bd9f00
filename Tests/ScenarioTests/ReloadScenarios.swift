import Foundation
import Testing

/// SIGHUP: what is right comes into force, what is wrong changes nothing.
@Suite("reload", .serialized)
struct ReloadScenarios {
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

    @Test(
        "of a parser file that is refused the last good version stays in force, after a restart too"
    )
    func refusedParser() throws {
        let folder = try Scratch()
        try Program.shell("cp '\(RunningDaemon.repository)'/parsers/*.yaml '\(folder.path)/'")
        let file = folder.path + "/site.yaml"
        try definition(action: "greet-first").write(
            toFile: file, atomically: true, encoding: .utf8)
        let daemon = try RunningDaemon(parsers: folder.path)
        try daemon.start()
        try expectAction("greet-first", of: "alpha", daemon)
        let wrong = definition(action: "greet-wrong").replacingOccurrences(
            of: "user.name: world", with: "user.name: mars")
        try wrong.write(toFile: file, atomically: true, encoding: .utf8)
        daemon.hangUp()
        try eventually("the refusal is told") { daemon.log.contains("site.yaml:") }
        try eventually("and what follows from it") { daemon.log.contains("stays in force") }
        try expectAction("greet-first", of: "beta", daemon)
        #expect(try daemon.stop() == 0)
        try daemon.start()
        try expectAction("greet-first", of: "delta", daemon)
        // Other files are not held up.
        try definition("site.other", program: "waver", action: "wave").write(
            toFile: folder.path + "/other.yaml", atomically: true, encoding: .utf8)
        daemon.hangUp()
        try expectAction("wave", of: "epsilon", program: "waver", daemon)
        try definition(action: "greet-second").write(
            toFile: file, atomically: true, encoding: .utf8)
        let reloads = daemon.log.components(separatedBy: "was read again").count
        daemon.hangUp()
        try eventually("the reload is told") {
            daemon.log.components(separatedBy: "was read again").count > reloads
        }
        try expectAction("greet-second", of: "gamma", daemon)
        // What was stored before keeps the meaning it had.
        for name in ["alpha", "beta", "delta"] {
            #expect(try daemon.count("user.name:=\(name) event.action:=greet-first") > 0)
            #expect(try daemon.count("user.name:=\(name) -event.action:=greet-first") == 0)
        }
        let acts = try Program.hisui(
            "search", "--store", daemon.store, "--acts", "--format", "jsonl", "act:=reload")
        #expect(
            acts.lines.contains { $0.contains("definitions.kept") && $0.contains("site.greeter 1") }
        )
        #expect(try daemon.stop() == 0)
    }

    private func definition(
        _ name: String = "site.greeter", program: String = "greeter", action: String
    ) -> String {
        """
        parser: \(name)
        version: 1
        match: { program: \(program) }
        rules:
          - id: hello
            line: "hello {user.name:word}"
            set: { event.action: \(action), event.category: process }
        samples:
          - line: "hello world"
            is: { rule: hello, user.name: world }
          - line: "hello hello"
            hostile: true
            is: { rule: hello, user.name: hello }
          - reject: "hello world and more"

        """
    }

    private func expectAction(
        _ action: String, of name: String, program: String = "greeter", _ daemon: RunningDaemon
    ) throws {
        // Again and again: a reload takes effect between two batches, at no moment that shows.
        try eventually("\(name) means \(action)") {
            try Program.shell(
                "logger -n 127.0.0.1 -P \(daemon.udpPort) -d -t \(program) 'hello \(name)'")
            return try daemon.count("user.name:=\(name) event.action:=\(action)") > 0
        }
    }

    @Test("a source whose settings change goes on where it was: no line is read twice")
    func changedSource() throws {
        let daemon = try RunningDaemon(
            sources: ["{ files: { paths: [ FOLDER/*.log ] }, id: app, time_zone: UTC }"])
        try daemon.start()
        let writer = try Child(
            "/bin/bash",
            [
                "-c",
                "for ((i = 0; i < 40000; i += 200)); do seq -f 'line %.0f end' $i $((i + 199)); "
                    + "sleep 0.01; done >> '\(daemon.folder.path)/a.log'",
            ])
        for round in 0..<6 {
            try eventually("lines arrive") { try daemon.count("line") > round * 3000 }
            let text = try String(contentsOfFile: daemon.configuration, encoding: .utf8)
            let (old, new) = round % 2 == 0 ? ("UTC", "Asia/Tokyo") : ("Asia/Tokyo", "UTC")
            try text.replacingOccurrences(
                of: "id: app, time_zone: \(old)", with: "id: app, time_zone: \(new)"
            ).write(toFile: daemon.configuration, atomically: true, encoding: .utf8)
            daemon.hangUp()
        }
        try writer.wait(seconds: 60, "the writer")
        try eventually("all lines are found") { try daemon.count("line") >= 40_000 }
        #expect(try daemon.stop() == 0)
        #expect(try daemon.count("line") == 40_000)
        try expectEquation(daemon.store)
    }
}
