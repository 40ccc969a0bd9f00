public import HisuiEvent
import Synchronization

/// A collector to which peers connect: what is known of its listener is the same for all.
public protocol StreamCollector: Collector {
    var listener: StreamListener { get }
}

extension StreamCollector {
    public var name: String { listener.name }
    /// The listener's own; its peers' sources have ids that begin with it.
    public var source: Source { listener.source }
    /// The port, as the system chose it if 0 was asked for.
    public var port: UInt16 { listener.socket.port }
    public var counts: StreamCounts { listener.counts.withLock { $0 } }

    public func reload() throws(CollectError) { try listener.reload() }

    public func connections(of source: String) -> StreamConnections? {
        listener.connections(of: source)
    }

    public var certificateExpiry: Int64? { listener.context?.expiry }

    public var report: ListenerReport? { listener.report }
}
