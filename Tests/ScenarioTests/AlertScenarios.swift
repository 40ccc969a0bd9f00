import Foundation
import HisuiEvent
import HisuiFile
import HisuiStore
import Testing

@Suite("alerts: findings and the records behind them")
struct AlertScenarios {
    private static let ids = ["aa00" + tail, "ab11" + tail, "cc22" + tail]
    private static let tail = String(repeating: "0123", count: 7)
    private static let second: Int64 = 1_000_000_000

    /// A store with three records, and acts of three findings.
    private static func store(_ folder: Scratch) throws -> String {
        let file = folder.path + "/a.log"
        try "Nov 20 10:00:00 h app: one\nNov 20 10:00:00 h app: two \u{1B}[31m\n".write(
            toFile: file, atomically: true, encoding: .utf8)
        let store = folder.path + "/store"
        #expect(try Program.hisui("import", "--store", store, "--zone", "z", file).status == 0)
        let now = Int64(Date().timeIntervalSince1970) * second
        let log = ActLog(
            fileSystem: RealFileSystem(), store: store, now: { Timestamp(nanoseconds: now) })
        try log.append([
            finding(
                0, "open", "high", now - 30 * 86_400 * second, events: ["z/default/0"], count: 1),
            finding(1, "open", "critical", now - 60 * second, events: ["z/default/0"], count: 1),
            finding(2, "open", "low", now - 50 * second, zone: "y", events: [], count: 0),
            finding(
                1, "final", "critical", now - 10 * second,
                events: ["z/default/0", "z/default/1", "z/default/9", "q/default/0", "odd"],
                count: 1234),
            Act(
                .deletion, time: Timestamp(nanoseconds: now), zone: "z", actor: Actor(.daemon),
                fields: [
                    ("stream", .text("default")), ("leaves.first", .integer(9)),
                    ("leaves.end", .integer(10)), ("policy.id", .text("three-years")),
                ]),
        ])
        return store
    }

    private static func finding(
        _ number: Int, _ state: String, _ level: String, _ time: Int64, zone: String = "z",
        events: [String], count: Int64
    ) -> Act {
        Act(
            .finding, time: Timestamp(nanoseconds: time), zone: zone, actor: Actor(.daemon),
            fields: [
                ("finding.id", .text(ids[number])), ("finding.state", .text(state)),
                ("rule.id", .text("rule-\(number)")), ("rule.title", .text("Finding \(number)")),
                ("rule.title_ja", .text("検知その\(number)")), ("rule.level", .text(level)),
                ("entity.user.name", .list(["ro\u{1B}ot"])), ("events", .list(events)),
                ("events.count", .integer(count)),
            ])
    }

    @Test("the list has each finding once, in its newest state, the newest first")
    func list() throws {
        let folder = try Scratch()
        let store = try Self.store(folder)
        func ids(_ arguments: String...) throws -> [Substring] {
            let found = try Program.run(
                Program.hisui, ["alerts", "--store", store, "--format", "jsonl"] + arguments)
            #expect(found.status == 0, "\(found.errors)")
            return try found.lines.map { line in
                let act = try JSONSerialization.jsonObject(with: Data(line.utf8))
                return ((act as? [String: Any])?["finding.id"] as? String ?? "").prefix(4)
            }
        }
        #expect(try ids() == ["ab11", "cc22", "aa00"])
        #expect(try ids("--since", "24h") == ["ab11", "cc22"])
        #expect(try ids("--until", "24h") == ["aa00"])
        #expect(try ids("--since", "2020-01-01") == ["ab11", "cc22", "aa00"])
        #expect(try ids("--zone", "y") == ["cc22"])
        #expect(try ids("--level", "high") == ["ab11", "aa00"])
        for wrong in [["--level", "huge"], ["--since", "soon"], ["--since", "1 or *"]] {
            let found = try Program.run(Program.hisui, ["alerts", "--store", store] + wrong)
            #expect(found.status == 2, "\(wrong)")
        }
        let table = try Program.hisui("alerts", "--store", store, "--format", "table")
        #expect(table.lines.count == 4 && !table.output.contains(0x1B))
        #expect(table.lines[1].contains("final") && table.lines[1].contains("1,234"))
        let japanese = try Program.hisui(
            "alerts", "--store", store, "--format", "table", "--lang", "ja")
        #expect(japanese.text.contains("検知その1") && japanese.text.contains("重大"))
        let status = try Program.hisui("status", "--store", store)
        #expect(status.text.contains("Findings of the last 24 hours: critical 1, low 1."))
    }

    @Test("one finding is shown with its records, and with the reason for those that are gone")
    func show() throws {
        let folder = try Scratch()
        let store = try Self.store(folder)
        let shown = try Program.hisui("alerts", "show", "AB", "--store", store, "--format", "table")
        #expect(shown.status == 0, "\(shown.errors)")
        #expect(!shown.output.contains(0x1B))
        for text in [
            Self.ids[1], "app: one", "app: two \\x1b[31m", "three-years", "no such stream",
            "no reference to a record", "1,229 more",
        ] {
            #expect(shown.text.contains(text), "\(text) in \(shown.text)")
        }
        let one = try Program.hisui(
            "alerts", "show", "ab", "--store", store, "--limit", "1", "--format", "jsonl")
        #expect(one.lines.count == 2)
        let record = try JSONSerialization.jsonObject(with: Data(one.lines[1].utf8))
        #expect(
            (record as? [String: Any])?["event.original"] as? String == "Nov 20 10:00:00 h app: one"
        )
        #expect(try Program.hisui("alerts", "show", "dd", "--store", store).status == 1)
        #expect(try Program.hisui("alerts", "show", "a", "--store", store).status == 2)
        // Looking at records is an act, listing findings is none.
        let acts = try ActScenarios.acts(store, "act:=search")
        #expect(acts.map { $0["finding.id"] as? String } == [Self.ids[1], Self.ids[1]])
        #expect(acts.map { $0["rows"] as? Int } == [2, 1])
    }
}
