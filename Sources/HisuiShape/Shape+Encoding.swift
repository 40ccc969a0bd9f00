public import HisuiBytes

/// The canonical encoding of a shape, by which logs and segments store it.
///
///     u8      structure
///     u8      encoding
///     varint  number of slots n
///     n ×     u8 kind, u8 role
///     n+1 ×   counted bytes: literal
///     stretch message
///     counted text: parser
///     counted text: rule
///     varint  number of fields
///     each    counted text: name, u8 type, u8 which, then by `which`
///                 0   counted bytes: constant
///                 1   varint slot, u8 decoding
///                 2   stretch
///
///     stretch varint first, varint first byte, varint last, varint last byte
///
/// "Counted" is a varint count and that many bytes. Each shape has exactly one encoding, and bytes
/// that are not the encoding of a shape are refused. Specified in docs/format.md.
extension Shape {
    /// Bytes that are no encoding of a shape.
    public struct Malformed: Error, Hashable, Sendable, CustomStringConvertible {
        public var position: Int
        public var what: String

        public var description: String { "no shape: \(what) at byte \(position)" }
    }

    /// Appends the canonical encoding. Complexity: O(its length).
    public func encode(into out: inout [UInt8]) {
        if appendEncoded(to: &out) { return }
        out.append(structure.rawValue)
        out.append(encoding.rawValue)
        out.appendVarint(UInt64(slots.count))
        for slot in slots {
            out.append(slot.kind.rawValue)
            out.append(slot.role.rawValue)
        }
        for literal in literals { out.appendCounted(literal) }
        message.encode(into: &out)
        out.appendCounted(parser.utf8)
        out.appendCounted(rule.utf8)
        out.appendVarint(UInt64(fields.count))
        for field in fields {
            out.appendCounted(field.name.utf8)
            out.append(field.type.rawValue)
            switch field.value {
            case .constant(let bytes):
                out.append(0)
                out.appendCounted(bytes)
            case .slot(let slot, let decoding):
                out.append(1)
                out.appendVarint(UInt64(slot))
                out.append(decoding.rawValue)
            case .stretch(let stretch):
                out.append(2)
                stretch.encode(into: &out)
            }
        }
    }

    /// The canonical encoding.
    public func encoded() -> [UInt8] {
        var out: [UInt8] = []
        encode(into: &out)
        return out
    }

    /// Reads a shape where the reader stands, and leaves the reader after it.
    ///
    /// Memory and time are bounded by the bytes there are, whatever they say.
    public init(decoding reader: inout ByteReader) throws(Malformed) {
        let start = reader
        do {
            let rest = reader.span(ByteRange(start.position..<start.end))
            var check = EncodedShapeCheck(rest)
            if check.pass(rest) {
                let range = try reader.take(check.at)
                var encoded: [UInt8] = []
                encoded.append(reader.span(range), 0..<check.at)
                self.init(ShapeParts(encoded: encoded, slotCount: check.literalCounts.count - 1))
                return
            }
            // Once more, to say what is wrong.
            reader = start
            self.init(try Self.decode(&reader))
        } catch let error as Malformed {
            throw error
        } catch {
            throw Malformed(position: reader.position, what: "the bytes end within it")
        }
    }

    /// - Parameter isChecked: whether `EncodedShapeCheck` has passed it, so that names need not be
    ///   compared again.
    static func decode(_ reader: inout ByteReader, isChecked: Bool = false) throws -> ShapeParts {
        guard let structure = Structure(rawValue: try reader.u8()),
            let encoding = TextEncoding(rawValue: try reader.u8())
        else { throw Malformed(position: reader.position, what: "unknown structure or encoding") }
        let slotCount = try reader.count(ofSize: 2)
        var slots: [Slot] = []
        slots.reserveCapacity(slotCount)
        for _ in 0..<slotCount {
            guard let kind = Kind(rawValue: try reader.u8()),
                let role = Role(rawValue: try reader.u8())
            else { throw Malformed(position: reader.position, what: "unknown kind or role") }
            guard role == .beside || slots.last?.role != .beside else {
                throw Malformed(position: reader.position, what: "a slot behind those beside")
            }
            slots.append(Slot(kind, role: role))
        }
        let ofRecord = Shape.recordSlotCount(of: slots)
        var literals: [[UInt8]] = []
        literals.reserveCapacity(slotCount + 1)
        for number in 0...slotCount {
            literals.append(try reader.countedBytes())
            guard number <= ofRecord || literals[number].isEmpty else {
                throw Malformed(position: reader.position, what: "fixed text beside the record")
            }
        }
        let message = try stretch(&reader, in: literals.prefix(ofRecord + 1))
        let parser = try text(&reader)
        let rule = try text(&reader)
        let fields = try fields(&reader, in: literals, ofRecord, isChecked)
        return ShapeParts(
            literals: literals, slots: slots, fields: fields, message: message, parser: parser,
            rule: rule, structure: structure, encoding: encoding)
    }

    private static func fields(
        _ reader: inout ByteReader, in literals: [[UInt8]], _ ofRecord: Int, _ isChecked: Bool
    ) throws -> [Field] {
        let count = try reader.count(ofSize: 4)
        var fields: [Field] = []
        fields.reserveCapacity(count)
        var names: Set<String> = []
        for _ in 0..<count {
            let name = try text(&reader)
            guard isChecked || names.insert(name).inserted else {
                throw Malformed(position: reader.position, what: "field name given twice")
            }
            guard let type = FieldType(rawValue: try reader.u8()) else {
                throw Malformed(position: reader.position, what: "unknown type of field")
            }
            fields.append(Field(name, type, try value(&reader, in: literals, ofRecord)))
        }
        return fields
    }

    private static func value(
        _ reader: inout ByteReader, in literals: [[UInt8]], _ ofRecord: Int
    ) throws -> Value {
        switch try reader.u8() {
        case 0:
            return .constant(try reader.countedBytes())
        case 1:
            let slot = try reader.varint()
            guard slot < UInt64(literals.count - 1),
                let decoding = Decoding(rawValue: try reader.u8())
            else { throw Malformed(position: reader.position, what: "no such slot or decoding") }
            return .slot(Int(slot), decoding)
        case 2:
            return .stretch(try stretch(&reader, in: literals.prefix(ofRecord + 1)))
        default:
            throw Malformed(position: reader.position, what: "unknown value of field")
        }
    }

    /// A stretch that lies within the literals, which are those of the record.
    private static func stretch(
        _ reader: inout ByteReader, in literals: ArraySlice<[UInt8]>
    ) throws -> Stretch {
        let first = try reader.varint()
        let firstByte = try reader.varint()
        let last = try reader.varint()
        let lastByte = try reader.varint()
        guard first <= last, last < UInt64(literals.count),
            firstByte <= UInt64(literals[Int(first)].count),
            lastByte <= UInt64(literals[Int(last)].count), first < last || firstByte <= lastByte
        else { throw Malformed(position: reader.position, what: "stretch outside the record") }
        return Stretch(
            first: Int(first), firstByte: Int(firstByte), last: Int(last), lastByte: Int(lastByte))
    }

    /// Text that is valid UTF-8: repaired text would be another shape.
    private static func text(_ reader: inout ByteReader) throws -> String {
        let bytes = reader.span(try reader.take(try reader.count()))
        let text = unsafe bytes.withUnsafeBufferPointer { buffer in
            // Safe: the buffer is read inside this closure only.
            unsafe String(validating: buffer, as: UTF8.self)
        }
        guard let text else {
            throw Malformed(position: reader.position, what: "text that is no UTF-8")
        }
        return text
    }
}

extension Shape.Stretch {
    fileprivate func encode(into out: inout [UInt8]) {
        out.appendVarint(UInt64(first))
        out.appendVarint(UInt64(firstByte))
        out.appendVarint(UInt64(last))
        out.appendVarint(UInt64(lastByte))
    }
}
