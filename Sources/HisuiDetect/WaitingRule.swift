public import HisuiYAML

/// A rule or filter that needs placeholders which nobody gave: it is right, and not in force.
public struct WaitingRule: Sendable {
    public var id: String
    public var title: String
    /// The names it waits for, without percent signs.
    public var placeholders: [String]
    /// Where it stands, and what it waits for, for people.
    public var diagnostic: Diagnostic

    private init(
        _ id: String, _ title: String, _ node: YAMLNode, _ what: String, _ names: [String]
    ) {
        self.id = id
        self.title = title
        placeholders = names
        let list = names.map { YAMLNode.quote("%\($0)%") }.joined(separator: ", ")
        diagnostic = Diagnostic(
            node, "the \(what) \(YAMLNode.quote(title)) waits for \(list)",
            hint:
                "say what the names stand for in placeholders.yaml beside the rules, or in a file "
                + "given with --placeholders")
    }

    /// Takes out what waits: rules and filters with placeholders, and correlations that refer to
    /// such rules.
    static func part(
        _ documents: [RuleReader.Read], _ filters: [Filter]
    ) -> (ready: [RuleReader.Read], waiting: [WaitingRule]) {
        var names: [String: [String]] = [:]
        func claim(_ rule: Rule, _ missing: [String]) {
            names[rule.id] = missing
            if let name = rule.name { names[name] = missing }
        }
        for document in documents where !document.waitsFor.isEmpty {
            claim(document.rule, document.waitsFor)
        }
        // A correlation of a correlation may stand before it: until nothing new waits.
        var count = -1
        while count != names.count {
            count = names.count
            for document in documents where names[document.rule.id] == nil {
                guard case .correlation(let correlation) = document.rule.body else { continue }
                var missing: [String] = []
                for name in correlation.references.flatMap({ names[$0] ?? [] })
                where !missing.contains(name) { missing.append(name) }
                if !missing.isEmpty { claim(document.rule, missing) }
            }
        }
        var waiting: [WaitingRule] = []
        for document in documents {
            guard let missing = names[document.rule.id] else { continue }
            let rule = document.rule
            waiting.append(WaitingRule(rule.id, rule.title, document.node, "rule", missing))
        }
        for filter in filters where !filter.waitsFor.isEmpty {
            waiting.append(
                WaitingRule(filter.id, filter.title, filter.node, "filter", filter.waitsFor))
        }
        return (documents.filter { names[$0.rule.id] == nil }, waiting)
    }
}
