import HisuiBytes
import HisuiEvent
import HisuiShape
import HisuiStore

/// Where the value of a field comes from, for all rows of one shape in one block.
enum FieldSource {
    /// The same for all rows; empty if there is no such field.
    case constant([UInt8])
    case slot(Int, Shape.Decoding)
    case text(StretchText)
    case row(RowField)
}

/// Fields that belong to the row and not to its record.
enum RowField {
    case time, received, index, source, stream, sender, flags
}

/// A stretch of a record: fixed text and slots in turn, beginning and ending with fixed text.
struct StretchText {
    let literals: [[UInt8]]
    /// Numbers of slots of the shape, at least one.
    let slots: [Int]
    /// Whether it is the record as its bytes stand, and not its text.
    var isRecord = false

    /// How long the text is at least.
    var least: Int { literals.reduce(0) { $0 + $1.count } }
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
        if literals.count == 2, literals[0].isEmpty, literals[1].isEmpty {
            return .slot(stretch.first, .raw)
        }
        return .text(StretchText(literals: literals, slots: Array(stretch.first..<stretch.last)))
    }

    static func value(_ value: Shape.Value, of shape: Shape) -> FieldSource {
        switch value {
        case .constant(let bytes): .constant(bytes)
        case .slot(let slot, let decoding): .slot(slot, decoding)
        case .stretch(let stretch): .stretch(stretch, of: shape)
        }
    }

    /// The source of the field called `name` in the rows of shape number `shape` of `block`.
    static func resolve(_ name: String, shape number: Int, in block: Block) -> FieldSource {
        if name == FieldName.record { return record(of: block.shapes[number].shape) }
        // Columns are decoded when they are taken, so the fixed text has to be too.
        let shape = block.shapes[number].shape.inUTF8()
        switch name {
        case FieldName.time: return .row(.time)
        case FieldName.message:
            if let field = shape.field("message") { return value(field.value, of: shape) }
            return .stretch(shape.message, of: shape)
        case FieldName.zone:
            // An act says itself which zone it is about; its stream belongs to none.
            if block.isOfActs {
                return shape.field(name).map { value($0.value, of: shape) } ?? .constant([])
            }
            return .constant(Array(block.zone.utf8))
        case FieldName.storeStream: return .constant(Array(block.stream.utf8))
        case FieldName.parser: return .constant(Array(shape.parser.utf8))
        case FieldName.rule: return .constant(Array(shape.rule.utf8))
        case FieldName.received: return .row(.received)
        case FieldName.index: return .row(.index)
        case FieldName.flags: return .row(.flags)
        case FieldName.sender:
            return block.senders.count == 1
                ? .constant(Array(block.senders[0].utf8)) : .row(.sender)
        case FieldName.source:
            return block.sources.count == 1
                ? .constant(Array(block.sources[0].id.utf8)) : .row(.source)
        case FieldName.stream:
            return block.sources.count == 1
                ? .constant(streamText(zone: block.zone, source: block.sources[0])) : .row(.stream)
        default: return shape.field(name).map { value($0.value, of: shape) } ?? .constant([])
        }
    }

    /// The record, byte for byte.
    private static func record(of shape: Shape) -> FieldSource {
        if shape.encoding == .utf8 { return .stretch(.whole(of: shape.literals), of: shape) }
        if shape.slots.isEmpty { return .constant(shape.literals[0]) }
        return .text(
            StretchText(
                literals: shape.literals, slots: Array(shape.slots.indices), isRecord: true))
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

    static func flagsText(_ flags: UInt32) -> String {
        RowFlags.names.indices.filter { flags & 1 << UInt32($0) != 0 }
            .map { RowFlags.names[$0] }.joined(separator: ",")
    }
}
