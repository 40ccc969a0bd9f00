import CLinux
import Glibc
public import HisuiEvent

/// Receives syslog datagrams: UDP over IPv4 or IPv6, or a Unix socket like `/dev/log`.
///
/// A datagram is a record: its payload as it came, without one LF or NUL at its end. A datagram
/// without bytes is a record without bytes.
///
/// Each sender is a source, `syslog-udp:127.0.0.1:5514/192.0.2.7`; senders beyond
/// `Limits.sendersPerListenerMax` share `…/other`, where each record names its sender. A Unix
/// socket is one source, whose records name the process that the kernel says has sent them
/// (`SenderCredentials`). There are no positions: a datagram that was not taken is gone.
///
/// **Drops.** When the pipeline is full, the collector waits with it: it stops reading, the
/// kernel's buffer (16 MiB if allowed) takes what comes, and what does not fit there the kernel
/// drops and counts. So there is one place where datagrams are lost, and one exact count of them:
/// the socket's own (`SO_MEMINFO`, read after every wake-up and each second), accounted to the
/// listener's own source `syslog-udp:127.0.0.1:5514` as `kernelBuffer`. Not `SO_RXQ_OVFL`, which
/// does not tell of drops after the last datagram read. A Unix socket makes its senders wait.
///
/// A sender that exceeds its quota, where there is one, loses the datagrams beyond it; they are
/// counted for its own source as `quota`.
public final class SyslogDatagramCollector: Collector {
    public let name: String
    /// The listener's own source, to which drops are accounted.
    public let source: Source
    /// The port, as the system chose it if 0 was asked for; 0 for a Unix socket.
    public var port: UInt16 { socket.port }
    /// Bytes of kernel buffer granted.
    public let bufferBytes: Int
    private let socket: ListeningSocket
    private let datagramBytes: UInt32
    private let quota: SenderQuota

    /// Binds a UDP socket at a numeric address.
    ///
    /// - Parameters:
    ///   - id: of the listener's source; nil: made from the address.
    ///   - quota: what one sender may send.
    public convenience init(
        id: String? = nil, address: String, port: UInt16, bufferBytes: Int = 16 << 20,
        quota: SenderQuota = SenderQuota()
    ) throws(CollectError) {
        let socket = try ListeningSocket(address: address, port: port, stream: false)
        // 65,507 bytes are the most UDP can carry.
        self.init(socket, id, "syslog-udp", .syslogUDP, 65_536, bufferBytes, quota)
    }

    /// Binds a Unix datagram socket at a path, replacing one that nobody listens on any more.
    ///
    /// - Parameters:
    ///   - id: of the source; nil: made from the path.
    ///   - mode: permissions of the socket; 0o666 lets every process log, as `/dev/log`.
    public convenience init(
        id: String? = nil, path: String, mode: UInt32 = 0o666, bufferBytes: Int = 16 << 20
    ) throws(CollectError) {
        let socket = try ListeningSocket(path: path, mode: mode, stream: false)
        self.init(socket, id, "syslog-unix", .syslogUnix, 262_144, bufferBytes, SenderQuota())
    }

    private init(
        _ socket: ListeningSocket, _ id: String?, _ prefix: String, _ kind: SourceKind,
        _ datagramBytes: UInt32, _ bufferBytes: Int, _ quota: SenderQuota
    ) {
        self.quota = quota
        self.socket = socket
        self.datagramBytes = datagramBytes
        name = "\(prefix):\(socket.place)"
        source = Source(
            id: id ?? SourceID.make(prefix, socket.place), kind: kind, form: .syslog)
        self.bufferBytes = Int(
            hisui_receive_buffer(socket.descriptor, Int32(clamping: bufferBytes)))
    }

    public func collect(
        into sink: any RecordSink, resume: @Sendable (String) -> [UInt8]?, until stop: StopSignal
    ) throws(CollectError) {
        guard let set = unsafe hisui_datagrams_new(Self.datagramsAtOnce, datagramBytes) else {
            throw CollectError(
                .system, operation: "get receive buffers for", place: name, errno: ENOMEM)
        }
        // Safe: the receiver uses the set within this call, on this thread.
        defer { unsafe hisui_datagrams_free(set) }
        var receiver = unsafe DatagramReceiver(
            descriptor: socket.descriptor, set: set, table: SenderTable(listener: source),
            quota: quota, sink: sink, hasRoom: bufferBytes >= Self.roomyBuffer)
        try receiver.run(until: stop, name)
    }

    /// Datagrams taken with one system call.
    private static let datagramsAtOnce: UInt32 = 128
    /// A buffer that holds what arrives in a few milliseconds at any rate we can read.
    private static let roomyBuffer = 4 << 20
}
