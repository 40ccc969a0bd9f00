import HisuiBytes
import HisuiEvent
import HisuiShape

/// Records whose values have names: JSON objects, and lines of delimited values.
extension Parser {
    /// What was found in a message beside slots.
    struct Named {
        /// The object, or all values; in the text.
        var range: Range<Int>
        /// Whether the values are slots, and not the object as a whole.
        var isTakenApart: Bool
        var isJSON: Bool
    }

    /// Appends the slots of the message's named values, if it has such.
    @inline(__always)
    mutating func appendNamed(
        of text: Span<UInt8>, _ message: Range<Int>
    ) -> Named? {
        let first = scratch.slots.count
        if let csv {
            guard
                DelimitedText.appendValues(
                    of: text, message, delimiter: csv.delimiter, count: csv.columns.count,
                    to: &scratch.slots)
            else { return nil }
            if isHeader(text, first, csv) {
                scratch.slots.removeSubrange(first...)
                return nil
            }
            return Named(range: message, isTakenApart: true, isJSON: false)
        }
        guard let start = Parser.objectStart(text, message) else { return nil }
        switch JSONShape.appendSlots(
            of: text, start..<message.upperBound, slotsMax: Limits.slotsPerShapeMax - first,
            to: &scratch.slots)
        {
        case .none: return nil
        case .parts(let end): return Named(range: start..<end, isTakenApart: true, isJSON: true)
        case .whole(let end): return Named(range: start..<end, isTakenApart: false, isJSON: true)
        }
    }

    /// Where an object may begin: at the first brace, blanks and the cookie of CEE left aside.
    @inline(__always)
    private static func objectStart(_ text: Span<UInt8>, _ message: Range<Int>) -> Int? {
        var at = message.lowerBound
        while at < message.upperBound, text[at] == 0x20 || text[at] == 0x09 { at += 1 }
        if at < message.upperBound, text[at] == 0x40 {
            guard message.upperBound - at > 5,
                ByteSearch.equal(text, at..<at + 5, cookie.span)
            else { return nil }
            at += 5
            while at < message.upperBound, text[at] == 0x20 { at += 1 }
        }
        return at < message.upperBound && text[at] == 0x7B ? at : nil
    }

    private static let cookie = Array("@cee:".utf8)

    /// Whether the values are the names of the columns.
    @inline(__always)
    private func isHeader(
        _ text: Span<UInt8>, _ first: Int, _ csv: MemberDefinition.CSVFormat
    ) -> Bool {
        for index in csv.columns.indices {
            let range = scratch.slots[first + index].range
            guard range.count == csv.columns[index].utf8.count,
                ByteSearch.equal(text, range, Array(csv.columns[index].utf8).span)
            else { return false }
        }
        return true
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
        if !plans[number].times.isEmpty,
            let time = memberClock.time(
                text, slots.span, of: plans[number].times, isUTC: plans[number].timeIsUTC,
                received: row.received)
        {
            row.time = time
            row.flags.remove(.yearInferred)
        }
        guard let match = plans[number].match(text, slots.span, &buffer) else {
            if let plain = plans[number].plainNumber { return plain }
            let plain = shapes.intern(plans[number].base)
            plans[number].plainNumber = plain
            return plain
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
        var fields: [Shape.Field] = []
        var members: [(name: String, place: MemberPlan.Place)] = []
        let slots = layout.encoding == .utf8 ? scratch.slots : textSlots
        var bytes = record.count
        for slot in scratch.slots { bytes -= Int(slot.count) }
        if named.isJSON {
            guard let found = JSONShape.members(of: text, named.range) else { return nil }
            let names = found.reduce(0) { $0 + $1.path.count }
            guard names <= JSONShape.namesBytesMax else { return nil }
            bytes += names
            guard admission.admits(memberBytes: bytes) else { return nil }
            for member in found {
                let field = JSONShape.field(
                    of: member, text, slots[first + member.slot], firstSlot: first)
                guard case .slot(let slot, let decoding) = field.value else { continue }
                members.append((field.name, MemberPlan.Place(slot: slot, decoding: decoding)))
                fields.append(field)
            }
        } else if let csv {
            guard admission.admits(memberBytes: bytes) else { return nil }
            for (index, column) in csv.columns.enumerated() {
                let start = slots[first + index].range.lowerBound
                let isQuoted = start > 0 && text[start - 1] == 0x22
                let place = MemberPlan.Place(
                    slot: first + index, decoding: isQuoted ? .doubledQuotes : .raw)
                members.append((column, place))
                fields.append(Shape.Field(column, .keyword, .slot(place.slot, place.decoding)))
            }
        }
        let base = ShapeBuilder.shape(
            of: record, scratch: scratch, layout: layout, dataStart: dataStart, named: fields,
            messageNames: named.isJSON ? definitions.objects.messages : [])
        var plan = MemberPlan(base: base, members: members)
        addTimes(to: &plan, isJSON: named.isJSON)
        for (number, (_, definition)) in definitions.memberDefinitions.enumerated() {
            switch definition.input {
            case .json where named.isJSON: plan.add(definition, number: number)
            case .csv where !named.isJSON: plan.add(definition, number: number)
            default: break
            }
        }
        plans.append(plan)
        planCache.insert(base, UInt32(plans.count - 1), layout, key: key)
        return plans.count - 1
    }

    private func addTimes(to plan: inout MemberPlan, isJSON: Bool) {
        if isJSON {
            if let place = plan.place(of: definitions.objects.times) {
                plan.times = [place]
            } else if let place = plan.place(of: definitions.objects.utcTimes) {
                plan.times = [place]
                plan.timeIsUTC = true
            }
        } else if let csv {
            plan.times = csv.times.compactMap { plan.place(of: [$0]) }
        }
        if plan.times.count == 1 {
            let slot = plan.times[0].slot
            if plan.base.slots[slot].kind != .integer, plan.base.encoding.unitBytes == 1 {
                plan.base.slots[slot].kind = .time
            }
            plan.base.slots[slot].role = .time
        }
    }

    /// Makes the object one slot.
    private mutating func wholeObjectNumber(
        _ record: Span<UInt8>, _ layout: RowLayout, _ message: Range<Int>, dataStart: Int
    ) -> UInt32 {
        let first = Int(layout.bodyFirst)
        scratch.slots.replaceSubrange(first..., with: CollectionOfOne(ByteRange(message)))
        var whole = layout
        whole.takeBody(scratch.slots, first: first, message: message)
        return number(record, whole, message, dataStart: dataStart)
    }
}
