package import HisuiBytes
package import HisuiEvent

/// How the bytes of a file become records.
package struct CutRules: Sendable {
    /// As configured; a byte order mark may say otherwise.
    package var encoding: TextEncoding
    /// Nil: every line is a record.
    package var join: JoinRule?

    package init(encoding: TextEncoding = .utf8, join: JoinRule? = nil) {
        self.encoding = encoding
        self.join = join
    }
}

/// Cuts bytes of a file into records: each line is one, or a rule joins them.
package struct RecordCutter {
    private var lines: LineCutter
    private var joined: JoinedLineCutter?

    package init(_ rules: CutRules = CutRules(), isDiscarding: Bool = false) {
        lines = LineCutter(encoding: rules.encoding, isDiscarding: isDiscarding)
        if let join = rules.join {
            joined = JoinedLineCutter(
                rule: join, encoding: rules.encoding, isDiscarding: isDiscarding)
        }
    }

    /// What was taken of the record that is not finished.
    var carry: [UInt8] { joined?.carry ?? lines.carry }
    /// The rest of a line that was cut is being skipped.
    var isDiscarding: Bool { joined?.isDiscarding ?? lines.isDiscarding }
    /// There are whole lines that wait for others.
    var isWaiting: Bool { joined?.isWaiting ?? false }

    /// Whether nothing more is taken before the batch is handed over.
    func isFull(_ batch: borrowing RecordBatch) -> Bool {
        joined?.isFull(batch) ?? LineCutter.isFull(batch)
    }

    /// Takes bytes and appends the records they end, until the batch is full.
    ///
    /// - Returns: where it stopped. What it kept is in `carry`.
    package mutating func take(
        _ bytes: Span<UInt8>, _ range: Range<Int>, received: Timestamp,
        into batch: inout RecordBatch
    ) -> Int {
        if let end = joined?.take(bytes, range, received: received, into: &batch) { return end }
        return lines.take(bytes, range, received: received, into: &batch)
    }

    /// Appends the unfinished record: nothing will follow it.
    package mutating func finish(
        received: Timestamp, flags: RowFlags = [], into batch: inout RecordBatch
    ) {
        joined?.finish(received: received, flags: flags, into: &batch)
        if joined == nil { lines.finish(received: received, flags: flags, into: &batch) }
    }

    /// Appends lines that wait for others as a record.
    mutating func flush(received: Timestamp, into batch: inout RecordBatch) {
        joined?.flush(received: received, into: &batch)
    }
}
