import Foundation
import Testing

/// Tables that an asset-management tool drops into a folder, and text in other encodings.
@Suite("folders of tables, encodings, joined lines", .serialized)
struct FolderScenarios {
    /// Rows of a day's export.
    private func table(_ day: Int, _ rows: Range<Int>) -> String {
        "日時,端末名,ユーザー,操作,備考\n"
            + rows.map {
                "2026/11/\(day) 10:00:00,PC\($0),user\($0),表示,\"一行目\n二行目 \($0)\"\n"
            }.joined()
    }

    private func encoded(_ text: String, _ codec: String) throws -> Data {
        let result = try Program.run(
            try Program.find("python3"),
            [
                "-c",
                "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read().decode()"
                    + ".encode('\(codec)'))",
            ], input: Data(text.utf8))
        try #require(result.status == 0, "\(result.errors)")
        return result.output
    }

    @Test("a daily export in CP932: each file once, columns are fields, every file an act")
    func daily() throws {
        let daemon = try RunningDaemon(sources: [
            """
            csv-folder: { path: FOLDER/drop, files: "*.csv" }
                id: assets
                encoding: cp932
                complete: renamed
            """
        ])
        let drop = daemon.folder.path + "/drop"
        try Program.shell("mkdir '\(drop)'; chmod 755 '\(daemon.folder.path)'")
        func put(_ day: Int, _ rows: Range<Int>, as name: String) throws {
            try encoded(table(day, rows), "cp932").write(to: URL(fileURLWithPath: drop + "/part"))
            try Program.shell("mv '\(drop)/part' '\(drop)/\(name)'")
        }
        try daemon.start()
        try put(25, 0..<20, as: "1125.csv")
        try eventually("the first day") { try daemon.count("操作:=表示") == 20 }
        // Killed while a large one is read, again and again.
        try put(26, 1000..<31_000, as: "1126.csv")
        for _ in 0..<4 {
            usleep(150_000)
            daemon.kill9()
            try daemon.start()
        }
        try eventually("the second day") { try daemon.count("操作:=表示") == 30_020 }
        try Program.shell(
            "cp '\(drop)/1125.csv' '\(drop)/part'; mv '\(drop)/part' '\(drop)/copy.csv'")
        try eventually("the copy is an act") {
            try acts(daemon).contains { $0["file.outcome"] == "duplicate" }
        }
        #expect(try daemon.stop() == 0)
        #expect(try daemon.count("ユーザー:=user30999") == 1)
        #expect(try daemon.count("備考:\"二行目 30999\"") == 1)
        #expect(try daemon.count("端末名:=PC5 _time:2026-11-25T01:00:00Z") == 1)
        let taken = try acts(daemon).filter { $0["file.outcome"] == "taken" }
        // The act may be written once more after a crash; what it says is the same.
        #expect(Set(taken.compactMap { $0["file.sha256"] }).count == 2)
        for act in taken {
            let isFirst = act["file.path"]?.hasSuffix("1125.csv") ?? false
            #expect(act["rows"] == (isFirst ? "21" : "30001") && act["rows.odd"] == "0")
        }
        try expectEquation(daemon.store)
    }

    private func acts(_ daemon: RunningDaemon) throws -> [[String: String]] {
        try Program.hisui(
            "search", "--store", daemon.store, "--acts", "--format", "jsonl", "act:=file"
        ).lines.compactMap { line in
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        }.map { $0.mapValues { "\($0)" } }
    }

    @Test(
        "followed files in UTF-16 and ISO-2022-JP are searched as text",
        arguments: ["utf-16", "utf-16-be", "iso2022_jp", "euc_jp", "cp932"])
    func encodings(codec: String) throws {
        let name = ["utf-16-be": "utf-16be", "iso2022_jp": "iso-2022-jp", "euc_jp": "euc-jp"]
        let daemon = try RunningDaemon(sources: [
            """
            files: { paths: [ FOLDER/*.log ] }
                encoding: \(name[codec] ?? codec)
            """
        ])
        let lines = (0..<300).map { "2026-11-27 10:00:00 業務 利用者\($0)が表示 \"ゼロ\" \($0)" }
        let text = lines.joined(separator: "\r\n") + "\r\n"
        try encoded(text, codec).write(to: URL(fileURLWithPath: daemon.folder.path + "/a.log"))
        try Program.shell("chmod 755 '\(daemon.folder.path)'")
        try daemon.start()
        try eventually("all lines") { try daemon.count("利用者 表示") == 300 }
        #expect(try daemon.count("\"利用者42が表示\"") == 1)
        #expect(try daemon.count("業務 hisui.flags:charset-lossy") == 0)
        #expect(try daemon.stop() == 0)
        let messages = try daemon.messages("業務")
        #expect(Set(messages.map { $0.hasSuffix("\"ゼロ\" 7") }) == [true, false])
    }

    @Test("import: encodings, tables and joined lines; the same file again adds nothing")
    func imports() throws {
        let folder = try Scratch()
        let store = folder.path + "/store"
        func load(_ arguments: String...) throws -> Finished {
            try Program.run(
                Program.hisui,
                ["import", "--lang", "en", "--store", store, "--zone", "z"] + arguments)
        }
        func count(_ query: String) throws -> Int {
            try Program.hisui("search", "--store", store, "--format", "jsonl", query).lines.count
        }
        try encoded(table(25, 0..<50), "utf-16").write(
            to: URL(fileURLWithPath: folder.path + "/a.csv"))
        for round in 0..<2 {
            let result = try load("--csv", folder.path + "/a.csv")
            #expect(result.status == 0, "\(round): \(result.errors)")
            #expect(try count("操作:=表示") == 50)
        }
        #expect(try count("備考:\"二行目 49\"") == 1)
        try Data("2026-11-27 E boom\n\tat A\nCaused by: x\n2026-11-27 I fine\n".utf8).write(
            to: URL(fileURLWithPath: folder.path + "/java.log"))
        for _ in 0..<2 {
            #expect(try load("--join", "start:^[0-9]{4}-", folder.path + "/java.log").status == 0)
        }
        #expect(try count("boom \"Caused by\"") == 1)
        #expect(try count("fine") == 1)
        #expect(try load("--encoding", "utf-32", folder.path + "/a.csv").status != 0)
        #expect(try load("--join", "start:[", folder.path + "/a.csv").status != 0)
        try expectEquation(store)
    }

    @Test("stack traces are one record each, whatever kill -9 comes between")
    func joined() throws {
        let daemon = try RunningDaemon(sources: [
            """
            files: { paths: [ FOLDER/*.log ] }
                join: { start: '^[0-9]{4}-', wait_seconds: 1 }
            """
        ])
        try Program.shell("chmod 755 '\(daemon.folder.path)'")
        try daemon.start()
        let writer = try Child(
            try Program.find("bash"),
            [
                "-c",
                """
                for i in $(seq 0 1499); do
                    printf '2026-11-27 error %d\\n\\tat first(%d)\\n' $i $i
                    [ $((i % 100)) != 50 ] || sleep 0.05
                    printf '\\tat second(%d)\\nCaused by: end %d\\n' $i $i
                done >> '\(daemon.folder.path)/app.log'
                """,
            ], errors: daemon.folder.path + "/writer.err")
        for _ in 0..<5 {
            usleep(120_000)
            daemon.kill9()
            try daemon.start()
        }
        _ = try writer.wait(seconds: 60)
        try eventually("every trace is there") { try daemon.count("error") == 1500 }
        #expect(try daemon.stop() == 0)
        #expect(try daemon.count("*") == 1500)
        #expect(try daemon.count("\"error 77\" \"first(77)\" \"second(77)\" \"end 77\"") == 1)
        try expectEquation(daemon.store)
    }
}
