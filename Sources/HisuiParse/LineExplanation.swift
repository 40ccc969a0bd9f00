import HisuiBytes
public import HisuiEvent
public import HisuiShape

/// Why a record came out as it did: how it was read, and which rules were tried.
public struct LineExplanation: Sendable {
    /// The program that the header names.
    public var program: String?
    /// The byte of the record at which the message begins.
    public var messageStart: Int
    /// Whether the message was read as values with names.
    public var isNamed: Bool
    /// In the order in which they are tried.
    public var attempts: [RuleAttempt]

    /// - Parameters:
    ///   - batch: of UTF-8 text, with a row parsed with `definitions`.
    ///   - shape: the row's.
    public init(
        _ row: RowBatch.Row, of batch: borrowing RowBatch, shape: Shape,
        definitions: DefinitionSet
    ) {
        let first = Int(row.firstSlot)
        let slots = Array(batch.slots[first..<first + shape.slots.count])
        let start = Int(row.offset)
        let end = start + Int(row.count)
        let bytes = batch.bytes.span
        func literalStart(_ number: Int) -> Int {
            number == 0 ? start : slots[number - 1].range.upperBound
        }
        let message =
            literalStart(shape.message.first)
            + shape.message.firstByte..<min(
                end, literalStart(shape.message.last) + shape.message.lastByte)
        let programRange = shape.slots.firstIndex { $0.role == .program }.map { slots[$0].range }
        var values: [String: [UInt8]] = [:]
        for field in shape.fields {
            guard case .slot(let slot, let decoding) = field.value else { continue }
            var value: [UInt8] = []
            decoding.append(bytes, slots[slot], to: &value)
            values[field.name] = value
        }
        let ofMembers = definitions.attempts(onMembers: values)
        let ofText = definitions.attempts(bytes, message: message, program: programRange)
        program = programRange.map { String(decodingBytes: bytes, $0) }
        messageStart = message.lowerBound - start
        isNamed =
            shape.structure == .json
            || ofMembers.contains { if case .lacks = $0.outcome { false } else { true } }
        attempts = isNamed ? ofMembers : ofText
    }
}
