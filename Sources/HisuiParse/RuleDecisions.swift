import HisuiBytes
import HisuiShape
import HisuiYAML

/// What a rule decides by the values that its line captures, or by those of pairs behind them:
/// whether it fits (`when`), and which constants follow (`cases`).
struct RuleDecisions: Sendable {
    /// Values that a capture or a pair must have, by its name.
    var conditions: [String: ValueTable] = [:]
    /// Those of the definition that the line captures, then the rule's own.
    var cases: [ValueCase] = []
    /// Which of the names are those of pairs, in order.
    var pairs: [String] = []

    static let none = RuleDecisions()

    /// What is decided by a capture: its value, or those of pairs in it.
    func names(in capture: Template.Capture) -> [String] {
        capture.type == .kv ? pairs : capture.name.map { [$0] } ?? []
    }

    /// Comparisons for each byte of what a capture takes, at most.
    func cost(of capture: Template.Capture) -> Int {
        names(in: capture).reduce(0) { sum, name in
            cases.reduce(sum + (conditions[name]?.cost ?? 0)) { sum, one in
                one.name == name ? sum + table(of: one).cost : sum
            }
        }
    }

    /// What the value is compared with.
    func table(of one: ValueCase) -> ValueTable {
        ValueTable(
            one.branches.map(\.value), ofPair: pairs.contains(one.name) ? one.name : "")
    }

    /// Bits of a match's choices that say which branches were taken.
    var bits: Int { cases.reduce(0) { $0 + RuleCompiler.bits(for: $1.branches.count + 1) } }

    /// Names by whose values a field is set that a stranger must not choose.
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
        /// Whether it is the name of a pair, which counts from now on.
        func isPair(_ name: String) -> Bool {
            guard template.hasPairs, !captured.contains(name), canBePair(name) else { return false }
            if !decisions.pairs.contains(name) { decisions.pairs.append(name) }
            return true
        }
        if let when, var mapping = MappingReader(when, "`when`", log) {
            for key in mapping.presentKeys {
                guard let name = key.text, let value = mapping.value(name) else { continue }
                let pair = isPair(name) ? name : ""
                if pair.isEmpty { check(key, name, in: captured, "when") }
                decisions.conditions[name] = ValueTable(
                    reader.values(value, of: key), ofPair: pair)
            }
        }
        let own = cases.map { reader.read($0, of: "captures") } ?? []
        let shared = common.filter { captured.contains($0.name) || isPair($0.name) }
        for one in own where !isPair(one.name) { check(one.node, one.name, in: captured, "cases") }
        decisions.cases = shared + own
        checkUse(template, decisions, line)
        return decisions
    }

    /// Whether `when` and `cases` mean a pair by a name that the line does not capture.
    private func canBePair(_ name: String) -> Bool {
        !name.isEmpty && !name.hasPrefix("_") && schema[name] == nil
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
