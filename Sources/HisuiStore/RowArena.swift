import HisuiBytes
import HisuiEvent

/// Rows in memory: the records one after the other, and flat arrays beside them.
///
/// Nothing is copied apart from the record's bytes: slots are spans of the records. The rows of a
/// block in memory, and what `SegmentWriter` takes columns from.
struct RowArena: Sendable {
    /// The records; offsets are 32 bits, so a block ends long before they overflow.
    var bytes: [UInt8] = []
    var offsets: [UInt32] = []
    var counts: [UInt32] = []
    /// The row's shape, numbered within the block in order of first appearance.
    var shapes: [UInt32] = []
    /// The row's first slot in `slots`.
    var firstSlots: [UInt32] = []
    var slots: [ByteRange] = []
    var times: [Int64] = []
    var received: [Int64] = []
    var sources: [UInt32] = []
    var senders: [UInt32] = []
    var flags: [UInt32] = []

    var count: Int { offsets.count }

    /// Makes room for `total` rows of about the length of those that are here, one at least, and at
    /// most for a block.
    mutating func reserve(_ total: Int) {
        let (has, more) = (count, total + total / 16)
        bytes.reserveCapacity(min(bytes.count * more / has, Limits.blockBytesMax))
        slots.reserveCapacity(slots.count * more / has)
        offsets.reserveCapacity(total)
        counts.reserveCapacity(total)
        shapes.reserveCapacity(total)
        firstSlots.reserveCapacity(total)
        times.reserveCapacity(total)
        received.reserveCapacity(total)
        sources.reserveCapacity(total)
        senders.reserveCapacity(total)
        flags.reserveCapacity(total)
    }

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        offsets.removeAll(keepingCapacity: true)
        counts.removeAll(keepingCapacity: true)
        shapes.removeAll(keepingCapacity: true)
        firstSlots.removeAll(keepingCapacity: true)
        slots.removeAll(keepingCapacity: true)
        times.removeAll(keepingCapacity: true)
        received.removeAll(keepingCapacity: true)
        sources.removeAll(keepingCapacity: true)
        senders.removeAll(keepingCapacity: true)
        flags.removeAll(keepingCapacity: true)
    }
}
