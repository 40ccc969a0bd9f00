public import HisuiBytes

/// The automatic shape of a record that is one JSON object (RFC 8259).
///
///     {"user":{"name":"山田"},"n":5,"tags":["a","b"]}
///      literals  {"user":{"name":"   "},"n":   ,"tags":           }
///      slots                    山田         5          ["a","b"]
///
/// Structure and names of members are fixed text, values are slots: a string without its quotes, a
/// number, `true`, `false` and `null` as they stand, an array of anything as one slot. A member is
/// a field whose name is its path, joined by dots; where a path occurs twice the last one is the
/// field, and the record keeps both.
///
/// Two records with the same fixed text have the same shape: whether a slot is a string can be
/// seen in the text before it, so the literals alone say what every slot is.
public enum JSONShape {
    /// Brackets that may be open at once; what nests deeper is text.
    public static let depthMax = 32
    /// Fixed text is kept in memory for each shape; an object with more of it is one slot.
    public static let fixedBytesMax = 8192
    /// Names of members too, and those of nested members repeat the names of what they are in.
    public static let namesBytesMax = 16_384
    /// Slots that `make` gives a shape, at most.
    public static let slotsMax = 255

    /// What was found where an object was looked for.
    public enum Outcome: Equatable, Sendable {
        /// No whole object, or one that nests too deeply.
        case none
        /// An object that ends there, taken apart: its slots were appended.
        case parts(end: Int)
        /// An object that ends there and has too many members or too much fixed text to be taken
        /// apart: it was appended as one slot.
        case whole(end: Int)
    }

    /// A value of an object: a slot of the shape.
    public struct Member: Hashable, Sendable {
        /// Names of the member and of the objects it is in, joined by dots.
        public var path: [UInt8]
        /// How much of `path` names the object the member is in; 0 at the top.
        public var parentCount: Int
        /// Number of the slot, counted from the object's first one.
        public var slot: Int
        /// A string; otherwise a number, `true`, `false`, `null` or an array, as it stands.
        public var isText: Bool
    }

    /// The shape and slots of a record that is a JSON object and nothing else.
    ///
    /// - Returns: nil for what is none, nests deeper than `depthMax`, or has more members or fixed
    ///   text than a shape should have.
    /// - Complexity: O(length of the record); allocates. A parser, which has met most shapes
    ///   before, calls `appendSlots` alone.
    public static func make(_ record: Span<UInt8>) -> (shape: Shape, slots: [ByteRange])? {
        var slots: [ByteRange] = []
        let all = 0..<record.count
        guard case .parts = appendSlots(of: record, all, slotsMax: slotsMax, to: &slots),
            let members = members(of: record, all),
            members.reduce(0, { $0 + $1.path.count }) <= namesBytesMax
        else { return nil }
        var literals: [[UInt8]] = []
        var from = 0
        for slot in slots {
            literals.append([])
            literals[literals.count - 1].append(record, from..<slot.range.lowerBound)
            from = slot.range.upperBound
        }
        literals.append([])
        literals[literals.count - 1].append(record, from..<record.count)
        let kinds = slots.map { Shape.Slot(AutomaticShape.kind(of: record, $0.range)) }
        var shape = Shape(literals: literals, slots: kinds, structure: .json)
        var places: [String: Int] = [:]
        for member in members {
            let field = field(of: member, record, slots[member.slot], firstSlot: 0)
            if let place = places[field.name] {
                shape.fields[place] = field
            } else {
                places[field.name] = shape.fields.count
                shape.fields.append(field)
            }
        }
        return (shape, slots)
    }

    /// Appends the slots of the object that is all of `range`, blanks around it left aside.
    ///
    /// - Parameter slotsMax: how many may be appended, at least 1.
    /// - Complexity: O(length of the range); allocates nothing but room in `slots`.
    public static func appendSlots(
        of record: Span<UInt8>, _ range: Range<Int>, slotsMax: Int, to slots: inout [ByteRange]
    ) -> Outcome {
        precondition(range.lowerBound >= 0 && range.upperBound <= record.count)
        return unsafe record.withUnsafeBufferPointer { bytes in
            // Safe: the range lies inside the record, whose buffer lives until the closure ends,
            // and so does the scan.
            guard let bytes = bytes.baseAddress else { return .none }
            var scan = unsafe JSONScan(bytes, range, slotsMax: slotsMax)
            return scan.run(&slots)
        }
    }

    /// The values of the object that is all of `range`, in order, each with the number of the slot
    /// that `appendSlots` gives it; nil if it is none. A path that occurs twice is there twice.
    public static func members(of record: Span<UInt8>, _ range: Range<Int>) -> [Member]? {
        var members: [Member] = []
        var path: [UInt8] = []
        // Where the names of the open objects end in `path`.
        var ends: [Int] = []
        do throws(JSONScanner.Failure) {
            var scanner = JSONScanner(record, range, depthMax: depthMax)
            guard case .beginObject = try scanner.next() else { return nil }
            ends.append(0)
            while true {
                switch try scanner.next() {
                case .key(let name):
                    path.removeSubrange((ends.last ?? 0)...)
                    if !path.isEmpty { path.append(0x2E) }
                    JSONText.appendUnescaped(record, name.range, to: &path)
                case .beginObject: ends.append(path.count)
                case .endObject: ends.removeLast()
                case .beginArray:
                    while scanner.depth > ends.count { _ = try scanner.next() }
                    add(isText: false)
                case .string: add(isText: true)
                case .number, .bool, .null: add(isText: false)
                case .endArray: break
                case .end: return members
                }
            }
        } catch {
            return nil
        }

        func add(isText: Bool) {
            members.append(
                Member(
                    path: path, parentCount: ends.last ?? 0, slot: members.count, isText: isText))
        }
    }

    /// The field that a member is, its type guessed from one value.
    ///
    /// - Parameter firstSlot: the number of the object's first slot in the shape.
    public static func field(
        of member: Member, _ record: Span<UInt8>, _ value: ByteRange, firstSlot: Int
    ) -> Shape.Field {
        var type = Shape.FieldType.keyword
        if !member.isText, value.count > 0 {
            switch record[value.range.lowerBound] {
            case UInt8(ascii: "t"), UInt8(ascii: "f"): type = .boolean
            case 0x30...0x39, 0x2D: type = .integer
            default: break
            }
        }
        return Shape.Field(
            String(decoding: member.path, as: UTF8.self), type,
            .slot(firstSlot + member.slot, member.isText ? .jsonEscapes : .jsonValue))
    }
}

extension Shape {
    /// The values of the object that records of this shape are, each with its slot's number in the
    /// shape; nil for shapes of other records, and for those in which the object is one slot.
    ///
    /// - Complexity: O(length of the fixed text).
    public func jsonMembers() -> [JSONShape.Member]? {
        guard structure == .json else { return nil }
        if encoding != .utf8 { return inUTF8().jsonMembers() }
        // A record with empty strings and zeros for values.
        var object: [UInt8] = []
        for index in message.first...message.last {
            let literal = literals[index]
            let from = index == message.first ? message.firstByte : 0
            let to = index == message.last ? message.lastByte : literal.count
            object.append(contentsOf: literal[from..<to])
            guard index < message.last else { break }
            if object.last != 0x22 { object.append(0x30) }
        }
        guard var members = JSONShape.members(of: object.span, 0..<object.count),
            members.count == message.last - message.first
        else { return nil }
        for index in members.indices { members[index].slot += message.first }
        return members
    }
}
