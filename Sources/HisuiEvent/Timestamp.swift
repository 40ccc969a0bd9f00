/// A point in time: nanoseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// Range: years 1678 to 2262. Event time, receive time and a source's clock offset are kept
/// apart from each other; see `RecordBatch.Entry` and `RowBatch.Row`.
@frozen
public struct Timestamp: Comparable, Hashable, Sendable {
    public var nanoseconds: Int64

    @inlinable
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    @inlinable
    public static func < (a: Timestamp, b: Timestamp) -> Bool { a.nanoseconds < b.nanoseconds }

    /// No time: what a record carries whose time could not be read.
    public static let none = Timestamp(nanoseconds: .min)
}
