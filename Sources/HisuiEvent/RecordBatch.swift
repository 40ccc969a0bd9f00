public import HisuiBytes

/// Records of one source in order of arrival: what crosses from Collect to Parse.
///
/// One arena of bytes and one array of entries; no object and no string for a record. A batch is
/// moved, not shared: whoever holds it owns it.
///
///     bytes   | record 0 | record 1 | … |          (nothing between them)
///     entries   offset, count, received, sender, flags
///
/// `position` is the source's own token for "everything up to the last record of this batch has
/// been taken". It is opaque here, written into the same write-ahead frame as the records, and
/// given back to the collector when it starts again. It is not acknowledged before that frame is
/// durable.
public struct RecordBatch: Sendable {
    @frozen
    public struct Entry: Sendable {
        /// Where the record's bytes begin in the arena.
        public var offset: UInt32
        public var count: UInt32
        /// When Hisui took the record.
        public var received: Timestamp
        /// Index into `senders`.
        public var sender: UInt32
        public var flags: RowFlags

        @inlinable
        public init(
            offset: UInt32, count: UInt32, received: Timestamp, sender: UInt32, flags: RowFlags
        ) {
            self.offset = offset
            self.count = count
            self.received = received
            self.sender = sender
            self.flags = flags
        }
    }

    public let source: Source
    public var bytes: [UInt8] = []
    public var entries: [Entry] = []
    /// Who delivered the records, as the transport says it and not the record: a peer address,
    /// a certificate name, a path. Element 0 is the empty string: nobody known.
    public var senders: [String] = [""]
    /// The source's position after this batch; at most `Limits.positionBytesMax` bytes.
    public var position: [UInt8] = []
    /// What happened beside the stored records since the last batch: drops, duplicates, gaps.
    /// `stored` stays 0 here; the store counts it.
    public var account = Account()
    public var gaps: [Gap] = []
    /// Latest time the records can have, where the source knows it (a file's modification time);
    /// `.none` means the receive time. Rules the year of times that have none.
    public var latestPossible: Timestamp = .none
    /// How the bytes become text, where the records' file says it; nil: as configured.
    public var encoding: TextEncoding?
    /// What the values of the records are called, where the records are rows of a table.
    public var table: RecordTable?
    /// What the records' file says of columns before the first of them.
    public var columns = ColumnLines.unknown
    /// What became of files that were taken as wholes.
    public var notes: [FileNote] = []
    /// Given back once the batch is durable, where the source waits for that.
    public var receipt: Receipt?

    /// What a file has said so far of its columns, in lines that begin with `#Fields:`.
    public enum ColumnLines: Hashable, Sendable {
        /// It begins in this batch, or nobody knows.
        case unknown
        /// It did not begin with a `#`, so that no line of it names columns.
        case plain
        /// It did: the last line that names some, which may be empty: none of those taken.
        case named([UInt8])
    }

    public init(source: Source) { self.source = source }

    /// Appends a record, copying its bytes.
    @inlinable
    public mutating func append(
        _ record: Span<UInt8>, received: Timestamp, sender: UInt32 = 0, flags: RowFlags = []
    ) {
        let offset = UInt32(bytes.count)
        unsafe record.withUnsafeBufferPointer { buffer in
            // Safe: the buffer is read inside this closure only.
            unsafe bytes.append(contentsOf: buffer)
        }
        entries.append(
            Entry(
                offset: offset, count: UInt32(record.count), received: received, sender: sender,
                flags: flags))
    }

    /// From the receive time of the oldest record to that of the newest; nil without records.
    ///
    /// - Complexity: O(records).
    public var receivedSpan: MomentSpan? {
        guard var span = entries.first.map({ MomentSpan($0.received, $0.received) }) else {
            return nil
        }
        for entry in entries { span.cover(MomentSpan(entry.received, entry.received)) }
        return span
    }

    /// Whether the batch has nothing to say: no record, no count, no new position.
    public var isEmpty: Bool {
        entries.isEmpty && account.isZero && position.isEmpty && notes.isEmpty && gaps.isEmpty
    }
}
