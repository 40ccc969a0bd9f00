import HisuiEvent
import HisuiShape

/// What a template must fulfil so that matching it is clear and its cost linear.
///
/// The proof of cost: every element looks at each byte of the message at most once per text it may
/// stop at; what is tried again is an optional part (once taken, once skipped) and what follows a
/// right-anchored capture, as many times as `TemplateFlow.places` says, a number that depends on
/// the template alone. So a message of n bytes costs at most `cost` × (n + 1) byte comparisons.
struct TemplateCheck {
    private(set) var problems: [TemplateParser.Problem] = []
    /// Byte comparisons for each byte of the message, at most.
    private(set) var cost = 1

    /// - Parameter isPrefix: it is what may stand before the lines of a definition.
    init(
        _ template: Template, _ decisions: RuleDecisions = .none, isPrefix: Bool = false,
        schema: Schema
    ) {
        checkParts(template, decisions, isPrefix: isPrefix)
        checkCaptures(template, schema)
        checkFlow(template)
        cost = 1 + Self.cost(of: template.elements[...], then: .atEnd, rest: [], decisions)
        if cost > Limits.ruleCostMax {
            report(
                0, "matching this costs up to \(cost) comparisons for each byte of a message",
                "the limit is \(Limits.ruleCostMax): make the texts after fields shorter, or "
                    + "write fewer alternatives and optional parts")
        }
    }

    private mutating func report(_ offset: Int, _ message: String, _ hint: String = "") {
        problems.append(TemplateParser.Problem(offset: offset, message: message, hint: hint))
    }

    private mutating func checkParts(
        _ template: Template, _ decisions: RuleDecisions, isPrefix: Bool
    ) {
        guard template.hasLiteralText else {
            report(
                0, "the template has no text of its own, so it would fit any message",
                "write the text that tells these messages from others outside of `[[ ]]`")
            return
        }
        // One for the blanks before a rule's padded first field.
        var bits = (isPrefix ? 0 : 1) + decisions.bits
        let bitsMax = (isPrefix ? RuleCompiler.prefixBits : RuleCompiler.ruleBits).count
        var captures = 0
        template.forEachCapture { capture, _ in
            captures += 1
            if capture.type == .ip { bits += 1 }
        }
        bits += Self.bits(of: template.elements)
        if bits > bitsMax {
            report(
                0,
                "too many optional parts, alternatives, addresses and cases: they need \(bits) "
                    + "bits",
                "the limit is \(bitsMax): write \(isPrefix ? "fewer" : "two rules")")
        }
        if captures > Limits.capturesPerRuleMax {
            report(0, "\(captures) fields", "the limit is \(Limits.capturesPerRuleMax)")
        }
    }

    /// Bits that say which optional parts and alternatives were taken.
    private static func bits(of elements: [Template.Element]) -> Int {
        elements.reduce(0) { sum, element in
            switch element.kind {
            case .optional(let inner): sum + 1 + bits(of: inner)
            case .alternatives(let choices): sum + RuleCompiler.bits(for: choices.count)
            default: sum
            }
        }
    }

    private mutating func checkCaptures(_ template: Template, _ schema: Schema) {
        var seen: Set<String> = []
        var problems: [(Int, String, String)] = []
        template.forEachCapture { capture, offset in
            if let name = capture.name, !seen.insert(name).inserted {
                problems.append((offset, "`\(name)` stands twice in the template", ""))
            }
            if capture.type == .kv, capture.name != nil {
                problems.append(
                    (offset, "`kv` is no value of its own", "write {_:kv}, and `fields` beside"))
                return
            }
            guard let field = capture.field else { return }
            guard let type = schema.type(of: field) else {
                problems.append((offset + 1, "unknown field `\(field)`", schema.hint(for: field)))
                return
            }
            let fits = type == .time && field != "@timestamp" ? [] : Self.captures(for: type)
            guard !fits.contains(capture.type) else { return }
            problems.append(
                (
                    offset + 2 + field.unicodeScalars.count,
                    "`\(field)` is \(type.described) and cannot be a \(capture.type.name)",
                    fits.isEmpty
                        ? "this version cannot capture it"
                        : "write "
                            + fits.map { "{\(field):\($0 == .ts ? "ts(…)" : $0.name)}" }.joined(
                                separator: " or ")
                ))
        }
        for (offset, message, hint) in problems { report(offset, message, hint) }
    }

    /// Which captures give a value of that type.
    static func captures(for type: Shape.FieldType) -> [CaptureType] {
        switch type {
        case .keyword, .text: CaptureType.allCases.filter { $0 != .blank && $0 != .kv }
        case .integer: [.int, .port, .hex]
        case .ip: [.ip]
        case .boolean: [.word]
        case .time: [.ts]
        }
    }

    private mutating func checkFlow(_ template: Template) {
        var problems: [(Int, String, String)] = []
        template.forEachFlow { capture, flow, _, offset in
            let name = capture.field ?? "_"
            if capture.type.isRest, !(flow.end && flow.stops.isEmpty && !flow.capture) {
                problems.append(
                    (
                        offset, "`\(name)` takes the rest of the message, but something follows it",
                        "use {\(name):text} here"
                    ))
            } else if flow.capture, capture.type.isFree || capture.type == .word {
                problems.append(
                    (
                        offset, "nothing says where `\(name)` ends: another field follows directly",
                        "put text between them, or use a type that ends by itself, such as int"
                    ))
            } else if capture.type.isFree, !capture.type.isRest, !flow.end, flow.stops.isEmpty {
                problems.append((offset, "nothing says where `\(name)` ends", "put text after it"))
            }
            if capture.isRightAnchored, flow.stops.isEmpty {
                problems.append(
                    (
                        offset, "`\(name)` ends the message: there is no last text to stop at",
                        "use {\(name):\(capture.type.name)} or {\(name):rest}"
                    ))
            }
        }
        for (offset, message, hint) in problems { report(offset, message, hint) }
    }

    /// Byte comparisons for each byte, of elements that `rest` follows.
    private static func cost(
        of elements: ArraySlice<Template.Element>, then: TemplateFlow,
        rest: ArraySlice<Template.Element>, _ decisions: RuleDecisions
    ) -> Int {
        elements.indices.reduce(0) { sum, index in
            let after = elements[(index + 1)...]
            let flow = TemplateFlow.first(of: after, then: then)
            switch elements[index].kind {
            case .literal(let bytes): return sum + bytes.count
            case .alternatives(let choices): return sum + choices.reduce(0) { $0 + $1.count }
            case .optional(let inner):
                return sum + 1 + cost(of: inner[...], then: flow, rest: after + rest, decisions)
            case .capture(let capture):
                // An address before a port is read, and once more up to its last colon.
                let address = capture.type == .ip && (after + rest).beginsPort ? 2 : 0
                let own =
                    flow.stops.reduce(2 + address) { $0 + $1.bytes.count }
                    + decisions.cost(of: capture)
                guard capture.isRightAnchored else { return sum + own }
                let places = TemplateFlow.places(for: flow, after + rest)
                return sum + own + (places - 1) * cost(of: after, then: then, rest: rest, decisions)
            }
        }
    }
}
