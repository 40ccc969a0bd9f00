import Foundation

/// A daemon under test: started, killed, started again on the same store.
final class RunningDaemon {
    let folder: Scratch
    let udpPort: Int
    let tcpPort: Int
    private var process: Process?
    private var starts = 0

    var store: String { folder.path + "/store" }
    var configuration: String { folder.path + "/hisui.yaml" }
    var log: String {
        (try? String(contentsOfFile: folder.path + "/daemon-\(starts).log", encoding: .utf8)) ?? ""
    }

    /// Writes a configuration and starts.
    ///
    /// - Parameter sources: more sources, as lines of the `sources:` list; `FOLDER` stands for the
    ///   scenario's folder.
    init(sources: [String] = []) throws {
        folder = try Scratch()
        udpPort = try freePort()
        tcpPort = try freePort()
        let more = sources.map {
            "  - " + $0.replacingOccurrences(of: "FOLDER", with: folder.path)
        }
        let repository = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        try """
        organisation: { name: Scenario, name_ja: 試験 }
        zone: test
        zones:
          - { id: test, name: Test, name_ja: 試験 }
        store: \(store)
        parsers: [ \(repository)/parsers ]
        time_zone: Asia/Tokyo
        sources:
          - syslog: { udp: "127.0.0.1:\(udpPort)" }
          - syslog: { tcp: "127.0.0.1:\(tcpPort)" }
        \(more.joined(separator: "\n"))
        """.write(toFile: configuration, atomically: true, encoding: .utf8)
    }

    /// Starts the daemon and waits until it listens.
    func start() throws {
        starts += 1
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Program.hisui)
        process.arguments = ["run", "--config", configuration]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try Program.newFile(folder.path + "/daemon-\(starts).log")
        try process.run()
        self.process = process
        try eventually("the daemon listens on port \(tcpPort): \(log)") {
            guard process.isRunning else { throw ScenarioError("the daemon ended: \(log)") }
            return try listens()
        }
    }

    private func listens() throws -> Bool {
        let port = String(format: "%04X", tcpPort)
        return try String(contentsOfFile: "/proc/net/tcp", encoding: .utf8)
            .split(separator: "\n")
            .contains { $0.contains("0100007F:\(port) 00000000:0000 0A") }
    }

    /// Kills it as a power cut would: no signal handler runs.
    func kill9() {
        guard let process else { return }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        self.process = nil
    }

    /// Stops it as systemd does; returns its exit status.
    func stop() throws -> Int32 {
        guard let process else { throw ScenarioError("not running") }
        kill(process.processIdentifier, SIGTERM)
        let deadline = Date().addingTimeInterval(30)
        while process.isRunning {
            guard Date() < deadline else { throw ScenarioError("did not stop in 30 s: \(log)") }
            Thread.sleep(forTimeInterval: 0.02)
        }
        self.process = nil
        return process.terminationStatus
    }

    func hangUp() {
        if let process { kill(process.processIdentifier, SIGHUP) }
    }

    var isRunning: Bool { process?.isRunning ?? false }

    /// Output lines of a search as JSON objects.
    func search(_ query: String) throws -> [[String: Any]] {
        let found = try Program.hisui(
            "search", "--store", store, "--format", "jsonl", "--", query)
        guard found.status == 0 || found.status == 1 else {
            throw ScenarioError("search ended with \(found.status): \(found.errors)")
        }
        return try found.output.split(separator: 0x0A).map { line in
            guard let object = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
            else { throw ScenarioError("not an object: \(String(decoding: line, as: UTF8.self))") }
            return object
        }
    }

    func messages(_ query: String) throws -> [String] {
        try search(query).compactMap { $0["_msg"] as? String }
    }

    func count(_ query: String) throws -> Int {
        let rows = try search("\(query) | stats count() as n")
        return (rows.first?["n"]).flatMap { Int("\($0)") } ?? 0
    }

    deinit { kill9() }
}
