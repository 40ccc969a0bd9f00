import Foundation
import Testing

/// The demonstration, as whoever clones the repository sees it.
@Suite("the demonstration", .serialized)
struct DemoScenarios {
    /// What has to be found, and how many events stand behind it.
    static let expected: [String: Int] = [
        "internet hisui-ssh-brute-force": 10,
        "internet hisui-ssh-success-after-failures": 36,
        "internet hisui-sudo-denied": 1,
        "internet hisui-privileged-group-member": 1,
        "internet hisui-logging-stopped": 1,
        "lgwan hisui-windows-contractor-at-night": 1,
        "lgwan hisui-windows-mass-file-reads-at-night": 50,
        "lgwan hisui-windows-removable-medium-written": 2,
        "mynumber hisui-resident-lookups-without-task": 10,
    ]

    /// One that was run in English, for all tests.
    private static let demonstration = Result { try Demonstration() }

    @Test("finds each story once, loses nothing, and its store and bundle verify")
    func runs() throws {
        let demonstration = try Self.demonstration.get()
        let demo = demonstration.path
        let english = demonstration.finished
        try #require(english.status == 0, "\(english.text)\n\(english.errors)")
        #expect(!english.text.contains("\u{1B}"), "colour where no terminal is")
        for words in ["nothing was dropped", "SSH password guessing", "Done, in"] {
            #expect(english.text.contains(words), "\(words): \(english.text)")
        }
        let found = try Findings(store: demo + "/store")
        #expect(found.counts == Self.expected)
        try expectEquation(demo + "/store")
        let verified = try Program.hisui(
            "verify", "--store", demo + "/store", "--trust", demo + "/trust.txt")
        #expect(verified.status == 0, "\(verified.text)\(verified.errors)")
        let bundle = try Program.hisui("evidence", "verify", demo + "/bundle")
        #expect(bundle.status == 0, "\(bundle.text)\(bundle.errors)")
        // Once more in the same place, in Japanese.
        let japanese = try Program.run(
            Program.hisui, ["demo", "--dir", demo], environment: ["LANG": "ja_JP.UTF-8"])
        #expect(japanese.status == 0, "\(japanese.text)\n\(japanese.errors)")
        for words in ["取りこぼしはありません", "SSH パスワードの総当たり", "完了"] {
            #expect(japanese.text.contains(words), "\(words): \(japanese.text)")
        }
        #expect(try Findings(store: demo + "/store").counts == Self.expected)
    }

    @Test("leaves a directory alone that it did not make")
    func leavesOthersAlone() throws {
        let folder = try Scratch()
        try "mine".write(toFile: folder.path + "/notes", atomically: true, encoding: .utf8)
        let refused = try Program.hisui("demo", "--dir", folder.path)
        #expect(refused.status == 3)
        #expect(refused.errors.contains("--dir"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["notes"])
    }

    @Test("kill -9 again and again while the stories arrive: no finding is lost or told twice")
    func kills() throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededNumbers(state: seed)
        let folder = try Scratch()
        let demo = try Self.demonstration.get().path
        let zones = try [
            ZoneUnderKills("internet", folder.path, from: demo, query: "hisui.source:hosts"),
            ZoneUnderKills("lgwan", folder.path, from: demo, file: "FS01.jsonl"),
            ZoneUnderKills(
                "mynumber", folder.path, from: demo, file: "juki01.csv",
                keys: ", encoding: cp932, parser: app.resident"),
        ]
        for zone in zones { try zone.start() }
        while zones.contains(where: { !$0.isFed }) {
            for index in zones.indices {
                try zones[index].feed(lines: Int.random(in: 1...120, using: &random))
            }
            usleep(UInt32.random(in: 0...40_000, using: &random))
            let victim = zones[Int.random(in: 0..<zones.count, using: &random)]
            victim.kill9()
            try victim.start()
        }
        let store = folder.path + "/store"
        try eventually("all is found (seed \(seed))") {
            try Findings(store: store).counts == Self.expected
        }
        for zone in zones { try zone.stop() }
        let found = try Findings(store: store)
        #expect(found.counts == Self.expected, "seed \(seed)")
        #expect(found.repeated.isEmpty, "seed \(seed): told twice: \(found.repeated)")
        try expectEquation(store)
    }
}

/// A directory in which the demonstration was run.
private struct Demonstration {
    private let folder: Scratch
    let finished: Finished
    var path: String { folder.path + "/demo" }

    init() throws {
        folder = try Scratch()
        finished = try Program.hisui("demo", "--dir", folder.path + "/demo", "--lang", "en")
    }
}

/// The findings of a store, by its own acts.
private struct Findings {
    /// Zone and rule, and the count of events that the finding last told.
    var counts: [String: Int] = [:]
    /// Acts that say the same again, and rules that found the same twice.
    var repeated: [String] = []

    init(store: String) throws {
        let listed = try Program.hisui(
            "search", "--store", store, "--acts", "--format", "jsonl", "act:=finding")
        guard listed.status == 0 || listed.status == 1 else { throw ScenarioError(listed.errors) }
        var told: Set<String> = []
        var ids: [String: String] = [:]
        for line in listed.lines {
            guard
                let row = try JSONSerialization.jsonObject(with: Data(line.utf8))
                    as? [String: Any],
                let id = row["finding.id"] as? String, let zone = row["zone.name"] as? String,
                let state = row["finding.state"] as? String, let rule = row["rule.id"] as? String,
                let count = Int("\(row["events.count"] ?? "")")
            else { throw ScenarioError("not a finding: \(line)") }
            let key = "\(zone) \(rule)"
            if !told.insert(id + state).inserted { repeated.append("\(key) \(id) \(state)") }
            if let other = ids[key], other != id { repeated.append("\(key): \(other) and \(id)") }
            ids[key] = id
            counts[key] = max(counts[key] ?? 0, count)
        }
    }
}

/// A daemon that is killed while one file grows, which is the whole of its zone.
private final class ZoneUnderKills {
    private let name: String
    private let folder: String
    private let lines: [Data]
    private var next = 0
    private var process: Child?
    private var starts = 0

    /// - Parameters:
    ///   - demo: the directory of a demonstration that has run: its lines are taken.
    ///   - file: one of its files; nil: what `query` finds, as received.
    init(
        _ name: String, _ folder: String, from demo: String, file: String? = nil,
        query: String = "", keys: String = ""
    ) throws {
        self.name = name
        self.folder = folder
        var bytes: Data
        if let file {
            bytes = try Data(contentsOf: URL(fileURLWithPath: "\(demo)/logs/\(name)/\(file)"))
        } else {
            bytes = try Program.hisui(
                "search", "--store", demo + "/store", "--zone", name, "--format", "raw", query
            ).output
        }
        if bytes.last == 0x0A { bytes.removeLast() }
        lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map { Data($0) }
        try FileManager.default.createDirectory(
            atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: log))
        try """
        organisation: { name: Scenario, name_ja: 試験 }
        zone: \(name)
        zones: [ { id: \(name), name: \(name), name_ja: 試験 } ]
        store: \(folder)/store
        time_zone: Asia/Tokyo
        sources: [ { files: { paths: [ \(log) ] }, id: app\(keys) } ]

        """.write(toFile: "\(folder)/\(name).yaml", atomically: true, encoding: .utf8)
    }

    private var log: String { "\(folder)/\(name)/app.log" }

    var isFed: Bool { next == lines.count }

    func start() throws {
        starts += 1
        process = try Child(
            Program.hisui, ["run", "--config", "\(folder)/\(name).yaml"],
            errors: "\(folder)/\(name)-\(starts).err")
    }

    func kill9() {
        process?.signal(SIGKILL)
        _ = try? process?.wait(seconds: 10)
    }

    func stop() throws {
        process?.signal(SIGTERM)
        let status = try process?.wait(seconds: 30, "the daemon of \(name)")
        #expect(status == 0)
    }

    func feed(lines count: Int) throws {
        let end = min(lines.count, next + count)
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
        try handle.seekToEnd()
        for line in lines[next..<end] { try handle.write(contentsOf: line + [0x0A]) }
        try handle.close()
        next = end
    }
}

/// Numbers that come again with the same seed (SplitMix64).
private struct SeededNumbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
