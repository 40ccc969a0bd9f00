import Foundation
import Testing

@Suite("the command line, as a user types it")
struct CommandScenarios {
    @Test("parse writes exactly one line for each line, blank ones included")
    func parseLineForLine() throws {
        let lines = [
            "Nov 23 10:00:00 h sshd[812]: Failed password for root from 192.0.2.9 port 52683 ssh2",
            "", "   ", "no header at all", "<13>1 - - - - - -",
            "Nov 23 10:00:01 h sudo:   tanaka : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ls",
        ]
        var input = Data(lines.joined(separator: "\n").utf8)
        input.append(contentsOf: [0x0A, 0xFF, 0x00, 0xE2, 0x80, 0xA8, 0x1B, 0x5B, 0x33, 0x31, 0x6D])
        let finished = try Program.hisui("parse", input: input)
        #expect(finished.status == 0, "\(finished.errors)")
        let output = finished.output.split(separator: 0x0A)
        #expect(output.count == lines.count + 1)
        let objects = try output.map {
            try #require(JSONSerialization.jsonObject(with: Data($0)) as? [String: Any])
        }
        #expect(objects[0]["hisui.parser"] as? String == "linux.sshd")
        #expect(objects[0]["source.ip"] as? String == "192.0.2.9")
        #expect(objects[0]["event.outcome"] as? String == "failure")
        #expect(objects[1]["hisui.parser"] is NSNull)
        #expect(objects[3]["hisui.parser"] is NSNull)
        #expect(objects[5]["hisui.parser"] as? String == "linux.sudo")
        #expect(objects[5]["user.target.name"] as? String == "root")
        // Control characters and line separators never reach the output as they are.
        #expect(!finished.output.contains(0x1B))
        #expect(finished.output.firstRange(of: Data([0xE2, 0x80, 0xA8])) == nil)
    }

    @Test("import, then raw search gives the bytes back; gz and zst and stdin too")
    func importAndSearch() throws {
        let folder = try Scratch()
        try Program.shell(
            """
            cd '\(folder.path)'
            seq -f 'Nov 20 10:00:00 h app[7]: value %.0f of many' 1 5000 > plain.log
            printf 'Nov 20 10:00:01 h app: last line without a line feed' >> plain.log
            gzip -k plain.log; zstd -q plain.log
            """)
        let store = folder.path + "/store"
        for (zone, file) in [("a", "plain.log"), ("b", "plain.log.gz"), ("c", "plain.log.zst")] {
            let finished = try Program.hisui(
                "import", "--store", store, "--zone", zone, folder.path + "/" + file)
            #expect(finished.status == 0, "\(finished.errors)")
        }
        let standard = try Program.hisui(
            "import", "--store", store, "--zone", "d", "-",
            input: Data(contentsOf: URL(fileURLWithPath: folder.path + "/plain.log")))
        #expect(standard.status == 0, "\(standard.errors)")
        let original = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/plain.log"))
        for zone in ["a", "b", "c", "d"] {
            let raw = try Program.hisui(
                "search", "--store", store, "--zone", zone, "--format", "raw", "*")
            #expect(raw.output == original + Data([0x0A]), "zone \(zone)")
        }
        let one = try Program.hisui("search", "--store", store, "--zone", "a", "\"value 4711\"")
        #expect(one.lines.count == 1)
        let none = try Program.hisui("search", "--store", store, "value-that-is-not-there")
        #expect(none.status == 1)
        #expect(none.output.isEmpty)
    }

    @Test("a query may begin with a minus; a wrong one points at its column")
    func queries() throws {
        let folder = try Scratch()
        let store = folder.path + "/store"
        let input = Data("one\ntwo\n".utf8)
        #expect(
            try Program.hisui("import", "--store", store, "--zone", "z", "-", input: input).status
                == 0)
        let minus = try Program.hisui("search", "--store", store, "--format", "raw", "-one")
        #expect(minus.text == "two\n", "\(minus.errors)")
        let wrong = try Program.hisui("search", "--store", store, "one and (two")
        #expect(wrong.status == 2)
        #expect(wrong.errors.contains("^"))
    }

    @Test("clear refusals: no store, not a store, wrong sample, wrong key")
    func refusals() throws {
        let folder = try Scratch()
        let missing = try Program.hisui("search", "--store", folder.path + "/none", "*")
        #expect(missing.status == 3)
        #expect(missing.errors.contains("/none"))
        let notStore = try Program.hisui("search", "--store", "/usr", "*")
        #expect(notStore.status == 3)
        let definition = folder.path + "/site.yaml"
        try """
        parser: site.test
        version: 1
        match: { program: test }
        rules:
          - id: hello
            line: "hello {user.name:word}"
            set: { event.action: greet }
        samples:
          - line: "hello world"
            is: { rule: hello, user.name: mars }
          - reject: "bye"
        """.write(toFile: definition, atomically: true, encoding: .utf8)
        let check = try Program.hisui("check", "parsers", definition)
        #expect(check.status == 3)
        #expect(check.errors.contains("site.yaml:") || check.text.contains("site.yaml:"))
        let configuration = folder.path + "/hisui.yaml"
        try "zone: a\nzones: [ { id: a, name: A, name_ja: A } ]\nstor: /x\n".write(
            toFile: configuration, atomically: true, encoding: .utf8)
        let config = try Program.hisui("check", "config", configuration)
        #expect(config.status == 3)
        #expect((config.errors + config.text).contains("hisui.yaml:3:1"))
        #expect((config.errors + config.text).contains("store"))
        let usage = try Program.hisui("search")
        #expect(usage.status == 2)
    }

    @Test("parse of hostile lines: one valid JSON object a line, whatever comes in")
    func parseHostile() throws {
        let alphabet: [UInt8] =
            Array("\0\u{1}\u{1B}[]<>{}\"\\:=% 0123456789abc\r".utf8)
            + [0xFF, 0xFE, 0xC3, 0x28, 0xE2, 0x80, 0xA8, 0xC2, 0x85, 0xED, 0xA0, 0x80]
        var input = Data()
        var count = 0
        func add(_ line: some Sequence<UInt8>) {
            input.append(contentsOf: line)
            input.append(0x0A)
            count += 1
        }
        for _ in 0..<2000 {
            let length = [0, 1, 5, 40, 200].randomElement() ?? 0
            add((0..<length).map { _ in alphabet.randomElement() ?? 0 })
        }
        add(repeatElement(0x61, count: 1 << 20))
        add("<13>Nov 23 10:00:00 h p: ".utf8 + [UInt8](repeating: 0x22, count: 3 << 20))
        add("<34>1 ".utf8 + Array(String(repeating: "[a b=\"", count: 20_000).utf8))
        input.append(contentsOf: "the last, without a line feed".utf8)
        let finished = try Program.hisui("parse", input: input)
        #expect(finished.status == 0, "\(finished.errors)")
        let output = finished.output.split(separator: 0x0A)
        #expect(output.count == count + 1)
        for line in output {
            let object = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
            #expect(object?.keys.contains("hisui.parser") == true)
        }
        #expect(!finished.output.contains { $0 < 0x20 && $0 != 0x0A || $0 == 0x7F })
        for scalar in ["\u{85}", "\u{2028}", "\u{2029}"] {
            #expect(!finished.text.unicodeScalars.contains(scalar.unicodeScalars.first ?? "x"))
        }
    }

    @Test("a configuration is refused with file, line, column and the nearest name")
    func configurationMistakes() throws {
        let folder = try Scratch()
        let file = folder.path + "/bad.yaml"
        try """
        organisation: { name: [x], name_ja: 試験 }
        zone: a
        zones:
          - { id: a, nam: A, name_ja: A, addresses: [10.0.0.0/33] }
        store: relative/path
        sources:
          - syslog: { upd: "127.0.0.1:5514" }
          - syslog: { tcp: "127.0.0.1:99999" }
        service: { commit_ms: fast }

        """.write(toFile: file, atomically: true, encoding: .utf8)
        let check = try Program.hisui("check", "config", file)
        #expect(check.status == 3)
        for (place, word) in [
            ("1:23", "text"), ("4:14", "`name`"), ("4:46", "10.0.0.0/33"), ("5:8", "absolute"),
            ("7:15", "`udp`"), ("8:20", "port"), ("9:23", "number"),
        ] {
            let line = check.errors.split(separator: "\n").first {
                $0.hasPrefix("\(file):\(place):") && $0.contains(word)
            }
            #expect(line != nil, "\(place) \(word): \(check.errors)")
        }
        let run = try Program.hisui("run", "--config", file)
        #expect(run.status == 3)
        #expect(run.errors.contains("\(file):4:14:"))
    }

    @Test("wrong usage ends with 2 and says why on standard error")
    func usage() throws {
        let mistakes = [
            "bogus", "search", "search --store /none (a", "search --store /none --format odd x",
            "search --store /none --lang xx x", "check config", "check nonsense", "run",
            "parse --parser none.such",
        ]
        for mistake in mistakes { try expectEnd(mistake, 2) }
    }

    @Test("input that is refused ends with 3 and says why on standard error")
    func refusedInput() throws {
        let mistakes = [
            "search --store /none x", "status --store /none", "sources --store /none",
            "run --config /none.yaml", "check config /none.yaml", "check parsers /none.yaml",
            "parse --parsers /none",
        ]
        for mistake in mistakes { try expectEnd(mistake, 3) }
    }

    private func expectEnd(_ words: String, _ status: Int32) throws {
        let arguments = words.split(separator: " ").map(String.init)
        let finished = try Program.run(Program.hisui, arguments)
        #expect(finished.status == status, "\(words): \(finished.errors)")
        #expect(!finished.errors.isEmpty, "\(words)")
        #expect(finished.output.isEmpty, "\(words): standard output is for data")
    }

    @Test("the shipped definitions pass their own samples")
    func shipped() throws {
        let check = try Program.hisui("check")
        #expect(check.status == 0, "\(check.text)\(check.errors)")
    }

    @Test("help exists in both languages")
    func help() throws {
        for command in ["run", "import", "parse", "search", "check", "status", "sources"] {
            let english = try Program.hisui(command, "--help", "--lang", "en")
            let japanese = try Program.hisui(command, "--help", "--lang", "ja")
            #expect(english.status == 0 && japanese.status == 0, "\(command)")
            #expect(english.text != japanese.text, "\(command)")
            #expect(japanese.text.contains { ("ぁ"..."ん").contains($0) }, "\(command)")
        }
    }
}
