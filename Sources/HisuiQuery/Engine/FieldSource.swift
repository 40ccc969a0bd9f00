import HisuiBytes
import HisuiEvent
import HisuiShape
import HisuiStore

/// Where the value of a field comes from, for all rows of one shape in one block.
enum FieldSource: Sendable {
    /// The same for all rows; empty if there is no such field.
    case constant([UInt8])
    case slot(Int, Shape.Decoding)
    case text(StretchText)
    case row(RowField)

    /// Whether it is one of some fields of the row.
    func isRow(_ fields: [RowField]) -> Bool {
        if case .row(let field) = self { fields.contains(field) } else { false }
    }
}

/// Fields that belong to the row and not to its record.
enum RowField: Sendable {
    case time, received, index, source, stream, sender, senderPID, senderUID, senderGID, flags
    case duplicate
}

/// A stretch of a record: fixed text and slots in turn, beginning and ending with fixed text.
struct StretchText: Sendable {
    private(set) var literals: [[UInt8]]
    /// Numbers of slots of the shape, at least one.
    private(set) var slots: [Int]
    /// Whether it is the record as its bytes stand, and not its text.
    var isRecord = false
    /// Whether values stand in the text as they stand in the records.
    var isAsStored = true

    /// How long the text is at least.
    var least: Int { literals.reduce(0) { $0 + $1.count } }

    /// The same, but whom the records name, if that must not be shown: another slot takes the place
    /// of that one.
    func withoutSubject(of shape: Shape) -> StretchText {
        guard let subject = shape.subject, let place = slots.firstIndex(of: subject.number) else {
            return self
        }
        var text = self
        text.slots[place] = subject.beside
        text.isAsStored = false
        if shape.needsQuotes(subject.number) {
            text.literals[place].append(0x22)
            text.literals[place + 1].insert(0x22, at: 0)
        }
        return text
    }
}

extension FieldSource {
    /// A stretch of the records of `shape`, in its simplest form.
    static func stretch(_ stretch: Shape.Stretch, of shape: Shape) -> FieldSource {
        let first = shape.literals[stretch.first]
        if stretch.first == stretch.last {
            return .constant(Array(first[stretch.firstByte..<stretch.lastByte]))
        }
        var literals = [Array(first[stretch.firstByte...])]
        literals += shape.literals[stretch.first + 1..<stretch.last]
        literals.append(Array(shape.literals[stretch.last][..<stretch.lastByte]))
        let text = StretchText(literals: literals, slots: Array(stretch.first..<stretch.last))
            .withoutSubject(of: shape)
        if literals.count == 2, literals[0].isEmpty, literals[1].isEmpty {
            return .slot(text.slots[0], .raw)
        }
        return .text(text)
    }

    static func value(_ value: Shape.Value, of shape: Shape) -> FieldSource {
        switch value {
        case .constant(let bytes): .constant(bytes)
        case .slot(let slot, let decoding): .slot(slot, decoding)
        case .stretch(let stretch): .stretch(stretch, of: shape)
        }
    }

    /// The same, with word on whether values stand in the records as they stand here.
    fileprivate func stored(_ isAsStored: Bool) -> FieldSource {
        guard case .text(var text) = self else { return self }
        text.isAsStored = text.isAsStored && isAsStored
        return .text(text)
    }

    /// The source of the field called `name` in the rows of shape number `shape` of `block`.
    static func resolve(_ name: String, shape number: Int, in block: Block) -> FieldSource {
        // An act says itself which zone it is about; its stream belongs to none.
        if name == FieldName.zone, block.isOfActs {
            return ShapeFields(block.shapes[number].shape).own(name)
        }
        return ShapeFields(block.shapes[number].shape).source(name) ?? resolve(name, in: block)
    }

    /// The source of a field that is no part of the record.
    static func resolve(_ name: String, in block: Block) -> FieldSource {
        switch name {
        case FieldName.time: .row(.time)
        case FieldName.zone: .constant(Array(block.zone.utf8))
        case FieldName.storeStream: .constant(Array(block.stream.utf8))
        case FieldName.received: .row(.received)
        case FieldName.index: .row(.index)
        case FieldName.flags: .row(.flags)
        case FieldName.sender: sender(.sender, in: block)
        case FieldName.senderPID: sender(.senderPID, in: block)
        case FieldName.senderUID: sender(.senderUID, in: block)
        case FieldName.senderGID: sender(.senderGID, in: block)
        case FieldName.duplicate:
            // Only who acknowledges is told again.
            block.sources.contains { $0.kind == .relp } ? .row(.duplicate) : .constant([])
        case FieldName.source:
            block.sources.count == 1
                ? .constant(Array(block.sources[0].id.utf8)) : .row(.source)
        default:
            block.sources.count == 1
                ? .constant(streamText(zone: block.zone, source: block.sources[0])) : .row(.stream)
        }
    }

    private static func sender(_ field: RowField, in block: Block) -> FieldSource {
        if block.senders.count == 1 { return .constant(senderText(block.senders[0], field)) }
        let isEmpty =
            field != .sender && !block.senders.contains { SenderCredentials($0) != nil }
        return isEmpty ? .constant([]) : .row(field)
    }

    /// What a field says of a sender: an address, or one of a process's numbers.
    static func senderText(_ sender: String, _ field: RowField) -> [UInt8] {
        guard let process = SenderCredentials(sender) else {
            return field == .sender ? Array(sender.utf8) : []
        }
        return switch field {
        case .senderPID: Array("\(process.pid)".utf8)
        case .senderUID: Array("\(process.uid)".utf8)
        case .senderGID: Array("\(process.gid)".utf8)
        default: []
        }
    }

    /// What `_stream` shows: `{zone="…",source="…"}`.
    static func streamText(zone: String, source: Source) -> [UInt8] {
        var text = "{zone="
        Quoting.appendQuoted(Array(zone.utf8), to: &text)
        text += ",source="
        Quoting.appendQuoted(Array(source.id.utf8), to: &text)
        text += "}"
        return Array(text.utf8)
    }

    /// What a field says of a row's flags.
    static func text(of field: RowField, flags: UInt32) -> String {
        if field == .duplicate {
            return flags & RowFlags.maybeDuplicate.rawValue != 0 ? "true" : ""
        }
        return RowFlags.names.indices.filter { flags & 1 << UInt32($0) != 0 }
            .map { RowFlags.names[$0] }.joined(separator: ",")
    }
}

/// Where the fields of a shape's records come from.
struct ShapeFields {
    private let shape: Shape
    /// The shape that the text of the records has: columns are decoded when they are taken, so
    /// the fixed text has to be too.
    private let text: Shape

    init(_ shape: Shape) {
        self.shape = shape
        text = shape.inUTF8()
    }

    /// Whether the text of slots is their bytes.
    var isAsStored: Bool { shape.encoding == .utf8 }

    /// Fields that are no part of the record.
    static let outside: Set = [
        FieldName.time, FieldName.zone, FieldName.storeStream, FieldName.received,
        FieldName.index, FieldName.flags, FieldName.sender, FieldName.senderPID,
        FieldName.senderUID, FieldName.senderGID, FieldName.duplicate, FieldName.source,
        FieldName.stream,
    ]

    /// The source of the field called `name`; nil if it is no part of the record.
    func source(_ name: String) -> FieldSource? {
        switch name {
        case FieldName.record: return record
        case FieldName.message:
            if let field = text.field("message") {
                return FieldSource.value(field.value, of: text).stored(isAsStored)
            }
            return FieldSource.stretch(text.message, of: text).stored(isAsStored)
        case FieldName.parser: return .constant(Array(text.parser.utf8))
        case FieldName.rule: return .constant(Array(text.rule.utf8))
        default: return Self.outside.contains(name) ? nil : own(name)
        }
    }

    /// The source of a field by the shape's own list, whatever the name means elsewhere.
    func own(_ name: String) -> FieldSource {
        text.field(name).map { FieldSource.value($0.value, of: text).stored(isAsStored) }
            ?? .constant([])
    }

    /// The record, byte for byte.
    private var record: FieldSource {
        if shape.encoding == .utf8 { return .stretch(shape.record, of: shape) }
        let slots = shape.recordSlotCount
        if slots == 0 { return .constant(shape.literals[0]) }
        return .text(
            StretchText(
                literals: Array(shape.literals[...slots]), slots: Array(0..<slots), isRecord: true
            ).withoutSubject(of: shape))
    }
}
