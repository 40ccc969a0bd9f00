import CLinux
import Glibc
import HisuiBytes
import HisuiCollect
import HisuiEvent
import HisuiPolicy
import Logging

/// Tells somebody outside every so often that the daemon lives: a dead man's switch.
///
/// Whoever hears it raises the alarm when it stays away. Nothing is sent while the writer is stuck.
/// On a thread of its own: a peer that does not answer delays nobody, and never longer than
/// `Limits.signalMillisMax`.
final class SignalStage: Sendable {
    private let signal: Configuration.Signal
    private let host: String
    private let sign: @Sendable () -> Heartbeat?
    private let log: Logger
    private let stopSignal = StopSignal()

    /// - Parameter sign: what the daemon says of itself; nil while it does not work.
    init(
        _ signal: Configuration.Signal, host: String, sign: @escaping @Sendable () -> Heartbeat?,
        log: Logger
    ) {
        self.signal = signal
        self.host = host
        self.sign = sign
        self.log = log
    }

    func stop() { stopSignal.raise() }

    /// Signals until stopped.
    func run() {
        var isTold = false
        repeat {
            guard let sign = sign() else { continue }
            let problem = send(sign)
            if let problem, !isTold { log.error("the signal of life: \(problem); tried again") }
            if problem == nil, isTold { log.notice("the signal of life is sent again") }
            isTold = problem != nil
        } while !stopSignal.wait(milliseconds: Int32(signal.seconds * 1000))
    }

    /// Sends one signal.
    ///
    /// - Returns: what failed.
    func send(_ sign: Heartbeat) -> String? {
        let line = Array(Self.line(sign, host: host).utf8)
        switch signal.way {
        case .udp(let endpoint): return Self.send(line, endpoint, stream: false)
        case .tcp(let endpoint): return Self.send(line + [0x0A], endpoint, stream: true)
        case .command(let words): return Self.run(words)
        }
    }

    /// The sign as a line of syslog (RFC 5424), of facility 13, log audit, and severity 6.
    static func line(_ sign: Heartbeat, host: String) -> String {
        let name = host.isEmpty ? "-" : host
        return "<110>1 \(sign.time.text(offsetSeconds: 0, fractionDigits: 3)) \(name) hisui "
            + "\(sign.pid) heartbeat - zone=\(sign.zone) state=\(sign.state.rawValue) "
            + "stored=\(sign.stored) sources=\(sign.sources) silent=\(sign.silent) "
            + "waiting=\(sign.waiting) dropped=\(sign.dropped)"
    }

    private static func send(
        _ bytes: [UInt8], _ endpoint: Configuration.Endpoint, stream: Bool
    ) -> String? {
        // Safe: both arrays live longer than the call, which reads `count` bytes.
        let status = unsafe hisui_send(
            "\(endpoint.address)", endpoint.port, stream ? 1 : 0, bytes, bytes.count,
            Int32(Limits.signalMillisMax))
        return status < 0 ? "\(endpoint): \(text(ofError: -status))" : nil
    }

    private static func run(_ words: [String]) -> String? {
        var bytes: [CChar] = []
        for word in words { bytes += word.utf8.map { CChar(bitPattern: $0) } + [0] }
        bytes.append(0)
        // Safe: the array is ended as the function wants it, and lives longer than the call.
        let status = unsafe hisui_run(bytes, Int32(Limits.signalMillisMax))
        if status == 0 { return nil }
        return status > 0
            ? "\(words[0]) ended with \(status)" : "\(words[0]): \(text(ofError: -status))"
    }

    private static func text(ofError number: Int32) -> String {
        // Safe: strerror returns a terminated string, copied here before any other call.
        unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)"
    }
}
