import CLinux
import Glibc
import HisuiBytes
import HisuiEvent
import HisuiPolicy
import Logging
import Testing

@testable import HisuiPipeline

/// The signal of life, as somebody outside receives it.
@Suite struct SignalStageTests {
    private static let sign: Heartbeat = {
        var sign = Heartbeat(
            time: Timestamp(nanoseconds: 1_700_000_000_000_000_000), state: .running, zone: "lgwan",
            program: "hisui", pid: 42, bootID: "b", elapsed: 1, started: .none, intervalSeconds: 10)
        sign.stored = 9
        sign.sources = 4
        sign.silent = 1
        sign.waiting = 7
        sign.dropped = 2
        return sign
    }()
    private static let line =
        "<110>1 2023-11-14T22:13:20.000Z host hisui 42 heartbeat - zone=lgwan state=running "
        + "stored=9 sources=4 silent=1 waiting=7 dropped=2"

    private static func stage(_ way: Configuration.Signal.Way) -> SignalStage {
        SignalStage(
            .init(way: way, seconds: 60), host: "host", sign: { sign },
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private static func endpoint(_ port: Int32) -> Configuration.Endpoint {
        .init(address: IPAddress(v4: 0x7F00_0001), port: UInt16(port))
    }

    /// What arrives at a socket; waits for it, as long as the test runs.
    private static func text(of descriptor: Int32) -> String {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        // Safe: the kernel writes one structure.
        unsafe poll(&entry, 1, -1)
        var buffer = [UInt8](repeating: 0, count: 1024)
        // Safe: the kernel writes at most the bytes of the array.
        let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
        return String(decoding: buffer[..<max(0, count)], as: UTF8.self)
    }

    @Test func aDatagramIsALineOfSyslog() throws {
        let socket = unsafe hisui_listen_inet("127.0.0.1", 0, 0, 0)
        try #require(socket >= 0)
        defer { close(socket) }
        let stage = Self.stage(.udp(Self.endpoint(hisui_bound_port(socket))))
        #expect(stage.send(Self.sign) == nil)
        #expect(Self.text(of: socket) == Self.line)
    }

    @Test func aConnectionCarriesOneLine() throws {
        let socket = unsafe hisui_listen_inet("127.0.0.1", 0, 1, 0)
        try #require(socket >= 0)
        defer { close(socket) }
        let stage = Self.stage(.tcp(Self.endpoint(hisui_bound_port(socket))))
        #expect(stage.send(Self.sign) == nil)
        var peer = hisui_peer()
        var taken: Int32 = -EAGAIN
        // Safe: the call writes one structure.
        while taken == -EAGAIN { taken = unsafe hisui_accept(socket, &peer) }
        try #require(taken >= 0)
        defer { close(taken) }
        #expect(Self.text(of: taken) == Self.line + "\n")
    }

    @Test func aPeerThatIsNotThereIsTold() throws {
        let socket = unsafe hisui_listen_inet("127.0.0.1", 0, 1, 0)
        let port = hisui_bound_port(socket)
        close(socket)
        let problem = try #require(Self.stage(.tcp(Self.endpoint(port))).send(Self.sign))
        #expect(problem.hasPrefix("127.0.0.1:\(port): "))
    }

    @Test func aCommandIsRunWithoutAShell() {
        #expect(Self.stage(.command(["/bin/true"])).send(Self.sign) == nil)
        #expect(
            Self.stage(.command(["/usr/bin/test", "$HOME", "=", "$HOME"])).send(Self.sign) == nil)
        #expect(Self.stage(.command(["/usr/bin/test", "a b", "=", "a b"])).send(Self.sign) == nil)
        #expect(Self.stage(.command(["/bin/false"])).send(Self.sign) == "/bin/false ended with 1")
        let problem = Self.stage(.command(["/no/such/program"])).send(Self.sign)
        #expect(problem == "/no/such/program: No such file or directory")
    }

    @Test func aCommandThatDoesNotEndIsKilled() {
        // Safe: the words are ended as the function wants it.
        let status = unsafe hisui_run("/bin/sleep\u{0}1000\u{0}", 0)
        #expect(status == -ETIMEDOUT)
    }
}
