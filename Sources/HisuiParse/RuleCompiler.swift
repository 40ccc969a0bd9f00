import HisuiBytes
import HisuiShape

/// Turns a template into a program of `RuleCode`.
struct RuleCompiler {
    /// Bits of a match's choices: a rule's own come first, then those of its definition's prefix.
    static let ruleBits = 0..<52
    static let prefixBits = 52..<63
    static let prefixTaken: UInt64 = 1 << 63

    /// What is known of a capture at run time.
    struct Capture: Sendable {
        var field: String?
        var type: Shape.FieldType = .keyword
        var decoding: Shape.Decoding = .raw
        /// The bit that says the capture took part; 64 if it always does.
        var bit: UInt8 = 64
        /// Of the event's time: how it is written.
        var format: TimeFormat?
        /// What the slot most likely is.
        var kind: Shape.Kind = .word
        /// The bit that says an address is an IPv6 one; 64 for others.
        var bitOfIPv6: UInt8 = 64
        /// Not of the template: the blanks before a padded first field.
        var isPadding = false
        /// Names and values, which have slots of their own.
        var isPairs = false

        @inline(__always)
        func isPresent(in choices: UInt64) -> Bool {
            bit == 64 || choices >> UInt64(bit) & 1 == 1
        }

        func kind(in choices: UInt64) -> Shape.Kind { isIPv6(choices) ? .ipv6 : kind }

        /// How the slot becomes the value: an address of version 4 may be written as one of 6.
        func decoding(in choices: UInt64) -> Shape.Decoding {
            isIPv6(choices) ? .address : decoding
        }

        private func isIPv6(_ choices: UInt64) -> Bool {
            bitOfIPv6 < 64 && choices >> UInt64(bitOfIPv6) & 1 == 1
        }
    }

    /// Constants that follow from a value.
    struct Case: Sendable {
        /// Bits of a match's choices: the number of the branch plus one.
        var bit: Int
        var bits: Int
        var branches: [[Shape.Field]]

        /// What follows in a match.
        func constants(in choices: UInt64) -> [Shape.Field] {
            let number = Int(choices >> UInt64(bit) & (1 << UInt64(bits) - 1))
            return number == 0 ? [] : branches[number - 1]
        }
    }

    struct Program: Sendable {
        var start: Int
        /// Bytes of the literal that is the first operation; 0 if something else is.
        var literalCount: Int
        var captures: [Capture]
        var cases: [Case]
    }

    static func bits(for choices: Int) -> Int {
        choices <= 1 ? 0 : Int.bitWidth - (choices - 1).leadingZeroBitCount
    }

    private var nextBit: Int
    private var captures: [Capture] = []
    private let schema: Schema
    private let decisions: RuleDecisions
    private var cases: [Case] = []
    private var mask: UInt64 = 0

    private init(schema: Schema, decisions: RuleDecisions, bits: Range<Int>) {
        self.schema = schema
        self.decisions = decisions
        nextBit = bits.lowerBound
    }

    /// Appends the program of a rule, which fits a message to its end.
    static func compile(
        _ template: Template, decisions: RuleDecisions, schema: Schema, into code: inout RuleCode
    ) -> Program {
        var compiler = RuleCompiler(schema: schema, decisions: decisions, bits: ruleBits)
        return compiler.program(template, isPrefix: false, &code)
    }

    /// Appends the program of a prefix, which may go on.
    static func compile(
        prefix template: Template, schema: Schema, into code: inout RuleCode
    ) -> Program {
        var compiler = RuleCompiler(schema: schema, decisions: .none, bits: prefixBits)
        return compiler.program(template, isPrefix: true, &code)
    }

    private mutating func program(
        _ template: Template, isPrefix: Bool, _ code: inout RuleCode
    ) -> Program {
        let start = code.instructions.count
        var literalCount = 0
        switch template.elements.first?.kind {
        case .literal(let bytes): literalCount = bytes.count
        case .capture(let capture) where capture.type.skipsBlanksAtStart && !isPrefix:
            let bit = takeBits(1)
            captures.append(Capture(bit: bit, isPadding: true))
            code.instructions.append(.init(operation: .leadingBlanks, bit: bit))
        default: break
        }
        emit(template.elements[...], then: .atEnd, optionalBit: nil, &code)
        if mask != 0 {
            code.instructions.append(
                .init(operation: .require, a: UInt32(code.masks.count)))
            code.masks.append(mask)
        }
        code.instructions.append(.init(operation: isPrefix ? .done : .end))
        return Program(start: start, literalCount: literalCount, captures: captures, cases: cases)
    }

    private mutating func takeBits(_ count: Int) -> UInt8 {
        defer { nextBit += count }
        return UInt8(nextBit)
    }

    private mutating func emit(
        _ elements: ArraySlice<Template.Element>, then: TemplateFlow,
        rest: ArraySlice<Template.Element> = [], optionalBit: UInt8?, _ code: inout RuleCode
    ) {
        for index in elements.indices {
            let flow = TemplateFlow.first(of: elements[(index + 1)...], then: then)
            switch elements[index].kind {
            case .literal(let bytes):
                let (offset, count) = code.add(bytes)
                code.instructions.append(.init(operation: .literal, a: offset, b: count))
            case .alternatives(let choices):
                let bit = takeBits(Self.bits(for: choices.count))
                let numbered = choices.enumerated().map { (bytes: $1, number: UInt32($0)) }
                let (first, count) = code.add(
                    texts: numbered.sorted { $0.bytes.count > $1.bytes.count })
                code.instructions.append(
                    .init(operation: .alternatives, bit: bit, a: first, b: count))
            case .optional(let inner):
                let bit = takeBits(1)
                let begin = code.instructions.count
                code.instructions.append(.init(operation: .optionalBegin, bit: bit))
                emit(
                    inner[...], then: flow, rest: elements[(index + 1)...] + rest, optionalBit: bit,
                    &code)
                code.instructions.append(.init(operation: .optionalEnd, bit: bit))
                code.instructions[begin].a = UInt32(code.instructions.count)
            case .capture(let capture):
                emit(capture, flow, elements[(index + 1)...] + rest, optionalBit, &code)
            }
        }
    }

    private mutating func emit(
        _ capture: Template.Capture, _ flow: TemplateFlow, _ rest: ArraySlice<Template.Element>,
        _ optionalBit: UInt8?, _ code: inout RuleCode
    ) {
        let type = capture.field.flatMap { schema.type(of: $0) }
        var one = RuleCode.Instruction(operation: operation(capture, flow, rest))
        one.orEnd = flow.end
        if capture.isRightAnchored { one.places = UInt8(TemplateFlow.places(for: flow, rest)) }
        switch one.operation {
        case .ip, .ipBeforePort: one.bit = takeBits(1)
        case .time:
            one.a = UInt32(code.formats.count)
            code.formats += capture.format.map { [$0] } ?? []
        case .wordUntil, .textUntilOne, .textUntil, .textLast, .pathUntil, .pathLast:
            (one.a, one.b) = code.add(
                texts: flow.stops.map { (bytes: $0.bytes, number: $0.isLast ? 1 : 0) })
        default: break
        }
        code.instructions.append(one)
        captures.append(
            Capture(
                field: capture.field, type: type ?? .keyword,
                decoding: Self.decoding(capture.type, type),
                bit: optionalBit ?? 64, format: type == .time ? capture.format : nil,
                kind: kind(capture, type), bitOfIPv6: capture.type == .ip ? one.bit : 64,
                isPairs: capture.type == .kv))
        for name in decisions.names(in: capture) {
            if let values = decisions.conditions[name] {
                if let optionalBit { mask |= 1 << UInt64(optionalBit) }
                code.instructions.append(.init(operation: .oneOf, a: UInt32(code.tables.count)))
                code.tables.append(values)
            }
            for one in decisions.cases where one.name == name { emit(one, &code) }
        }
    }

    private mutating func emit(_ one: ValueCase, _ code: inout RuleCode) {
        let bits = Self.bits(for: one.branches.count + 1)
        let bit = takeBits(bits)
        code.instructions.append(
            .init(operation: .branch, bit: bit, a: UInt32(code.tables.count)))
        code.tables.append(decisions.table(of: one))
        cases.append(Case(bit: Int(bit), bits: bits, branches: one.branches.map(\.constants)))
    }

    private func operation(
        _ capture: Template.Capture, _ flow: TemplateFlow, _ rest: ArraySlice<Template.Element>
    ) -> RuleCode.Operation {
        switch capture.type {
        case .word: return flow.stopsAtBlanksOnly ? .word : .wordUntil
        case .int: return .int
        case .hex: return .hex
        case .ip: return rest.beginsPort ? .ipBeforePort : .ip
        case .port: return .port
        case .host: return .host
        case .mac: return .mac
        case .quoted: return .quoted
        case .blank: return .blank
        case .ts: return .time
        case .float: return .float
        case .cidr: return .cidr
        case .rest, .kv: return .rest
        case .path: return capture.isRightAnchored ? .pathLast : .pathUntil
        case .user, .text:
            if capture.isRightAnchored { return .textLast }
            if flow.stops.isEmpty { return .rest }
            let isOne = flow.stops.count == 1 && !flow.stops[0].isLast
            return isOne ? .textUntilOne : .textUntil
        }
    }

    private static func decoding(
        _ type: CaptureType, _ field: Shape.FieldType?
    ) -> Shape.Decoding {
        switch type {
        case .quoted: .backslashEscapes
        case .hex where field == .integer: .hexNumber
        default: .raw
        }
    }

    /// The column kind that most likely fits.
    private func kind(_ capture: Template.Capture, _ field: Shape.FieldType?) -> Shape.Kind {
        switch capture.type {
        case .ts where field == .time: capture.format?.isCount == true ? .integer : .time
        case .int, .port: .integer
        case .hex: .hex
        case .ip: .ipv4
        case .word, .host, .mac, .user, .blank, .cidr: .word
        case .float: .text
        case .path, .quoted, .text, .rest, .kv, .ts: field == .keyword ? .word : .text
        }
    }
}
