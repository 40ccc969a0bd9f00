/// What became of one file that is taken as a whole, once: a table that another program exports.
///
/// Whoever has to show that no day is missing looks at these.
public struct FileNote: Hashable, Sendable {
    /// The raw value is stored in acts; never rename.
    public enum Outcome: String, Hashable, Sendable {
        /// All of it is stored.
        case taken
        /// The same bytes were taken before, under this or another name; nothing was stored.
        case duplicate
        /// It was taken before and has grown since; what was added is stored.
        case grown
        /// It went away before it was read to its end.
        case vanished
        /// It could not be read, or not to its end.
        case failed
    }

    public var outcome: Outcome
    /// The source the file's rows belong to.
    public var source: String
    public var path: String
    /// SHA-256 of the file as it is on disk; empty where it could not be read.
    public var digest: [UInt8] = []
    /// Bytes of the file as it is on disk.
    public var bytes: UInt64 = 0
    /// Records, of what was added if it has grown; the line of column names is one.
    public var rows: UInt64 = 0
    /// Records that have not as many values as there are columns.
    public var oddRows: UInt64 = 0
    /// Names of the columns, if the file has a line of them.
    public var columns: [String] = []
    /// The columns are not those of the file before.
    public var hasOtherColumns = false
    /// In English, for the record: why it failed.
    public var cause = ""

    public init(_ outcome: Outcome, source: String, path: String) {
        self.outcome = outcome
        self.source = source
        self.path = path
    }
}
