import Foundation
import Testing

/// What can be said of a search beside its query.
@Suite("options of a search", .serialized)
struct SearchScenarios {
    private let folder: Scratch
    private var store: String { folder.path + "/store" }

    private static let lines = [
        "2026-03-30T23:59:59+09:00 web1 sshd[7]: Accepted password for taro from ::1 port 22 ssh2",
        "2026-03-31T08:30:00+09:00 web1 sshd[8]: Failed password for root from ::9 port 22 ssh2",
        "2026-03-31T23:59:59+09:00 web2 sshd[9]: Failed password for taro from ::9 port 23 ssh2",
        "2026-04-01T00:00:00+09:00 web2 sshd[9]: Failed password for root from ::9 port 24 ssh2",
        "2026-04-02T02:00:00+09:00 web2 app: =SUM(1+1), \"quoted\"",
    ]

    init() throws {
        folder = try Scratch()
        let finished = try Program.run(
            Program.hisui, ["import", "--store", folder.path + "/store", "--zone", "test", "-"],
            input: Data((Self.lines.joined(separator: "\n") + "\n").utf8))
        try #require(finished.status == 0, "\(finished.errors)")
    }

    private func search(_ arguments: String...) throws -> Finished {
        try Program.run(
            Program.hisui,
            ["search", "--store", store, "--lang", "en", "--time-zone", "Asia/Tokyo"]
                + arguments)
    }

    @Test("days, months and clocks, of eras too")
    func times() throws {
        func places(_ arguments: String...) throws -> [Int] {
            let found = try Program.run(
                Program.hisui,
                ["search", "--store", store, "--time-zone", "Asia/Tokyo"] + arguments
                    + ["--format", "raw", "*"])
            return try found.lines.map { line in try #require(Self.lines.firstIndex(of: line)) }
        }
        #expect(try places("--since", "2026-03-31", "--until", "2026-03-31") == [1, 2])
        #expect(try places("--since", "令和8年3月", "--until", "令和8年3月") == [0, 1, 2])
        #expect(try places("--since", "2026年4月1日") == [3, 4])
        #expect(try places("--until", "2026-03-31 08:30") == [0])
        #expect(try places("--since", "2026-03-31 24:00", "--until", "R8.4.1") == [3])
        #expect(try places("--last", "2") == [3, 4])
        #expect(try places("--first", "2", "--since", "令和8年度") == [3, 4])
        let wrong = try search("--since", "someday", "*")
        #expect(wrong.status == 2)
        #expect(wrong.errors.contains("--since 'someday' is no time"))
        #expect(try search("--since", "2026-04-01", "--until", "2026-03-01", "*").status == 2)
        #expect(try search("--last", "2", "* | stats count()").status == 2)
        #expect(try search("--first", "1", "--last", "2", "*").status == 2)
        let acts = try search("--acts", "--format", "jsonl", "act:search range.last:*")
        #expect(acts.lines.count == 4, "what time was searched is recorded: \(acts.text)")
    }

    @Test(
        "a query is explained: its tree, its plan, what was read; it is an act, and shows no record"
    )
    func explanations() throws {
        let query = "\"Failed password\" user.name:=root | stats count() n"
        let told = try search("--explain", "--format", "table", query)
        #expect(told.status == 0, "\(told.errors)")
        for line in [
            "├─ and", "│  ├─ \"Failed password\"", "│  └─ user.name:=root",
            "└─ | stats count(*) as n", "figures are made of columns, block by block",
            "  found                                      2\n", "1 rows in the result",
        ] {
            #expect(told.text.contains(line), "\(line) in \(told.text)")
        }
        let japanese = try search("--lang", "ja", "--explain", "--format", "table", query)
        #expect(japanese.text.contains("構文木") && japanese.text.contains("結果 1 行"))
        let line = try search("--explain", "--format", "jsonl", query)
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(line.lines[0].utf8)) as? [String: Any])
        #expect(line.lines.count == 1)
        #expect(object["rows.all"] as? Int == 5 && object["rows.found"] as? Int == 2)
        let fates = [
            "outsideTime", "notNeeded", "shape", "footer", "filters", "columns", "known",
            "read",
        ]
        #expect(fates.reduce(0) { $0 + (object["rows.\($1)"] as? Int ?? 0) } == 5)
        #expect(object["plan.access"] as? String == "groups")
        #expect((object["read.footers"] as? Int ?? 0) > 0)
        #expect(try search("--explain", "--follow", "x").status == 2)
        #expect(try search("--explain", "--format", "csv", "x").status == 2)
        let acts = try search("--acts", "--format", "jsonl", "act:search explain:true")
        #expect(acts.lines.count == 3 && acts.lines[0].contains(#""rows":1,"#), "\(acts.text)")
    }

    @Test("a table for a spreadsheet, and only some fields")
    func tables() throws {
        let table = try search(
            "--format", "csv", "--bom", "-o", "_time,user.name, _msg", "--since", "2026-04-01", "*")
        #expect(
            table.text == """
                \u{FEFF}_time,user.name,_msg\r
                2026-04-01T00:00:00+09:00,root,Failed password for root from ::9 port 24 ssh2\r
                2026-04-02T02:00:00+09:00,,"'=SUM(1+1), ""quoted""\u{22}\r

                """)
        let figures = try search("--format", "csv", "failed | stats by (user.name) count() n")
        #expect(figures.text == "", "the word is Failed")
        let some = try search("--format", "csv", "Failed | stats by (user.name) count() n")
        #expect(some.text == "user.name,n\r\nroot,2\r\ntaro,1\r\n")
        let all = try search("--format", "csv", "--last", "1", "*")
        #expect(
            all.text.hasPrefix(
                "_time,zone.name,hisui.source,host.name,process.name,log.syslog.appname,"
                    + "event.action,event.outcome,user.name,source.ip,_msg\r\n"))
        #expect(all.text.contains(",web2,app,app,,,,,\"'=SUM(1+1)"), "\(all.text)")
        let rows = try search("--fields", "host.name", "--format", "jsonl", "--last", "1", "*")
        #expect(rows.text == "{\"host.name\":\"web2\"}\n")
    }

    @Test("queries inside filters, nights, and sequences")
    func filters() throws {
        func count(_ query: String) throws -> Int {
            try search("--format", "jsonl", query).lines.count
        }
        #expect(try count("user.name:in(Accepted | fields user.name)") == 2)
        #expect(try count("_time:day_range[22:00, 06:00)") == 4)
        #expect(try count("_time:week_range[Tue, Tue]") == 2)
        #expect(try count("seq(root, 24)") == 1)
        #expect(try count("{host.name=~\"web.\"} !{host.name=\"web2\"}") == 2)
        let follow = try search("--follow", "user.name:in(a | fields user.name)")
        #expect(follow.status == 3)
        #expect(follow.errors.contains("asked once"))
    }

    @Test("a search that takes too long, or too much, ends with a word")
    func bounds() throws {
        let late = try search("--timeout", "0.000001", "*")
        #expect(late.status == 3)
        #expect(late.errors.contains("--timeout"))
        let acts = try search("--acts", "--format", "jsonl", "act:search outcome:interrupted")
        #expect(acts.lines.count == 1)
        for wrong in [
            ["--timeout", "0"], ["--memory", "0"], ["--first", "-1"], ["--last", "x"],
        ] {
            let refused = try Program.run(
                Program.hisui, ["search", "--store", store] + wrong + ["*"])
            #expect(refused.status == 2, "\(wrong)")
        }
    }
}
