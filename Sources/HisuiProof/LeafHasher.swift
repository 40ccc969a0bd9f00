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
/// Owned by one thread. One hasher serves the rows of a batch or a block: it is made with their
/// sources and senders, and then allocates nothing.
public struct LeafHasher: Sendable {
    /// First byte of the entry of a record.
    static let version: UInt8 = 1

    /// The leaf of an index whose record was lost before a checkpoint covered it.
    public static let lost = MerkleHash.leaf([0])

    private let sources: [Source]
    private let senders: [String]
    /// The envelope up to the record. The first `headCount` bytes are those of the source and
    /// sender hashed last.
    private var envelope: [UInt8] = []
    private var headCount = 0
    private var head: (source: Int, sender: Int) = (-1, -1)

    /// - Parameters:
    ///   - sources: what rows name by number.
    ///   - senders: the same; number 0 is nobody, the empty text.
    public init(sources: [Source], senders: [String]) {
        self.sources = sources
        self.senders = senders
        envelope.reserveCapacity(256)
    }

    /// Puts source and sender at the beginning of the envelope.
    private mutating func begin(_ source: Int, _ sender: Int) {
        envelope.removeAll(keepingCapacity: true)
        append(sources[source].id)
        envelope.append(sources[source].kind.rawValue)
        envelope.append(sources[source].form.rawValue)
        append(senders[sender])
        headCount = envelope.count
        head = (source, sender)
    }

    private mutating func append(_ text: String) {
        envelope.appendVarint(UInt64(text.utf8.count))
        envelope.append(utf8: text)
    }

    /// The leaf of a record.
    ///
    /// - Parameters:
    ///   - source: a number in the sources given to `init`; `sender` likewise.
    ///   - time: `Timestamp.none` if the row has none.
    /// - Complexity: O(n) in the bytes of the record; no allocation.
    public mutating func hash(
        source: Int, sender: Int, received: Timestamp, time: Timestamp, flags: RowFlags,
        record: Span<UInt8>
    ) -> MerkleHash {
        if head != (source, sender) {
            begin(source, sender)
        } else {
            envelope.removeLast(envelope.count - headCount)
        }
        envelope.appendLittleEndian(received.nanoseconds)
        envelope.appendLittleEndian(time.nanoseconds)
        envelope.appendLittleEndian(flags.rawValue)
        let digest = MerkleHash.digest(of: envelope.span, record)
        return MerkleHash.leaf(version: Self.version, digest: digest)
    }

    /// Appends the leaves of all rows of a batch, in order.
    ///
    /// - Complexity: O(bytes of the batch); a few allocations for the batch, none for a row.
    public static func appendLeaves(
        of batch: borrowing RowBatch, to leaves: inout [MerkleHash]
    ) {
        var hasher = LeafHasher(sources: [batch.source], senders: batch.senders)
        leaves.reserveCapacity(leaves.count + batch.rows.count)
        let bytes = batch.bytes.span
        for index in batch.rows.indices {
            let row = batch.rows[index]
            let range = Int(row.offset)..<Int(row.offset) + Int(row.count)
            leaves.append(
                hasher.hash(
                    source: 0, sender: Int(row.sender), received: row.received, time: row.time,
                    flags: row.flags, record: bytes.extracting(range)))
        }
    }
}
