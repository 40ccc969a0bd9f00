import HisuiBytes
public import HisuiEvent

/// Makes the leaf of a record.
///
///     envelope   counted text   id of the source          (a varint length, then the bytes)
///                u8, u8         kind and form of the source
///                counted text   sender; empty if nobody is known
///                u64            receive time } nanoseconds, two's complement,
///                u64            event time   } the lowest byte first
///                u32            flags of the row
///                …              the record, byte for byte, to the end
///
///     entry      0x01 || SHA-256(envelope)
///     leaf       SHA-256(0x00 || entry)                            (RFC 6962 §2.1)
///
/// The entry holds digests, never the record: it can be shown to whoever may not see the record.
/// An index whose record was lost before a checkpoint covered it has the entry `0x00`: a tree has
/// no holes.
///
/// Records wait until there are some, and are hashed together: hashes that do not depend on each
/// other cost less side by side (`MerkleHash.appendDigests`).
///
///     var hasher = LeafHasher(sources: …, senders: …)
///     for … { hasher.append(…, to: &leaves) }
///     hasher.finish(to: &leaves)
///
/// Owned by one thread. One hasher serves the rows of a batch or a block: it is made with their
/// sources and senders, and then allocates nothing.
public struct LeafHasher: Sendable {
    /// First byte of the entry of a record.
    static let version: UInt8 = 1

    /// The leaf of an index whose record was lost before a checkpoint covered it.
    public static let lost = MerkleHash.leaf([0])

    /// What waits at most: the envelopes stay in the first-level cache. A record may be longer.
    private static let waitingBytesMax = 16 << 10

    private var sources: [Source]
    private var senders: [String]
    /// The beginning of the envelopes of one source and sender, those of the record before.
    private var head: [UInt8] = []
    private var headOf: (source: Int, sender: Int) = (-1, -1)
    /// The envelopes that wait, one after the other, and where each ends.
    private var envelopes: [UInt8] = []
    private var ends: [UInt32] = []
    private var digests: [MerkleHash] = []

    /// - Parameters:
    ///   - sources: what rows name by number.
    ///   - senders: the same; number 0 is nobody, the empty text.
    public init(sources: [Source], senders: [String]) {
        self.sources = sources
        self.senders = senders
        envelopes.reserveCapacity(2 * Self.waitingBytesMax)
        ends.reserveCapacity(Self.waitingBytesMax / 64)
        digests.reserveCapacity(Self.waitingBytesMax / 64)
    }

    /// Goes on with the records of others; none waits.
    mutating func restart(sources: [Source], senders: [String]) {
        precondition(ends.isEmpty, "all records were hashed")
        self.sources = sources
        self.senders = senders
        headOf = (-1, -1)
    }

    private mutating func begin(_ source: Int, _ sender: Int) {
        head.removeAll(keepingCapacity: true)
        Self.append(sources[source].id, to: &head)
        head.append(sources[source].kind.rawValue)
        head.append(sources[source].form.rawValue)
        Self.append(senders[sender], to: &head)
        headOf = (source, sender)
    }

    private static func append(_ text: String, to out: inout [UInt8]) {
        out.appendVarint(UInt64(text.utf8.count))
        out.append(utf8: text)
    }

    /// Takes a record; its leaf is appended to `leaves` now or later, in the order of the records.
    ///
    /// - Parameters:
    ///   - source: a number in the sources given to `init`; `sender` likewise.
    ///   - time: `Timestamp.none` if the row has none.
    /// - Complexity: O(n) in the bytes of the record; no allocation.
    public mutating func append(
        source: Int, sender: Int, received: Timestamp, time: Timestamp, flags: RowFlags,
        record: Span<UInt8>, to leaves: inout [MerkleHash]
    ) {
        if headOf != (source, sender) { begin(source, sender) }
        envelopes.append(contentsOf: head)
        envelopes.appendLittleEndian(received.nanoseconds)
        envelopes.appendLittleEndian(time.nanoseconds)
        envelopes.appendLittleEndian(flags.rawValue)
        envelopes.append(record, 0..<record.count)
        ends.append(UInt32(envelopes.count))
        if envelopes.count >= Self.waitingBytesMax { finish(to: &leaves) }
    }

    /// Appends the leaves of all records that wait.
    public mutating func finish(to leaves: inout [MerkleHash]) {
        digests.removeAll(keepingCapacity: true)
        MerkleHash.appendDigests(of: envelopes, ends: ends, to: &digests)
        MerkleHash.appendLeaves(version: Self.version, digests: digests, to: &leaves)
        envelopes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
    }

    /// Appends the leaves of all rows of a batch, in order.
    ///
    /// - Complexity: O(bytes of the batch); a few allocations for the batch, none for a row.
    public static func appendLeaves(
        of batch: borrowing RowBatch, to leaves: inout [MerkleHash]
    ) {
        var hasher = LeafHasher(sources: [batch.source], senders: batch.senders)
        hasher.append(batch, to: &leaves)
    }

    /// Appends the leaves of all rows of the batch whose source and senders it was made with.
    mutating func append(_ batch: borrowing RowBatch, to leaves: inout [MerkleHash]) {
        leaves.reserveCapacity(leaves.count + batch.rows.count)
        let bytes = batch.bytes.span
        for index in batch.rows.indices {
            let row = batch.rows[index]
            let range = Int(row.offset)..<Int(row.offset) + Int(row.count)
            append(
                source: 0, sender: Int(row.sender), received: row.received, time: row.time,
                flags: row.flags, record: bytes.extracting(range), to: &leaves)
        }
        finish(to: &leaves)
    }
}
