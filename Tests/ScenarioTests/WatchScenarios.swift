import Foundation
import Glibc
import Testing

@Suite("what the daemon says of itself and of its sources", .serialized)
struct WatchScenarios {
    private static func heartbeat(_ daemon: RunningDaemon) -> [String: String] {
        let text = try? String(
            contentsOfFile: daemon.store + "/state/test.heartbeat", encoding: .utf8)
        var values: [String: String] = [:]
        for line in (text ?? "").split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 1)
            if words.count == 2 { values[String(words[0])] = String(words[1]) }
        }
        return values
    }

    private static func status(_ daemon: RunningDaemon, _ language: String) throws -> String {
        try Program.hisui("status", "--store", daemon.store, "--lang", language).text
    }

    @Test("a clean stop and a kill are told apart by the next start")
    func ends() throws {
        let daemon = try RunningDaemon()
        try daemon.start()
        try eventually("a heartbeat") { Self.heartbeat(daemon)["state"] == "running" }
        #expect(try Self.status(daemon, "en").contains("The daemon of zone test lives"))
        #expect(try Self.status(daemon, "ja").contains("領域 test のデーモンは稼働中です"))
        #expect(try daemon.stop() == 0)
        #expect(Self.heartbeat(daemon)["state"] == "stopped")
        #expect(try Self.status(daemon, "en").contains("was stopped in an orderly way"))
        try daemon.start()
        try eventually("another heartbeat") { Self.heartbeat(daemon)["state"] == "running" }
        daemon.kill9()
        try daemon.start()
        #expect(daemon.log.contains("the daemon before this one was killed"), "\(daemon.log)")
        #expect(try daemon.stop() == 0)
        let starts = try ActScenarios.acts(daemon.store, "act:=start")
        #expect(
            starts.map { $0["previous.end"] as? String } == ["unknown", "stopped", "killed"])
        let verified = try Program.hisui("verify", "--store", daemon.store)
        #expect(verified.status == 0, "\(verified.text)\(verified.errors)")
    }

    /// How a sender's connection goes on after its one record.
    enum Ending: String, CaseIterable, Sendable {
        case closed = "connection-closed"
        case cut = "connection-cut"
        case open = "connection-open"
    }

    @Test(
        "a sender that was stopped, one that was cut off and one that says nothing are told apart",
        arguments: Ending.allCases)
    func silence(ending: Ending) throws {
        let port = try freePort()
        let daemon = try RunningDaemon(sources: [
            "{syslog: {tcp: \"127.0.0.1:\(port)\"}, id: fw, silence_seconds: 2}"
        ])
        try daemon.start()
        let connection = try StreamSocket(port: port)
        connection.send("<13>1 - h p - - - first\n")
        try eventually("it is stored") { try daemon.count("first") == 1 }
        switch ending {
        case .closed: connection.end(cut: false)
        case .cut: connection.end(cut: true)
        case .open: break
        }
        try eventually("its silence is told") {
            try ActScenarios.acts(daemon.store, "act:=silence").count == 1
        }
        let again = try StreamSocket(port: port)
        again.send("<13>1 - h p - - - second\n")
        try eventually("its end is told") {
            try ActScenarios.acts(daemon.store, "act:=silence state:=ended").count == 1
        }
        #expect(try daemon.stop() == 0)
        let told = try ActScenarios.acts(daemon.store, "act:=silence state:=begun")
        #expect(told.map { $0["source"] as? String } == ["fw/127.0.0.1"])
        #expect(told.map { $0["cause"] as? String } == [ending.rawValue])
        #expect(daemon.log.contains("fw/127.0.0.1 is silent"), "\(daemon.log)")
    }

    @Test("a signal of life goes out")
    func signal() throws {
        let port = try freePort()
        let daemon = try RunningDaemon(signal: "{ udp: \"127.0.0.1:\(port)\", seconds: 1 }")
        let socket = try DatagramSocket(port: port)
        try daemon.start()
        try eventually("a signal") {
            socket.received().contains { $0.contains("heartbeat - zone=test state=running") }
        }
        #expect(try daemon.stop() == 0)
    }

    @Test("what is known of a source is shown beside its counts")
    func sources() throws {
        let daemon = try RunningDaemon()
        try daemon.start()
        let tcp = "syslog-tcp-127.0.0.1:\(daemon.tcpPort)/127.0.0.1"
        let sent = try Program.shell(
            "printf '<13>Nov 23 10:00:00 h p: x\\n' > /dev/tcp/127.0.0.1/\(daemon.tcpPort)")
        #expect(sent.status == 0)
        try eventually("it is stored") { try daemon.count("x") == 1 }
        #expect(try daemon.stop() == 0)
        let listed = try Program.hisui(
            "sources", "--store", daemon.store, "--format", "jsonl")
        let line = try #require(listed.lines.first { $0.contains("\"\(tcp)\"") })
        let source = try #require(
            JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(source["silent"] as? Bool == false)
        #expect(source["usual_interval_ms"] == nil)
        let table = try Program.hisui(
            "sources", "--store", daemon.store, "--format", "table", "--lang", "ja"
        ).text
        #expect(table.contains("受信中"))
    }
}

/// A socket that keeps each datagram it was sent.
final class DatagramSocket {
    private let descriptor: Int32
    private var texts: [String] = []

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        // Safe: the kernel reads one structure, which lives on this frame.
        let status = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe bind(descriptor, generic, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw ScenarioError("cannot bind port \(port)") }
    }

    deinit { close(descriptor) }

    /// All datagrams so far.
    func received() -> [String] {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            // Safe: the kernel writes at most the bytes of the array.
            let count = unsafe recv(descriptor, &buffer, 4096, Int32(MSG_DONTWAIT))
            guard count > 0 else { return texts }
            texts.append(String(decoding: buffer[..<count], as: UTF8.self))
        }
    }
}

/// A connection to a port of this machine.
final class StreamSocket {
    private var descriptor: Int32

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        // Safe: the kernel reads one structure, which lives on this frame.
        let status = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe connect(descriptor, generic, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw ScenarioError("cannot connect to port \(port)") }
    }

    deinit { end(cut: false) }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        // Safe: the kernel reads at most the bytes of the array.
        _ = unsafe Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// - Parameter cut: reset it, as a machine does that knows nothing of it any more.
    func end(cut: Bool) {
        guard descriptor >= 0 else { return }
        var linger = Glibc.linger(l_onoff: cut ? 1 : 0, l_linger: 0)
        // Safe: the kernel reads one structure, which lives on this frame.
        _ = unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_LINGER, &linger,
            socklen_t(MemoryLayout<Glibc.linger>.size))
        close(descriptor)
        descriptor = -1
    }
}
