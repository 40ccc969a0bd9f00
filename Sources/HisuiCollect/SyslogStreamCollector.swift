import CLinux
import Glibc
public import HisuiEvent
import Synchronization

/// Receives syslog over TCP: lines and counted frames, told apart by `SyslogFramer`.
///
/// Each peer address is a source, `syslog-tcp:127.0.0.1:5514/192.0.2.7`, whatever its ports and
/// connections; peers beyond `Limits.sendersPerListenerMax` share `…/other`, where each record
/// names its sender. There are no positions, and TCP has no acknowledgement that a sender could
/// wait for: what was sent to a daemon that dies is lost without a trace, unless RELP is used.
///
/// **Back-pressure** is not reading: when the pipeline is full, the collector's only thread waits
/// in the sink, the kernel's buffers fill, and the senders wait. Nothing is dropped.
public final class SyslogStreamCollector: Collector {
    /// What happened to connections, for `hisui sources`; totals since the start.
    public struct Counts: Hashable, Sendable {
        public var accepted: UInt64 = 0
        /// Closed at once, because as many as allowed were open.
        public var refused: UInt64 = 0
        /// Closed because nothing came for longer than the idle time.
        public var closedIdle: UInt64 = 0
        /// Broken off by the peer or the network.
        public var reset: UInt64 = 0
        public var open = 0
    }

    public let name: String
    public let source: Source
    /// The port, as the system chose it if 0 was asked for.
    public var port: UInt16 { socket.port }
    public var counts: Counts { shared.withLock { $0 } }
    let socket: ListeningSocket
    let idleSeconds: Int
    let connectionsMax: Int
    let shared = Mutex(Counts())

    /// Listens at a numeric address.
    ///
    /// - Parameters:
    ///   - id: of the listener's source; nil: made from the address.
    ///   - idleSeconds: a connection on which nothing comes for so long is closed; 0: never.
    ///   - connectionsMax: open connections; more are closed when they are made, and counted.
    public init(
        id: String? = nil, address: String, port: UInt16, idleSeconds: Int = 0,
        connectionsMax: Int = Limits.connectionsPerListenerMax
    ) throws(CollectError) {
        socket = try ListeningSocket(address: address, port: port, stream: true)
        name = "syslog-tcp:\(socket.place)"
        source = Source(
            id: id ?? SourceID.make("syslog-tcp", socket.place), kind: .syslogTCP, form: .syslog)
        self.idleSeconds = idleSeconds
        self.connectionsMax = connectionsMax
    }

    public func collect(
        into sink: any RecordSink, resume: @Sendable (String) -> [UInt8]?, until stop: StopSignal
    ) throws(CollectError) {
        var receiver = try StreamReceiver(self, sink: sink, stop: stop)
        try receiver.run()
    }
}
