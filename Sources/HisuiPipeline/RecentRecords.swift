import HisuiEvent
import HisuiFile
import HisuiParse
import HisuiShape
import HisuiStore

/// The last records of a source that are folded with others, read back when the daemon starts: what
/// its parser knew of sessions, handles and files is made from them again.
struct RecentRecords: Sendable {
    var batch: RecordBatch
    /// Their numbers among the records of the source that were read.
    var positions: [UInt64] = []
    /// How many records of the source were read.
    var count: UInt64 = 0

    /// So many of the last records of a stream are read.
    static let rowsMax: UInt64 = 1 << 20
    /// And of them those that were received so long before the last one.
    static let nanosecondsMax: Int64 = 15 * 60 * 1_000_000_000

    /// Reads the end of each stream.
    ///
    /// Nothing that would keep a daemon from collecting: where the store cannot be read, parsers
    /// begin with less.
    ///
    /// - Parameter durable: one past the last leaf of each stream.
    /// - Complexity: O(rows read); memory for the records that are folded.
    static func read(
        store: String, zone: String, durable: [String: UInt64], definitions: DefinitionSet,
        problem: (StoreError) -> Void
    ) -> [RecentRecords] {
        var known: [String: RecentRecords] = [:]
        for (stream, end) in durable.sorted(by: { $0.key < $1.key }) {
            do throws(StoreError) {
                try read(store, zone, stream, before: end, definitions, &known)
            } catch {
                problem(error)
            }
        }
        return known.values.filter { !$0.positions.isEmpty }
            .sorted { $0.batch.source.id < $1.batch.source.id }
            .map { recent in
                var recent = recent
                recent.dropOld()
                return recent
            }
    }

    private static func read(
        _ store: String, _ zone: String, _ stream: String, before end: UInt64,
        _ definitions: DefinitionSet, _ known: inout [String: RecentRecords]
    ) throws(StoreError) {
        let shapes = ShapeTable()
        let rows = StreamRows(
            fileSystem: RealFileSystem(), store: store,
            stream: Snapshot.Stream(zone: zone, stream: stream),
            from: end - min(end, rowsMax), shapes: shapes)
        while let part = try rows.next(before: end, receivedUpTo: Timestamp(nanoseconds: .max)) {
            known[part.source.id, default: RecentRecords(batch: RecordBatch(source: part.source))]
                .take(part, shapes, definitions)
        }
    }

    private mutating func take(
        _ rows: RowBatch, _ shapes: ShapeTable, _ definitions: DefinitionSet
    ) {
        var record: [UInt8] = []
        for row in rows.rows {
            defer { count += 1 }
            let shape = shapes[row.shape]
            guard definitions.folds(parser: shape.parser, rule: shape.rule) else { continue }
            let sender = rows.senders[Int(row.sender)]
            var number = batch.senders.firstIndex(of: sender)
            if number == nil {
                number = batch.senders.count
                batch.senders.append(sender)
            }
            let first = Int(row.firstSlot)
            record.removeAll(keepingCapacity: true)
            shape.appendRecord(
                slots: rows.slots[first..<first + shape.slots.count], of: rows.bytes.span,
                to: &record)
            batch.append(
                record.span, received: row.received, sender: UInt32(number ?? 0),
                flags: row.flags)
            positions.append(count)
        }
        // Those of a busy server are many.
        if span > 2 * Self.nanosecondsMax { dropOld() }
    }

    /// From the receipt of the first record to that of the last.
    private var span: Int64 {
        guard let first = batch.entries.first, let last = batch.entries.last else { return 0 }
        return last.received.nanoseconds.subtractingReportingOverflow(first.received.nanoseconds)
            .partialValue
    }

    /// Lets records go that are too old to matter.
    private mutating func dropOld() {
        guard let last = batch.entries.last else { return }
        let time = last.received.nanoseconds.subtractingReportingOverflow(Self.nanosecondsMax)
            .partialValue
        let old = batch
        var kept = RecordBatch(source: old.source)
        kept.senders = old.senders
        var numbers: [UInt64] = []
        for (entry, position) in zip(old.entries, positions)
        where entry.received.nanoseconds >= time {
            let first = Int(entry.offset)
            kept.append(
                old.bytes.span.extracting(first..<first + Int(entry.count)),
                received: entry.received, sender: entry.sender, flags: entry.flags)
            numbers.append(position)
        }
        batch = kept
        positions = numbers
    }
}
