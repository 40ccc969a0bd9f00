import HisuiEvent
import HisuiProof
import HisuiStore

/// Finds records of one stream by their index, and computes their leaves.
///
/// Owned by one thread. Keeps the columns of the block it looked at last: asking in ascending order
/// is cheap.
final class RecordLookup {
    private let stream: Snapshot.Stream
    private let blocks: [Block]
    /// Hashes of leaves whose records were deleted, in one block with records that are kept.
    private let edges: [Expiry.Edge]
    private var open: Columns?

    private struct Columns {
        var block: Block
        var times: [Int64]
        var received: [Int64]
        var sources: [UInt32]
        var senders: [UInt32]
        var flags: [UInt32]
    }

    init(_ snapshot: Snapshot, _ stream: Snapshot.Stream, edges: [Expiry.Edge] = []) {
        self.stream = stream
        self.edges = edges
        blocks = snapshot.blocks.filter {
            $0.zone == stream.zone && $0.stream == stream.stream
        }
    }

    /// The record of that index; nil if no file holds it.
    func record(
        _ index: UInt64, _ reason: SelectedRecord.Reason
    ) throws(StoreError) -> SelectedRecord? {
        guard let columns = try columns(index) else { return nil }
        let block = columns.block
        let row = Int(index - block.firstIndex)
        var record: [UInt8] = []
        try block.appendRecord(row: row, to: &record)
        return SelectedRecord(
            zone: stream.zone, stream: stream.stream, index: index, reason: reason,
            source: block.sources[Int(columns.sources[row])],
            sender: block.senders[Int(columns.senders[row])],
            received: Timestamp(nanoseconds: columns.received[row]),
            time: Timestamp(nanoseconds: columns.times[row]),
            flags: RowFlags(rawValue: columns.flags[row]), record: record)
    }

    /// The leaves of a range; for `TreeReader`.
    func leaves(_ range: Range<UInt64>) throws(ProofError) -> [MerkleHash] {
        var leaves: [MerkleHash] = []
        for index in range {
            do throws(StoreError) {
                leaves.append(
                    try record(index, .sample)?.leaf ?? deleted(index) ?? LeafHasher.lost)
            } catch {
                throw ProofError(.damaged, error.what, path: error.path)
            }
        }
        return leaves
    }

    private func deleted(_ index: UInt64) -> MerkleHash? {
        edges.first { index >= $0.first && index < $0.end }
            .flatMap { MerkleHash($0.hashes[Int(index - $0.first)]) }
    }

    private func columns(_ index: UInt64) throws(StoreError) -> Columns? {
        if let open, (open.block.firstIndex..<open.block.endIndex).contains(index) { return open }
        // The last block that begins at or before it.
        var (low, high) = (0, blocks.count)
        while low < high {
            let middle = (low + high) / 2
            if blocks[middle].firstIndex <= index { low = middle + 1 } else { high = middle }
        }
        guard low > 0, index < blocks[low - 1].endIndex else { return nil }
        let block = blocks[low - 1]
        open?.block.dropCaches()
        let columns = Columns(
            block: block, times: try block.times(), received: try block.received(),
            sources: try block.sourceNumbers(), senders: try block.senderNumbers(),
            flags: try block.flags())
        open = columns
        return columns
    }
}
