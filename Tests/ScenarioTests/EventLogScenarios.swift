import Foundation
import Testing

/// Event logs that a writer in Python makes, read by Hisui and by a reader that knows nothing of
/// it.
@Suite("Windows event logs: the same events as by python-evtx, each once")
struct EventLogScenarios {
    private let folder: Scratch
    private var store: String { folder.path + "/store" }
    private static let tools = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("EventLog").path
    private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    init() throws { folder = try Scratch() }

    private func load(_ name: String, into store: String) throws -> Finished {
        let finished = try Program.run(
            Program.hisui,
            [
                "import", "--lang", "en", "--store", store, "--zone", "z",
                folder.path + "/" + name,
            ])
        try #require(finished.status == 0, "\(finished.errors)")
        return finished
    }

    private func python(_ script: String, _ arguments: String..., input: Data? = nil) throws
        -> Finished
    {
        let finished = try Program.run(
            "python3", ["-B", Self.tools + "/" + script] + arguments, input: input)
        try #require(finished.status == 0, "\(finished.errors)")
        return finished
    }

    @Test("every type of value, several chunks, not closed, and with a wrong checksum")
    func comparison() throws {
        guard let peer = ProcessInfo.processInfo.environment["HISUI_PYTHON_EVTX"] else {
            throw ScenarioError(
                "HISUI_PYTHON_EVTX names no Python with python-evtx; ops/test has it")
        }
        _ = try python("samples.py", folder.path)
        for (name, count) in [("types", 5), ("chunks", 2000), ("dirty", 500), ("checksum", 500)] {
            let own = store + name
            let told = try load(name + ".evtx", into: own).errors
            #expect(told.contains("chunks are damaged") == (name == "checksum"), "\(told)")
            let records = try Program.hisui("search", "--store", own, "--format", "raw", "*")
            let compared = try Program.run(
                peer, ["-B", Self.tools + "/compare.py", folder.path + "/\(name).evtx"],
                input: records.output)
            #expect(compared.status == 0, "\(name): \(compared.errors)")
            #expect(
                compared.lines.first?.hasPrefix("\(count) events, ") == true, "\(compared.lines)")
        }
    }

    @Test("again, compressed, grown: nothing twice, and the act has the file's digest")
    func again() throws {
        _ = try python("samples.py", folder.path)
        _ = try load("dirty.evtx", into: store)
        #expect(try load("dirty.evtx", into: store).errors.contains("skipped: files 1"))
        // The first 500 events of the longer log are those of the shorter one.
        try Program.shell("cd '\(folder.path)'; zstd -q chunks.evtx -o other.zst")
        let grown = try load("other.zst", into: store).errors
        #expect(grown.contains("after 500 records"), "\(grown)")
        let counted = try Program.hisui("search", "--store", store, "--format", "raw", "*")
        #expect(counted.lines.count == 2000)
        let found = try Program.shell(
            "grep -qra $(sha256sum < '\(folder.path)/dirty.evtx' | cut -c1-64) '\(store)/acts'")
        #expect(found.status == 0)
        #expect(try Program.hisui("verify", "--store", store).status == 0)
    }

    @Test("what the policy in ops/windows records, each event is known by a definition")
    func policy() throws {
        let make = Self.repository + "/ops/windows/make"
        let checked = try Program.run("python3", ["-B", make, "--check"])
        #expect(checked.status == 0, "\(checked.errors)")
        let count = try python("collected.py", make, folder.path + "/all.evtx").lines
        let told = try load("all.evtx", into: store).errors
        #expect(told.hasPrefix((count.first ?? "?") + " records"), "\(told)")
        #expect(told.contains("100.0 % known to a rule"), "\(told)")
    }

    /// What one event is in every form it comes in, and what all of them have to say alike.
    @Test("an event has the same fields as EVTX, XML and the JSON of agents")
    func forms() throws {
        let forms = try python("forms.py", folder.path).lines
        #expect(forms.count == 10)
        _ = try load("forms.evtx", into: store)
        let log = try Program.hisui("search", "--store", store, "--format", "raw", "*")
        let events = try fields(of: log.text)
        #expect(events.count == 10)
        for form in ["nxlog", "winlogbeat", "xml", "snare"] {
            let text = try String(contentsOfFile: folder.path + "/\(form).txt", encoding: .utf8)
            // Snare has the data in a sentence, and is known for the logs of Windows itself.
            let isShort = form == "snare"
            for (index, event) in try fields(of: text).enumerated() {
                let parser = events[index]["hisui.parser"] ?? ""
                if isShort, Self.unknownToSnare.contains(parser) { continue }
                for name in isShort ? Self.told : Self.told + Self.compared {
                    #expect(
                        event[name] == events[index][name], "\(form), \(forms[index]): \(name)")
                }
                #expect(event["event.action"] != nil, "\(form), \(forms[index])")
            }
        }
    }

    private static let unknownToSnare = ["windows.sysmon", "windows.powershell"]

    private static let told = [
        "event.code", "event.action", "event.category", "event.outcome", "host.name",
    ]

    private static let compared = [
        "event.provider", "user.name", "user.domain", "user.target.name", "group.name", "source.ip",
        "source.port", "file.path", "process.executable", "process.command_line",
        "service.name", "hisui.parser",
    ]

    private func fields(of lines: String) throws -> [[String: String]] {
        let parsed = try Program.hisui("parse", input: Data(lines.utf8))
        #expect(parsed.status == 0, "\(parsed.errors)")
        return try parsed.lines.map { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return (object ?? [:]).mapValues { "\($0)" }
        }
    }
}
