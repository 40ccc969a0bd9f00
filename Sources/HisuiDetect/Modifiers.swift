import HisuiBytes
import HisuiYAML

/// The modifiers behind the name of a field, taken in their order.
///
/// What they say together is known when all are applied: `finish` refuses what then has no meaning.
struct Modifiers {
    enum Place { case whole, contains, starts, ends }

    enum Kind: Equatable {
        case text, expression, network, exists, reference
        case number(FieldTest.Comparison)
        case time(WrittenDate.Part, FieldTest.Comparison)
    }

    /// What is made of a text before it is looked for, in order.
    enum Step: Equatable {
        case expand, dashes, base64, base64Offset
        case encode(UTF16Form)
    }

    /// Nil for keywords, which are looked for in the whole event.
    let field: Int?
    private(set) var needsAll = false
    private(set) var isNegated = false
    private(set) var isCased = false
    private(set) var place = Place.whole
    private(set) var kind = Kind.text
    private(set) var steps: [Step] = []
    private(set) var flags: Set<Character> = []
    private var placeName = ""
    private var kindName = ""

    init(field: Int?) { self.field = field }

    static let names = [
        "all", "base64", "base64offset", "cased", "cidr", "contains", "day", "endswith", "exists",
        "expand", "fieldref", "gt", "gte", "hour", "i", "lt", "lte", "m", "minute", "month", "neq",
        "re", "s", "startswith", "utf16", "utf16be", "utf16le", "week", "wide", "windash", "year",
    ]

    var isEncoded: Bool { steps.contains(.base64) || steps.contains(.base64Offset) }

    mutating func apply(_ name: String, _ key: YAMLNode) throws(RuleError) {
        switch name {
        case "all": needsAll = true
        case "neq": isNegated = true
        case "cased": isCased = true
        case "contains": try set(.contains, name, key)
        case "startswith": try set(.starts, name, key)
        case "endswith": try set(.ends, name, key)
        case "i", "m", "s":
            guard kind == .expression else {
                throw RuleError(key, "`i`, `m` and `s` belong to `re` and stand behind it")
            }
            flags.insert(Character(name))
        case "expand", "windash": try add(name == "expand" ? .expand : .dashes, name, key)
        case "utf16le", "wide": try add(.encode(.littleEndian), name, key)
        case "utf16be": try add(.encode(.bigEndian), name, key)
        case "utf16": try add(.encode(.withMark), name, key)
        case "base64": try add(.base64, name, key)
        case "base64offset": try add(.base64Offset, name, key)
        case "re": try set(.expression, name, key)
        case "cidr": try set(.network, name, key)
        case "exists": try set(.exists, name, key)
        case "fieldref": try set(.reference, name, key)
        case "lt": try set(.number(.less), name, key)
        case "lte": try set(.number(.lessOrEqual), name, key)
        case "gt": try set(.number(.greater), name, key)
        case "gte": try set(.number(.greaterOrEqual), name, key)
        default:
            guard let part = WrittenDate.Part(rawValue: name) else {
                let near = NearestName.suggestion(for: name, in: Self.names)
                throw RuleError(
                    key, "the modifier \(YAMLNode.quote(name)) is not supported",
                    hint: near.map { "did you mean `\($0)`?" } ?? "")
            }
            try set(.time(part, .equal), name, key)
        }
    }

    private func clash(_ key: YAMLNode, _ why: String, hint: String = "") -> RuleError {
        RuleError(key, "the modifiers of \(key.quoted) do not go together: \(why)", hint: hint)
    }

    private mutating func set(
        _ place: Place, _ name: String, _ key: YAMLNode
    ) throws(RuleError) {
        guard self.place == .whole || self.place == place else {
            throw clash(key, "`\(placeName)` and `\(name)` are two places")
        }
        self.place = place
        placeName = name
    }

    private mutating func set(
        _ kind: Kind, _ name: String, _ key: YAMLNode
    ) throws(RuleError) {
        switch (self.kind, kind) {
        case (.text, _): self.kind = kind
        case (.time(let part, .equal), .number(let comparison)):
            self.kind = .time(part, comparison)
        case (.number, .time):
            throw clash(
                key, "the part of a date comes before what it is compared with",
                hint: "write `\(name)|\(kindName)`")
        default: throw clash(key, "a value is either `\(kindName)` or `\(name)`")
        }
        kindName = name
    }

    private mutating func add(_ step: Step, _ name: String, _ key: YAMLNode) throws(RuleError) {
        switch step {
        case .expand, .dashes:
            if let last = steps.last, last != .expand, last != .dashes {
                throw clash(
                    key, "what is encoded holds no `\(name)`",
                    hint: "write `\(name)` before the encoding")
            }
        case .encode, .base64, .base64Offset:
            guard place == .whole else {
                throw clash(
                    key, "wildcards cannot be encoded, and `\(placeName)` adds some",
                    hint: "write `\(name)` before `\(placeName)`")
            }
            if case .encode? = steps.last, case .encode = step {
                throw clash(key, "two encodings follow each other")
            }
        }
        steps.append(step)
    }

    /// Refuses what does not go together.
    func finish(_ key: YAMLNode) throws(RuleError) {
        if case .encode? = steps.last {
            throw RuleError(key, "an encoding without `base64` after it cannot match text")
        }
        let expandsOnly = steps.allSatisfy { $0 == .expand }
        switch kind {
        case .text: break
        case .expression:
            guard steps.isEmpty, place == .whole, !isCased else {
                throw clash(key, "a regular expression says itself what it fits")
            }
        case .network, .number, .time:
            guard expandsOnly, place == .whole, !isCased else {
                throw clash(key, "`\(kindName)` compares no text")
            }
        case .exists:
            guard steps.isEmpty, place == .whole, !isCased, !needsAll, !isNegated else {
                throw clash(
                    key, "`exists` stands alone", hint: "what must not be there is `exists: false`")
            }
        case .reference:
            guard steps.isEmpty else {
                throw clash(key, "the value of `fieldref` is a name and no text")
            }
        }
        if field == nil { try finishKeyword(key) }
    }

    private func finishKeyword(_ key: YAMLNode) throws(RuleError) {
        guard kind == .text || kind == .expression else {
            throw RuleError(key, "\(key.quoted) needs the name of a field")
        }
        guard !isNegated, place == .whole || place == .contains else {
            throw RuleError(
                key,
                "words without a field stand anywhere in the event: \(key.quoted) says "
                    + "something else",
                hint: "name the field, or use `not` in the condition")
        }
    }
}

/// How UTF-16 is written before it is encoded.
enum UTF16Form: Equatable {
    case littleEndian, bigEndian, withMark

    func encode(_ utf8: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = self == .withMark ? [0xFF, 0xFE] : []
        for unit in String(decoding: utf8, as: UTF8.self).utf16 {
            let low = UInt8(truncatingIfNeeded: unit)
            let high = UInt8(truncatingIfNeeded: unit >> 8)
            bytes += self == .bigEndian ? [high, low] : [low, high]
        }
        return bytes
    }
}
