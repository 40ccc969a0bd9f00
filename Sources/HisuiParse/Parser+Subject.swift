import HisuiBytes
import HisuiEvent
import HisuiShape

/// People whom records are about: their numbers are shown as pseudonyms; see `SubjectKeys`.
///
/// The record keeps the number. The pseudonym stands beside it, in the first slot there; every
/// field that would show the number shows the pseudonym, and so does what is shown of the record
/// itself, because its slot has the role `subject`.
extension Parser {
    /// What is needed for that beside the shapes.
    struct Subjects {
        var keys: SubjectKeys?
        /// The slot of the record at hand that names somebody; negative: none does.
        var slot = -1
        /// Whom it names.
        var number: [UInt8] = []
        /// Numbers of shapes with a pseudonym beside the record.
        var numbers: [Shaped: UInt32] = [:]

        struct Shaped: Hashable {
            var base: UInt32
            var slot: Int
        }
    }

    /// Takes down whom the record at hand is about.
    @inline(never)
    mutating func noteSubject(
        _ text: Span<UInt8>, _ range: ByteRange, slot: Int, _ decoding: Shape.Decoding
    ) {
        subjects.number.removeAll(keepingCapacity: true)
        decoding.append(text, range, to: &subjects.number)
        subjects.slot = SubjectKeys.isSomebody(subjects.number.span) ? slot : -1
    }

    /// Takes down whom a message is about that a rule knows.
    @inline(never)
    mutating func noteSubject(_ match: RuleMatch, _ text: Span<UInt8>, firstSlot: Int) {
        var found: (slot: Int, decoding: Shape.Decoding)?
        definitions.forEachSlot(of: match) { capture, slot in
            if capture.field == SubjectKeys.field { found = (firstSlot + slot, capture.decoding) }
        }
        guard let found else { return }
        noteSubject(text, scratch.slots[found.slot], slot: found.slot, found.decoding)
    }

    /// The place of the slot with the pseudonym, which the row's shape has then.
    ///
    /// - Parameter end: bytes of all records of the batch.
    @inline(never)
    mutating func takeSubject(_ row: inout RowBatch.Row, behind end: Int) -> ByteRange? {
        let shaped = Subjects.Shaped(base: row.shape, slot: subjects.slot)
        let number = subjects.numbers[shaped] ?? makeSubjectNumber(shaped)
        subjects.numbers[shaped] = number
        row.shape = number
        guard shapes[number].slots.last?.role == .beside else { return nil }
        var pseudonym: [UInt8] = []
        if let keys = subjects.keys {
            keys.append(subjects.number.span, to: &pseudonym)
        } else {
            pseudonym = SubjectKeys.withheld
        }
        let first = end + besideTexts.count
        let encoding = shapes[number].encoding
        for byte in pseudonym {
            if encoding == .utf16BigEndian { besideTexts.append(0) }
            besideTexts.append(byte)
            if encoding == .utf16LittleEndian { besideTexts.append(0) }
        }
        return ByteRange(first..<end + besideTexts.count)
    }

    /// Where there is no room for a slot more, neither number nor message are shown.
    private mutating func makeSubjectNumber(_ shaped: Subjects.Shaped) -> UInt32 {
        var shape = shapes[shaped.base]
        let hasRoom =
            shape.slots.count < Limits.slotsPerShapeMax && shape.slots[shaped.slot].role == .none
        var value = Shape.Value.constant(SubjectKeys.withheld)
        if hasRoom {
            shape.slots[shaped.slot].role = .subject
            value = .slot(shape.addBeside(.word), .raw)
        } else {
            shape.set(Shape.Field("message", .text, value))
        }
        for index in shape.fields.indices {
            guard case .slot(shaped.slot, _) = shape.fields[index].value else { continue }
            shape.fields[index].value = value
        }
        return shapes.intern(shape)
    }
}
