import Foundation
import Testing

/// `hisui search --histogram`.
@Suite("how many events there are over time")
struct HistogramScenarios {
    private let folder: Scratch
    private var store: String { folder.path + "/store" }

    /// Errors at nine, a warning at noon, notices between, and nothing from ten to eleven.
    init() throws {
        folder = try Scratch()
        var lines: [String] = []
        func add(_ count: Int, _ priority: Int, _ hour: Int) {
            for number in 0..<count {
                let minute = number / 60 % 60 < 10 ? "0\(number / 60 % 60)" : "\(number / 60 % 60)"
                let second = number % 60 < 10 ? "0\(number % 60)" : "\(number % 60)"
                let clock = (hour < 10 ? "0\(hour)" : "\(hour)") + ":\(minute):\(second)"
                lines.append("<\(priority)>2026-03-31T\(clock)+09:00 web1 app[1]: line \(number)")
            }
        }
        add(40, 8 + 5, 8)
        add(3, 8 + 3, 9)
        add(20, 8 + 6, 9)
        add(1, 8 + 4, 12)
        let finished = try Program.run(
            Program.hisui, ["import", "--store", folder.path + "/store", "--zone", "test", "-"],
            input: Data((lines.joined(separator: "\n") + "\n").utf8))
        try #require(finished.status == 0, "\(finished.errors)")
    }

    private func search(_ arguments: String..., lang: String = "en") throws -> Finished {
        try Program.run(
            Program.hisui,
            ["search", "--store", store, "--lang", lang, "--time-zone", "Asia/Tokyo"]
                + ["--since", "2026-03-31 08:00", "--until", "2026-03-31 14:00", "--histogram"]
                + arguments)
    }

    @Test("bars with gaps, a legend, the sum and the peak")
    func table() throws {
        let found = try search("--format", "table", "*")
        #expect(found.status == 0, "\(found.errors)")
        let lines = found.text.split(separator: "\n").map(String.init)
        #expect(lines[0] == "# error or worse  = warning  - notice or less")
        #expect(lines.count == 1 + 36 + 2)
        #expect(lines[1] == "2026-03-31 08:00  40  " + String(repeating: "-", count: 58))
        #expect(lines[2] == "2026-03-31 08:10   0", "a step without events is a line")
        #expect(lines[7].hasPrefix("2026-03-31 09:00  23  #"))
        #expect(lines[7].dropFirst(22).count { $0 == "#" } == 5)
        #expect(lines[7].dropFirst(22).count == 33)
        #expect(lines[25] == "2026-03-31 12:00   1  =")
        #expect(lines[37] == "64 events in 36 steps of 10 minutes, Asia/Tokyo")
        #expect(lines[38] == "peak: 40 at 2026-03-31 08:00")
        #expect(lines.allSatisfy { $0.count <= 80 })
        let japanese = try search("--format", "table", "*", lang: "ja")
        #expect(japanese.lines[0] == "# エラー以上  = 警告  - 通知以下")
        #expect(japanese.lines.last == "最大: 40 件（2026-03-31 08:00）")
        let none = try search("--format", "table", "nothing")
        #expect(none.status == 1)
    }

    @Test("rows of counts by severity for programs")
    func rows() throws {
        let found = try search("*")
        #expect(found.lines.count == 36, "jsonl where nobody looks")
        #expect(
            found.lines[6]
                == "{\"_time\":\"2026-03-31T00:00:00Z\",\"hits\":23,\"emergency\":0,\"alert\":0,"
                + "\"critical\":0,\"error\":3,\"warning\":0,\"notice\":0,\"informational\":20,"
                + "\"debug\":0,\"other\":0}")
        let table = try search("--format", "csv", "*")
        #expect(
            table.text.hasPrefix(
                "_time,hits,emergency,alert,critical,error,warning,notice,informational,debug,"
                    + "other\r\n2026-03-31T08:00:00+09:00,40,0,0,0,0,0,40,0,0,0\r\n"))
        let acts = try Program.hisui(
            "search", "--store", store, "--acts", "--format", "jsonl", "histogram:=true")
        #expect(acts.lines.count == 2, "each is a search: \(acts.text)")
        #expect(acts.lines.allSatisfy { $0.contains("\"outcome\":\"done\"") })
    }

    @Test("what cannot be shown over time is refused")
    func refused() throws {
        for (option, name) in [("--follow", "--follow"), ("--fields=a", "--fields")] {
            let wrong = try search(option, "*")
            #expect(wrong.status == 2)
            #expect(wrong.errors.contains("--histogram and \(name) exclude each other"))
        }
        #expect(try search("--format", "raw", "*").status == 2)
        let figures = try search("* | stats count()")
        #expect(figures.status == 3 && figures.errors.contains("events and their times"))
    }

    @Test("colours are for terminals, and not where NO_COLOR is set")
    func colours() throws {
        func shown(_ environment: [String: String]) throws -> Finished {
            try Program.run(
                "script",
                [
                    "-qec",
                    "stty cols 100; '\(Program.hisui)' search --store \(store) --lang en "
                        + "--histogram '*'",
                    "/dev/null",
                ],
                environment: ["TERM": "xterm", "LC_ALL": "C.UTF-8"].merging(environment) { $1 })
        }
        let coloured = try shown(["NO_COLOR": ""])
        #expect(coloured.text.contains("\u{1B}[31;41m#"))
        let plain = try shown(["NO_COLOR": "1"])
        #expect(plain.text.contains("error or worse") && !plain.output.contains(0x1B))
        let lines = plain.text.replacing("\r\n", with: "\n").split(separator: "\n")
        #expect(lines.count > 20 && lines.allSatisfy { $0.count <= 100 })
    }
}
