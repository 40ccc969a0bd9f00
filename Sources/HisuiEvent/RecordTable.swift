/// How the rows of a table of delimited values (RFC 4180) are to be read.
public struct RecordTable: Hashable, Sendable {
    /// Names of the values, all different and none empty; at most `Limits.columnsMax`.
    public var columns: [String]
    /// ASCII; stands between values.
    public var delimiter: UInt8
    /// Whether a line of the file named the columns; if not, they are numbered.
    public var isNamed: Bool

    public init(columns: [String], delimiter: UInt8, isNamed: Bool) {
        self.columns = columns
        self.delimiter = delimiter
        self.isNamed = isNamed
    }
}
