import HisuiBytes
import HisuiShape
import HisuiYAML

/// What a rule decides by the values that its line captures: whether it fits (`when`), and which
/// constants follow (`cases`).
struct RuleDecisions: Sendable {
    /// Values that a capture must have, by its name.
    var conditions: [String: ValueTable] = [:]
    /// Those of the definition that the line captures, then the rule's own.
    var cases: [ValueCase] = []

    static let none = RuleDecisions()

    /// Comparisons for each byte of a capture's value, at most.
    func cost(of name: String?) -> Int {
        guard let name else { return 0 }
        return cases.reduce(conditions[name]?.cost ?? 0) { sum, one in
            one.name == name ? sum + ValueTable(one.branches.map(\.value)).cost : sum
        }
    }

    /// Bits of a match's choices that say which branches were taken.
    var bits: Int { cases.reduce(0) { $0 + RuleCompiler.bits(for: $1.branches.count + 1) } }

    /// Names of captures by whose values a field is set that a stranger must not choose.
    func deciding(_ schema: Schema) -> Set<String> {
        var names: Set<String> = []
        for one in cases where one.fields.contains(where: schema.isSecurity) {
            names.insert(one.name)
        }
        return names
    }
}

/// Reads `when` and `cases` of rules whose lines are templates.
struct DecisionReader {
    let schema: Schema
    let log: Diagnostics
    /// `cases` of the definition.
    let common: [ValueCase]

    /// - Parameter line: where the template stands: for messages.
    func read(
        when: YAMLNode?, cases: YAMLNode?, _ template: Template, _ line: YAMLNode
    ) -> RuleDecisions {
        let reader = CaseReader(schema: schema, log: log)
        var captured: Set<String> = []
        template.forEachCapture { capture, _ in
            if let name = capture.name { captured.insert(name) }
        }
        var decisions = RuleDecisions()
        if let when, var mapping = MappingReader(when, "`when`", log) {
            for key in mapping.presentKeys {
                guard let name = key.text, let value = mapping.value(name) else { continue }
                check(key, name, in: captured, "when")
                decisions.conditions[name] = ValueTable(reader.values(value, of: key))
            }
        }
        let own = cases.map { reader.read($0, of: "captures") } ?? []
        for one in own { check(one.node, one.name, in: captured, "cases") }
        decisions.cases = common.filter { captured.contains($0.name) } + own
        checkUse(template, decisions, line)
        return decisions
    }

    private func check(
        _ key: YAMLNode, _ name: String, in captured: Set<String>, _ what: String
    ) {
        guard !captured.contains(name) else { return }
        log.report(
            key, "`\(what)` asks for \(key.quoted), which the line does not capture",
            hint: NearestName.suggestion(for: name, in: captured.sorted())
                .map { "did you mean `\($0)`?" } ?? "")
    }

    /// A local name is there to be asked for.
    private func checkUse(_ template: Template, _ decisions: RuleDecisions, _ line: YAMLNode) {
        template.forEachCapture { capture, _ in
            guard let local = capture.local, decisions.conditions[local] == nil,
                !decisions.cases.contains(where: { $0.name == local })
            else { return }
            log.report(
                line, "nothing asks for `\(local)`",
                hint: "name it in `when` or `cases`, or write {_:\(capture.type.name)}")
        }
    }

    /// Every case of the definition is one of some rule.
    func checkCommon(_ rules: [Definition.Rule]) {
        for one in common {
            let isUsed = rules.contains { rule in
                rule.decisions.cases.contains { $0.name == one.name }
            }
            guard !isUsed else { continue }
            log.report(one.node, "no line captures \(one.node.quoted), which `cases` asks for")
        }
    }
}
