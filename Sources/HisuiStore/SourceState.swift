public import HisuiEvent

/// What the store knows of a source: how far it was taken, and its counts.
public struct SourceState: Hashable, Sendable {
    public var source: Source
    /// The source's own position token after its last durable record; empty if it gave none.
    public var position: [UInt8]
    /// Totals since the source was first seen.
    public var account: Account
    /// When its newest record was taken: what tells of silence. `.none` before the first.
    public var lastReceived: Timestamp

    public init(
        source: Source, position: [UInt8] = [], account: Account = Account(),
        lastReceived: Timestamp = .none
    ) {
        self.source = source
        self.position = position
        self.account = account
        self.lastReceived = lastReceived
    }
}
