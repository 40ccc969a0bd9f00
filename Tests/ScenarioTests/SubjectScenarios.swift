import Foundation
import Testing

@Suite("residents: pseudonyms by a key, counted, found again, and never shown")
struct SubjectScenarios {
    private let folder: Scratch
    private var keys: String { folder.path + "/subject.keys" }
    private var log: String { folder.path + "/log.csv" }

    init() throws {
        folder = try Scratch()
        let lines = (0..<30).map { number in
            "2026/11/23 09:15:\(10 + number),PC0\(number % 3),u\(number % 4),佐藤,課,住民記録,照会,"
                + "900000012\(number % 5),窓口,正常,1"
        }
        try (lines.joined(separator: "\n") + "\n").write(
            toFile: log, atomically: true, encoding: .utf8)
    }

    private func load(_ store: String, _ more: String...) throws -> Finished {
        try Program.run(
            Program.hisui,
            ["import", "--store", store, "--zone", "z", "--parser", "app.resident"] + more + [log])
    }

    @Test("a key is made, residents are counted and found by number, and no search shows one")
    func countAndFind() throws {
        let store = folder.path + "/store"
        let made = try Program.hisui("keys", "subject", "add", "--keys", keys, "--id", "a1")
        #expect(made.status == 0, "\(made.errors)")
        #expect(try load(store, "--subject-keys", keys).status == 0)
        for format in ["jsonl", "raw", "table"] {
            let all = try Program.hisui("search", "--store", store, "--format", format, "*")
            #expect(all.lines.count >= 30 && !all.text.contains("9000000"), "\(format)")
            #expect(all.text.contains("a1-"), "\(format)")
        }
        let clear = try Program.hisui("search", "--store", store, "9000000123")
        #expect(clear.lines == [])
        let found = try Program.shell(
            "echo 9000-000-123 | '\(Program.hisui)' keys subject find --keys '\(keys)'")
        let query = found.lines[0]
        #expect(query.hasPrefix("hisui.subject.id:in(\"a1-") && found.lines.count == 1)
        let count = try Program.hisui(
            "search", "--store", store, "--format", "jsonl",
            query + " | stats count() n, count_uniq(user.name) users")
        #expect(count.lines == [#"{"n":6,"users":4}"#], "\(count.text) \(count.errors)")

        // A new key makes other pseudonyms; the number is found under both.
        #expect(
            try Program.hisui("keys", "subject", "add", "--keys", keys, "--id", "a2").status == 0)
        #expect(try load(store, "--subject-keys", keys, "--again").status == 0)
        let both = try Program.shell(
            "echo 9000000123 | '\(Program.hisui)' keys subject find --keys '\(keys)'")
        let twice = try Program.hisui(
            "search", "--store", store, "--format", "jsonl", both.lines[0] + " | stats count() n")
        #expect(twice.lines == [#"{"n":12}"#], "\(twice.text)")
        #expect(try Program.hisui("verify", "--store", store, "--full").status == 0)
    }

    @Test("check config warns, in both languages, where a source names people and there is no key")
    func missingKeysAreTold() throws {
        let configuration = folder.path + "/hisui.yaml"
        func check(_ parser: String, _ keys: String, _ words: String...) throws -> Finished {
            try """
            organisation: { name: Scenario, name_ja: 試験 }
            zone: z
            zones: [ { id: z, name: Z, name_ja: Z } ]
            store: \(folder.path)/store
            \(keys)
            sources: [ { files: { paths: [\(folder.path)/*.csv] }\(parser) } ]

            """.write(toFile: configuration, atomically: true, encoding: .utf8)
            let finished = try Program.run(
                Program.hisui, ["check", "config", configuration] + words)
            #expect(finished.status == 0, "\(finished.errors)")
            return finished
        }
        let bound = ", parser: app.resident"
        let without = try check(bound, "")
        #expect(without.errors.contains("warning: app.resident says whom records are about"))
        #expect(without.errors.contains("hisui keys subject add"))
        let japanese = try check(bound, "", "--lang", "ja")
        #expect(japanese.errors.contains("警告: パーサー app.resident"))
        // A file that is not there is no key, and one that others may read neither.
        #expect(try check(bound, "subject_keys: \(keys)").errors.contains("cannot be read"))
        #expect(
            try Program.hisui("keys", "subject", "add", "--keys", keys, "--id", "a1").status == 0)
        #expect(try check(bound, "subject_keys: \(keys)").errors == "")
        // No source is read by the definition.
        #expect(try check("", "").errors == "")
        #expect(try check(", parser: asset.filelog", "").errors == "")
    }

    @Test("numbers are shown to whom the configuration permits it, who says why; both are acts")
    func unmasking() throws {
        let store = folder.path + "/store"
        #expect(
            try Program.hisui("keys", "subject", "add", "--keys", keys, "--id", "a1").status == 0)
        #expect(try load(store, "--subject-keys", keys).status == 0)
        // Who logged in, and where the machine does not say, whose process it is.
        let account = try Program.shell(
            "l=$(cat /proc/self/loginuid); [ $l = 4294967295 ] && id -un || id -un $l"
        ).lines[0]
        let configuration = folder.path + "/hisui.yaml"
        func configure(account: String, role: String, store: String) throws {
            try """
            organisation: { name: Scenario, name_ja: 試験 }
            zone: z
            zones: [ { id: z, name: Z, name_ja: Z } ]
            store: \(store)
            operators: [ { name: Sato, account: \(account), roles: { z: \(role) } } ]
            sources: [ { files: { paths: [\(folder.path)/*.csv] } } ]

            """.write(toFile: configuration, atomically: true, encoding: .utf8)
        }
        func search(_ arguments: String...) throws -> Finished {
            try Program.run(
                Program.hisui, ["search", "--store", store, "--lang", "en"] + arguments)
        }
        let why = ["--purpose", "照会 2026-114", "--config", configuration]
        func unmasked(_ arguments: String...) throws -> Finished {
            try Program.run(
                Program.hisui,
                ["search", "--store", store, "--lang", "en", "--unmask"] + why + arguments)
        }

        try configure(account: account, role: "analyst", store: store)
        for format in ["jsonl", "raw", "table", "csv"] {
            let all = try unmasked("--format", format, "-o", "_msg,hisui.subject.id", "*")
            #expect(all.status == 0 && all.text.contains("9000000123"), "\(format) \(all.errors)")
        }
        let found = try unmasked("--format", "raw", "9000000123")
        #expect(found.lines.count == 6 && found.lines.allSatisfy { $0.contains("9000000123") })
        #expect(!found.text.contains("a1-"))
        let pseudonyms = try unmasked(
            "--format", "jsonl", "9000000123 | uniq by (hisui.subject.id)")
        #expect(pseudonyms.lines.count == 1 && pseudonyms.text.contains("a1-"))
        // Masked as before for who does not ask for it.
        #expect(try search("--format", "raw", "9000000123").lines == [])

        #expect(try search("--unmask", "*").status == 2)
        #expect(
            try search("--unmask", "--purpose", " ", "--config", configuration, "*").status == 2)
        for (name, role, of) in [
            (account, "viewer", store), (account, "administrator", store),
            ("nobody-else", "analyst", store), (account, "analyst", folder.path),
        ] {
            try configure(account: name, role: role, store: of)
            let refused = try unmasked("--format", "raw", "*")
            #expect(refused.status == 3 && refused.lines == [], "\(role): \(refused.text)")
            #expect(refused.errors != "")
        }
        let acts = try search(
            "--acts", "--format", "jsonl",
            "act:search unmasked:true purpose:=\"照会 2026-114\" | stats by (outcome) count() n")
        #expect(acts.lines == [#"{"outcome":"done","n":6}"#, #"{"outcome":"refused","n":4}"#])
        let done = try search(
            "--acts", "--format", "jsonl", "outcome:done unmasked:true | limit 1")
        #expect(done.text.contains("\"operator\":\"\(account)\""), "\(done.text)")
        #expect(done.text.contains("configuration.sha256"))
    }

    @Test("a file of keys that others may read is refused; without keys the number is withheld")
    func withoutKeys() throws {
        #expect(
            try Program.hisui("keys", "subject", "add", "--keys", keys, "--id", "a1").status == 0)
        try Program.shell("chmod 644 '\(keys)'")
        let refused = try load(folder.path + "/store", "--subject-keys", keys)
        #expect(refused.status == 3 && refused.errors.contains("mode 644"), "\(refused.errors)")
        #expect(try load(folder.path + "/store").status == 0)
        let shown = try Program.hisui(
            "search", "--store", folder.path + "/store", "--format", "raw", "*")
        #expect(shown.lines.count == 30 && !shown.text.contains("900000"))
        #expect(shown.lines[0].contains(",withheld,"), "\(shown.lines[0])")
    }
}
