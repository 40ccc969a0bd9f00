import Foundation
import Testing

/// What systemd hears of the daemon: sd_notify(3).
@Suite("the service manager", .serialized)
struct ServiceManagerScenarios {
    @Test("READY, RELOADING, WATCHDOG and STOPPING are told")
    func notified() throws {
        let daemon = try RunningDaemon()
        let socket = try NotifySocket()
        try daemon.launch(environment: [
            "NOTIFY_SOCKET": socket.path, "WATCHDOG_USEC": "600000",
        ])
        try eventually("READY") { socket.received().contains("READY=1") }
        #expect(try daemon.isListening, "ready, but not listening: \(daemon.log)")
        try eventually("WATCHDOG") {
            socket.received().filter { $0 == "WATCHDOG=1" }.count >= 3
        }
        #expect(!socket.received().contains("STOPPING=1"))
        daemon.hangUp()
        try eventually("RELOADING, with the time, and READY again") {
            let received = socket.received()
            guard let reloading = received.firstIndex(of: "RELOADING=1") else { return false }
            return received[reloading...].contains { $0.hasPrefix("MONOTONIC_USEC=") }
                && received[reloading...].contains("READY=1")
        }
        #expect(try daemon.stop() == 0)
        #expect(socket.received().contains("STOPPING=1"))
    }

    @Test("a configuration that is refused ends with 3 and never says READY")
    func refused() throws {
        let daemon = try RunningDaemon(sources: ["syslog: { upd: \"127.0.0.1:1\" }"])
        let socket = try NotifySocket()
        try daemon.launch(environment: ["NOTIFY_SOCKET": socket.path])
        try eventually("it ends") { !daemon.isRunning }
        #expect(daemon.log.contains("udp"), "\(daemon.log)")
        #expect(!socket.received().contains("READY=1"))
    }
}

/// A socket as systemd gives one to a service; keeps each line it was sent.
final class NotifySocket {
    private let folder: Scratch
    private let descriptor: Int32
    private var lines: [String] = []
    var path: String { folder.path + "/notify" }

    init() throws {
        folder = try Scratch()
        let kind = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        descriptor = socket(AF_UNIX, kind, 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let name = Array((folder.path + "/notify").utf8)
        // Safe: the name is shorter than the field, which is zero behind it.
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { field in
            unsafe field.copyBytes(from: name)
        }
        // Safe: the kernel reads one structure, which lives on this frame.
        let status = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe bind(descriptor, generic, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else { throw ScenarioError("cannot bind \(path)") }
    }

    /// All lines so far.
    func received() -> [String] {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            // Safe: the kernel writes at most the bytes of the array.
            let count = unsafe recv(descriptor, &buffer, 4096, Int32(MSG_DONTWAIT))
            guard count > 0 else { return lines }
            lines += String(decoding: buffer[..<count], as: UTF8.self)
                .split(separator: "\n").map(String.init)
        }
    }

    deinit { close(descriptor) }
}
