import HisuiBytes
import HisuiEvent
import HisuiYAML

/// What the modifiers of a field make of its values: questions about the field.
struct ValueReader {
    /// The placeholders that are given, and those that a rule asks for and nobody gave.
    struct Names {
        let given: Placeholders
        private(set) var missing: [String] = []

        init(_ given: Placeholders) { self.given = given }

        /// Forgets what is missing, and says it.
        mutating func takeMissing() -> [String] {
            defer { missing = [] }
            return missing
        }

        /// What a placeholder stands for; nil and noted where nobody says.
        mutating func values(_ name: String) -> [String]? {
            if let values = given.values[name] { return values }
            if !missing.contains(name) { missing.append(name) }
            return nil
        }
    }

    let modifiers: Modifiers

    /// What one value asks; any of several will do. None where a placeholder is missing.
    func questions(
        _ node: YAMLNode, _ table: inout TestTable, _ names: inout Names
    ) throws(RuleError) -> [FieldTest.Question] {
        guard let text = node.text else {
            throw RuleError(node, "a value must be text, a number or null, not \(node.described)")
        }
        if node.isNull {
            guard modifiers.field != nil, modifiers.kind == .text, modifiers.place == .whole else {
                throw RuleError(node, "null can only be the value of a field without modifiers")
            }
            return [.missing]
        }
        switch modifiers.kind {
        case .text: return try patterns(text, node, &names).map { .pattern($0) }
        case .expression: return [.expression(try expression(text, node))]
        case .network:
            return try expanded(text, node, &names) { (text) throws(RuleError) in
                let bytes = Array(text.utf8)
                guard let network = IPNetwork.parse(bytes.span, 0..<bytes.count) else {
                    throw RuleError(
                        node, "\(YAMLNode.quote(text)) is no address range",
                        hint: "write it like 10.0.0.0/8")
                }
                return .network(network)
            }
        case .exists:
            guard let value = node.bool else {
                throw RuleError(node, "`exists` takes true or false, not \(node.described)")
            }
            return [value ? .exists : .absent]
        case .number(let comparison):
            return try expanded(text, node, &names) { (text) throws(RuleError) in
                .compare(comparison, try number(text, node))
            }
        case .time(let part, let comparison):
            return try expanded(text, node, &names) { (text) throws(RuleError) in
                let value = try number(text, node)
                guard part.range.contains(value) else {
                    let (least, most) = (Int(part.range.lowerBound), Int(part.range.upperBound))
                    throw RuleError(
                        node,
                        "`\(part.rawValue)` is a number from \(least) to \(most), not "
                            + YAMLNode.quote(text))
                }
                return .time(part, comparison, value)
            }
        case .reference: return [try reference(text, node, &table)]
        }
    }

    private func number(_ text: String, _ node: YAMLNode) throws(RuleError) -> Double {
        // Only what is finite has an order.
        guard let number = (node.text == text ? node.double : nil) ?? Double(text), number.isFinite
        else { throw RuleError(node, "a number is needed here, not \(node.described)") }
        return number
    }

    private func expression(
        _ text: String, _ node: YAMLNode
    ) throws(RuleError) -> RegularExpression {
        do {
            return try RegularExpression(
                text, ignoresCase: modifiers.flags.contains("i"),
                multiline: modifiers.flags.contains("m"),
                dotTakesAll: modifiers.flags.contains("s"))
        } catch {
            throw RuleError(node, "the regular expression is refused: \(error.reason)")
        }
    }

    private func reference(
        _ text: String, _ node: YAMLNode, _ table: inout TestTable
    ) throws(RuleError) -> FieldTest.Question {
        guard !text.isEmpty, !text.utf8.contains(0x2A), !text.utf8.contains(0x3F) else {
            throw RuleError(
                node, "`fieldref` takes the name of one field, not \(node.described)")
        }
        let relation: FieldTest.Relation =
            switch modifiers.place {
            case .whole: .equal
            case .contains: .contains
            case .starts: .startsWith
            case .ends: .endsWith
            }
        return .related(relation, toField: table.field(text), isCased: modifiers.isCased)
    }

    /// One question for each text that a value with placeholders stands for.
    private func expanded(
        _ text: String, _ node: YAMLNode, _ names: inout Names,
        _ question: (String) throws(RuleError) -> FieldTest.Question
    ) throws(RuleError) -> [FieldTest.Question] {
        guard modifiers.steps.contains(.expand) else { return [try question(text)] }
        var texts = [""]
        for part in PlaceholderText.parts(of: text) {
            switch part {
            case .text(let plain): texts = texts.map { $0 + plain }
            case .name(let name):
                guard let values = names.values(name) else { continue }
                try bound(texts.count * values.count, node)
                texts = texts.flatMap { text in values.map { text + $0 } }
            }
        }
        if !names.missing.isEmpty { return [] }
        var questions: [FieldTest.Question] = []
        for text in texts { questions.append(try question(text)) }
        return questions
    }

    private func bound(_ count: Int, _ node: YAMLNode) throws(RuleError) {
        guard count <= Limits.valueFormsMax else {
            throw RuleError(
                node,
                "\(node.quoted) stands for more than \(Limits.valueFormsMax) values",
                hint: "use fewer placeholders or values of them, or wildcards")
        }
    }
}

// Values that are text.
extension ValueReader {
    private func patterns(
        _ text: String, _ node: YAMLNode, _ names: inout Names
    ) throws(RuleError) -> [TextPattern] {
        if modifiers.field == nil, text.isEmpty {
            throw RuleError(node, "an empty word stands in every event")
        }
        var forms: [[TextPattern.Token]] = []
        if !modifiers.steps.contains(.expand) { forms = [TextPattern.tokens(of: text)] }
        for step in modifiers.steps {
            switch step {
            case .expand: forms = try expand(text, node, &names)
            case .dashes: forms = forms.map { TextPattern.withDashes($0) }
            case .encode(let form):
                forms = try literals(forms, node).map { [.literal(form.encode($0))] }
            case .base64: forms = try literals(forms, node).map { [.literal(Base64.encode($0))] }
            case .base64Offset:
                forms = try literals(forms, node).flatMap { bytes in
                    (0..<3).map { [.literal(Base64.encode(bytes, offset: $0))] }
                }
            }
        }
        if modifiers.isEncoded, forms.contains(where: { $0 == [.literal([])] }) {
            throw RuleError(node, "the text is too short: nothing of it is fixed in base64")
        }
        return forms.map(placed)
    }

    /// The texts that a value with placeholders stands for. Dashes that a `windash` before this
    /// interchanges are those of the rule's own text.
    private func expand(
        _ text: String, _ node: YAMLNode, _ names: inout Names
    ) throws(RuleError) -> [[TextPattern.Token]] {
        let hasDashes = modifiers.steps.prefix { $0 != .expand }.contains(.dashes)
        var forms: [[TextPattern.Token]] = [[]]
        for part in PlaceholderText.parts(of: text) {
            switch part {
            case .text(let plain):
                let tokens = TextPattern.tokens(of: plain)
                forms = forms.map { $0 + (hasDashes ? TextPattern.withDashes(tokens) : tokens) }
            case .name(let name):
                guard let values = names.values(name) else { continue }
                try bound(forms.count * values.count, node)
                let tokens = values.map { TextPattern.tokens(of: $0) }
                forms = forms.flatMap { form in tokens.map { form + $0 } }
            }
        }
        return names.missing.isEmpty ? forms : []
    }

    /// The bytes of texts without wildcards; those with dashes in each form they may have.
    private func literals(
        _ forms: [[TextPattern.Token]], _ node: YAMLNode
    ) throws(RuleError) -> [[UInt8]] {
        var all: [[UInt8]] = []
        for form in forms {
            var texts: [[UInt8]] = [[]]
            for token in form {
                switch token {
                case .literal(let bytes): texts = texts.map { $0 + bytes }
                case .dash:
                    try bound((all.count + texts.count) * TextPattern.dashes.count, node)
                    texts = texts.flatMap { text in TextPattern.dashes.map { text + $0 } }
                case .any, .one: throw RuleError(node, "wildcards cannot be encoded")
                }
            }
            all += texts
        }
        return all
    }

    private func placed(_ tokens: [TextPattern.Token]) -> TextPattern {
        let isAnywhere = modifiers.place == .contains || modifiers.field == nil
        return TextPattern(
            (isAnywhere || modifiers.place == .ends ? [.any] : []) + tokens
                + (isAnywhere || modifiers.place == .starts ? [.any] : []),
            // Base64 differs by case.
            isCased: modifiers.isCased || modifiers.isEncoded)
    }
}
