import HisuiBytes
import Synchronization

/// What a shape consists of, or the encoding from which it is made when it is first asked for.
///
/// Changed only by a shape that alone has it; may be read from several threads.
final class ShapeParts: @unchecked Sendable {
    /// The canonical encoding, checked; empty if the parts are here.
    private let encoded: [UInt8]
    private let encodedSlotCount: Int
    private let decoded = AtomicLazyReference<ShapeParts>()

    var literals: [[UInt8]]
    var slots: [Shape.Slot]
    var fields: [Shape.Field]
    var message: Shape.Stretch
    var parser: String
    var rule: String
    var structure: Shape.Structure
    var encoding: TextEncoding

    init(
        literals: [[UInt8]], slots: [Shape.Slot], fields: [Shape.Field], message: Shape.Stretch,
        parser: String, rule: String, structure: Shape.Structure, encoding: TextEncoding
    ) {
        encoded = []
        encodedSlotCount = 0
        self.literals = literals
        self.slots = slots
        self.fields = fields
        self.message = message
        self.parser = parser
        self.rule = rule
        self.structure = structure
        self.encoding = encoding
    }

    /// - Precondition: `encoded` is the encoding of a shape with so many slots.
    init(encoded: [UInt8], slotCount: Int) {
        self.encoded = encoded
        encodedSlotCount = slotCount
        literals = []
        slots = []
        fields = []
        message = Shape.Stretch(first: 0, firstByte: 0, last: 0, lastByte: 0)
        parser = ""
        rule = ""
        structure = .text
        encoding = .utf8
    }

    var isEncoded: Bool { !encoded.isEmpty }
    var slotCount: Int { isEncoded ? encodedSlotCount : slots.count }

    /// The parts, taken from the encoding if that is all there is.
    var made: ShapeParts {
        if !isEncoded { return self }
        if let known = decoded.load() { return known }
        let bytes = encoded
        var reader = ByteReader(bytes.span)
        guard let made = try? Shape.decode(&reader, isChecked: true) else {
            preconditionFailure("an encoding that was checked is that of a shape")
        }
        return decoded.storeIfNil(made)
    }

    func copy() -> ShapeParts {
        ShapeParts(
            literals: literals, slots: slots, fields: fields, message: message, parser: parser,
            rule: rule, structure: structure, encoding: encoding)
    }

    func isEqual(to other: ShapeParts) -> Bool {
        if self === other { return true }
        // Each shape has one encoding.
        if isEncoded, other.isEncoded { return encoded == other.encoded }
        if isEncoded { return other.isEncoding(encoded) }
        if other.isEncoded { return isEncoding(other.encoded) }
        return literals == other.literals && slots == other.slots && fields == other.fields
            && message == other.message && parser == other.parser && rule == other.rule
            && structure == other.structure && encoding == other.encoding
    }

    /// Whether the parts, which are here, have that encoding.
    private func isEncoding(_ bytes: [UInt8]) -> Bool {
        var own: [UInt8] = []
        own.reserveCapacity(bytes.count)
        Shape(self).encode(into: &own)
        return own == bytes
    }

    /// Appends the encoding if that is all there is; false if it has to be made.
    func appendEncoded(to out: inout [UInt8]) -> Bool {
        out += encoded
        return isEncoded
    }
}
