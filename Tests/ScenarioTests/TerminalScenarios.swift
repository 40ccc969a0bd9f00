import Foundation
import Testing

/// What a person sees while looking.
@Suite("at a terminal", .serialized)
struct TerminalScenarios {
    @Test("search --follow shows a new event within a second")
    func follow() throws {
        let daemon = try RunningDaemon()
        try daemon.start()
        try send("old news", daemon)
        try eventually("the old one is stored") { try daemon.count("news") == 1 }
        let shown = daemon.folder.path + "/followed"
        let search = try Child(
            Program.hisui,
            ["search", "--store", daemon.store, "--format", "jsonl", "--follow", "news"],
            output: shown, errors: daemon.folder.path + "/followed.err")
        // Once it looks, whatever it reads first: nothing tells when, so news is sent until seen.
        var number = 0
        try eventually("the first news is shown") {
            number += 1
            try send("news number \(number)", daemon)
            return try !text(shown).isEmpty
        }
        let started = Date()
        try send("news at last", daemon)
        try eventually("the last news is shown", within: 5) { try text(shown).contains("at last") }
        #expect(Date().timeIntervalSince(started) < 1.5)
        #expect(try !text(shown).contains("old news"))
        search.signal(SIGINT)
        try search.wait(seconds: 5, "search --follow")
        #expect(try daemon.stop() == 0)
    }

    private func send(_ text: String, _ daemon: RunningDaemon) throws {
        try Program.shell("logger -n 127.0.0.1 -P \(daemon.tcpPort) -T '\(text)'")
    }

    private func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
    }

    @Test("the table on a terminal shows control bytes and never sends them")
    func escaped() throws {
        let folder = try Scratch()
        let store = folder.path + "/store"
        var line = Data("Nov 20 10:00:00 h app: title ".utf8)
        line += Data([0x1B, 0x5D, 0x30, 0x3B, 0x78, 0x07, 0x1B, 0x5B, 0x32, 0x4A, 0x08, 0x0D, 0x41])
        line += Data([0x9B, 0x33, 0x31, 0x6D, 0xFF, 0xC2, 0x9B])
        line += Data("\u{202E}reversed 日本語\n".utf8)
        let loaded = try Program.hisui("import", "--store", store, "--zone", "z", "-", input: line)
        #expect(loaded.status == 0, "\(loaded.errors)")
        let shown = try Program.run(
            "script",
            [
                "-qec", "stty cols 200; '\(Program.hisui)' search --store \(store) '*'",
                "/dev/null",
            ], environment: ["TERM": "xterm", "LC_ALL": "C.UTF-8"])
        #expect(shown.status == 0, "\(shown.text)")
        #expect(shown.text.contains("日本語"))
        // Colours are the table's own; nothing else begins with ESC.
        let bytes = Array(shown.output)
        for (number, byte) in bytes.enumerated() where byte == 0x1B {
            let rest = bytes[(number + 1)...].prefix(8)
            let end = rest.firstIndex(of: 0x6D)
            #expect(rest.first == 0x5B && end != nil, "ESC at \(number): \(shown.text)")
        }
        #expect(!bytes.contains(0x07) && !bytes.contains(0x08))
        #expect(!shown.text.unicodeScalars.contains { (0x80...0x9F).contains($0.value) })
        #expect(!shown.text.unicodeScalars.contains("\u{202E}"))
        let piped = try Program.hisui("search", "--store", store, "--format", "table", "*")
        #expect(!piped.output.contains(0x1B), "no colour where nobody looks")
    }

    @Test("a query may begin with a minus wherever it stands")
    func minus() throws {
        let folder = try Scratch()
        let store = folder.path + "/store"
        let loaded = try Program.hisui(
            "import", "--store", store, "--zone", "z", "-", input: Data("one\ntwo\n".utf8))
        #expect(loaded.status == 0)
        for arguments in [
            ["search", "--store", store, "--format", "raw", "-one"],
            ["search", "-one", "--store", store, "--format", "raw"],
            ["search", "--store", store, "-\"one\"", "--format=raw"],
            ["search", "--store", store, "--format", "raw", "--", "-one"],
        ] {
            let found = try Program.run(Program.hisui, arguments)
            #expect(found.text == "two\n", "\(arguments.dropFirst(3)): \(found.errors)")
        }
        #expect(try Program.hisui("search", "--store", store, "--folow", "x").status == 2)
    }

    @Test("a reader that goes away ends a search quietly")
    func closedPipe() throws {
        let folder = try Scratch()
        let script =
            "seq 1 200000 | '\(Program.hisui)' import --store '\(folder.path)/s' --zone z - "
            + "2>/dev/null; '\(Program.hisui)' search --store '\(folder.path)/s' --format raw '*' "
            + "2>'\(folder.path)/err' | head -n 1; echo ${PIPESTATUS[0]}"
        let finished = try Program.run("/bin/bash", ["-c", script])
        #expect(finished.lines == ["1", "0"], "\(finished.text)")
        #expect(try text(folder.path + "/err").isEmpty)
    }
}
