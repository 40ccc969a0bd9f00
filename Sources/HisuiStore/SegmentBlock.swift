import HisuiShape

/// The rows of a block inside a segment: decompresses columns on demand.
final class SegmentBlock: Sendable {
    /// The columns that every row has.
    enum RowColumn: Int, Sendable { case shape, time, received, source, sender, flags }

    func numbers(_ column: RowColumn) throws(StoreError) -> [UInt32] { [] }
    func integers(_ column: RowColumn) throws(StoreError) -> [Int64] { [] }
    func column(shape: Int, slot: Int) throws(StoreError) -> SlotColumn {
        SlotColumn(bytes: [], ranges: [])
    }
    func appendRecord(
        of shape: Shape, shape number: Int, ordinal: Int, to out: inout [UInt8]
    ) throws(StoreError) {}
    func dropCaches() {}
}
