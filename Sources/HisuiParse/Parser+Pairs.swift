import HisuiBytes
import HisuiEvent
import HisuiShape

/// Names and values behind what a template takes: `{_:kv}`.
///
/// Each value has a slot, and is a field by the rule's `fields` or `unmapped.` and its name. The
/// names are fixed text of the shape, so these are admitted as those of objects are; what is not,
/// and text that is not all pairs, stays one slot.
extension Parser {
    /// What is needed for that.
    struct Pairs {
        /// Where they stand in the record at hand, if they do.
        var range: Range<Int>?
        /// Shapes in which a name stands twice.
        var twice: Set<UInt32> = []
        /// Records whose pairs stayed one slot because there were too many of them, or too many
        /// kinds of them.
        var left: UInt64 = 0
    }

    /// Values that have slots of their own, and bytes of their names, at most.
    static let pairsMax = 64
    static let pairNameBytesMax = 2048

    /// How pairs behind a template are written.
    static let pairText = PairText(otherSeparators: [0x2C, 0x3B, 0x7C, 0x09])

    /// Gives pairs slots of their own, in place of the last slot.
    ///
    /// - Parameter room: how many slots there may be.
    @inline(never)
    mutating func takePairs(
        _ match: RuleMatch, _ text: Span<UInt8>, room: Int, _ layout: inout RowLayout,
        _ row: inout RowBatch.Row
    ) {
        let rule = definitions.rules[Int(match.rule)]
        guard let last = scratch.slots.last,
            rule.captures.last(where: { $0.isPresent(in: match.choices) })?.isPairs == true
        else { return }
        let isContested = rule.decidingPairs.contains {
            Self.pairText.presence(of: $0, in: text, last.range) == .contested
        }
        if isContested { row.flags.insert(.ambiguous) }
        guard layout.encoding == .utf8, !layout.isReworded else { return }
        scratch.slots.removeLast()
        let first = scratch.slots.count
        let isTaken = Self.pairText.appendValues(
            of: text, last.range, countMax: min(Self.pairsMax, room - first),
            to: &scratch.slots)
        if isTaken, last.count > 0 {
            pairs.range = last.range
            layout.hasPairs = true
        } else {
            scratch.slots.append(last)
        }
    }

    /// The names of the pairs at hand, with the numbers of their slots; nil if a shape for them has
    /// not been earned.
    mutating func admittedPairs(
        _ text: Span<UInt8>, _ layout: RowLayout
    ) -> [NamedMember]? {
        guard let range = pairs.range else { return nil }
        let found = Self.pairText.pairs(of: text, range)
        let bytes = found.reduce(0) { $0 + $1.name.count }
        guard bytes <= Self.pairNameBytesMax, admission.admits(memberBytes: bytes) else {
            return nil
        }
        let first = Int(layout.bodyFirst) + Int(layout.bodyCount) - found.count
        return found.enumerated().map { index, pair in
            NamedMember(
                name: String(decodingBytes: text, pair.name), slot: first + index,
                decoding: pair.isQuoted ? .backslashEscapes : .name)
        }
    }

    /// Makes the shape of a record whose last slots are values of pairs.
    mutating func pairedNumber(
        _ record: Span<UInt8>, _ layout: RowLayout, _ message: Range<Int>, dataStart: Int,
        key: UInt64
    ) -> UInt32 {
        guard let members = admittedPairs(record, layout) else {
            return unpairedNumber(record, layout, message, dataStart: dataStart)
        }
        var shape = ShapeBuilder.shape(
            of: record, scratch: scratch, layout: layout, pool: &pool, dataStart: dataStart,
            entry: entry, definitions: definitions)
        let trusted =
            layout.form == .journal
            ? JournalFields.identity(of: record, entry, isFromUnit: layout.isFromUnit) : []
        let isTwice = Set(members.map(\.name)).count < members.count
        let places = Dictionary(members.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        var mapped: Set<Int> = []
        for field in definitions.rules[Int(layout.rule)].pairs where !trusted.contains(field.name) {
            guard let place = field.names.lazy.compactMap({ places[$0] }).first else { continue }
            mapped.insert(place.slot)
            shape.set(Shape.Field(field.name, field.type, .slot(place.slot, place.decoding)))
        }
        for member in members where places[member.name]?.slot == member.slot {
            let name = Shape.unmapped + member.name
            if mapped.contains(member.slot) || shape.field(name) != nil { continue }
            shape.set(Shape.Field(name, .keyword, .slot(member.slot, member.decoding)))
        }
        // What follows from a value wins over the values.
        for field in definitions.decided(layout.rule, layout.choices)
        where !trusted.contains(field.name) {
            shape.set(field)
        }
        let number = shapes.intern(shape)
        if isTwice { pairs.twice.insert(number) }
        insert(shape, number, layout, key: key)
        return number
    }

    /// The number of the shape with one slot for all pairs.
    private mutating func unpairedNumber(
        _ record: Span<UInt8>, _ layout: RowLayout, _ message: Range<Int>, dataStart: Int
    ) -> UInt32 {
        guard let range = pairs.range else { return 0 }
        pairs.left += 1
        let end = Int(layout.bodyFirst) + Int(layout.bodyCount)
        let first = scratch.slots[..<end].firstIndex { $0.range.lowerBound >= range.lowerBound }
        let body = (first ?? end)..<end
        scratch.slots.replaceSubrange(body, with: CollectionOfOne(ByteRange(range)))
        if layout.form == .journal {
            scratch.kinds.replaceSubrange(body, with: CollectionOfOne(Shape.Slot(.text)))
        }
        var plain = layout
        plain.hasPairs = false
        plain.takeBody(
            scratch.slots, first: Int(layout.bodyFirst),
            count: Int(layout.bodyCount) - body.count + 1, message: message)
        return number(record, plain, message, dataStart: dataStart)
    }
}
