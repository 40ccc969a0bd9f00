import HisuiBytes
import HisuiYAML

/// Reads the selections of a rule: maps of fields, lists of maps, lists of keywords.
struct SelectionReader {
    /// More values than this of one kind are looked up in a set.
    private static let comparedSinglyMax = 4

    var table: TestTable
    var names: ValueReader.Names

    /// A map is "all of", a list is "any of" its elements.
    mutating func read(_ node: YAMLNode) throws(RuleError) -> Expression {
        if let entries = node.mapping {
            guard !entries.isEmpty else { throw RuleError(node, "a selection without any field") }
            var parts: [Expression] = []
            for (key, value) in entries { parts.append(try field(key, value)) }
            return parts.count == 1 ? parts[0] : .all(parts)
        }
        if let elements = node.sequence {
            guard !elements.isEmpty else {
                throw RuleError(node, "a selection without any element")
            }
            var parts: [Expression] = []
            for element in elements {
                if element.text != nil {
                    parts.append(try values([element], Modifiers(field: nil), element))
                } else {
                    parts.append(try read(element))
                }
            }
            return parts.count == 1 ? parts[0] : .any(parts)
        }
        let modifiers = Modifiers(field: nil)
        return try values([node], modifiers, node)
    }

    private mutating func field(
        _ key: YAMLNode, _ value: YAMLNode
    ) throws(RuleError) -> Expression {
        let words = SelectionReader.words(key.text ?? "")
        var modifiers = Modifiers(field: words[0].isEmpty ? nil : table.field(words[0]))
        for word in words.dropFirst() { try modifiers.apply(word, key) }
        try modifiers.finish(key)
        let elements = value.sequence ?? [value]
        guard !elements.isEmpty else {
            throw RuleError(value, "\(key.quoted) has an empty list of values")
        }
        if elements.count > 1, let null = elements.first(where: \.isNull) {
            throw RuleError(
                null, "null is no value and cannot be part of a list",
                hint: "write a selection of its own: `1 of selection_*`")
        }
        return try values(elements, modifiers, key)
    }

    /// The name of a field and its modifiers; `\|` is a bar of the name.
    private static func words(_ key: String) -> [String] {
        var words = [""]
        var isEscaped = false
        for scalar in key.unicodeScalars {
            if scalar == "|", !isEscaped {
                words.append("")
                continue
            }
            if scalar == "|" { words[words.count - 1].unicodeScalars.removeLast() }
            words[words.count - 1].unicodeScalars.append(scalar)
            isEscaped = scalar == "\\"
        }
        return words
    }

    private mutating func values(
        _ nodes: [YAMLNode], _ modifiers: Modifiers, _ key: YAMLNode
    ) throws(RuleError) -> Expression {
        let reader = ValueReader(modifiers: modifiers)
        var all: [Expression] = []
        var questions: [FieldTest.Question] = []
        for node in nodes {
            let asked = try reader.questions(node, &table, &names)
            if modifiers.needsAll {
                all.append(any(of: asked, modifiers.field))
            } else {
                questions += asked
            }
        }
        let joined =
            modifiers.needsAll
            ? (all.count == 1 ? all[0] : .all(all))
            : any(of: SelectionReader.gather(questions), modifiers.field)
        return modifiers.isNegated ? .not(joined) : joined
    }

    private mutating func any(of questions: [FieldTest.Question], _ field: Int?) -> Expression {
        let parts = questions.map { table.test(FieldTest(field: field, question: $0)) }
        return parts.count == 1 ? parts[0] : .any(parts)
    }

    /// Puts many plain texts into one set.
    private static func gather(_ questions: [FieldTest.Question]) -> [FieldTest.Question] {
        var exact: [Bool: Set<[UInt8]>] = [:]
        var others: [FieldTest.Question] = []
        for question in questions {
            if case .pattern(let pattern) = question, let text = pattern.exact {
                exact[pattern.isCased, default: []].insert(text)
            } else {
                others.append(question)
            }
        }
        guard exact.values.contains(where: { $0.count > comparedSinglyMax }) else {
            return questions
        }
        return [false, true].compactMap { isCased in
            exact[isCased].map { .oneOf($0, isCased: isCased) }
        } + others
    }
}
