import HisuiBytes
public import HisuiEvent

/// How far each source has come within the first leaves of a tree: what a checkpoint's line
/// `sources` is the digest of.
///
/// As text, one line a source, in byte order of their ids:
///
///     <id> <number of its records> <newest receive time in nanoseconds>
///
/// Whoever has the records can count again; whoever was given the text, as an auditor is, can check
/// it against the checkpoint.
public struct SourceTable: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        public var records: UInt64
        public var newest: Timestamp

        public init(records: UInt64, newest: Timestamp) {
            self.records = records
            self.newest = newest
        }
    }

    public private(set) var entries: [String: Entry] = [:]

    public init() {}

    /// Reads what `text` writes.
    public init(parsing text: String) throws(ProofError) {
        let refusal = ProofError(.malformed, "no table of sources")
        guard !text.isEmpty else { return }
        var lines = try NoteLines(text, "table of sources")
        while let line = lines.next() {
            let parts = line.split(separator: " ", omittingEmptySubsequences: false)
            guard parts.count == 3, !parts[0].isEmpty, let records = NoteLines.number(parts[1]),
                let newest = Int64(parts[2]), entries[String(parts[0])] == nil
            else { throw refusal }
            entries[String(parts[0])] = Entry(
                records: records, newest: Timestamp(nanoseconds: newest))
        }
        guard self.text.utf8.elementsEqual(text.utf8) else { throw refusal }
    }

    /// Counts `records` more of a source.
    public mutating func count(_ source: String, records: UInt64, newest: Timestamp) {
        guard records > 0 else { return }
        var entry = entries[source] ?? Entry(records: 0, newest: newest)
        entry.records += records
        entry.newest = max(entry.newest, newest)
        entries[source] = entry
    }

    /// Counts all rows of a batch.
    public mutating func count(_ batch: borrowing RowBatch) {
        var newest = Timestamp.none
        for index in batch.rows.indices { newest = max(newest, batch.rows[index].received) }
        count(batch.source.id, records: UInt64(batch.rows.count), newest: newest)
    }

    public var text: String {
        entries.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            .map { "\($0.key) \($0.value.records) \($0.value.newest.nanoseconds)\n" }.joined()
    }

    /// SHA-256 of `text`.
    public var digest: MerkleHash { MerkleHash.digest(of: Array(text.utf8)) }
}
