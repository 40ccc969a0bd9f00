import Foundation
import Testing

@Suite("import: the same file again, under any name, after any end")
struct ImportScenarios {
    private let folder: Scratch
    private var store: String { folder.path + "/store" }

    init() throws { folder = try Scratch() }

    private func load(_ arguments: String..., input: Data? = nil) throws -> Finished {
        try Program.run(
            Program.hisui,
            ["import", "--lang", "en", "--store", store, "--zone", "z"]
                + arguments.map { $0.hasPrefix("-") ? $0 : folder.path + "/" + $0 }, input: input)
    }

    /// Records in the store.
    private func count(_ query: String = "*") throws -> Int {
        try Program.hisui("search", "--store", store, "--format", "raw", query).lines.count
    }

    private func shell(_ script: String) throws {
        try Program.shell("cd '\(folder.path)'\n" + script)
    }

    /// Makes a file of numbered lines.
    private func make(_ name: String, _ numbers: ClosedRange<Int>) throws {
        try shell(
            "seq -f 'Nov 20 10:00:00 h app[7]: value %.0f of many' "
                + "\(numbers.lowerBound) \(numbers.upperBound) > \(name)")
    }

    @Test("twice, renamed, rotated and compressed: nothing is stored twice, and the sum is told")
    func again() throws {
        try make("messages", 1...3000)
        #expect(try load("messages").status == 0)
        let second = try load("messages")
        #expect(second.status == 0, "\(second.errors)")
        #expect(second.errors.contains("skipped: files 1, records 3,000"), "\(second.errors)")
        try shell("mv messages messages.1")
        #expect(try load("messages.1").errors.contains("skipped: files 1"))
        try shell("gzip messages.1; mv messages.1.gz messages.2.gz; mkdir old")
        try shell("cp messages.2.gz old; zcat messages.2.gz | zstd -q > old/x.zst")
        #expect(try load("messages.2.gz", "old/messages.2.gz", "old/x.zst").status == 0)
        #expect(try count() == 3000)
        let listed = try Program.hisui("sources", "--store", store, "--format", "jsonl")
        let counts = try listed.lines.map { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return [object?["stored"] as? Int ?? -1, object?["deduplicated"] as? Int ?? -1]
        }
        #expect(counts.map { $0[0] }.reduce(0, +) == 3000)
        #expect(counts.map { $0[1] }.reduce(0, +) == 15_000)
        try expectEquation(store)
        #expect(try load("--again", "old/x.zst").status == 0)
        #expect(try count() == 6000)
        #expect(try Program.hisui("verify", "--store", store).status == 0)
    }

    @Test("a file that has grown goes on, also behind its rotation and inside its last line")
    func grown() throws {
        try make("log", 1...2000)
        #expect(try load("--source=app", "log").status == 0)
        try shell("printf 'no end yet' >> log")
        #expect(try load("--source=app", "log").status == 0)
        try shell("printf '\\nmore\\n' >> log; cp log log.1; echo new > log; gzip log.1")
        let last = try load("--source=app", "log", "log.1.gz")
        #expect(last.status == 0, "\(last.errors)")
        #expect(last.errors.contains("Continued where an import had ended: files 1, after 2,001"))
        let raw = try Program.hisui("search", "--store", store, "--format", "raw", "*")
        #expect(raw.lines.count == 2003)
        #expect(raw.lines.suffix(3) == ["no end yet", "new", "more"])
        // Many files of one source: each is known again.
        #expect(try load("--source=app", "log", "log.1.gz").errors.contains("files 2"))
        #expect(try count() == 2003)
        try expectEquation(store)
    }

    @Test("files that begin alike are different files, and so is one that was written anew")
    func beginAlike() throws {
        try make("a", 1...1000)
        try shell("cp a b; cp a c; echo 'one more' >> a; echo 'another' >> b; : > empty")
        let both = try load("a", "b", "empty")
        #expect(both.status == 0, "\(both.errors)")
        #expect(try count() == 2002)
        #expect(both.errors.contains("Empty files: 1"))
        try make("a", 5...900)
        #expect(try load("a").status == 0)
        #expect(try count() == 2002 + 896)
        // A name that a daemon's source or other records have is refused, with the way out.
        try shell("printf '__CURSOR=s=1\\nMESSAGE=x\\n\\n' > journal")
        let mixed = try load("--source=import:\(folder.path)/a", "journal")
        #expect(mixed.status == 3)
        #expect(mixed.errors.contains("--source"), "\(mixed.errors)")
        #expect(try load("--source=no name", "journal").status == 2)
    }

    @Test("kill -9 at ten random moments, then again: every line once")
    func killed() throws {
        // Three segments, so that some kills come behind one.
        try shell(
            """
            seq -f 'n %.0f' 1 1400000 > a; seq -f 'n %.0f' 1400001 2600000 | gzip -1 > b.gz
            printf 'the last' > c
            """)
        let files = ["a", "b.gz", "c"].map { folder.path + "/" + $0 }
        let expected = try Program.run(
            "bash", ["-c", "cd '\(folder.path)'; (cat a; zcat b.gz; cat c; echo) | sha256sum"])
        var kills = 0
        var rounds = 0
        while kills < 10 {
            rounds += 1
            let store = folder.path + "/store\(rounds)"
            let arguments = ["import", "--store", store, "--zone", "z", "--source", "n"] + files
            var isDone = false
            while !isDone {
                let child = try Child(Program.hisui, arguments)
                usleep(UInt32.random(in: 100_000...2_500_000))
                child.signal(SIGKILL)
                let status = try child.wait()
                // It may have come to its end just before.
                isDone = status == 0
                if !isDone {
                    kills += 1
                    #expect(status == 128 + 9)
                }
                // A slow machine would never get to the end.
                if kills >= 10 { break }
            }
            let last = try Program.run(Program.hisui, arguments, seconds: 300)
            #expect(last.status == 0, "\(last.errors)")
            let search = "'\(Program.hisui)' search --store '\(store)' --format raw '*'"
            let found = try Program.run("bash", ["-c", search + " | sha256sum"], seconds: 300)
            #expect(found.text == expected.text, "round \(rounds)")
            try expectEquation(store)
            try FileManager.default.removeItem(atPath: store)
        }
    }

    @Test("a dry run writes nothing, and tells what the rules know and what they do not")
    func dryRun() throws {
        let lines = [
            "Nov 23 10:00:00 h sshd[812]: Failed password for root from 192.0.2.9 port 5268 ssh2",
            "Nov 23 10:00:01 h thing[1]: opened valve 11 \u{1B}[31m",
            "Nov 23 10:00:02 h thing[1]: opened valve 12 \u{1B}[31m", "plain",
        ]
        try (lines.joined(separator: "\n") + "\n").write(
            toFile: folder.path + "/log", atomically: true, encoding: .utf8)
        let path = folder.path + "/log"
        let table = try Program.hisui("import", "--dry-run", "--format", "table", path)
        #expect(table.status == 0, "\(table.errors)")
        #expect(table.text.contains("25.0 % (1)"), "\(table.text)")
        #expect(table.text.contains("linux.sshd"))
        #expect(table.text.contains("opened valve <number>"))
        #expect(!table.output.contains(0x1B))
        let json = try Program.hisui("import", "--dry-run", "--format", "jsonl", path)
        let objects = try json.lines.map {
            try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        #expect(objects.first?["records"] as? Int == 4)
        #expect(objects.first?["recognised"] as? Int == 1)
        let unknown = objects.filter { $0["kind"] as? String == "unknown" }
        #expect(unknown.first?["records"] as? Int == 2)
        #expect(unknown.first?["sample"] as? String == lines[1])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["log"])
        let japanese = try Program.hisui(
            "import", "--dry-run", "--format", "table", "--lang", "ja", path)
        #expect(japanese.text.contains("規則に該当"))
        // Text in another encoding is told, and which one it is.
        try shell("printf '\\223\\372\\226\\173\\n' > sjis")
        let hint = try Program.hisui(
            "import", "--dry-run", "--format", "table", "--lang", "en", folder.path + "/sjis")
        #expect(hint.text.contains("--encoding cp932"), "\(hint.text)")
    }

    @Test("one bad file among many: the others are imported, the bad ones named, the end is 3")
    func badFiles() throws {
        try make("a", 1...50_000)
        try make("b", 1...10)
        try shell("gzip -k a; head -c 60000 a.gz > cut.gz; mkdir folder")
        let mixed = try load("cut.gz", "folder", "none", "b")
        #expect(mixed.status == 3)
        for name in ["/cut.gz", "/folder", "/none"] {
            #expect(mixed.errors.contains(folder.path + name), "\(mixed.errors)")
        }
        #expect(mixed.errors.contains("files 3 of 4"))
        let before = try count()
        #expect(before > 1000 && before < 50_000)
        // When it is whole, the rest of it is taken; one line was cut in two.
        #expect(try load("a.gz").status == 0)
        let after = try count()
        #expect(after == 50_010 || after == 50_011)
        #expect(try Program.hisui("import", "--store", store, folder.path + "/b").status == 2)
        try expectEquation(store)
    }

    @Test("standard input is always new; a line over the limit is cut and counted")
    func streams() throws {
        let input = Data("one\ntwo\n".utf8)
        #expect(try load("-", input: input).status == 0)
        let second = try load("-", input: input)
        #expect(second.status == 0)
        #expect(second.errors.contains("Standard input"), "\(second.errors)")
        #expect(try count() == 4)
        try shell("head -c 3000000 /dev/zero | gzip > zeros.gz")
        let zeros = try load("zeros.gz")
        #expect(zeros.status == 0)
        #expect(zeros.errors.contains("cut there and flagged: records 1"), "\(zeros.errors)")
        #expect(try load("zeros.gz").errors.contains("skipped: files 1, records 1"))
    }

    @Test("--timing prints a line for each stage")
    func timing() throws {
        try make("a", 1...5000)
        let timed = try load("--timing", "a")
        let lines = timed.errors.split(separator: "\n").filter { $0.contains("\t") }
        #expect(lines.first == "stage\tcpu_seconds")
        #expect(
            lines.dropFirst().map { $0.prefix { $0 != "\t" } } == [
                "read+decompress", "cut", "parse", "build", "encode", "compress", "filters",
                "write", "compare", "hash", "tree+checkpoint",
            ])
        #expect(lines.dropFirst().allSatisfy { Double($0.drop { $0 != "\t" }.dropFirst()) != nil })
    }
}
