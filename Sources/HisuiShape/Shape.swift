public import HisuiBytes

/// What all records of one kind have in common: fixed text, the parser rule that knows it, constant
/// fields. What varies are its **slots**.
///
/// The fixed text and the slots alternate, beginning and ending with text, so that
///
///     record = literals[0] slot 0 literals[1] slot 1 … slot n-1 literals[n]
///
/// holds for every record of the shape, byte for byte; a literal may be empty. Slots *beside* the
/// record stand behind all others and make up nothing of it: they hold what is known of the row's
/// event from other records. Everything that can
/// be known of a field without looking at a row stands in `fields`; the rest says which slot or
/// stretch of the record to look at. A shape is a plain value: equal content is the same shape, and
/// `encoded()` is its canonical form, by which tables intern it and which logs and segments store.
///
/// A shape that was read from its encoding is taken apart when something of it is first asked for:
/// a store has tens of thousands, of which a search needs few.
public struct Shape: Sendable {
    private var parts: ShapeParts

    /// Fixed text: always one more than there are slots.
    public var literals: [[UInt8]] {
        get { parts.made.literals }
        _modify {
            makeOwn()
            yield &parts.literals
        }
    }
    public var slots: [Slot] {
        get { parts.made.slots }
        _modify {
            makeOwn()
            yield &parts.slots
        }
    }
    /// Fields of an event of this shape, in order of definition; names are unique.
    public var fields: [Field] {
        get { parts.made.fields }
        _modify {
            makeOwn()
            yield &parts.fields
        }
    }
    /// The part of the record that is `message` (LogsQL's `_msg`).
    public var message: Stretch {
        get { parts.made.message }
        _modify {
            makeOwn()
            yield &parts.message
        }
    }
    /// The parser definition that knows this shape, e.g. `linux.sshd`; empty for automatic shapes.
    public var parser: String {
        get { parts.made.parser }
        _modify {
            makeOwn()
            yield &parts.parser
        }
    }
    /// The rule inside it, e.g. `failed-invalid`; empty for automatic shapes.
    public var rule: String {
        get { parts.made.rule }
        _modify {
            makeOwn()
            yield &parts.rule
        }
    }
    /// What the message is.
    public var structure: Structure {
        get { parts.made.structure }
        _modify {
            makeOwn()
            yield &parts.structure
        }
    }
    /// How the bytes of records become text: literals and slots are in this encoding, names and
    /// constants of fields in UTF-8.
    public var encoding: TextEncoding {
        get { parts.made.encoding }
        _modify {
            makeOwn()
            yield &parts.encoding
        }
    }

    public init(
        literals: [[UInt8]], slots: [Slot], fields: [Field] = [], message: Stretch? = nil,
        parser: String = "", rule: String = "", structure: Structure = .text,
        encoding: TextEncoding = .utf8
    ) {
        precondition(literals.count == slots.count + 1, "a shape ends and begins with a literal")
        let ofRecord = Shape.recordSlotCount(of: slots)
        parts = ShapeParts(
            literals: literals, slots: slots, fields: fields,
            message: message ?? Stretch.whole(of: literals, slots: ofRecord), parser: parser,
            rule: rule, structure: structure, encoding: encoding)
    }

    init(_ parts: ShapeParts) { self.parts = parts }

    /// Appends the encoding that the shape was read from; false if there is none.
    func appendEncoded(to out: inout [UInt8]) -> Bool { parts.appendEncoded(to: &out) }

    /// Makes the parts this shape's alone, to be changed.
    private mutating func makeOwn() {
        if parts.isEncoded || !isKnownUniquelyReferenced(&parts) { parts = parts.made.copy() }
    }

    /// The number of slots, known without taking the shape apart.
    public var slotCount: Int { parts.slotCount }

    /// The number of slots that make up the record: all but those beside it.
    ///
    /// - Complexity: O(slots beside the record).
    public var recordSlotCount: Int { Shape.recordSlotCount(of: slots) }

    static func recordSlotCount(of slots: [Slot]) -> Int {
        var count = slots.count
        while count > 0, slots[count - 1].role == .beside { count -= 1 }
        return count
    }

    /// All of the record.
    public var record: Stretch { Stretch.whole(of: literals, slots: recordSlotCount) }

    /// Adds a slot beside the record, and says its number.
    ///
    /// - Parameter kind: what the values most likely are.
    public mutating func addBeside(_ kind: Kind) -> Int {
        slots.append(Slot(kind, role: .beside))
        literals.append([])
        return slots.count - 1
    }

    /// What is shown of a record that names somebody: in place of the slot `number` the one beside
    /// the record; nil where all may be shown.
    ///
    /// - Complexity: O(slots), O(1) without slots beside the record.
    public var subject: (number: Int, beside: Int)? {
        guard slots.last?.role == .beside,
            let number = slots.firstIndex(where: { $0.role == .subject })
        else { return nil }
        return (number, recordSlotCount)
    }

    /// The same shape, but whom its records name is shown as it stands.
    public var unmasked: Shape {
        guard let subject else { return self }
        var shape = self
        shape.slots[subject.number].role = .none
        return shape
    }

    /// Whether what is shown in place of a value of JSON needs quotes, because that has none.
    public func needsQuotes(_ number: Int) -> Bool {
        structure == .json && literals[number].last != 0x22
    }

    /// Whether both are copies of one shape: known without a look at either. Others may be equal
    /// too.
    public func isCopy(of other: Shape) -> Bool { parts === other.parts }

    /// A number that all copies of a shape share as long as there is one.
    public var identity: ObjectIdentifier { ObjectIdentifier(parts) }

    /// What stands before the name of a value that no rule gives a field of its own.
    public static let unmapped = "unmapped."

    /// The shape that fits every record: one slot, which is the message.
    public static let any = Shape(literals: [[], []], slots: [Slot(.text)])

    /// The field called `name`. Complexity: O(number of fields).
    public func field(_ name: String) -> Field? {
        fields.first { $0.name == name }
    }

    /// Adds a field, in the place of the one with its name if there is one.
    ///
    /// - Complexity: O(number of fields).
    public mutating func set(_ field: Field) {
        if let same = fields.firstIndex(where: { $0.name == field.name }) {
            fields[same] = field
        } else {
            fields.append(field)
        }
    }
}

extension Shape: Hashable {
    public static func == (a: Shape, b: Shape) -> Bool { a.parts.isEqual(to: b.parts) }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(literals)
        hasher.combine(parser)
        hasher.combine(rule)
    }
}

extension Shape {
    /// What varies between records of a shape: the bytes between two literals.
    public struct Slot: Hashable, Sendable {
        public var kind: Kind
        public var role: Role

        public init(_ kind: Kind, role: Role = .none) {
            self.kind = kind
            self.role = role
        }
    }

    /// What the message of a shape is. The raw value is stored; never renumber.
    public enum Structure: UInt8, Sendable, CaseIterable {
        case text = 0
        /// One JSON object, taken apart or as one slot; see `JSONShape`.
        case json = 1
    }

    /// What a slot's bytes most likely are: a hint for its column's encoding, never a promise.
    /// A column falls back to text value by value. The raw value is stored; never renumber.
    public enum Kind: UInt8, Sendable, CaseIterable {
        case text = 0
        /// Decimal digits, possibly with leading zeros or a sign.
        case integer = 1
        case ipv4 = 2
        case ipv6 = 3
        /// Hexadecimal digits, UUIDs included.
        case hex = 4
        /// A time as text.
        case time = 5
        /// Few distinct values expected: a host, a program, a user.
        case word = 6
    }

    /// Header fields that nearly all shapes share, so that a block can keep one column for all.
    /// The raw value is stored; never renumber.
    public enum Role: UInt8, Sendable, CaseIterable {
        case none = 0
        case time = 1
        case host = 2
        case program = 3
        case pid = 4
        case priority = 5
        /// Not of the record: a value of the row's event from another record of it. Such slots
        /// stand behind all others, and every literal behind the first of them is empty.
        case beside = 6
        /// Names somebody who must not be shown: the first slot beside the record has what is shown
        /// in its place. A shape has one at most.
        case subject = 7
    }

    /// A stretch of a record, from byte `firstByte` of literal `first` up to, not including, byte
    /// `lastByte` of literal `last`, with all slots between them.
    public struct Stretch: Hashable, Sendable {
        public var first: Int
        public var firstByte: Int
        public var last: Int
        public var lastByte: Int

        public init(first: Int, firstByte: Int, last: Int, lastByte: Int) {
            self.first = first
            self.firstByte = firstByte
            self.last = last
            self.lastByte = lastByte
        }

        fileprivate static func whole(of literals: [[UInt8]], slots: Int) -> Stretch {
            Stretch(first: 0, firstByte: 0, last: slots, lastByte: literals[slots].count)
        }
    }

    /// Type of a field's value, from the schema. The raw value is stored; never renumber.
    public enum FieldType: UInt8, Sendable, CaseIterable {
        case keyword = 0
        case text = 1
        case integer = 2
        case time = 3
        case ip = 4
        case boolean = 5
    }

    /// Where the value of a field comes from.
    public enum Value: Hashable, Sendable {
        /// The same for all rows of the shape.
        case constant([UInt8])
        /// Slot number `slot`, read by `decoding`.
        case slot(Int, Decoding)
        /// A stretch of the record as it stands.
        case stretch(Stretch)
    }

    /// How a slot's bytes become a field's value. The raw value is stored; never renumber.
    public enum Decoding: UInt8, Sendable, CaseIterable {
        case raw = 0
        /// Syslog priority to severity: PRI mod 8 (RFC 5424 §6.2.1).
        case severityOfPriority = 1
        /// Syslog priority to facility: PRI div 8.
        case facilityOfPriority = 2
        /// Backslash before `"`, `\` and `]` removed (RFC 5424 §6.3.3).
        case backslashEscapes = 3
        /// Pairs of hexadecimal digits to bytes.
        case hexBytes = 4
        /// A JSON string without its quotes, escapes resolved.
        case jsonEscapes = 5
        /// Another JSON value as it stands: number, truth value, array. `null` is nothing.
        case jsonValue = 6
        /// A quoted field of RFC 4180 without its quotes: two quotes inside are one.
        case doubledQuotes = 7
        /// As `jsonEscapes`, but a lone hyphen, by which Windows says "nobody", is nothing.
        case jsonName = 8
        /// As it stands, but a lone hyphen is nothing.
        case name = 9
        /// A value of CEF: backslash escapes of `|`, `=`, backslash, and ends of lines.
        case cefEscapes = 10
        /// Text in XML, references to characters resolved.
        case xmlText = 11
        /// As `xmlText`, but a lone hyphen is nothing.
        case xmlName = 12
        /// A value of a W3C extended log: `+` stands for a blank, and a lone hyphen is nothing.
        case plusBlanks = 13
        /// Hexadecimal digits, `0x` before them or not, as a decimal number.
        case hexNumber = 14
        /// An IP address as it stands, but an IPv4 address is one also where it is written as one
        /// of IPv6 (`::ffff:192.0.2.1`), and a lone hyphen is nothing.
        case address = 15
    }

    public struct Field: Hashable, Sendable {
        /// Dotted name by the schema, or a native name.
        public var name: String
        public var type: FieldType
        public var value: Value

        public init(_ name: String, _ type: FieldType, _ value: Value) {
            self.name = name
            self.type = type
            self.value = value
        }
    }
}
