import HisuiBytes

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
