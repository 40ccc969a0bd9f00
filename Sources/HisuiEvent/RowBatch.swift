public import HisuiBytes

/// Remarks about a record or row, shown as `hisui.flags`. The raw value is stored.
@frozen
public struct RowFlags: OptionSet, Hashable, Sendable {
    public var rawValue: UInt32

    @inlinable
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The record had no time of its own: `time` is the receive time.
    public static let timeInferred = RowFlags(rawValue: 1 << 0)
    /// The time had no year; the nearest one was taken.
    public static let yearInferred = RowFlags(rawValue: 1 << 1)
    /// Cut at the limit for one record.
    public static let truncated = RowFlags(rawValue: 1 << 2)
    /// The text view of a field had to replace bytes that are no valid text.
    public static let charsetLossy = RowFlags(rawValue: 1 << 3)
    /// A delimiter occurs more often than the template uses it: fields may be misread.
    public static let ambiguous = RowFlags(rawValue: 1 << 4)
    /// The frame broke the framing rules of its transport.
    public static let framingError = RowFlags(rawValue: 1 << 5)
    /// May have been delivered before.
    public static let maybeDuplicate = RowFlags(rawValue: 1 << 6)

    /// Some records of the event that this row completes did not come.
    public static let incompleteJoin = RowFlags(rawValue: 1 << 7)

    /// The record names no host: its host is the address that delivered it.
    public static let hostInferred = RowFlags(rawValue: 1 << 8)

    /// Names in the order of the bits, as printed.
    public static let names = [
        "time-inferred", "year-inferred", "truncated", "charset-lossy", "ambiguous",
        "framing-error", "duplicate?", "incomplete-join", "host-inferred",
    ]
}

/// Rows of one source, one for each record and in the same order: what crosses from Parse to Store.
///
/// A row names a shape and the spans of the record's bytes that fill the shape's slots. The spans
/// lie in order, do not overlap, and together with the shape's literals make up the record byte for
/// byte; slots beside the record lie elsewhere in the bytes. The bytes are those of the
/// `RecordBatch` the rows came from, moved here.
public struct RowBatch: Sendable {
    @frozen
    public struct Row: Sendable {
        /// The record in `bytes`.
        public var offset: UInt32
        public var count: UInt32
        /// Index of the row's shape in the `ShapeTable` that parser and store share.
        public var shape: UInt32
        /// The row's first slot in `slots`; how many there are is the shape's to say.
        public var firstSlot: UInt32
        /// When it happened, as far as known: see `RowFlags.timeInferred`.
        public var time: Timestamp
        public var received: Timestamp
        public var sender: UInt32
        public var flags: RowFlags

        /// Stands in `firstSlot` of a row that was not read: it has a shape, times and flags, and
        /// neither a record nor slots.
        public static let unread = UInt32.max

        /// Whether neither the record nor the slots were read.
        public var isUnread: Bool { firstSlot == Self.unread }

        @inlinable
        public init(
            offset: UInt32, count: UInt32, shape: UInt32, firstSlot: UInt32, time: Timestamp,
            received: Timestamp, sender: UInt32, flags: RowFlags
        ) {
            self.offset = offset
            self.count = count
            self.shape = shape
            self.firstSlot = firstSlot
            self.time = time
            self.received = received
            self.sender = sender
            self.flags = flags
        }
    }

    public let source: Source
    public var bytes: [UInt8]
    public var rows: [Row] = []
    /// Slot values of all rows, as spans of `bytes`.
    public var slots: [ByteRange] = []
    public var senders: [String]
    public var position: [UInt8]
    public var account: Account
    public var gaps: [Gap]
    /// What became of files that were taken as wholes.
    public var notes: [FileNote] = []
    /// Given back once the batch is durable, where the source waits for that.
    public var receipt: Receipt?

    /// Bytes of all records, without values beside them.
    ///
    /// - Complexity: O(rows).
    public var recordBytes: Int { rows.reduce(0) { $0 + Int($1.count) } }

    /// A batch without rows, account, gaps and position: what was read back from a store.
    public init(source: Source, senders: [String]) {
        self.source = source
        self.senders = senders
        bytes = []
        position = []
        account = Account()
        gaps = []
    }

    /// Takes over everything of `records` but its entries, which become rows one by one.
    public init(takingOver records: consuming RecordBatch) {
        source = records.source
        bytes = records.bytes
        senders = records.senders
        position = records.position
        account = records.account
        gaps = records.gaps
        notes = records.notes
        receipt = records.receipt
    }
}
