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
            let audit = AuditText(record, message),
            join.parts.contains(where: { ByteSearch.equal(record, audit.type, $0.span) })
        else { return }
        func bytes(_ range: Range<Int>) -> [UInt8] {
            var out: [UInt8] = []
            out.append(record, ByteRange(range))
            return out
        }
        let node = audit.node ?? hostRange ?? 0..<0
        let key = EventJoiner.Key(
            node: bytes(node), sender: row.sender, time: bytes(audit.time),
            serial: bytes(audit.serial))
        if joining.sources[source.id] == nil {
            if joining.sources.count >= Limits.filesRememberedMax { joining.sources = [:] }
            joining.sources[source.id] = EventJoiner()
        }
        joining.sources[source.id]?.add(
            record.extracting(message), key, row: number, time: row.time.nanoseconds,
            received: row.received.nanoseconds,
            isBegin: ByteSearch.equal(record, audit.type, join.begin.span),
            isEnd: join.ends.contains { ByteSearch.equal(record, audit.type, $0.span) })
    }

    /// Puts the events that are whole, or of which nothing more is expected, at the rows of their
    /// last records.
    ///
    /// - Parameter isLast: nothing follows.
    mutating func endJoins(_ rows: inout RowBatch, isLast: Bool) {
        guard let definition = definitions.join,
            var joiner = joining.sources.removeValue(forKey: rows.source.id)
        else { return }
        joining.besideBytes = 0
        for key in joiner.touched {
            guard let open = joiner.opens[key] else { continue }
            joining.records.take(open.text, open.members)
            let isWhole = hasAllObjects
            if open.hasBegin, open.hasEnd {
                if isWhole, !open.isCut {
                    place(open, [], definition, &rows, &joiner)
                } else {
                    place(open, .incompleteJoin, definition, &rows, &joiner)
                }
            } else if open.hasBegin, isWhole, joiner.withoutEnd >= EventJoiner.withoutEndMin {
                place(open, [], definition, &rows, &joiner)
            } else if open.hasEnd {
                // What came before it may still come, but is more likely lost.
                rows.rows[open.lastRow].flags.insert(.incompleteJoin)
            }
        }
        let wait = definition.join.waitNanoseconds
        let over = joiner.opens.values.filter { isLast || joiner.isOverdue($0, wait: wait) }
        for open in over.sorted(by: { $0.lastRow < $1.lastRow }) {
            guard open.hasBegin else {
                joiner.noteLost()
                joiner.end(open.key)
                continue
            }
            joining.records.take(open.text, open.members)
            let isWhole = hasAllObjects
            if isWhole { joiner.noteWithoutEnd() }
            if open.lastRow >= 0 {
                place(open, isWhole ? [] : .incompleteJoin, definition, &rows, &joiner)
            } else {
                joiner.noteLost()
                joiner.end(open.key)
            }
        }
        joiner.endBatch(records: rows.rows.count)
        joining.sources[rows.source.id] = joiner
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

    private mutating func place(
        _ open: EventJoiner.Open, _ flags: RowFlags, _ definition: DefinitionSet.Join,
        _ rows: inout RowBatch, _ joiner: inout EventJoiner
    ) {
        joiner.end(open.key)
        var row = rows.rows[open.lastRow]
        row.flags.formUnion(flags)
        defer { rows.rows[open.lastRow] = row }
        guard joining.besideBytes < Joining.batchBytesMax, shapes[row.shape].encoding == .utf8,
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
        let last = joiner.count + UInt64(open.lastRow)
        for position in open.positions where position != last {
            if rows.bytes.count > start { rows.bytes.append(0x20) }
            rows.bytes.appendDecimal(last - position)
        }
        slots.append(ByteRange(start..<rows.bytes.count))
        joining.besideBytes += slots.reduce(0) { $0 + Int($1.count) }
        row.shape = shapeNumber(row.shape, outcome, event, definition)
        rows.setBeside(
            slots, of: &row, recordSlots: shapes[row.shape].slots.count - slots.count)
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
        _ definition: DefinitionSet.Join
    ) -> UInt32 {
        let shaped = Joining.Shaped(base: base, outcome: outcome)
        if let known = joining.numbers[shaped] { return known }
        var shape = shapes[base]
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
        let number = shapes.intern(shape)
        joining.numbers[shaped] = number
        return number
    }
}
