import Foundation
import Testing

/// What a shell completes, typed at real shells.
@Suite("completion in shells", .serialized)
struct CompletionScenarios {
    private let folder: Scratch
    private var store: String { folder.path + "/store" }

    /// Values that no shell may be handed, beside some that it may.
    private static let users = [
        "root", "$(touch${IFS}ran)", "`touch ran`", "rosa;touch ran", "ro'sa", "ro\"sa",
        "ro\\u001b[31msa", "ro\\nsa", "rö-x", "ro sa", "{a,b}", "~root", "*",
    ]

    init() throws {
        folder = try Scratch()
        let lines = Self.users.map { user in
            let text = user.replacing("\"", with: "\\\"")
            let fields = "\"user.name\":\"\(text)\",\"source.ip\":\"2001:db8::7\""
            return "{\"@timestamp\":\"2026-03-31T08:00:00Z\",\(fields),\"message\":\"m\"}"
        }
        let finished = try Program.run(
            Program.hisui, ["import", "--store", folder.path + "/store", "--zone", "dmz", "-"],
            input: Data((lines.joined(separator: "\n") + "\n").utf8))
        try #require(finished.status == 0, "\(finished.errors)")
        for shell in ["bash", "zsh", "fish"] {
            let script = try Program.hisui("completion", shell)
            try script.output.write(to: URL(fileURLWithPath: folder.path + "/_" + shell))
        }
        try Program.shell(
            "mkdir '\(folder.path)/bin'; ln -s '\(Program.hisui)' '\(folder.path)/bin/hisui'")
    }

    /// Types words at a shell, each with a Tab behind it; returns the words of the line then.
    private func typed(_ shell: String, _ texts: String...) throws -> [String] {
        let show = "\(folder.path)/shown"
        try? FileManager.default.removeItem(atPath: show)
        try? FileManager.default.removeItem(atPath: folder.path + "/ready")
        let path = "\(folder.path)/bin:\(ProcessInfo.processInfo.environment["PATH"] ?? "")"
        let setup =
            switch shell {
            case "bash":
                "bind 'set bell-style none'; . ./_bash; show() { printf '[%s]\\n' \"$@\" > shown; }"
            case "zsh":
                "fpath=($PWD $fpath); cp _zsh _hisui; autoload -U compinit; compinit -u -D; "
                    + "show() { printf '[%s]\\n' \"$@\" > shown; }"
            default: "source _fish; function show; printf '[%s]\\n' $argv > shown; end"
            }
        let tool = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path
        let finished = try Program.run(
            "python3", [tool + "/Shell/type.py", folder.path, shell, setup] + texts,
            environment: ["PATH": path], seconds: 60)
        try #require(finished.status == 0, "\(finished.text)\n\(finished.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/ran"), "nothing is run")
        return String(decoding: try Data(contentsOf: URL(fileURLWithPath: show)), as: UTF8.self)
            .split(separator: "\n").map { String($0.dropFirst().dropLast()) }
    }

    private func completions() throws -> [String] {
        try Program.hisui(
            "search", "--store", store, "--acts", "--format", "jsonl",
            "act:search command:=completion"
        ).lines
    }

    @Test("a field, a value and an option", arguments: ["bash", "zsh", "fish"])
    func completes(shell: String) throws {
        #expect(
            try typed(shell, "hisui sea", "--store store 'user.name:=roo")
                == ["hisui", "search", "--store", "store", "user.name:=root"])
        #expect(try completions().count == 1, "showing a value is recorded")
        #expect(try completions()[0].contains("\"rows\":1"))
        #expect(
            try typed(shell, "hisui search --store store user.na")
                == ["hisui", "search", "--store", "store", "user.name:"])
        #expect(
            try typed(shell, "hisui search --store store source.ip:=2001:db")
                == ["hisui", "search", "--store", "store", "source.ip:=2001:db8::7"])
        #expect(
            try typed(shell, "hisui search --store store --histo", "x")
                == ["hisui", "search", "--store", "store", "--histogram", "x"])
    }

    @Test("hostile values are not offered, and nothing is run", arguments: ["bash", "zsh", "fish"])
    func hostile(shell: String) throws {
        // Everything there is, and what stands before it on the line.
        for start in ["", "$", "rosa"] {
            let words = try typed(
                shell, "hisui search --store store 'user.name:=\(start)", "'")
            #expect(words.count == 5, "\(start): \(words)")
            #expect(words.last?.hasPrefix("user.name:=") == true)
        }
    }

    @Test("what is offered has nothing that means something else")
    func offered() throws {
        func asked(_ query: String, _ shell: String) throws -> [String] {
            let words = ["hisui", "search", "--store", store, query]
            let found = try Program.run(
                Program.hisui,
                ["---completion", "search", "--", "positional@0", "4", "\(query.utf8.count)"]
                    + words, environment: ["SAP_SHELL": shell, "SAP_SHELL_VERSION": "5"])
            #expect(found.errors.isEmpty && found.status == 0, "\(found.errors)")
            return found.lines
        }
        #expect(try asked("user.name:=", "bash") == ["user.name:=root", "user.name:=rö-x"])
        #expect(try asked("user.name:r", "bash") == ["user.name:root", "user.name:rö-x"])
        #expect(
            try asked("user.name:=root and user.nam", "bash").first
                == "user.name:=root and user.name:")
        #expect(
            try asked("\"a phrase\" user.name:=roo", "fish") == ["\"a phrase\" user.name:=root"])
        #expect(try asked("user.name:~ro", "bash").isEmpty)
        #expect(try asked("'\"in a phrase", "bash").isEmpty)
        #expect(try asked("* | fields user.nam", "fish") == ["* | fields user.name"])
    }

    @Test("without a store that can be written, names only")
    func unwritable() throws {
        let nowhere = try Program.run(
            Program.hisui,
            ["---completion", "search", "--", "positional@0", "4", "6"]
                + ["hisui", "search", "--store", folder.path + "/none", "zone.n"],
            environment: ["SAP_SHELL": "bash", "SAP_SHELL_VERSION": "5"])
        #expect(nowhere.lines == ["zone.name:", "zone.name:="])
        let wrong = try Program.hisui("completion", "tcsh")
        #expect(wrong.status == 2)
    }
}
