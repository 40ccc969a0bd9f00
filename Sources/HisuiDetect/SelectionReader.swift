import HisuiBytes
import HisuiYAML

/// Reads the selections of a rule: maps of fields, lists of maps, lists of keywords.
struct SelectionReader {
    /// More values than this of one kind are looked up in a set.
    private static let comparedSinglyMax = 4

    var table: TestTable

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
                    parts.append(try values([element], ValueReader(field: nil), element))
                } else {
                    parts.append(try read(element))
                }
            }
            return parts.count == 1 ? parts[0] : .any(parts)
        }
        return try values([node], ValueReader(field: nil), node)
    }

    private mutating func field(
        _ key: YAMLNode, _ value: YAMLNode
    ) throws(RuleError) -> Expression {
        let words = (key.text ?? "").split(separator: "|", omittingEmptySubsequences: false)
        let name = String(words.first ?? "")
        var reader = ValueReader(field: name.isEmpty ? nil : table.field(name))
        for word in words.dropFirst() { try reader.apply(String(word), key) }
        try reader.finish(key)
        let elements = value.sequence ?? [value]
        guard !elements.isEmpty else {
            throw RuleError(value, "\(key.quoted) has an empty list of values")
        }
        return try values(elements, reader, key)
    }

    private mutating func values(
        _ nodes: [YAMLNode], _ reader: ValueReader, _ key: YAMLNode
    ) throws(RuleError) -> Expression {
        var questions: [FieldTest.Question] = []
        for node in nodes { try questions += reader.questions(node, &table) }
        if !reader.needsAll { questions = SelectionReader.gather(questions) }
        let parts = questions.map { table.test(FieldTest(field: reader.field, question: $0)) }
        let joined: Expression =
            parts.count == 1 ? parts[0] : reader.needsAll ? .all(parts) : .any(parts)
        return reader.isNegated ? .not(joined) : joined
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
