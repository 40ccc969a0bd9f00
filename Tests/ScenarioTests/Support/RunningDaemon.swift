import Foundation

/// A daemon under test: started, killed, started again on the same store.
final class RunningDaemon {
    let folder: Scratch
    let udpPort: Int
    let tcpPort: Int
    let store: String
    private var process: Child?
    private var starts = 0

    var configuration: String { folder.path + "/hisui.yaml" }
    var log: String {
        (try? String(contentsOfFile: folder.path + "/daemon-\(starts).err", encoding: .utf8)) ?? ""
    }

    /// The repository's own directory.
    static var repository: String {
        URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
    }

    /// Writes a configuration.
    ///
    /// - Parameters:
    ///   - sources: more sources, as items of the `sources:` list; `FOLDER` stands for the
    ///     scenario's folder.
    ///   - store: where; nil: in the scenario's folder.
    ///   - parsers: a directory of definitions; nil: the shipped ones.
    ///   - rules: a file of detection rules, written beside the configuration; nil: the shipped
    ///     ones.
    ///   - bufferBytes: the UDP socket's buffer.
    ///   - signal: how its signal of life goes out; nil: not at all.
    init(
        sources: [String] = [], store: String? = nil, parsers: String? = nil,
        rules: String? = nil, bufferBytes: Int? = nil, signal: String? = nil
    ) throws {
        folder = try Scratch()
        udpPort = try freePort()
        tcpPort = try freePort()
        self.store = store ?? folder.path + "/store"
        let more = sources.map {
            "  - " + $0.replacingOccurrences(of: "FOLDER", with: folder.path)
        }
        let buffer = bufferBytes.map { "\n    receive_buffer_bytes: \($0)" } ?? ""
        if let rules {
            try FileManager.default.createDirectory(
                atPath: folder.path + "/rules", withIntermediateDirectories: true)
            try rules.write(
                toFile: folder.path + "/rules/own.yaml", atomically: true, encoding: .utf8)
        }
        let signalLine = signal.map { "\nsignal: \($0)" } ?? ""
        let ruleLine = rules == nil ? "" : "\nrules: [ \(folder.path)/rules ]"
        try """
        organisation: { name: Scenario, name_ja: 試験 }
        zone: test
        zones:
          - { id: test, name: Test, name_ja: 試験 }
        store: \(self.store)
        parsers: [ \(parsers ?? Self.repository + "/parsers") ]\(ruleLine)\(signalLine)
        time_zone: Asia/Tokyo
        sources:
          - syslog: { udp: "127.0.0.1:\(udpPort)" }\(buffer)
          - syslog: { tcp: "127.0.0.1:\(tcpPort)" }
        \(more.joined(separator: "\n"))

        """.write(toFile: configuration, atomically: true, encoding: .utf8)
    }

    /// Starts the daemon and waits until it listens.
    func start(environment: [String: String] = [:]) throws {
        try launch(environment: environment)
        try eventually("the daemon listens on port \(tcpPort): \(log)") {
            guard isRunning else { throw ScenarioError("the daemon ended: \(log)") }
            return try isListening
        }
    }

    /// Whether both syslog sockets are there, as the kernel says.
    var isListening: Bool {
        get throws { try listens("tcp", tcpPort, "0A") && listens("udp", udpPort, "07") }
    }

    /// Starts the daemon and waits for nothing.
    func launch(environment: [String: String] = [:]) throws {
        starts += 1
        process = try Child(
            Program.hisui, ["run", "--config", configuration],
            errors: folder.path + "/daemon-\(starts).err", environment: environment)
    }

    private func listens(_ protocolName: String, _ number: Int, _ state: String) throws -> Bool {
        let port = String(format: "%04X", number)
        return try String(contentsOfFile: "/proc/net/\(protocolName)", encoding: .utf8)
            .split(separator: "\n")
            .contains { $0.contains("0100007F:\(port) 00000000:0000 \(state)") }
    }

    /// Kills it as a power cut would: no signal handler runs.
    func kill9() {
        process?.signal(SIGKILL)
        _ = try? process?.wait(seconds: 10)
        process = nil
    }

    /// Stops it as systemd does; returns its exit status.
    func stop(within seconds: Double = 30) throws -> Int32 {
        guard let process else { throw ScenarioError("not running") }
        process.signal(SIGTERM)
        do {
            let status = try process.wait(seconds: seconds, "the daemon")
            self.process = nil
            return status
        } catch {
            throw ScenarioError("\(error): \(log)")
        }
    }

    /// Stops it where it is, or lets it go on.
    func pause(_ isPaused: Bool) { process?.signal(isPaused ? SIGSTOP : SIGCONT) }

    func hangUp() { process?.signal(SIGHUP) }

    /// Leaves the daemon so many descriptors beyond those it has.
    func limitDescriptors(to more: Int) throws {
        guard let pid = process?.pid else { throw ScenarioError("not running") }
        let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count
        try Program.shell("prlimit --pid \(pid) --nofile=\(open + more)")
    }

    var isRunning: Bool { process?.isRunning ?? false }

    /// Output lines of a search as JSON objects.
    func search(_ query: String) throws -> [[String: Any]] {
        let found = try Program.hisui("search", "--store", store, "--format", "jsonl", "--", query)
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

    /// The sum of a count over all sources, as `hisui sources` shows it.
    func sum(_ count: String) throws -> Int {
        let listed = try Program.hisui("sources", "--store", store, "--format", "jsonl")
        guard listed.status == 0 else { throw ScenarioError(listed.errors) }
        return try listed.lines.reduce(0) { sum, line in
            let row = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return sum + (row?[count] as? Int ?? 0)
        }
    }

    deinit { kill9() }
}
