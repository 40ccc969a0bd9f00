public import HisuiEvent
public import HisuiShape

/// Parses batches and gives their rows when no event of several records can change them any more.
///
/// What becomes of the records does not depend on how they were cut into batches: an event has all
/// records of its number up to the time that its definition waits in the log, or up to the end, and
/// stands at the last one of them. A source that has no such events waits for nothing; of one that
/// has, rows are kept from an open event's last record on, `EventJoiner.passedMax` of records at
/// most.
///
/// Who cannot keep rows (a store that acknowledges them) uses `Parser` itself. For one source.
public struct SettledParser {
    /// What the rows are numbered by, and what else is known of it.
    public private(set) var parser: Parser

    /// A batch whose rows may change.
    private struct Kept {
        var rows: RowBatch
        let shapes: ShapeTable
        /// Number of the first record among those of the source.
        let first: UInt64
    }

    private var kept: [Kept] = []
    private var count: UInt64 = 0

    public init(_ parser: consuming Parser) {
        self.parser = parser
        self.parser.joining.keepsRows = true
    }

    /// Takes the next batch, and calls `body` for each batch that is settled, in their order, with
    /// the shapes that its rows are numbered by.
    ///
    /// - Parameter isLast: nothing follows, so that all are settled.
    /// - Complexity: O(bytes of the batch).
    public mutating func parse(
        _ batch: consuming RecordBatch, isLast: Bool = false,
        _ body: (borrowing RowBatch, ShapeTable) throws -> Void
    ) rethrows {
        let rows = parser.parse(batch, isLast: isLast)
        let source = rows.source.id
        kept.append(Kept(rows: rows, shapes: parser.shapes, first: count))
        count += UInt64(rows.rows.count)
        for open in parser.joining.sources[source]?.takeSettled() ?? [] {
            guard let place = kept.lastIndex(where: { $0.first <= open.lastPosition }) else {
                continue
            }
            parser.placeKept(
                open, &kept[place].rows, at: Int(open.lastPosition - kept[place].first),
                kept[place].shapes)
        }
        let first = parser.joining.sources[source]?.firstKept ?? .max
        var done = 0
        defer { kept.removeFirst(done) }
        while done < kept.count, kept[done].first + UInt64(kept[done].rows.rows.count) <= first {
            done += 1
            try body(kept[done - 1].rows, kept[done - 1].shapes)
        }
    }
}
