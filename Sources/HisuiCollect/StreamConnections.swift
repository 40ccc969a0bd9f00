/// What is known of the connections of one source; totals of its collector.
public struct StreamConnections: Hashable, Sendable {
    public enum End: Hashable, Sendable {
        /// The peer closed it, in an orderly way.
        case closed
        /// It was broken off: the peer or the way to it is gone.
        case cut
        /// This side closed it.
        case byUs
    }
    public var open = 0
    /// How the last one that ended did; nil if none has.
    public var lastEnd: End?

    public init(open: Int = 0, lastEnd: End? = nil) {
        self.open = open
        self.lastEnd = lastEnd
    }
}
