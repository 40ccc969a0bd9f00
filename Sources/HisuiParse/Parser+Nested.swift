import HisuiBytes
import HisuiEvent
import HisuiShape

/// Messages inside members of records: lines that a shipper put into an object, and the like.
///
///     record ─▶ member ─▶ text, decoded ─▶ header, rule ─▶ known? ─▶ fields beside the record
///                                                          │ no
///                                                          └▶ the record stays what it was
///
/// The record stays byte for byte, with the members that it has; what the rule that knows the text
/// takes from it stands in slots beside the record. A text inside such a text is not looked for:
/// what reads them is a parser of its own, which has no such parser again. It joins and folds
/// nothing either: it sees one record, and not what comes before and after.
extension Parser {
    /// What is needed for that beside the shapes.
    struct Nesting {
        /// What reads the texts; none until there is one, and none in itself.
        var inner: [Parser] = []
        var isInner = false
        /// The text at hand, behind the program that a member named.
        var text: [UInt8] = []
        var programCount = 0
        /// Slots of the record at hand beside it, in `besideTexts`.
        var places: [ByteRange] = []
        /// Shapes with what a text says beside the record.
        var made: [Key: Made] = [:]

        struct Key: Hashable {
            /// Shapes of record and text.
            var outer: UInt32
            var inner: UInt32
            /// The member's slot.
            var slot: Int
            /// The text names somebody who must not be shown.
            var namesSomebody: Bool
        }

        struct Made {
            var number: UInt32
            /// The text's slots that stand beside the record.
            var slots: [Int]
        }
    }

    /// Where a text stands in a record.
    struct NestedPlace {
        var text: MemberPlan.Place
        var program: MemberPlan.Place?
        /// In `DefinitionSet.memberDefinitions`: the one that says so.
        var definition: Int
    }

    /// The text that was read last as a message of its own, if the last record has one.
    var nestedText: [UInt8]? {
        nesting.text.isEmpty ? nil : Array(nesting.text[nesting.programCount...])
    }

    /// Begins a batch of so many records.
    mutating func beginNested(_ count: Int) {
        guard definitions.nests, !nesting.isInner else { return }
        if nesting.inner.isEmpty {
            var inner = Parser(
                definitions: definitions, timeZone: clock.zone, subjects: subjects.keys)
            inner.nesting.isInner = true
            nesting.inner = [inner]
        }
        if nesting.inner[0].beginTexts(count) { nesting.made = [:] }
    }

    /// Makes room for the shapes of so many texts; true if all are numbered anew.
    private mutating func beginTexts(_ count: Int) -> Bool {
        admission.count(rows: count)
        guard shapes.count + count > Limits.shapesPerSegmentMax else { return false }
        forgetShapes()
        return true
    }

    /// Reads one text; its slots are in `scratch`, and what stands beside it in `besideTexts`.
    private mutating func parseText(
        _ text: Span<UInt8>, programCount: Int, received: Timestamp
    ) -> (row: RowBatch.Row, pseudonym: ByteRange?) {
        var row = RowBatch.Row(
            offset: 0, count: UInt32(text.count), shape: 0, firstSlot: 0, time: .none,
            received: received, sender: 0, flags: [])
        subjects.slot = -1
        clock.begin(received: received, latest: .none, last: .none)
        parseText(text, programCount: programCount, &row)
        folding.facts = nil
        besideTexts.removeAll(keepingCapacity: true)
        let pseudonym = subjects.slot < 0 ? nil : takeSubject(&row, behind: 0)
        return (row, pseudonym)
    }

    /// Reads one text for itself; nil if it says whom it is about.
    mutating func readAlone(
        _ text: Span<UInt8>, programCount: Int, received: Timestamp
    ) -> RowBatch.Row? {
        let (row, pseudonym) = parseText(text, programCount: programCount, received: received)
        return pseudonym == nil && subjects.slot < 0 ? row : nil
    }

    /// Reads the text of a member as a message of its own, if there is one.
    ///
    /// - Parameters:
    ///   - number: of the record's shape.
    ///   - known: the same where a rule knows the text.
    /// - Returns: the number of the shape with what the text says beside the record; nil if no rule
    ///   knows it.
    mutating func nestedNumber(
        _ text: Span<UInt8>, _ slots: Span<ByteRange>, _ place: NestedPlace, _ plan: Int,
        isKnown: Bool, _ outer: UInt32, _ row: inout RowBatch.Row
    ) -> UInt32? {
        guard takeText(text, slots, place) else { return nil }
        var inside: [UInt8] = []
        swap(&inside, &nesting.text)
        defer { swap(&inside, &nesting.text) }
        let received = row.time == .none ? row.received : row.time
        let (found, pseudonym) = nesting.inner[0].parseText(
            inside.span, programCount: nesting.programCount, received: received)
        let isNamed = nesting.inner[0].subjects.slot >= 0
        let knowsText = !nesting.inner[0].shapes[found.shape].rule.isEmpty
        guard isNamed || knowsText else { return nil }
        let base = isKnown || !knowsText ? outer : knownNumber(of: plan, place.definition)
        let key = Nesting.Key(
            outer: base, inner: found.shape, slot: place.text.slot, namesSomebody: isNamed)
        let made = nesting.made[key] ?? makeNested(key, place, plans[plan])
        nesting.made[key] = made
        for slot in made.slots {
            let first = besideTexts.count
            if slot == nesting.inner[0].scratch.slots.count, let pseudonym {
                let texts = nesting.inner[0].besideTexts
                besideTexts.append(texts.span, pseudonym)
            } else {
                besideTexts.append(inside.span, nesting.inner[0].scratch.slots[slot])
            }
            nesting.places.append(ByteRange(first..<besideTexts.count))
        }
        guard knowsText else { return made.number }
        if found.time != .none {
            row.time = found.time
            row.flags.remove(.yearInferred)
        }
        row.flags.formUnion(found.flags)
        return made.number
    }

    /// Appends the slots that stand beside the record at hand by what was read in it.
    ///
    /// - Parameter end: bytes of all records of the batch.
    @inline(__always)
    mutating func takeNested(behind end: Int, to slots: inout [ByteRange]) {
        for place in nesting.places {
            slots.append(ByteRange(offset: place.offset + UInt32(end), count: place.count))
        }
        nesting.places.removeAll(keepingCapacity: true)
    }

    /// Decodes the text of a member, without the ends of lines behind it; false if it has none.
    private mutating func takeText(
        _ text: Span<UInt8>, _ slots: Span<ByteRange>, _ place: NestedPlace
    ) -> Bool {
        nesting.text.removeAll(keepingCapacity: true)
        nesting.programCount = 0
        if let program = place.program {
            program.decoding.append(text, slots[program.slot], to: &nesting.text)
            nesting.programCount = nesting.text.count
            guard Self.isProgram(nesting.text) else {
                nesting.text.removeAll(keepingCapacity: true)
                return false
            }
        }
        place.text.decoding.append(text, slots[place.text.slot], to: &nesting.text)
        while nesting.text.count > nesting.programCount, let last = nesting.text.last,
            last == 0x0A || last == 0x0D
        {
            nesting.text.removeLast()
        }
        if nesting.text.count > nesting.programCount { return true }
        nesting.text.removeAll(keepingCapacity: true)
        return false
    }

    /// Whether it is the name of a program, as a header could have it.
    private static func isProgram(_ name: [UInt8]) -> Bool {
        (1...128).contains(name.count) && name.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    /// The number of the shape of records of which a rule knows a text, and none the rest.
    private mutating func knownNumber(of plan: Int, _ definition: Int) -> UInt32 {
        if let known = plans[plan].nestedNumbers[definition] { return known }
        let number = shapes.intern(plans[plan].nestedBase(definition, definitions))
        plans[plan].nestedNumbers[definition] = number
        return number
    }

    /// The number of the shape of records that no rule knows, nor the text inside them, and whose
    /// definition says where they came from.
    mutating func statedNumber(of plan: Int, _ definition: Int) -> UInt32 {
        if let known = plans[plan].statedNumbers[definition] { return known }
        let number = shapes.intern(plans[plan].statedBase(definition, definitions))
        plans[plan].statedNumbers[definition] = number
        return number
    }

    /// Puts the fields of a text into the shape of the record that it stands in.
    private mutating func makeNested(
        _ key: Nesting.Key, _ place: NestedPlace, _ plan: MemberPlan
    ) -> Nesting.Made {
        let inside = nesting.inner[0].shapes[key.inner]
        var shape = shapes[key.outer]
        var slots: [Int] = []
        // What is shown in place of somebody stands first.
        let hasPseudonym = key.namesSomebody && inside.slots.last?.role == .beside
        if hasPseudonym { slots.append(inside.slots.count - 1) }
        let fields = inside.fields.compactMap { self.field($0, in: shape, plan) }
        for field in fields {
            if case .slot(let slot, _) = field.value, !slots.contains(slot) { slots.append(slot) }
        }
        guard shape.slots.count + slots.count <= Limits.slotsPerShapeMax,
            !key.namesSomebody || hasPseudonym && shape.slots[key.slot].role == .none
        else {
            if key.namesSomebody { withhold(key.slot, &shape) }
            return Nesting.Made(number: shapes.intern(shape), slots: [])
        }
        let places = slots.map { shape.addBeside(inside.slots[$0].kind) }
        if !inside.rule.isEmpty {
            (shape.parser, shape.rule) = (inside.parser, inside.rule)
            shape.set(Shape.Field("message", .text, .slot(key.slot, place.text.decoding)))
            if place.program == nil, inside.field("process.name") != nil {
                removeProcess(&shape, plan)
            }
        }
        for var field in fields {
            if case .slot(let slot, let decoding) = field.value,
                let index = slots.firstIndex(of: slot)
            {
                field.value = .slot(places[index], decoding)
            }
            shape.set(field)
        }
        if key.namesSomebody {
            shape.slots[key.slot].role = .subject
            for index in shape.fields.indices {
                guard case .slot(key.slot, _) = shape.fields[index].value else { continue }
                shape.fields[index].value = .slot(places[0], .raw)
            }
        }
        return Nesting.Made(number: shapes.intern(shape), slots: slots)
    }

    /// A field of a text as one of the record that it stands in; nil if it is none of that.
    private func field(
        _ field: Shape.Field, in shape: Shape, _ plan: MemberPlan
    ) -> Shape.Field? {
        var field = field
        if field.name == "message" || plan.trusted.contains(field.name) { return nil }
        if case .stretch = field.value { return nil }
        // Who handed the record on knows where it came from; the text says so of itself.
        if field.name == "host.name", shape.field("host.name") != nil {
            field.name = "log.syslog.hostname"
        }
        return field
    }

    /// Takes away the number of the process that handed the record on: the text names another one.
    private func removeProcess(_ shape: inout Shape, _ plan: MemberPlan) {
        guard let field = shape.field("process.pid"), !plan.trusted.contains(field.name),
            case .slot(let slot, _) = field.value, shape.slots[slot].role == .pid
        else { return }
        shape.fields.removeAll { $0.name == field.name }
    }

    /// Shows nothing of a slot, where there is no room for what would be shown instead of it.
    private func withhold(_ slot: Int, _ shape: inout Shape) {
        let value = Shape.Value.constant(SubjectKeys.withheld)
        shape.set(Shape.Field("message", .text, value))
        for index in shape.fields.indices {
            guard case .slot(slot, _) = shape.fields[index].value else { continue }
            shape.fields[index].value = value
        }
    }
}
