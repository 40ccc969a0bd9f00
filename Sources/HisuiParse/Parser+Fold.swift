import HisuiBytes
public import HisuiEvent
import HisuiShape

/// Operations on objects that several records tell of; see `EventFolder`.
extension Parser {
    /// What folding needs beside the definitions.
    struct Folding {
        var sources: [String: EventFolder] = [:]
        /// What the record at hand says, and by which of the definitions.
        var facts: EventFolder.Facts?
        var definition = 0
        /// Who delivered the records of the batch at hand.
        var senders: [String] = []
        /// Events of the batch at hand.
        var events: [(row: Int, definition: Int, event: EventFolder.Event)] = []
        /// Numbers of the records at hand, where they are recalled.
        var positions: [UInt64]?
        /// Shapes of parts, by that of the record, and whether it tells of a failure.
        var parts: [UInt32: (number: UInt32, isFailure: Bool)] = [:]
        /// Numbers of shapes of events.
        var numbers: [Shaped: UInt32] = [:]

        struct Shaped: Hashable {
            var base: UInt32
            var event: Int
            /// A bit for each field that has a value.
            var present: UInt64
        }
    }

    /// Folds the row's record, whose facts are at hand.
    mutating func fold(_ row: inout RowBatch.Row, number: Int, _ source: Source) {
        guard var facts = folding.facts.take(), shapes[row.shape].encoding == .utf8,
            let definition = definitions.memberDefinitions[folding.definition].definition.fold
        else { return }
        let part = partNumber(row.shape)
        if folding.sources[source.id] == nil {
            if folding.sources.count >= Limits.filesRememberedMax { folding.sources = [:] }
            folding.sources[source.id] = EventFolder()
        }
        facts.isFailure = part.isFailure
        facts.time = row.time.nanoseconds
        facts.position =
            folding.positions.map { $0[number] }
            ?? (folding.sources[source.id]?.count ?? 0) + UInt64(number)
        switch folding.sources[source.id]?.take(facts, definition) {
        case .own, nil: break
        case .part: row.shape = part.number
        case .event(let event): folding.events.append((number, folding.definition, event))
        }
    }

    /// Takes records in that became rows before this parser was made, so that what follows them is
    /// understood as it would have been then.
    ///
    /// - Parameters:
    ///   - records: of one source, in their order; those that are folded are enough.
    ///   - positions: their numbers among the last `count` records of the source.
    ///   - count: how many records of the source are counted before what follows.
    public mutating func recall(
        _ records: consuming RecordBatch, positions: [UInt64], count: UInt64
    ) {
        let id = records.source.id
        folding.positions = positions
        _ = parse(records)
        folding.positions = nil
        folding.sources[id]?.count = count
    }

    /// Puts the events of the batch beside their records.
    mutating func endFolds(_ rows: inout RowBatch) {
        folding.sources[rows.source.id]?.endBatch(records: rows.rows.count)
        if folding.positions != nil { folding.events = [] }
        var bytes = 0
        for (row, definition, event) in folding.events {
            // What is too much for a frame stays what its record says.
            guard bytes < Joining.batchBytesMax else { break }
            bytes += place(event, row: row, definition, &rows)
        }
        folding.events.removeAll(keepingCapacity: true)
    }

    /// Operations that no event tells of, because too many objects were in use.
    public var lostFolds: UInt64 { folding.sources.values.reduce(0) { $0 + $1.lost } }

    /// - Returns: bytes beside the record.
    private mutating func place(
        _ event: EventFolder.Event, row number: Int, _ definition: Int, _ rows: inout RowBatch
    ) -> Int {
        guard let fold = definitions.memberDefinitions[definition].definition.fold,
            let which = fold.eventOfKind[event.kind]
        else { return 0 }
        var row = rows.rows[number]
        var slots: [ByteRange] = []
        var shaped = Folding.Shaped(base: row.shape, event: which, present: 0)
        let first = rows.bytes.count
        for (index, field) in fold.fields.enumerated() {
            let start = rows.bytes.count
            switch field.value {
            case .object: rows.bytes += event.object.prefix(Joining.valueBytesMax)
            case .address: rows.bytes += event.address.prefix(Joining.valueBytesMax)
            case .count: rows.bytes.appendDecimal(event.count)
            case .start:
                TimeText.appendRFC3339(
                    nanoseconds: event.start, offsetSeconds: 0, fractionDigits: 3,
                    to: &rows.bytes)
            }
            if rows.bytes.count == start { continue }
            shaped.present |= 1 << UInt64(index)
            slots.append(ByteRange(start..<rows.bytes.count))
        }
        let start = rows.bytes.count
        let own =
            (folding.sources[rows.source.id]?.count ?? 0) - UInt64(rows.rows.count)
            + UInt64(number)
        for position in event.positions where position != own {
            if rows.bytes.count > start { rows.bytes.append(0x20) }
            rows.bytes.appendDecimal(own - position)
        }
        slots.append(ByteRange(start..<rows.bytes.count))
        row.shape = eventNumber(shaped, fold)
        rows.setBeside(slots, of: &row, recordSlots: shapes[shaped.base].slots.count)
        rows.rows[number] = row
        return rows.bytes.count - first
    }

    /// The shape of records that are parts only, by that of a record.
    private mutating func partNumber(_ base: UInt32) -> (number: UInt32, isFailure: Bool) {
        if let known = folding.parts[base] { return known }
        var shape = shapes[base]
        var isFailure = false
        if case .constant(let outcome)? = shape.field("event.outcome")?.value {
            isFailure = outcome == Array("failure".utf8)
        }
        shape.fields.removeAll { field in
            field.name == "event.action" || field.name == "event.type"
                || field.name.hasPrefix("ocsf.")
        }
        shape.setJoined()
        let part = (shapes.intern(shape), isFailure)
        folding.parts[base] = part
        return part
    }

    private mutating func eventNumber(
        _ shaped: Folding.Shaped, _ fold: FoldDefinition
    ) -> UInt32 {
        if let known = folding.numbers[shaped] { return known }
        var shape = shapes[shaped.base]
        let event = fold.events[shaped.event]
        shape.rule = event.id
        event.constants.forEach { shape.set($0) }
        shape.setJoined(fold.fields.map { ($0.name, $0.type) }, present: shaped.present)
        let number = shapes.intern(shape)
        folding.numbers[shaped] = number
        return number
    }
}

extension Shape {
    /// Says that a record is told of together with others.
    mutating func setJoined() {
        set(Field("hisui.joined", .boolean, .constant(Array("true".utf8))))
    }

    /// Adds what the event of several records has beside the record at which it stands: those of
    /// `fields` whose bits are set, and the numbers of the other records.
    mutating func setJoined(_ fields: [(name: String, type: FieldType)], present: UInt64) {
        setJoined()
        for (index, field) in fields.enumerated() where present >> UInt64(index) & 1 == 1 {
            let kind: Kind = field.type == .integer ? .integer : .word
            set(Field(field.name, field.type, .slot(addBeside(kind), .raw)))
        }
        set(Field("hisui.joined.records", .keyword, .slot(addBeside(.word), .raw)))
    }
}

extension RowBatch {
    /// Gives a row slots beside its record, behind those of the record.
    mutating func setBeside(_ slots: [ByteRange], of row: inout Row, recordSlots count: Int) {
        let first = Int(row.firstSlot)
        row.firstSlot = UInt32(self.slots.count)
        for slot in first..<first + count { self.slots.append(self.slots[slot]) }
        self.slots += slots
    }
}
