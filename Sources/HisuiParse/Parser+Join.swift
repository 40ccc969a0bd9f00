import HisuiBytes
import HisuiEvent
import HisuiShape

/// Events of several records; see `EventJoiner`.
extension Parser {
    /// What joining needs beside the definitions.
    struct Joining {
        var sources: [String: EventJoiner] = [:]
        var records = JoinedRecords()
        /// Numbers of shapes by that of the last record's shape and what came of the event.
        var numbers: [Shaped: UInt32] = [:]
        /// Beside values of the batch at hand.
        var besideBytes = 0
        /// Rows are kept until nothing can change them.
        var keepsRows = false

        struct Shaped: Hashable {
            var base: UInt32
            var outcome: JoinDefinition.Outcome
        }

        /// Bytes of a value at most; it is cut there and the row says so.
        static let valueBytesMax = 16 << 10
        /// Bytes of values beside the records of a batch: what is more would make a frame too long.
        static let batchBytesMax = 8 << 20
    }

    /// Takes a row's record if it is part of an event.
    mutating func join(_ row: RowBatch.Row, number: Int, _ record: Span<UInt8>, _ source: Source) {
        guard let join = definitions.join?.join, let message = auditMessage,
            let audit = auditPlaces == nil
                ? AuditText(record, message) : AuditText(journal: record, message),
            join.parts.contains(where: { ByteSearch.equal(record, audit.type, $0.span) })
        else { return }
        func bytes(_ range: Range<Int>) -> [UInt8] {
            var out: [UInt8] = []
            out.append(record, ByteRange(range))
            return out
        }
        let node = audit.node ?? hostRange ?? 0..<0
        let places = auditPlaces ?? (audit.time, audit.serial)
        let key = EventJoiner.Key(
            node: bytes(node), sender: row.sender, time: bytes(places.time),
            serial: bytes(places.serial))
        beginJoins(source)
        // As auditd writes it: what joins the records reads that.
        let text =
            auditPlaces == nil
            ? bytes(message)
            : Array("type=".utf8) + bytes(audit.type) + Array(" msg=audit(0.0:0):".utf8)
                + bytes(audit.type.upperBound..<message.upperBound)
        joining.sources[source.id]?.add(
            text.span, key, row: number, time: row.time.nanoseconds,
            received: row.received.nanoseconds,
            isBegin: ByteSearch.equal(record, audit.type, join.begin.span),
            isEnd: join.ends.contains { ByteSearch.equal(record, audit.type, $0.span) })
    }

    /// Makes room for the events of a source.
    private mutating func beginJoins(_ source: Source) {
        guard let join = definitions.join?.join, joining.sources[source.id] == nil else { return }
        if joining.sources.count >= Limits.filesRememberedMax { joining.sources = [:] }
        joining.sources[source.id] =
            joining.keepsRows ? EventJoiner(settledAfter: join.waitNanoseconds) : EventJoiner()
    }

    /// Goes on by a record, where rows are kept.
    @inline(__always)
    mutating func passRecord(bytes: UInt32, _ source: Source) {
        guard joining.keepsRows else { return }
        beginJoins(source)
        joining.sources[source.id]?.pass(bytes: bytes)
    }

    /// Puts the events that are whole, or of which nothing more is expected, at the rows of their
    /// last records; where rows are kept, those are placed by who keeps them.
    ///
    /// - Parameter isLast: nothing follows.
    mutating func endJoins(_ rows: inout RowBatch, isLast: Bool) {
        guard let definition = definitions.join,
            var joiner = joining.sources.removeValue(forKey: rows.source.id)
        else { return }
        if joining.keepsRows {
            joiner.settleAll(isLast: isLast)
            joiner.endBatch(records: rows.rows.count)
            joining.sources[rows.source.id] = joiner
            return
        }
        joining.besideBytes = 0
        for key in joiner.touched {
            guard let open = joiner.opens[key] else { continue }
            joining.records.take(open.text, open.members)
            let isWhole = hasAllObjects
            if open.hasBegin, open.hasEnd {
                joiner.end(open.key)
                place(
                    open, isWhole && !open.isCut ? [] : .incompleteJoin, definition, &rows,
                    at: open.lastRow, shapes)
            } else if open.hasBegin, isWhole, joiner.withoutEnd >= EventJoiner.withoutEndMin {
                joiner.end(open.key)
                place(open, [], definition, &rows, at: open.lastRow, shapes)
            } else if open.hasEnd {
                // What came before it may still come, but is more likely lost.
                rows.rows[open.lastRow].flags.insert(.incompleteJoin)
            }
        }
        let wait = definition.join.waitNanoseconds
        let over = joiner.opens.values.filter { isLast || joiner.isOverdue($0, wait: wait) }
        for open in over.sorted(by: { $0.lastRow < $1.lastRow }) {
            joiner.end(open.key)
            guard open.hasBegin else {
                joiner.noteLost()
                continue
            }
            joining.records.take(open.text, open.members)
            let isWhole = hasAllObjects
            if isWhole { joiner.noteWithoutEnd() }
            if open.lastRow >= 0 {
                place(
                    open, isWhole ? [] : .incompleteJoin, definition, &rows, at: open.lastRow,
                    shapes)
            } else {
                joiner.noteLost()
            }
        }
        joiner.endBatch(records: rows.rows.count)
        joining.sources[rows.source.id] = joiner
    }

    /// Takes the audit record that journald has handed on, if the entry is one and a definition
    /// reads such.
    @inline(__always)
    mutating func appendJournalAudit(of record: Span<UInt8>, _ message: Range<Int>) -> Named? {
        guard let choice = definitions.formats.journalAudit, entry.isAudit(record) else {
            return nil
        }
        return choices[choice].format.appendSlots(of: record, message, to: &scratch.slots)
            .map { Named(values: $0, choice: choice) }
    }

    /// Takes down that the entry's message is an audit record.
    @inline(__always)
    mutating func noteJournalAudit(_ named: Named, _ message: Range<Int>) {
        let format = choices[named.choice].format
        guard format == .audit || format == .journalAudit else { return }
        auditMessage = message
        hostRange = entry.host < 0 ? nil : entry.fields[entry.host].value.range
        auditPlaces =
            format == .audit
            ? nil
            : (
                entry.fields[entry.sourceTime].value.range,
                entry.fields[entry.auditID].value.range
            )
    }

    /// Events that ended without a row: their records are rows, and say what they say.
    public var lostJoins: UInt64 { joining.sources.values.reduce(0) { $0 + $1.lost } }

    /// Goes on with the open events of another parser, whose definitions were replaced.
    public mutating func takeJoins(of other: borrowing Parser) {
        joining.sources.merge(other.joining.sources) { own, _ in own }
        folding.sources.merge(other.folding.sources) { own, _ in own }
    }

    /// Whether as many objects are here as the system call had.
    private var hasAllObjects: Bool {
        let items = joining.records.number(Array("items".utf8), of: Array("SYSCALL".utf8))
        return joining.records.count(of: Array("PATH".utf8)) >= items ?? 0
    }

    /// Puts an event that is over, of rows that were kept, at the row of its last record.
    ///
    /// - Parameters:
    ///   - index: of that row.
    ///   - table: that the rows are numbered by.
    mutating func placeKept(
        _ open: EventJoiner.Open, _ rows: inout RowBatch, at index: Int, _ table: ShapeTable
    ) {
        guard let definition = definitions.join else { return }
        guard open.hasBegin else {
            if open.hasEnd { rows.rows[index].flags.insert(.incompleteJoin) }
            return
        }
        // The rows are no frame of a log, which has a limit.
        joining.besideBytes = 0
        joining.records.take(open.text, open.members)
        place(
            open, hasAllObjects && !open.isCut ? [] : .incompleteJoin, definition, &rows,
            at: index, table)
    }

    private mutating func place(
        _ open: EventJoiner.Open, _ flags: RowFlags, _ definition: DefinitionSet.Join,
        _ rows: inout RowBatch, at index: Int, _ table: ShapeTable
    ) {
        var row = rows.rows[index]
        row.flags.formUnion(flags)
        defer { rows.rows[index] = row }
        guard joining.besideBytes < Joining.batchBytesMax, table[row.shape].encoding == .utf8,
            let number = definition.join.events.firstIndex(where: holds)
        else { return }
        let event = definition.join.events[number]
        var outcome = JoinDefinition.Outcome(event: number)
        for one in event.cases {
            outcome.choices =
                outcome.choices * (one.table.count + 1) + find(one.names, in: one.table) + 1
        }
        var slots: [ByteRange] = []
        for (index, field) in event.fields.enumerated() {
            let start = rows.bytes.count
            guard field.names.contains(where: { joining.records.append($0, to: &rows.bytes) })
            else { continue }
            if rows.bytes.count - start > Joining.valueBytesMax {
                rows.bytes.removeLast(rows.bytes.count - start - Joining.valueBytesMax)
                row.flags.insert(.truncated)
            }
            outcome.present |= 1 << UInt64(index)
            slots.append(ByteRange(start..<rows.bytes.count))
        }
        let start = rows.bytes.count
        for position in open.positions where position != open.lastPosition {
            if rows.bytes.count > start { rows.bytes.append(0x20) }
            rows.bytes.appendDecimal(open.lastPosition - position)
        }
        slots.append(ByteRange(start..<rows.bytes.count))
        joining.besideBytes += slots.reduce(0) { $0 + Int($1.count) }
        row.shape = shapeNumber(row.shape, outcome, event, definition, table)
        rows.setBeside(
            slots, of: &row, recordSlots: table[row.shape].slots.count - slots.count)
    }

    private func holds(_ event: JoinDefinition.Event) -> Bool {
        event.conditions.allSatisfy { names, values in
            find(names, in: values) >= 0
        }
    }

    /// The number of the value that the event has; negative if it has none of them.
    private func find(_ names: [JoinedName], in values: ValueTable) -> Int {
        var value: [UInt8] = []
        guard names.contains(where: { joining.records.append($0, to: &value) }) else { return -1 }
        var steps = NoSteps()
        return values.find(value.span, 0..<value.count, steps: &steps)
    }

    /// The number of the shape of an event: that of its last record, and slots beside it.
    private mutating func shapeNumber(
        _ base: UInt32, _ outcome: JoinDefinition.Outcome, _ event: JoinDefinition.Event,
        _ definition: DefinitionSet.Join, _ table: ShapeTable
    ) -> UInt32 {
        let shaped = Joining.Shaped(base: base, outcome: outcome)
        // What is known is known of the shapes of today.
        if table === shapes, let known = joining.numbers[shaped] { return known }
        var shape = table[base]
        shape.parser = definitions.members[definition.member].name
        shape.rule = event.id
        event.constants.forEach { shape.set($0) }
        var choices = outcome.choices
        for one in event.cases.reversed() {
            let branch = choices % (one.table.count + 1)
            choices /= one.table.count + 1
            if branch > 0 { one.value.branches[branch - 1].constants.forEach { shape.set($0) } }
        }
        shape.setJoined(event.fields.map { ($0.name, $0.type) }, present: outcome.present)
        let number = table.intern(shape)
        if table === shapes { joining.numbers[shaped] = number }
        return number
    }
}
