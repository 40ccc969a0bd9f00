import HisuiBytes
import HisuiShape
import HisuiYAML

/// What a definition says of records whose values have names: members of a JSON object, columns of
/// a line of delimited values, and so on.
struct MemberDefinition: Sendable {
    /// How the records are written: all of these are known alike.
    var formats: [NamedFormat]
    /// Which messages are tried, for formats that do not say what they are.
    var gate = FormatGate()
    /// Members that hold the time, best first; several are joined.
    var times: [[String]] = []
    /// Which records make up events.
    var join: JoinDefinition?
    /// Which member is a message of its own.
    var nested: NestedDefinition?
    /// Which records tell of operations that are folded.
    var fold: FoldDefinition?
    var time = StatedTime()
    /// What holds for all rules.
    var conditions: [Condition]
    var rules: [Rule]

    /// How records say when they were made, where the definition says more than is known anyway.
    struct StatedTime: Sendable {
        /// How the time may be written; none: in one of the usual ways.
        var formats: [TimeFormat] = []
        /// The zone of times that name none; nil: the source's.
        var zone: TimeZoneRules?

        var isEmpty: Bool { formats.isEmpty && zone == nil }
    }

    struct Rule: Sendable {
        var id: String
        var conditions: [Condition]
        /// Defaults, then `set`.
        var constants: [Shape.Field]
        var fields: [Field]
        var cases: [Case]
        /// What its records do, where they are folded.
        var step: FoldDefinition.Step?
        var node: YAMLNode
    }

    /// A member's value is one of these; a record without the member does not satisfy it.
    struct Condition: Sendable {
        /// Names the member may have, best first.
        var names: [String]
        var values: ValueTable
    }

    /// A field of the schema, and the member that has its value.
    struct Field: Sendable {
        var name: String
        var type: Shape.FieldType
        var names: [String]
    }

    /// Constants that follow from a member's value.
    struct Case: Sendable {
        var names: [String]
        var value: ValueCase
        var table: ValueTable
    }
}

/// What a value may be: a text, `text*`, `*text`, or `*` for any that is not empty.
enum ValuePattern: Sendable, Hashable {
    case exact([UInt8])
    case prefix([UInt8])
    case suffix([UInt8])
    case something

    init(_ text: String) {
        let bytes = Array(text.utf8)
        if text == "*" {
            self = .something
        } else if text.hasSuffix("*") {
            self = .prefix(bytes.dropLast())
        } else if text.hasPrefix("*") {
            self = .suffix(Array(bytes.dropFirst()))
        } else {
            self = .exact(bytes)
        }
    }

    func matches(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        switch self {
        case .exact(let text): return ByteSearch.equal(bytes, range, text.span)
        case .prefix(let text):
            return range.count >= text.count
                && ByteSearch.equal(
                    bytes, range.lowerBound..<range.lowerBound + text.count, text.span)
        case .suffix(let text):
            return range.count >= text.count
                && ByteSearch.equal(
                    bytes, range.upperBound - text.count..<range.upperBound, text.span)
        case .something:
            return !range.isEmpty && !(range.count == 1 && bytes[range.lowerBound] == 0x2D)
        }
    }
}
