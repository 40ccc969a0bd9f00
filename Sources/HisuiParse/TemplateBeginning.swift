/// With which bytes a message can begin that fits a template.
struct TemplateBeginning: Hashable, Sendable {
    /// A set of bytes.
    struct Bytes: Hashable, Sendable {
        private var bits: SIMD4<UInt64> = .zero

        static let all = Bytes(bits: SIMD4(repeating: .max))

        func contains(_ byte: UInt8) -> Bool {
            bits[Int(byte >> 6)] >> UInt64(byte & 63) & 1 == 1
        }

        mutating func insert(_ list: some Sequence<UInt8>) {
            for byte in list { bits[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }
        }
    }

    /// All, where nothing of the template need stand at the beginning.
    private(set) var first = Bytes()
    /// The bytes that can follow letters and digits at the beginning, if some do.
    private(set) var afterWord = Bytes()

    init(_ template: Template) {
        if case .capture(let capture) = template.elements.first?.kind,
            capture.type.skipsBlanksAtStart
        {
            first.insert([0x20, 0x09])
        }
        if !take(template.elements[...]) { first = .all }
        var hasBegun = false
        if !takeBehindWord(template.elements[...], &hasBegun) { afterWord = .all }
    }

    private mutating func add(_ list: some Sequence<UInt8>) { first.insert(list) }

    /// Adds how the elements can begin; whether one of them surely takes a byte.
    private mutating func take(_ elements: ArraySlice<Template.Element>) -> Bool {
        for element in elements {
            switch element.kind {
            case .literal(let text):
                add(text.prefix(1))
                if !text.isEmpty { return true }
            case .alternatives(let choices):
                for choice in choices { add(choice.prefix(1)) }
                if !choices.contains([]) { return true }
            case .optional(let inner): _ = take(inner[...])
            case .capture(let capture):
                if take(capture.type) { return true }
            }
        }
        return false
    }

    private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    private static let lower = UInt8(ascii: "a")...UInt8(ascii: "z")
    private static let upper = UInt8(ascii: "A")...UInt8(ascii: "Z")

    private mutating func take(_ type: CaptureType) -> Bool {
        switch type {
        case .int:
            add(Self.digits)
            add([0x2D])
        case .float:
            add(Self.digits)
            add([0x2B, 0x2D])
        case .port: add(Self.digits)
        case .hex, .mac: addHexDigits()
        case .ip, .cidr:
            addHexDigits()
            add([0x3A])
        case .host:
            add(Self.digits)
            add(Self.lower)
            add(Self.upper)
            add([0x2D, 0x2E, 0x3A, 0x5F])
        case .quoted: add([0x22])
        case .path: add([0x2F])
        case .blank:
            add([0x20, 0x09])
            return false
        case .word, .user, .text, .rest, .kv, .ts:
            add(0...255)
            return type == .word
        }
        return true
    }

    private mutating func addHexDigits() {
        add(Self.digits)
        add(Self.lower.prefix(6))
        add(Self.upper.prefix(6))
    }

    /// Adds what can follow the letters and digits that elements begin with; whether something
    /// that is neither surely does.
    ///
    /// - Parameter hasBegun: there can be letters and digits before the elements.
    private mutating func takeBehindWord(
        _ elements: ArraySlice<Template.Element>, _ hasBegun: inout Bool
    ) -> Bool {
        for element in elements {
            switch element.kind {
            case .literal(let text):
                if takeBehindWord(text) { return true }
            case .alternatives(let choices):
                var isOver = true
                for choice in choices where !takeBehindWord(choice) { isOver = false }
                if isOver { return true }
            case .optional(let inner): _ = takeBehindWord(inner[...], &hasBegun)
            case .capture(let capture):
                if capture.type == .int, hasBegun { afterWord.insert([0x2D]) }
                if takeBehindWord(capture.type) { return true }
            }
            hasBegun = true
        }
        return false
    }

    private mutating func takeBehindWord(_ text: [UInt8]) -> Bool {
        guard let byte = text.first(where: { !LetterMask.isLetter($0) }) else { return false }
        afterWord.insert([byte])
        return true
    }

    private mutating func takeBehindWord(_ type: CaptureType) -> Bool {
        switch type {
        case .int, .hex, .port: return false
        case .ip, .cidr: afterWord.insert([0x2E, 0x3A])
        case .mac: afterWord.insert([0x2D, 0x3A])
        case .quoted: afterWord.insert([0x22])
        case .path: afterWord.insert([0x2F])
        case .blank:
            afterWord.insert([0x20, 0x09])
            return false
        case .float, .host, .word, .user, .text, .rest, .kv, .ts: afterWord = .all
        }
        return true
    }
}
