/// With which bytes a message can begin that fits a template.
struct TemplateBeginning {
    /// By byte.
    private(set) var bytes = [Bool](repeating: false, count: 256)
    /// Nothing of the template need stand at the beginning.
    private(set) var mayBeEmpty = true

    init(_ template: Template) {
        if case .capture(let capture) = template.elements.first?.kind,
            capture.type.skipsBlanksAtStart
        {
            add([0x20, 0x09])
        }
        mayBeEmpty = !take(template.elements[...])
    }

    /// The bytes, if the message must begin with one of them and they are few.
    ///
    /// - Parameter few: how many.
    func list(few: Int) -> [UInt8]? {
        guard !mayBeEmpty else { return nil }
        let list = (0...255).filter { bytes[Int($0)] }.map { UInt8($0) }
        return list.count <= few ? list : nil
    }

    private mutating func add(_ list: some Sequence<UInt8>) {
        for byte in list { bytes[Int(byte)] = true }
    }

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
}
