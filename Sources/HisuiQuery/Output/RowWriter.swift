/// Turns rows of a result into bytes.
///
/// Whoever calls it flushes.
public protocol RowWriter {
    /// Appends a row, or keeps it until more are known.
    mutating func write(_ row: borrowing ResultRow, to out: inout [UInt8])
    /// Appends what was kept: there are no more rows.
    mutating func finish(to out: inout [UInt8])
}

/// The records themselves, byte for byte, each with a line feed behind it.
///
/// Rows that are no events have none and are left out; run the query with `QueryOptions.raw`.
/// Rows with those around them are parted by `--`.
public struct RawWriter: RowWriter {
    private var parting = ContextParting()

    public init() {}

    public mutating func write(_ row: borrowing ResultRow, to out: inout [UInt8]) {
        guard let index = row.index(of: FieldName.record) else { return }
        parting.part(row, to: &out)
        out.append(contentsOf: row.bytes[row.range(at: index)])
        out.append(0x0A)
    }

    public mutating func finish(to out: inout [UInt8]) {}
}
