import HisuiYAML

/// A filter document: a condition that is put beside those of other rules.
///
///     logsource: { product: windows }
///     filter:
///       rules: [6f3e2987-db24-4c78-a860-b4f4095a7095]
///       selection: { User|startswith: adm_ }
///       condition: not selection
struct Filter {
    var id: String
    var title: String
    var node: YAMLNode
    /// Ids and names of rules; nil for all rules of its log source.
    var rules: Set<String>?
    /// What its `logsource` says: a rule must say the same, and may say more.
    var source: [String: String]
    var expression: Expression
    /// Placeholders that nobody gave: without them it filters nothing.
    var waitsFor: [String]

    /// Whether the filter is for a rule: its conditions then hold only where `expression` does.
    func applies(to rule: Rule) -> Bool {
        guard case .event(let event) = rule.body,
            rules.map({ $0.contains(rule.id) || rule.name.map($0.contains) ?? false }) ?? true
        else { return false }
        return source.allSatisfy { event.source[$0.key] == $0.value }
    }
}

extension RuleReader {
    mutating func readFilter(
        _ node: YAMLNode, id: String, title: String
    ) throws(RuleError) -> Filter {
        guard let filter = node["filter"], let entries = filter.mapping else {
            throw RuleError(
                node["filter"] ?? node, "`filter` must be a mapping with rules and a condition")
        }
        for key in ["detection", "correlation"] {
            guard let other = node[key] else { continue }
            throw RuleError(
                other, "a filter has no `\(key)`", hint: "make it a document of its own")
        }
        guard let condition = filter["condition"] else {
            throw RuleError(filter, "the filter has no `condition`")
        }
        guard condition.sequence == nil else {
            throw RuleError(condition, "a filter has one condition, not a list")
        }
        let named = try readSelections(
            entries.filter { $0.key.text != "condition" && $0.key.text != "rules" })
        return Filter(
            id: id, title: title, node: node, rules: try filteredRules(filter),
            source: try logSource(of: node).keys,
            expression: try ConditionParser.parse(condition, selections: named),
            waitsFor: selections.names.takeMissing())
    }

    /// Reads `rules`: a list of ids and names, one of them, or `any`.
    private func filteredRules(_ filter: YAMLNode) throws(RuleError) -> Set<String>? {
        guard let rules = filter["rules"], !rules.isNull else {
            throw RuleError(
                filter, "a filter needs `rules`: ids or names, or `any`",
                hint: "`any` means all rules of its log source")
        }
        if let text = rules.text, ["any", "all"].contains(text.lowercased()) { return nil }
        var names: Set<String> = []
        for element in rules.sequence ?? [rules] {
            guard let name = element.text, !name.isEmpty, !element.isNull else {
                throw RuleError(
                    element, "a rule is told by its id or name, not by \(element.described)")
            }
            names.insert(name)
        }
        guard !names.isEmpty else { throw RuleError(rules, "the list of rules is empty") }
        return names
    }
}

extension RuleSet {
    /// Puts the conditions of filters beside those of the rules they are for.
    ///
    /// - Returns: what is odd about them: a filter that is for no rule, or that keeps what it
    ///   names instead of leaving it out.
    static func apply(
        _ filters: [Filter], to documents: inout [RuleReader.Read], _ table: TestTable
    ) -> [Diagnostic] {
        var warnings: [Diagnostic] = []
        for filter in filters {
            let name = YAMLNode.quote(filter.title)
            var count = 0
            for index in documents.indices where filter.applies(to: documents[index].rule) {
                count += 1
                guard case .event(var event) = documents[index].rule.body else { continue }
                event.expression = .all([event.expression, filter.expression])
                documents[index].rule.body = .event(event)
            }
            if count == 0 {
                warnings.append(
                    Diagnostic(
                        filter.node,
                        "the filter \(name) filters nothing: it names no rule that is "
                            + "there and of its log source",
                        hint: "`rules` are ids or names; its logsource says no more than theirs"))
            } else if !filter.expression.hasNegation(table) {
                warnings.append(
                    Diagnostic(
                        filter.node,
                        "the filter \(name) has no `not`: its rules now find only "
                            + "what it describes, and nothing else",
                        hint: "`condition: not selection` leaves out what the selection describes"))
            }
        }
        return warnings
    }
}

extension Expression {
    /// Whether something in it has to be absent or otherwise.
    func hasNegation(_ table: TestTable) -> Bool {
        switch self {
        case .constant: false
        case .not: true
        case .test(let number):
            switch table.tests[number].question {
            case .absent, .missing: true
            default: false
            }
        case .all(let parts), .any(let parts), .atLeast(_, let parts):
            parts.contains { $0.hasNegation(table) }
        }
    }
}
