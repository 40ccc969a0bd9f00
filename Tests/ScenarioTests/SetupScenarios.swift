import Foundation
import Testing

@Suite("a first configuration")
struct SetupScenarios {
    @Test("answers from a file make a configuration with which the daemon runs")
    func answersMakeARunningDaemon() throws {
        let folder = try Scratch()
        let path = folder.path
        let port = try freePort()
        try """
        organisation: Hisui City
        organisation_ja: 翡翠市
        addresses: {mynumber: 10.1.0.0/16, lgwan: [10.2.0.0/16], internet: none}
        zone: lgwan
        store: \(path)/store
        journal: no
        syslog_tcp: "127.0.0.1:\(port)"
        files: [\(path)/in/*.log]
        contacts: ["情報政策課, csirt@example.jp"]
        operators: ["Tanaka, tanaka, single-operator"]
        """.write(toFile: path + "/answers.yaml", atomically: true, encoding: .utf8)
        let config = path + "/hisui.yaml"
        let setup = try Program.hisui(
            "setup", "--lang", "ja", "--answers", path + "/answers.yaml", "--out", config)
        #expect(setup.status == 0, "\(setup.errors)")
        let check = try Program.hisui("check", "config", config)
        #expect(check.status == 0, "\(check.errors)")
        #expect(check.text.contains("lgwan"))
        // What is there stays, unless it is said otherwise.
        let before = try String(contentsOfFile: config, encoding: .utf8)
        #expect(before.contains("翡翠市"))
        let second = try Program.hisui(
            "setup", "--answers", path + "/answers.yaml", "--out", config)
        #expect(second.status == 3)
        #expect(second.errors.contains("--replace"))
        #expect(try String(contentsOfFile: config, encoding: .utf8) == before)

        try Program.shell("mkdir '\(path)/in' && echo 'a line to collect' > '\(path)/in/a.log'")
        let daemon = try Child(
            Program.hisui, ["run", "--config", config], errors: path + "/daemon.log")
        defer { _ = kill(daemon.pid, SIGKILL) }
        try eventually("the daemon stores the line") {
            try Program.hisui("search", "--store", path + "/store", "collect").lines.count == 1
        }
        _ = kill(daemon.pid, SIGTERM)
        let log = { (try? String(contentsOfFile: path + "/daemon.log", encoding: .utf8)) ?? "" }
        #expect(try daemon.wait(seconds: 30, "the daemon ends") == 0, "\(log())")
    }

    @Test("wrong answers are told with their places, and nothing is written")
    func wrongAnswers() throws {
        let folder = try Scratch()
        let answers = folder.path + "/answers.yaml"
        try "organisation: C\nzone: lgwan\nsyslog_udb: 514\n".write(
            toFile: answers, atomically: true, encoding: .utf8)
        let setup = try Program.hisui(
            "setup", "--answers", answers, "--out", folder.path + "/hisui.yaml")
        #expect(setup.status == 3)
        #expect(setup.errors.contains("answers.yaml:3:1: unknown key `syslog_udb`"))
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/hisui.yaml"))
        let silent = try Program.hisui("setup", "--out", folder.path + "/other.yaml")
        #expect(silent.status == 2)
        #expect(silent.errors.contains("--answers"))
    }
}
