import Foundation
import Testing

@Suite("parsers: from lines nobody knows to a definition, and how much is known")
struct ParserScenarios {
    private let folder: Scratch
    private var store: String { folder.path + "/store" }

    init() throws { folder = try Scratch() }

    /// A log of a program that no shipped definition knows.
    private func makeLog() throws {
        var lines: [String] = []
        for number in 1...40 {
            let head = "Nov 23 10:00:\(String(format: "%02d", number)) plant01 "
            let source = "192.0.2.\(number)"
            lines += [
                head + "kilnd[812]: session \(1000 + number) for operator\(number % 3) opened "
                    + "from \(source):\(40000 + number)",
                head + "kilnd[812]: temperature zone=\(number % 4) target=\(900 + number) "
                    + "actual=\(890 + number) unit=C",
                head + "kilnd[812]: recipe \"batch \(number)\" loaded (rev {\(number)}) [ok]",
                head + "kilnctl[7]: valve V-\(number) moved to \(number)% by 設備係\(number)",
            ]
        }
        try (lines.joined(separator: "\n") + "\n").write(
            toFile: folder.path + "/log", atomically: true, encoding: .utf8)
    }

    private func objects(_ finished: Finished) throws -> [[String: Any]] {
        try finished.lines.map {
            try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
        }
    }

    @Test("suggest, finish each TODO, check, import with it: every line is known")
    func suggest() throws {
        try makeLog()
        let (log, out) = (folder.path + "/log", folder.path + "/out")
        try Program.shell("mkdir '\(out)'")
        let drafted = try Program.hisui("parsers", "suggest", "--lang", "en", "--out", out, log)
        #expect(drafted.status == 0, "\(drafted.errors)")
        #expect(drafted.lines == [out + "/site.kilnd.yaml", out + "/site.kilnctl.yaml"])
        #expect(drafted.errors.contains("160 records, 160 known to no rule; drafts for 160"))
        let text = try String(contentsOfFile: drafted.lines[0], encoding: .utf8)
        #expect(text.contains("CAUTION: the samples are real lines of this site"), "\(text)")

        let refused = try Program.run(Program.hisui, ["check", "parsers"] + drafted.lines)
        #expect(refused.status == 3)
        #expect(refused.errors.contains("`event.action` is still TODO"), "\(refused.errors)")

        try Program.shell("sed -i 's/event.action: TODO/event.action: device-command/' '\(out)'/*")
        let checked = try Program.run(Program.hisui, ["check", "parsers"] + drafted.lines)
        #expect(checked.status == 0, "\(checked.errors)")

        try Program.shell("cp \"$(dirname '\(out)')\"/out/*.yaml '\(folder.path)'")
        let shipped = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../parsers").standardized.path
        let loaded = try Program.hisui(
            "import", "--store", store, "--zone", "z", "--source", "kiln", "--parsers", shipped,
            "--parsers", out, log)
        #expect(loaded.status == 0, "\(loaded.errors)")
        let covered = try objects(
            Program.hisui("parsers", "coverage", "--store", store, "--format", "jsonl"))
        #expect(covered.compactMap { $0["program"] as? String } == ["kilnd", "kilnctl"])
        #expect(covered.compactMap { $0["records"] as? Int } == [120, 40])
        #expect(covered.compactMap { $0["recognised"] as? Int } == [120, 40])
    }

    @Test("drafts on standard output are documents one behind the other; a file is never replaced")
    func places() throws {
        try makeLog()
        let log = folder.path + "/log"
        let all = try Program.hisui("parsers", "suggest", log)
        #expect(all.status == 0)
        #expect(all.text.components(separatedBy: "---\n").count == 3)
        let first = try Program.hisui("parsers", "suggest", "--programs", "1", log)
        #expect(first.text.components(separatedBy: "parser: site.").count == 2)
        let out = folder.path + "/out"
        try Program.shell("mkdir '\(out)'; echo mine > '\(out)/site.kilnd.yaml'")
        let refused = try Program.hisui("parsers", "suggest", "--out", out, log)
        #expect(refused.status == 3)
        #expect(refused.errors.contains("site.kilnd.yaml"), "\(refused.errors)")
        let kept = try String(contentsOfFile: out + "/site.kilnd.yaml", encoding: .utf8)
        #expect(kept == "mine\n")
        // Nothing is drafted for what is known, and files that are not there are told.
        try "Nov 23 10:00:00 h sshd[1]: Server listening on 0.0.0.0 port 22.\n".write(
            toFile: folder.path + "/known", atomically: true, encoding: .utf8)
        #expect(try Program.hisui("parsers", "suggest", folder.path + "/known").text.isEmpty)
        #expect(try Program.hisui("parsers", "suggest", folder.path + "/none").status == 3)
    }

    @Test("coverage tells by source and program, by rule and by time, and is recorded")
    func coverage() throws {
        try makeLog()
        let known = (0..<6).map {
            "Nov 23 12:00:0\($0) h sshd[812]: Failed password for root from 192.0.2.9 port "
                + "526\($0) ssh2"
        }
        try
            ((known + ["Nov 23 12:30:00 h sshd[812]: \u{1B}[31mnobody knows 5"])
            .joined(separator: "\n") + "\n").write(
                toFile: folder.path + "/ssh", atomically: true, encoding: .utf8)
        for name in ["log", "ssh"] {
            let loaded = try Program.hisui(
                "import", "--store", store, "--zone", "z", "--source", name,
                "--reference-time", "2026-11-24T00:00:00+09:00", folder.path + "/" + name)
            #expect(loaded.status == 0, "\(loaded.errors)")
        }
        let all = try objects(
            Program.hisui(
                "parsers", "coverage", "--store", store, "--rules", "--format", "jsonl"))
        let groups = all.filter { $0["kind"] as? String == "coverage" }
        #expect(groups.compactMap { $0["program"] as? String } == ["kilnd", "kilnctl", "sshd"])
        #expect(groups.compactMap { $0["records"] as? Int } == [120, 40, 7])
        #expect(groups.compactMap { $0["recognised"] as? Int } == [0, 0, 6])
        let rules = all.filter { $0["kind"] as? String == "rule" }
        #expect(rules.compactMap { $0["parser"] as? String } == ["linux.sshd"])
        #expect(rules.compactMap { $0["records"] as? Int } == [6])
        let unknown = all.filter { $0["kind"] as? String == "unknown" }
        #expect(unknown.compactMap { $0["records"] as? Int }.reduce(0, +) == 161)

        let table = try Program.hisui(
            "parsers", "coverage", "--lang", "en", "--store", store, "--format", "table",
            "--since", "2026-11-23T12:00:00+09:00")
        #expect(table.text.contains("sshd"))
        #expect(!table.text.contains("kilnd"))
        #expect(table.text.contains("85.7"), "\(table.text)")
        #expect(!table.text.contains("\u{1B}"))
        let none = try Program.hisui(
            "parsers", "coverage", "--store", store, "--since", "2026-11-24", "--format", "jsonl")
        #expect(none.text.isEmpty)
        #expect(
            try Program.hisui(
                "parsers", "coverage", "--store", store, "--since", "2026-11-24", "--until",
                "2026-11-23"
            ).status == 2)
        let acts = try objects(
            Program.hisui(
                "search", "--store", store, "--acts", "--format", "jsonl",
                #"act:search command:"parsers coverage""#))
        #expect(acts.compactMap { $0["outcome"] as? String } == ["done", "done", "done"])
    }

    @Test("schema prints the page of fields")
    func schema() throws {
        let page = try Program.hisui("parsers", "schema")
        #expect(page.status == 0)
        #expect(page.text.hasPrefix("# Fields and words of events\n"))
        #expect(page.text.contains("| `user.name` | keyword | yes |"))
    }
}
