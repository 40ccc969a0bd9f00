import Glibc
import HisuiBytes
public import HisuiEvent
import Synchronization

/// What a stream listener allows its peers.
public struct StreamLimits: Hashable, Sendable {
    /// A connection on which nothing comes for so long is closed; 0: never.
    public var idleSeconds: Int
    /// Within which a peer has shaken hands, if it has to: on a slow line it takes two or three.
    public var handshakeSeconds: Int
    /// Within which a request of HTTP that is kept until it is whole has come.
    public var requestSeconds: Int
    /// Open connections; more are closed when they are made, and counted.
    public var connectionsMax: Int
    /// Open connections of one address; 0: as many as there may be.
    public var connectionsPerSenderMax: Int
    /// How fast one sender may send; who is faster has to wait, and nothing is dropped.
    public var quota: SenderQuota

    public init(
        idleSeconds: Int = 0, handshakeSeconds: Int = 10,
        requestSeconds: Int = Limits.httpRequestSecondsMax,
        connectionsMax: Int = Limits.connectionsPerListenerMax,
        connectionsPerSenderMax: Int = 0, quota: SenderQuota = SenderQuota()
    ) {
        self.idleSeconds = idleSeconds
        self.handshakeSeconds = handshakeSeconds
        self.requestSeconds = requestSeconds
        self.connectionsMax = connectionsMax
        self.connectionsPerSenderMax = connectionsPerSenderMax
        self.quota = quota
    }
}

/// What happened to the connections of a listener; totals since it began.
public struct StreamCounts: Hashable, Sendable {
    public var accepted: UInt64 = 0
    /// Peers that were turned away, by reason.
    public var refusals = Refusals()
    /// Closed because nothing came for longer than the idle time.
    public var closedIdle: UInt64 = 0
    /// Broken off by the peer or the network.
    public var reset: UInt64 = 0
    /// How often a sender had to wait for its quota.
    public var held: UInt64 = 0
    public var open = 0
}

/// A bound TCP or Unix socket with its source, its limits, its counts, and its certificate if it
/// speaks TLS.
public final class StreamListener: Sendable {
    /// What is received at it.
    struct Trade {
        /// Before the place in its name, `relp-tls` in `relp-tls:0.0.0.0:2514`.
        var prefix: String
        var kind: SourceKind
        var form: RecordForm
    }

    let name: String
    let source: Source
    let socket: ListeningSocket
    let limits: StreamLimits
    let counts = Mutex(StreamCounts())
    private let began = Clock.now()
    private let tls: Mutex<TLSContext?>
    /// By source: at most so many as there are sources of a listener.
    private let peers = Mutex<[String: StreamConnections]>([:])

    /// - Parameters:
    ///   - id: of the source; nil: its name.
    ///   - tls: nil: plain TCP.
    init(
        _ trade: Trade, id: String?, address: String, port: UInt16, limits: StreamLimits,
        tls: TLSSettings?
    ) throws(CollectError) {
        // The certificate first: an address must not seem open that nobody can connect to.
        var context: TLSContext?
        if let tls { context = try TLSContext(tls, place: "\(address):\(port)") }
        self.tls = Mutex(context)
        self.limits = limits
        socket = try ListeningSocket(address: address, port: port, stream: true)
        (name, source) = Self.identity(trade, id, socket)
    }

    /// Binds a Unix socket.
    init(
        _ trade: Trade, id: String?, path: String, mode: UInt32, limits: StreamLimits
    ) throws(CollectError) {
        tls = Mutex(nil)
        self.limits = limits
        socket = try ListeningSocket(path: path, mode: mode, stream: true)
        (name, source) = Self.identity(trade, id, socket)
    }

    private static func identity(
        _ trade: Trade, _ id: String?, _ socket: ListeningSocket
    ) -> (name: String, source: Source) {
        let id = id ?? SourceID.make(trade.prefix, socket.place)
        return (
            "\(trade.prefix):\(socket.place)", Source(id: id, kind: trade.kind, form: trade.form)
        )
    }

    /// For connections that are made from now on; nil: plain TCP.
    var context: TLSContext? { tls.withLock { $0 } }

    /// Reads certificate, key and authorities again; those in force stay if they are refused.
    func reload() throws(CollectError) {
        guard let old = context else { return }
        let fresh = try TLSContext(old.settings, place: socket.place)
        tls.withLock { $0 = fresh }
    }

    func connections(of source: String) -> StreamConnections? { peers.withLock { $0[source] } }

    /// A connection of a source has begun to say something.
    func opened(_ source: String) {
        peers.withLock { $0[source, default: StreamConnections()].open += 1 }
    }

    /// One of those has ended.
    func ended(_ source: String, _ end: StreamConnections.End) {
        peers.withLock { peers in
            peers[source]?.open -= 1
            peers[source]?.lastEnd = end
        }
    }

    func count(_ body: (inout StreamCounts) -> Void) { counts.withLock { body(&$0) } }

    /// Counts a peer that was turned away.
    func refuse(_ reason: Refusals.Reason, _ peer: String, _ detail: String = "") {
        let time = Clock.now()
        count { $0.refusals.add(reason, peer: peer, detail: detail, at: time) }
    }

    var report: ListenerReport {
        ListenerReport(id: source.id, since: began, counts: counts.withLock { $0 })
    }
}
