import Glibc
import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiParse
import HisuiStore

/// The daemon of one zone of the demonstration, a process of its own.
final class DemoZoneDaemon {
    let zone: DemoPlan.Zone
    let ports: DemoPorts
    private let folder: DemoFolder
    private let process: ChildProcess

    /// How long a daemon may take to listen, and to stop.
    static let patienceSeconds = 20.0

    /// Writes its configuration and starts it.
    init(
        _ zone: DemoPlan.Zone, folder: DemoFolder, parsers: String
    ) throws(Failure) {
        self.zone = zone
        self.folder = folder
        ports = try DemoSender.freePorts()
        try folder.createDirectory(folder.logs(zone.id))
        try folder.write(
            DemoPlan.configuration(
                of: zone, folder: folder.path, parsers: parsers, ports: ports),
            to: folder.configuration(zone.id))
        try folder.write(
            SubjectKeys.newLine(id: zone.id), to: DemoPlan.subjectKeys(zone.id, folder.path))
        try folder.write("", to: folder.messages(zone.id))
        let messages = unsafe open(
            folder.messages(zone.id), O_WRONLY | O_APPEND | O_CLOEXEC)
        guard messages >= 0 else {
            throw Failure(
                .refused, "cannot open \(folder.messages(zone.id)): \(systemMessage(errno))")
        }
        defer { close(messages) }
        process = try ChildProcess(
            [
                "run", "--config", folder.configuration(zone.id), "--lang",
                Language.current.rawValue,
            ],
            output: .descriptor(messages), errors: .descriptor(messages))
    }

    /// Waits until its sockets are there.
    func waitUntilReady() throws(Failure) {
        let ways = zone.feeds.map(\.way)
        let needsTCP = ways.contains { if case .tcp = $0 { true } else { false } }
        let needsUDP = ways.contains { if case .udp = $0 { true } else { false } }
        try wait(say("listens", "受信待ちになる")) {
            if needsUDP, DemoSender.queuedBytes(ports.udp) == nil { return false }
            guard needsTCP else { return true }
            guard let socket = try? DemoSender.connect(ports.tcp, stream: 1) else { return false }
            close(socket)
            return true
        }
    }

    /// Waits for a condition, as long as the daemon runs.
    func wait(
        _ what: String, seconds: Double = patienceSeconds, _ condition: () throws(Failure) -> Bool
    ) throws(Failure) {
        let deadline = monotonicSeconds() + seconds
        while try !condition() {
            if let status = process.status {
                throw Failure(
                    .refused,
                    say(
                        "the daemon of zone \(zone.id) ended with \(status)",
                        "領域 \(zone.id) のデーモンが終了コード \(status) で終了しました")
                        + ":\n" + lastMessages())
            }
            guard monotonicSeconds() < deadline else {
                throw Failure(
                    .refused,
                    say(
                        "zone \(zone.id), after \(Int(seconds)) s still not: \(what)",
                        "領域 \(zone.id): \(Int(seconds)) 秒待っても次の状態になりません: \(what)")
                        + "\n" + lastMessages())
            }
            usleep(10_000)
        }
    }

    /// The counts of its sources, by id; nil before there is a store.
    func accounts() -> [String: Account]? {
        guard
            let snapshot = try? StoreReader(fileSystem: RealFileSystem(), path: folder.store)
                .snapshot(zones: [zone.id])
        else { return nil }
        var found: [String: Account] = [:]
        for (_, state) in SourceList.states(of: snapshot) {
            // Collectors derive sources from configured ones: one for each file or sender.
            let id = zone.feeds.map(\.id).first {
                state.source.id == $0 || state.source.id.hasPrefix($0 + ":")
                    || state.source.id.hasPrefix($0 + "/")
            }
            found[id ?? state.source.id, default: Account()].add(state.account)
        }
        return found
    }

    /// Asks it to stop, as systemd does.
    func requestStop() { process.signal(SIGTERM) }

    /// Waits for its end, which must be a graceful one.
    func waitForEnd() throws(Failure) {
        let deadline = monotonicSeconds() + Self.patienceSeconds
        while process.status == nil, monotonicSeconds() < deadline { usleep(5000) }
        guard process.status == 0 else {
            throw Failure(
                .refused,
                say(
                    "the daemon of zone \(zone.id) did not stop as it must",
                    "領域 \(zone.id) のデーモンが正常に停止しませんでした") + ":\n" + lastMessages())
        }
    }

    /// What it said last.
    private func lastMessages() -> String {
        guard
            let bytes = try? RealFileSystem().bytes(
                folder.messages(zone.id), from: 0, count: 1 << 20)
        else { return "" }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").suffix(10)
        return lines.map { "  " + $0 }.joined(separator: "\n")
    }
}
