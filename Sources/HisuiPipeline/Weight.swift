import HisuiBytes
import HisuiEvent

/// What a batch takes of the memory that a queue may hold: near enough, and never 0, so that empty
/// batches are bounded, too.
///
/// Arrays grow by doubling, so what they have room for counts, not what is in them.
enum Weight {
    /// The batch itself, its names, its position.
    private static let fixed = 256

    static func of(_ batch: borrowing RecordBatch) -> Int {
        batch.bytes.capacity
            + batch.entries.capacity * MemoryLayout<RecordBatch.Entry>.stride
            + batch.position.count + fixed
    }

    static func of(_ batch: borrowing RowBatch) -> Int {
        batch.bytes.capacity + batch.rows.capacity * MemoryLayout<RowBatch.Row>.stride
            + batch.slots.capacity * MemoryLayout<ByteRange>.stride
            + batch.position.count + fixed
    }
}
