import HisuiEvent

/// Receives syslog over TCP, TLS (RFC 5425) or a Unix stream socket: lines and counted frames, told
/// apart by `SyslogFramer`.
///
/// Each peer address is a source, `syslog-tcp:127.0.0.1:5514/192.0.2.7`, whatever its ports and
/// connections; a peer whose certificate was checked is known by the name in it instead,
/// `syslog-tls:…/cert:web1.example`, from whatever address it comes. Peers beyond
/// `Limits.sendersPerListenerMax` share `…/other`. Each record names the address it came from.
///
/// A Unix socket is one source, as that of `SyslogDatagramCollector`: each record names the process
/// that the kernel says has written its end, which need not be the one that connected.
///
/// There are no positions, and TCP has no acknowledgement that a sender could wait for: what was
/// sent to a daemon that dies is lost without a trace, unless RELP is used.
///
/// **Back-pressure** is not reading: when the pipeline is full, the collector's only thread waits
/// in the sink, the kernel's buffers fill, and the senders wait. Nothing is dropped.
public final class SyslogStreamCollector: StreamCollector {
    public let listener: StreamListener

    /// Listens at a numeric address.
    ///
    /// - Parameters:
    ///   - id: of the listener's source; nil: made from the address.
    ///   - tls: nil: plain TCP.
    public init(
        id: String? = nil, address: String, port: UInt16, limits: StreamLimits = StreamLimits(),
        tls: TLSSettings? = nil
    ) throws(CollectError) {
        listener = try StreamListener(
            StreamListener.Trade(
                prefix: tls == nil ? "syslog-tcp" : "syslog-tls", kind: .syslogTCP,
                form: .syslog),
            id: id, address: address, port: port, limits: limits, tls: tls)
    }

    /// Binds a Unix stream socket at a path, replacing one that nobody listens on any more.
    ///
    /// - Parameters:
    ///   - id: of the source; nil: made from the path.
    ///   - mode: permissions of the socket; 0o666 lets every process log.
    ///   - limits: a sender is a user.
    public init(
        id: String? = nil, path: String, mode: UInt32 = 0o666,
        limits: StreamLimits = StreamLimits()
    ) throws(CollectError) {
        listener = try StreamListener(
            StreamListener.Trade(prefix: "syslog-unix-stream", kind: .syslogUnix, form: .syslog),
            id: id, path: path, mode: mode, limits: limits)
    }

    public func collect(
        into sink: any RecordSink, resume: @Sendable (String) -> [UInt8]?, until stop: StopSignal
    ) throws(CollectError) {
        var receiver = try StreamReceiver(
            listener, handler: SyslogStreamHandler(source: source, sink: sink), stop: stop)
        try receiver.run()
    }
}
