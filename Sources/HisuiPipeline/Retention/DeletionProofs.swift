public import HisuiEvent
public import HisuiStore

/// What a deletion needs of the streams' trees.
public protocol DeletionProofs: Sendable {
    /// Times at which checkpoints of a stream were signed, at least those of the last weeks.
    func checkpointTimes(zone: String, stream: String) throws(StoreError) -> [Timestamp]

    /// What commits to leaves that are about to go.
    ///
    /// - Throws: why they cannot go: the newest checkpoint does not cover them, the tree cannot be
    ///   read, or it does not agree with the records.
    func proof(
        of segments: [Expiry.Segment], zone: String, stream: String
    ) throws(StoreError) -> DeletionProof
}

/// What stays of leaves that are gone.
public struct DeletionProof: Sendable {
    /// Hashes of the perfect subtrees that make up the leaves, from left to right: at each place
    /// the largest that is aligned there and does not go beyond the end. 32 bytes each.
    public var subtrees: [[UInt8]]
    /// The level-0 hashes of the block at the end.
    public var edge: Expiry.Edge

    public init(subtrees: [[UInt8]], edge: Expiry.Edge) {
        self.subtrees = subtrees
        self.edge = edge
    }
}
