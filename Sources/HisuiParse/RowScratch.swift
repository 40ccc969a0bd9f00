public import HisuiBytes
public import HisuiShape

/// What is known of one record while it is being parsed; used again for the next one, so that no
/// record allocates.
public struct RowScratch {
    /// Slots found so far, in record coordinates, ascending and without overlap.
    public var slots: [ByteRange] = []
    /// Kind and role of each slot.
    public var kinds: [Shape.Slot] = []
    /// What was recognised so far, mixed into one number: records of one shape have the same key,
    /// and records of different shapes nearly always different ones.
    public var key: UInt64 = 0

    public init() {}

    /// Empties the scratch and keeps its memory.
    public mutating func reset() {
        slots.removeAll(keepingCapacity: true)
        kinds.removeAll(keepingCapacity: true)
        key = 0
    }
}
