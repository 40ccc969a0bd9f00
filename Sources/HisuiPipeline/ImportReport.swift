public import HisuiEvent

/// How far an import has come, and what became of its files.
public struct ImportReport: Sendable {
    /// Records stored by this import.
    public var records: UInt64 = 0
    /// Bytes of these records, without delimiters.
    public var bytes: UInt64 = 0
    /// Stored records that a rule knows.
    public var recognised: UInt64 = 0
    /// Records that were stored by an import before, and not again.
    public var deduplicated: UInt64 = 0
    /// Stored records that were longer than the limit: cut there, and flagged.
    public var truncated: UInt64 = 0
    public var segments = 0
    public var segmentBytes = 0
    /// What is known to be missing or damaged, the first of them; `gapCount` counts all.
    public private(set) var gaps: [Gap] = []
    public private(set) var gapCount = 0
    /// Files of which a source remembers no more how far they were imported.
    public var forgotten = 0

    /// Bytes of files that were read, as they are on disk.
    public var fileBytesDone = 0
    /// Bytes of all files; streams count nothing.
    public var fileBytesTotal = 0
    /// The file that is being read, and its number, from 1.
    public var file = ""
    public var fileNumber = 0

    /// What became of each file, in order; known at the end.
    public var files: [File] = []

    public struct File: Sendable {
        public enum Outcome: Sendable {
            /// Taken from its start; a stream always is.
            case imported
            /// Taken from where an import had ended.
            case continued
            /// All of it had been stored before, for the source named.
            case known(source: String)
            /// It has no record.
            case empty
            /// Not read, or not to its end; what came before is stored.
            case failed(String)
        }

        public var path: String
        public var outcome: Outcome
        /// Records stored by this import.
        public var records: UInt64 = 0
        /// Records that were stored before.
        public var deduplicated: UInt64 = 0
        /// Whether it could be known again: not so for a stream.
        public var isStream = false
        /// SHA-256 of the file as it is on disk, where its records are not its bytes: that of an
        /// event log.
        public var digest: [UInt8] = []
    }

    public init() {}

    mutating func add(_ gaps: [Gap]) {
        gapCount += gaps.count
        self.gaps += gaps.prefix(max(0, Self.gapsMax - self.gaps.count))
    }

    /// Gaps that are remembered singly: more than anybody reads.
    private static let gapsMax = 100

    /// Why files could not be read, or not to their end.
    public var failures: [String] {
        files.compactMap { file in
            if case .failed(let why) = file.outcome { why } else { nil }
        }
    }
}
