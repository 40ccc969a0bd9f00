import HisuiBytes
import HisuiShape
import Testing

@Suite struct ShapeEncodingTests {
    @Test func everyShapeComesBack() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = Splitmix(state: seed)
        for _ in 0..<500 {
            let shape = randomShape(&random)
            let bytes = shape.encoded()
            var reader = ByteReader(bytes.span)
            let decoded = try Shape(decoding: &reader)
            #expect(decoded == shape, "seed \(seed)")
            #expect(reader.remaining == 0, "seed \(seed)")
            #expect(decoded.encoded() == bytes, "one encoding each; seed \(seed)")
            #expect(Set([shape]).contains(decoded), "seed \(seed)")
            #expect(decoded.slotCount == shape.slots.count, "seed \(seed)")
            #expect(takenApart(decoded).encoded() == bytes, "seed \(seed)")
            #expect(takenApart(decoded) == decoded, "seed \(seed)")
        }
    }

    @Test func shapesInARowAreReadOneByOne() throws {
        var bytes: [UInt8] = []
        let other = Shape(literals: [[65], [66], []], slots: [.init(.integer), .init(.word)])
        Shape.any.encode(into: &bytes)
        other.encode(into: &bytes)
        var reader = ByteReader(bytes.span)
        #expect(try Shape(decoding: &reader) == .any)
        #expect(try Shape(decoding: &reader) == other)
    }

    /// Bytes that were cut or changed are refused, or are the one encoding of another shape.
    @Test func whatIsAcceptedIsCanonical() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = Splitmix(state: seed)
        for _ in 0..<50 {
            let bytes = randomShape(&random).encoded()
            for end in 0..<bytes.count { expectRefused(Array(bytes[..<end]), seed) }
            for index in bytes.indices {
                var changed = bytes
                changed[index] ^= UInt8(1) << UInt8(random.next() % 8)
                expectCanonical(changed, seed)
            }
        }
        for _ in 0..<5000 {
            let count = Int(random.next() % 40)
            expectCanonical((0..<count).map { _ in UInt8(random.next() % 6) }, seed)
        }
    }

    @Test func hugeCountsReserveNothing() {
        for head: [UInt8] in [
            [0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
            [0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
        ] {
            expectRefused(head, 0)
        }
    }

    private func expectRefused(_ bytes: [UInt8], _ seed: UInt64) {
        var reader = ByteReader(bytes.span)
        do throws(Shape.Malformed) {
            _ = try Shape(decoding: &reader)
            Issue.record("accepted a cut encoding: \(bytes); seed \(seed)")
        } catch {
            #expect(error.position <= bytes.count)
        }
    }

    /// The same shape without the encoding that it was read from.
    private func takenApart(_ shape: Shape) -> Shape {
        var shape = shape
        shape.rule += ""
        return shape
    }

    @Test func slotsBesideMakeUpNothingOfTheRecord() throws {
        var shape = Shape(literals: [[65], [66]], slots: [.init(.word)])
        let slot = shape.addBeside(.word)
        #expect(slot == 1 && shape.slots.count == 2 && shape.recordSlotCount == 1)
        #expect(shape.record == Shape.Stretch(first: 0, firstByte: 0, last: 1, lastByte: 1))
        let bytes = Array("xyz".utf8)
        let slots = [ByteRange(0..<1), ByteRange(1..<3)]
        var record: [UInt8] = []
        shape.appendRecord(slots: slots, of: bytes.span, to: &record)
        #expect(record == Array("AxB".utf8))
        var value: [UInt8] = []
        shape.append(.slot(slot, .raw), slots: slots, of: bytes.span, to: &value)
        #expect(value == Array("yz".utf8))
    }

    @Test func nothingOfTheRecordStandsBehindSlotsBesideIt() {
        var shape = Shape(literals: [[], []], slots: [.init(.word)])
        _ = shape.addBeside(.word)
        expectReads(shape.encoded(), true)
        var other = shape
        other.slots.swapAt(0, 1)
        expectReads(other.encoded(), false)
        other = shape
        other.literals[2] = [65]
        expectReads(other.encoded(), false)
        other = shape
        other.fields = [
            Shape.Field(
                "a", .text, .stretch(.init(first: 0, firstByte: 0, last: 2, lastByte: 0)))
        ]
        expectReads(other.encoded(), false)
    }

    private func expectReads(_ bytes: [UInt8], _ reads: Bool) {
        var reader = ByteReader(bytes.span)
        #expect(((try? Shape(decoding: &reader)) != nil) == reads)
    }

    /// A change is seen in the copy that is changed alone.
    @Test func copiesAreApart() throws {
        let bytes = Shape(literals: [[65], [66]], slots: [.init(.word)]).encoded()
        var reader = ByteReader(bytes.span)
        let first = try Shape(decoding: &reader)
        var second = first
        #expect(second.isCopy(of: first) && second.identity == first.identity)
        second.literals[1] = [67]
        var third = second
        third.parser = "p"
        #expect(first.literals == [[65], [66]] && first.encoded() == bytes)
        #expect(second.literals == [[65], [67]] && second.parser == "")
        #expect(third.literals == [[65], [67]] && third != second && second != first)
    }

    private func expectCanonical(_ bytes: [UInt8], _ seed: UInt64) {
        var reader = ByteReader(bytes.span)
        guard let shape = try? Shape(decoding: &reader) else { return }
        let encoded = takenApart(shape).encoded()
        #expect(encoded == Array(bytes[..<reader.position]), "seed \(seed)")
    }

    private func randomShape(_ random: inout Splitmix) -> Shape {
        let slots = (0..<random.below(6)).map { _ in
            Shape.Slot(
                random.element(Shape.Kind.allCases),
                role: random.element(Shape.Role.allCases.filter { $0 != .beside }))
        }
        let literals = (0...slots.count).map { _ in random.bytes(below: 9) }
        var fields: [Shape.Field] = []
        for number in 0..<random.below(5) {
            let value: Shape.Value =
                switch random.below(3) {
                case 0: .constant(random.bytes(below: 5))
                case 1 where !slots.isEmpty:
                    .slot(random.below(slots.count), random.element(Shape.Decoding.allCases))
                default: .stretch(randomStretch(literals, &random))
                }
            fields.append(
                Shape.Field("field.\(number)é", random.element(Shape.FieldType.allCases), value))
        }
        var shape = Shape(
            literals: literals, slots: slots, fields: fields,
            message: randomStretch(literals, &random), parser: random.below(2) == 0 ? "" : "a.b",
            rule: random.below(2) == 0 ? "" : "規則",
            structure: random.element(Shape.Structure.allCases),
            encoding: random.element(TextEncoding.allCases))
        for number in 0..<random.below(3) {
            let slot = shape.addBeside(random.element(Shape.Kind.allCases))
            shape.fields.append(Shape.Field("beside.\(number)", .keyword, .slot(slot, .raw)))
        }
        return shape
    }

    private func randomStretch(_ literals: [[UInt8]], _ random: inout Splitmix) -> Shape.Stretch {
        let first = random.below(literals.count)
        let last = first + random.below(literals.count - first)
        let firstByte = random.below(literals[first].count + 1)
        let least = first == last ? firstByte : 0
        return Shape.Stretch(
            first: first, firstByte: firstByte, last: last,
            lastByte: least + random.below(literals[last].count - least + 1))
    }
}

/// A small generator that takes its seed back.
struct Splitmix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    mutating func element<T>(_ elements: [T]) -> T { elements[below(elements.count)] }

    mutating func bytes(below bound: Int) -> [UInt8] {
        (0..<below(bound)).map { _ in UInt8(truncatingIfNeeded: next()) }
    }
}
