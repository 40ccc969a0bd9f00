import Foundation
import Testing

/// `hisui search --context`.
@Suite("what stands around a hit")
struct ContextScenarios {
    private let folder: Scratch
    private var store: String { folder.path + "/store" }

    /// Three imports, so that hits stand at the ends of segments, and a second source.
    init() throws {
        folder = try Scratch()
        func load(_ texts: [String], _ source: String) throws {
            let lines = texts.map { "2026-03-31T08:30:00+09:00 web1 app[7]: \($0)\n" }
            let finished = try Program.run(
                Program.hisui,
                [
                    "import", "--store", folder.path + "/store", "--zone", "dmz", "--source",
                    source, "-",
                ], input: Data(lines.joined().utf8))
            try #require(finished.status == 0, "\(finished.errors)")
        }
        try load(["one", "two", "three", "needle four"], "a")
        try load(["other five", "other needle six", "other seven"], "b")
        try load(["eight", "nine", "ten", "eleven", "needle twelve"], "a")
    }

    private func search(_ arguments: String...) throws -> Finished {
        try Program.run(
            Program.hisui,
            ["search", "--store", store, "--lang", "en", "--time-zone", "Asia/Tokyo"] + arguments)
    }

    private func messages(_ raw: Finished) -> [String] {
        raw.lines.map { $0.components(separatedBy: "]: ").last ?? "" }
    }

    @Test("records of the source, over segments, each once, parted by --")
    func raw() throws {
        let found = try search("--format", "raw", "--context", "1", "needle")
        #expect(found.status == 0, "\(found.errors)")
        #expect(
            messages(found) == [
                "three", "needle four", "eight", "--", "eleven", "needle twelve", "--",
                "other five", "other needle six", "other seven",
            ])
        let wide = try search("--format", "raw", "--context", "2", "needle -other")
        #expect(
            messages(wide) == [
                "two", "three", "needle four", "eight", "nine", "ten", "eleven", "needle twelve",
            ], "stretches that touch are one")
        let pipe = try search(
            "--format", "raw", "needle -other | stream_context before 2 after 0 | limit 4")
        #expect(messages(pipe) == ["two", "three", "needle four", "--", "ten"])
        let none = try search("--context", "3", "nothing")
        #expect(none.status == 1 && none.text.isEmpty)
    }

    @Test("marks of hits, in a table and in fields")
    func marks() throws {
        let table = try search("--format", "table", "--context", "1", "needle -other")
        #expect(table.lines.map { $0.prefix(2) } == ["  ", "> ", "  ", "--", "  ", "> "])
        let rows = try search("--context", "0", "-o", "_msg", "needle -other")
        #expect(
            rows.lines == [
                #"{"_msg":"needle four","hisui.context":1,"hisui.hit":"true"}"#,
                #"{"_msg":"needle twelve","hisui.context":2,"hisui.hit":"true"}"#,
            ])
        let csv = try search("--context", "1", "-o", "_msg", "--format", "csv", "twelve")
        #expect(
            csv.text == "_msg,hisui.context,hisui.hit\r\neleven,1,\r\nneedle twelve,1,true\r\n")
        let acts = try search("--acts", "--format", "jsonl", "act:search context:*")
        #expect(acts.lines.count == 3)
        #expect(acts.lines[0].contains("\"rows\":5"), "what was shown counts: \(acts.lines[0])")
    }

    @Test("what has no context is refused")
    func refused() throws {
        for wrong in [
            ["--follow", "--context", "1", "x"], ["--last", "1", "--context", "1", "x"],
            ["--histogram", "--context", "1", "x"], ["--context", "-1", "x"],
            ["--context", "10001", "x"], ["--context", "1", "x | stats count()"],
        ] {
            let found = try Program.run(Program.hisui, ["search", "--store", store] + wrong)
            #expect(found.status == 2, "\(wrong): \(found.errors)")
        }
    }

    @Test("an open log of a daemon has context too")
    func openLog() throws {
        let daemon = try RunningDaemon()
        try daemon.start()
        for text in ["before", "needle", "after"] {
            try Program.shell("logger -n 127.0.0.1 -P \(daemon.tcpPort) -T '\(text)'")
            try eventually("\(text) is stored") { try daemon.count(text) == 1 }
        }
        let found = try Program.hisui(
            "search", "--store", daemon.store, "--context", "1", "-o", "_msg", "needle")
        #expect(found.lines.count == 3, "\(found.text)")
        #expect(try daemon.stop() == 0)
    }
}
