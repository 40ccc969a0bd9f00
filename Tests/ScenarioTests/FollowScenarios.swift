import Foundation
import Testing

/// `hisui search --follow` over zones, and how it ends.
@Suite("following zones", .serialized)
struct FollowScenarios {
    private let folder: Scratch
    private var store: String { folder.path + "/store" }
    private var shown: String { folder.path + "/shown" }

    init() throws {
        folder = try Scratch()
        try load("old", "dmz")
    }

    /// Loads a line into a zone, as a daemon of it would append it.
    private func load(_ text: String, _ zone: String) throws {
        let finished = try Program.run(
            Program.hisui, ["import", "--store", folder.path + "/store", "--zone", zone, "-"],
            input: Data("2026-03-31T08:30:00+09:00 web1 app[7]: \(text)\n".utf8))
        try #require(finished.status == 0, "\(finished.errors)")
    }

    private func start(_ arguments: [String]) throws -> Child {
        let child = try Child(
            Program.hisui, ["search", "--store", store, "--lang", "en", "--follow"] + arguments,
            output: shown, errors: folder.path + "/errors")
        // It looks from its act on.
        try eventually("the search has begun") { try acts("follow:=true -outcome:*").count == 1 }
        Thread.sleep(forTimeInterval: 0.3)
        return child
    }

    private func lines() throws -> [String] {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: shown)), as: UTF8.self)
            .split(separator: "\n").map(String.init)
    }

    private func acts(_ query: String) throws -> [String] {
        try Program.hisui(
            "search", "--store", store, "--acts", "--format", "jsonl", "act:search \(query)"
        ).lines.filter { $0.contains("\"follow\":") }
    }

    @Test("all zones, those too that are made later; every row says its zone")
    func allZones() throws {
        let child = try start(["--format", "table", "*"])
        try load("first", "dmz")
        try load("second", "office")
        try eventually("both are shown") { try lines().count == 2 }
        let rows = try lines()
        #expect(rows[0].contains("  dmz ") && rows[0].hasSuffix("first"), "\(rows)")
        #expect(rows[1].contains("  office") && rows[1].hasSuffix("second"), "\(rows)")
        let asked = Date()
        child.signal(SIGINT)
        let status = try child.wait(seconds: 5, "search --follow")
        #expect(Date().timeIntervalSince(asked) < 2)
        #expect(status != 0, "it ends as the signal would have ended it")
        let all = try acts("follow:=true")
        #expect(all.count == 2)
        #expect(all[1].contains("\"outcome\":\"interrupted\"") && all[1].contains("\"rows\":2"))
        // The second act names the first by its time.
        let begun = try #require(all[0].firstMatch(of: /"time":"([^"]*)"|"_time":"([^"]*)"/))
        let time = String(begun.1 ?? begun.2 ?? "")
        #expect(all[1].contains("\"began\":\"\(time.prefix(19))"), "\(all)")
    }

    @Test("only the zones that are named")
    func someZones() throws {
        try load("old", "office")
        let child = try start(["--zone", "dmz", "--zone", "lab", "-o", "zone.name,_msg", "*"])
        try load("hidden", "office")
        try load("one", "lab")
        try load("two", "dmz")
        try eventually("both are shown") { try lines().count == 2 }
        #expect(
            try lines() == [
                #"{"zone.name":"lab","_msg":"one"}"#, #"{"zone.name":"dmz","_msg":"two"}"#,
            ])
        child.signal(SIGTERM)
        try child.wait(seconds: 5, "search --follow")
        #expect(try acts("outcome:interrupted zones:*").count == 1)
    }

    @Test("the last row that is wanted ends it, and so does its time")
    func first() throws {
        let child = try start(["--format", "raw", "--first", "2", "*"])
        try load("one", "dmz")
        try load("two", "office")
        #expect(try child.wait(seconds: 10, "search --follow --first") == 0)
        #expect(try lines().map { $0.suffix(3) } == ["one", "two"])
        #expect(try acts("outcome:done rows:=2").count == 1)
        let late = try Program.hisui(
            "search", "--store", store, "--follow", "--timeout", "0.5", "*")
        #expect(late.status == 3 && late.errors.contains("--timeout"))
    }

    @Test("a reader that goes away ends it, also while nothing is new")
    func closed() throws {
        let finished = try Program.run(
            "/bin/bash",
            [
                "-c",
                "'\(Program.hisui)' search --store '\(store)' --follow '*' | true; "
                    + "echo ${PIPESTATUS[0]}",
            ], seconds: 20)
        #expect(finished.lines == ["0"])
        #expect(try acts("outcome:closed").count == 1)
    }
}
