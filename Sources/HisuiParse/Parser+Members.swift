import HisuiBytes
import HisuiEvent
import HisuiShape

/// Records whose values have names; see `NamedFormat`.
extension Parser {
    /// What was found in a message beside slots.
    struct Named {
        /// In the text.
        var values: NamedValues
        /// How they are read: a number in `choices`.
        var choice: Int
    }

    /// Appends the slots of the message's named values, if it has such.
    @inline(__always)
    mutating func appendNamed(
        of text: Span<UInt8>, _ message: Range<Int>, program: Range<Int>?
    ) -> Named? {
        if let bound {
            return choices[bound].format.appendSlots(of: text, message, to: &scratch.slots)
                .map { Named(values: $0, choice: bound) }
        }
        guard !message.isEmpty, !definitions.formats.isNone(text[message.lowerBound]) else {
            return nil
        }
        return appendCandidates(of: text, message, program: program)
    }

    /// Takes the structured data of a header and the message behind it as named values, where a
    /// definition reads such; nothing changes where none does.
    @inline(__always)
    mutating func appendStructured(
        of text: Span<UInt8>, _ header: inout SyslogHeader
    ) -> Named? {
        guard !header.variant.isDisjoint(with: .dataOfAnyKind),
            !definitions.formats.isNone(text[header.dataStart])
        else { return nil }
        return takeStructured(of: text, &header)
    }

    @inline(never)
    private mutating func takeStructured(
        of text: Span<UInt8>, _ header: inout SyslogHeader
    ) -> Named? {
        // The slots of the data are the last ones of the header.
        let kept = scratch.slots.prefix { Int($0.offset) < header.dataStart }.count
        let (slots, kinds) = (Array(scratch.slots[kept...]), Array(scratch.kinds[kept...]))
        scratch.truncate(to: kept)
        if let named = appendCandidates(
            of: text, header.dataStart..<text.count, program: header.program),
            choices[named.choice].format == .structured
        {
            header.variant.subtract(.dataOfAnyKind)
            header.messageStart = header.dataStart
            return named
        }
        scratch.slots.removeSubrange(kept...)
        scratch.slots += slots
        scratch.kinds += kinds
        return nil
    }

    /// Appends the slots of a line whose file has named the columns.
    @inline(__always)
    mutating func appendFileLine(of text: Span<UInt8>) -> Named? {
        guard let choice = fieldLines.choice, text.count > 0, text[0] != 0x23 else { return nil }
        return choices[choice].format.appendSlots(of: text, 0..<text.count, to: &scratch.slots)
            .map { Named(values: $0, choice: choice) }
    }

    /// Takes down the columns that a line of a file names.
    @inline(never)
    mutating func takeFields(_ record: Span<UInt8>) {
        guard let format = W3CFormat(record) else {
            fieldLines.setColumns(nil)
            return
        }
        if fieldChoices[format] == nil, fieldChoices.count == Limits.tablesRememberedMax {
            forgetTables()
        }
        if fieldChoices[format] == nil {
            fieldChoices[format] = choices.count
            choices.append(
                FormatChoice(
                    format: .w3c(format), definitions: memberDefinitions(.w3c),
                    times: memberDefinitions(.w3c).flatMap {
                        definitions.memberDefinitions[$0].definition.times
                    }))
        }
        fieldLines.setColumns(fieldChoices[format])
    }

    /// Numbers of the definitions of that input.
    func memberDefinitions(_ input: NamedInput) -> [Int] {
        definitions.memberDefinitions.indices.filter {
            definitions.memberDefinitions[$0].definition.formats.contains { $0.input == input }
        }
    }

    private mutating func appendCandidates(
        of text: Span<UInt8>, _ message: Range<Int>, program: Range<Int>?
    ) -> Named? {
        let first = scratch.slots.count
        var places = definitions.formats.places(text[message.lowerBound])
        while let number = definitions.formats.next(&places, text, message, program) {
            guard
                let values = choices[number].format.appendSlots(
                    of: text, message, to: &scratch.slots)
            else { continue }
            if choices[number].holds(text, message, scratch.slots.span, first: first) {
                return Named(values: values, choice: number)
            }
            scratch.slots.removeSubrange(first...)
        }
        return nil
    }

    /// The number of the shape of a record taken apart, whose time it reads too.
    ///
    /// - Parameters:
    ///   - text: the record decoded; `record` itself if that is UTF-8.
    ///   - message: the named values in `record`.
    mutating func namedNumber(
        _ record: Span<UInt8>, _ text: Span<UInt8>, _ layout: RowLayout, _ named: Named,
        _ message: Range<Int>, dataStart: Int, _ row: inout RowBatch.Row
    ) -> UInt32 {
        let key = FixedText.hash(
            of: record, around: scratch.slots.span, seed: scratch.key ^ layout.hash)
        var number = planCache.find(record, scratch.slots.span, layout, key: key).map(Int.init)
        if number == nil {
            number = newPlan(record, text, layout, named, key: key, dataStart: dataStart)
        }
        guard let number else {
            return wholeObjectNumber(record, layout, message, dataStart: dataStart)
        }
        // Slots of the text: those of the record unless it had to be decoded.
        let slots = layout.encoding == .utf8 ? scratch.slots : textSlots
        if plans[number].hasTwice { row.flags.insert(.ambiguous) }
        let stated = plans[number].stated
        let isTaken = take(stated, plans[number], text, slots.span, &row)
        for parts in plans[number].times where !isTaken && stated.formats.isEmpty {
            guard
                let time = memberClock.time(
                    text, slots.span, of: parts, isUTC: plans[number].timeIsUTC,
                    received: row.received)
            else { continue }
            row.time = time
            row.flags.remove(.yearInferred)
            break
        }
        let match = plans[number].match(text, slots.span, &buffer)
        let subject =
            match.map { plans[number].candidates[$0.candidate].subject }
            ?? plans[number].subject(text, slots.span, &buffer)
        if let subject {
            noteSubject(text, slots[subject.slot], slot: subject.slot, subject.decoding)
        }
        let outer = ruledNumber(match, number, text, slots.span, &row)
        guard definitions.nests, layout.encoding == .utf8, !nesting.isInner, subjects.slot < 0,
            folding.facts == nil,
            let place = plans[number].nested(match?.candidate, text, slots.span, &buffer)
        else { return outer }
        return nestedNumber(
            text, slots.span, place, number, isKnown: match != nil, outer, &row) ?? outer
    }

    /// The number of the shape of a record by its plan and by what its rule makes of it.
    @inline(__always)
    private mutating func ruledNumber(
        _ match: (candidate: Int, choices: Int)?, _ number: Int, _ text: Span<UInt8>,
        _ slots: Span<ByteRange>, _ row: inout RowBatch.Row
    ) -> UInt32 {
        guard let match else {
            if !nesting.isInner, let definition = plans[number].stating(text, slots, &buffer) {
                return statedNumber(of: number, definition)
            }
            if let plain = plans[number].plainNumber { return plain }
            let plain = shapes.intern(plans[number].base)
            plans[number].plainNumber = plain
            return plain
        }
        let known = plans[number].candidates[match.candidate].definition
        let own = definitions.memberDefinitions[known].definition.time
        if plans[number].stated.isEmpty { _ = take(own, plans[number], text, slots, &row) }
        if let places = plans[number].candidates[match.candidate].fold {
            folding.facts = places.facts(
                text, slots, sender: folding.senders[Int(row.sender)], &buffer)
            folding.definition = known
        }
        for known in plans[number].candidates[match.candidate].numbers
        where known.choices == match.choices {
            return known.number
        }
        let made = shapes.intern(plans[number].shape(match, definitions))
        plans[number].candidates[match.candidate].numbers.append((match.choices, made))
        return made
    }

    /// Makes the plan of records like this one; nil if they do not deserve one.
    @inline(never)
    private mutating func newPlan(
        _ record: Span<UInt8>, _ text: Span<UInt8>, _ layout: RowLayout, _ named: Named,
        key: UInt64, dataStart: Int
    ) -> Int? {
        let first = Int(layout.bodyFirst)
        let choice = choices[named.choice]
        let slots = layout.encoding == .utf8 ? scratch.slots : textSlots
        guard
            let members = choice.format.members(
                of: text, named.values.range, slots.span, first: first)
        else { return nil }
        var bytes = record.count
        for slot in scratch.slots { bytes -= Int(slot.count) }
        let names = members.reduce(0) { $0 + $1.nameBytes }
        guard bytes <= JSONShape.fixedBytesMax, names <= JSONShape.namesBytesMax,
            admission.admits(memberBytes: bytes + names)
        else { return nil }
        let fields = members.map { Shape.Field($0.name, $0.type, .slot($0.slot, $0.decoding)) }
        let base = ShapeBuilder.shape(
            of: record, scratch: scratch, layout: layout, pool: &pool, dataStart: dataStart,
            entry: entry, named: fields,
            messageNames: choice.format.messages(definitions.objects),
            foreignNames: choice.format.input.hasChosenNames ? [] : definitions.fieldNames)
        var plan = MemberPlan(
            base: base, members: members + headerMembers(of: base, choice.format))
        addTimes(to: &plan, choice)
        if choice.definitions.count == 1 {
            plan.stated = definitions.memberDefinitions[choice.definitions[0]].definition.time
        }
        if choice.format == .json { plan.hasTwice = false }
        if layout.form == .journal {
            plan.trusted = JournalFields.identity(of: record, entry, isFromUnit: layout.isFromUnit)
        }
        for number in choice.definitions {
            plan.add(definitions.memberDefinitions[number].definition, number: number)
        }
        plans.append(plan)
        planCache.insert(base, UInt32(plans.count - 1), layout, key: key)
        return plans.count - 1
    }

    /// What the header says of structured data: its type; and a journal of an audit record: when
    /// it was, and its number.
    private func headerMembers(of base: Shape, _ format: NamedFormat) -> [NamedMember] {
        let names =
            switch format {
            case .structured: [("msgid", "log.syslog.msgid")]
            case .journalAudit:
                [
                    ("audit.time", "_SOURCE_REALTIME_TIMESTAMP"), ("audit.serial", "_AUDIT_ID"),
                ]
            default: [(String, String)]()
            }
        return names.compactMap { name, field in
            guard case .slot(let slot, let decoding)? = base.field(field)?.value else { return nil }
            return NamedMember(name: name, slot: slot, decoding: decoding)
        }
    }

    /// Takes the time that a definition says how to read; false if there is none.
    private mutating func take(
        _ stated: MemberDefinition.StatedTime, _ plan: MemberPlan, _ text: Span<UInt8>,
        _ slots: Span<ByteRange>, _ row: inout RowBatch.Row
    ) -> Bool {
        if stated.isEmpty || plan.timeIsUTC && stated.formats.isEmpty { return false }
        for places in plan.times {
            guard let value = memberClock.value(text, slots, of: places, stated.formats)
            else { continue }
            take(value, zone: plan.timeIsUTC ? .utc : stated.zone, &row)
            return true
        }
        return false
    }

    private func addTimes(to plan: inout MemberPlan, _ choice: FormatChoice) {
        plan.times = choice.times.compactMap { plan.places(of: $0) }
        if plan.times.isEmpty {
            let usual = choice.format.times(definitions.objects)
            plan.times = Array(usual.times.compactMap { plan.places(of: $0) }.prefix(1))
            if plan.times.isEmpty {
                plan.times = Array(usual.utcTimes.compactMap { plan.places(of: $0) }.prefix(1))
                plan.timeIsUTC = true
            }
        }
        if choice.format.input == .w3c { plan.timeIsUTC = true }
        guard let parts = plan.times.first, parts.count == 1 else { return }
        let slot = parts[0].slot
        if choice.format == .journalAudit {
            plan.base.slots[slot].kind = .integer
        } else if plan.base.slots[slot].kind != .integer, plan.base.encoding.unitBytes == 1 {
            plan.base.slots[slot].kind = .time
        }
        plan.base.slots[slot].role = .time
    }

    /// Makes the object one slot.
    private mutating func wholeObjectNumber(
        _ record: Span<UInt8>, _ layout: RowLayout, _ message: Range<Int>, dataStart: Int
    ) -> UInt32 {
        let first = Int(layout.bodyFirst)
        let body = first..<first + Int(layout.bodyCount)
        scratch.slots.replaceSubrange(body, with: CollectionOfOne(ByteRange(message)))
        if layout.form == .journal {
            scratch.kinds.replaceSubrange(body, with: CollectionOfOne(Shape.Slot(.text)))
        }
        var whole = layout
        whole.takeBody(scratch.slots, first: first, count: 1, message: message)
        return number(record, whole, message, dataStart: dataStart)
    }
}
