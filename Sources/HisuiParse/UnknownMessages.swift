public import HisuiEvent
public import HisuiShape
import HisuiBytes

/// Gathers messages that no rule knows, by program and by what they have in common.
///
/// Grows with the number of different messages, up to `Limits.surveyShapesMax` kinds of them: of
/// more it forgets the rarer half. Belongs to one thread.
public struct UnknownMessages: Sendable {
    /// A program's messages, most frequent first.
    public struct Program: Sendable {
        /// As headers name it; nil where they name none.
        public var name: String?
        public var messages: [UnknownMessage]
        public var count: UInt64 { messages.reduce(0) { $0 + $1.count } }
    }

    private struct Key: Hashable {
        var program: [UInt8]?
        var literals: [[UInt8]]
    }

    private var seen: [Key: UnknownMessage] = [:]
    /// Unknown records whose values have names (JSON, CEF, XML, tables): no template describes
    /// those.
    public private(set) var named: UInt64 = 0
    /// Unknown messages with bytes that are no text.
    public private(set) var notText: UInt64 = 0

    private var inside: InsideReader?

    /// - Parameter inside: what reads messages inside of records; nil if there are none.
    public init(inside: InsideReader? = nil) { self.inside = inside }

    /// Takes a row if no rule knows it, or the message inside it, if it has one.
    ///
    /// - Complexity: O(length of the record).
    public mutating func take(_ row: RowBatch.Row, of batch: borrowing RowBatch, shape: Shape) {
        guard shape.parser.isEmpty else { return }
        if shape.hasNamedValues, shape.encoding == .utf8,
            let found = inside?.read(
                batch.bytes.span.extracting(
                    Int(row.offset)..<Int(row.offset) + Int(row.count)),
                of: batch.source, received: row.received)
        {
            takeMessage(found.row, of: found.rows, shape: found.shape)
        } else {
            takeMessage(row, of: batch, shape: shape)
        }
    }

    private mutating func takeMessage(
        _ row: RowBatch.Row, of batch: borrowing RowBatch, shape: Shape
    ) {
        let first = Int(row.firstSlot)
        let slots = batch.slots[first..<first + shape.slotCount]
        let bytes = batch.bytes.span
        guard !shape.hasNamedValues else {
            named += 1
            return
        }
        var program: [UInt8]?
        if let field = shape.field("process.name") ?? shape.field("log.syslog.appname") {
            var name: [UInt8] = []
            shape.append(field.value, slots: slots, of: bytes, to: &name)
            if !name.isEmpty { program = name }
        }
        let (literals, values) = Self.parts(of: shape, slots, bytes)
        let parts = literals + values + [program ?? []]
        guard parts.allSatisfy({ UTF8Text.isValid($0.span, 0..<$0.count) }) else {
            notText += 1
            return
        }
        let key = Key(program: program, literals: literals)
        seen[key, default: UnknownMessage(literals: literals)].count(values)
        if seen.count > Limits.surveyShapesMax { forget() }
    }

    /// Programs with the most unknown messages first.
    public var programs: [Program] {
        var programs: [[UInt8]?: [UnknownMessage]] = [:]
        for (key, message) in seen { programs[key.program, default: []].append(message) }
        let sorted = programs.map { name, messages in
            Program(
                name: name.map { String(decoding: $0, as: UTF8.self) },
                messages: messages.sorted { a, b in
                    a.count == b.count
                        ? a.messages[0].lexicographicallyPrecedes(b.messages[0])
                        : a.count > b.count
                })
        }
        return sorted.sorted { ($1.count, $0.name ?? "") < ($0.count, $1.name ?? "") }
    }

    /// The decoded message: fixed text, and the values between; values side by side are one.
    private static func parts(
        of shape: Shape, _ slots: ArraySlice<ByteRange>, _ bytes: borrowing Span<UInt8>
    ) -> (literals: [[UInt8]], values: [[UInt8]]) {
        let message = shape.message
        var literals: [[UInt8]] = []
        var values: [[UInt8]] = []
        for number in message.first...message.last {
            let literal = shape.literals[number]
            let from = number == message.first ? message.firstByte : 0
            let to = number == message.last ? message.lastByte : literal.count
            var text: [UInt8] = []
            shape.encoding.appendText(literal.span, from..<to, to: &text)
            let isBetween = number > message.first && number < message.last
            if !(isBetween && text.isEmpty) { literals.append(text) }
            guard number < message.last else { break }
            var value: [UInt8] = []
            shape.encoding.appendText(bytes, slots[slots.startIndex + number].range, to: &value)
            if values.count < literals.count {
                values.append(value)
            } else {
                values[values.count - 1] += value
            }
        }
        return (literals, values)
    }

    private mutating func forget() {
        let kept = seen.sorted { $0.value.count > $1.value.count }.prefix(seen.count / 2)
        seen = Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0.value) })
    }
}

extension Shape {
    /// Whether it has fields of its message, although no rule need know it: values with names.
    public var hasNamedValues: Bool {
        if structure == .json { return true }
        return fields.contains { field in
            guard case .slot(let slot, _) = field.value else { return false }
            return slot >= message.first && slot < message.last
        }
    }
}
