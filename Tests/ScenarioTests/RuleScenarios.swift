import Foundation
import Testing

@Suite("rules: which there are, and what they came to")
struct RuleScenarios {
    private func objects(_ finished: Finished) throws -> [[String: Any]] {
        try finished.lines.map {
            try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
        }
    }

    @Test("the shipped rules are in force, each with its log source and its place")
    func shipped() throws {
        let finished = try Program.hisui("rules", "list")
        #expect(finished.status == 0, "\(finished.errors)")
        let rules = try objects(finished)
        #expect(rules.count > 20)
        #expect(rules.allSatisfy { $0["rule.state"] as? String == "in force" })
        let failed = rules.first { $0["rule.id"] as? String == "hisui-ssh-failed" }
        #expect(failed?["rule.logsource"] as? String == "linux/sshd")
        #expect(failed?["rule.finds"] as? Bool == false)
        #expect((failed?["rule.place"] as? String)?.hasSuffix("linux-ssh.yaml:2") == true)
        let table = try Program.hisui("rules", "list", "--format", "table", "--lang", "ja")
        let text = String(decoding: table.output, as: UTF8.self)
        #expect(text.contains("SSH ログオンの失敗") && text.contains("有効"))
    }

    @Test("what is refused and what waits is listed, and the command ends with 1")
    func refusedAndWaiting() throws {
        let folder = try Scratch()
        let text = """
            title: Waits
            logsource: { product: windows }
            detection: { s: { Computer|expand: '%Servers%' }, condition: s }
            ---
            title: Refused
            logsource: { product: windows }
            detection: { s: { Image|guess: x }, condition: s }
            ---
            title: Runs
            id: runs
            level: low
            logsource: { product: windows, category: process_creation }
            detection:
              s:
                Image|endswith: ['\\a.exe', '\\b.exe']
                CommandLine|contains|all: [secret-phrase, tmp]
              f: { User|startswith: svc_ }
              condition: s and not f
            """
        try text.write(
            toFile: folder.path + "/rules.yml", atomically: true, encoding: .utf8)
        let listed = try Program.hisui("rules", "list", "--rules", folder.path)
        #expect(listed.status == 1)
        let rules = try objects(listed)
        #expect(rules.map { $0["rule.state"] as? String } == ["in force", "waiting", "refused"])
        #expect(rules[1]["rule.placeholders"] as? String == "Servers")
        #expect((rules[2]["rule.reason"] as? String)?.contains("guess") == true)

        let shown = try Program.hisui("rules", "show", "--rules", folder.path, "runs")
        #expect(shown.status == 0)
        let rule = try #require(try objects(shown).first)
        let asks = try #require(rule["rule.asks"] as? String)
        #expect(asks.contains(#"Image is '*\\a.exe' or Image is '*\\b.exe'"#), "\(asks)")
        let both = "CommandLine is '*secret-phrase*' and CommandLine is '*tmp*'"
        #expect(asks.contains(both), "\(asks)")
        #expect(asks.contains("not User is 'svc_*'"), "\(asks)")
        // One of the texts that all must have is enough to look for: the one met least.
        #expect(rule["rule.wakes"] as? [String] == ["CommandLine: secret-phrase"])
        let route = try #require(rule["rule.route"] as? [String])
        #expect(route.contains { $0.contains("EventID is one of '1', '4688'") }, "\(route)")
    }

    @Test("a correlation shows what it counts; a name that is none is said to be none")
    func shown() throws {
        let shown = try Program.hisui("rules", "show", "hisui-ssh-brute-force")
        let rule = try #require(try objects(shown).first)
        #expect(rule["rule.asks"] as? String == "event_count gte 10 within 300s by source.ip")
        #expect(rule["rule.refers_to"] as? [String] == ["ssh_failed"])
        let none = try Program.hisui("rules", "show", "nobody")
        #expect(none.status == 1)
        #expect(none.errors.contains("'nobody'"))
        let table = try Program.hisui("rules", "show", "SSH logon failed", "--format", "table")
        let text = String(decoding: table.output, as: UTF8.self)
        #expect(text.contains("process.name is one of"))
    }
}
