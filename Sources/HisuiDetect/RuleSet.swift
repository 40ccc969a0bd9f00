import HisuiBytes
public import HisuiYAML

/// Rules ready to run: immutable, and shared by whoever evaluates events.
public struct RuleSet: Sendable {
    let rules: [Rule]
    let fieldNames: [[String]]
    let tests: [FieldTest]
    /// Names of entities, and their fields by number.
    let entities: [(name: String, field: Int)]
    /// The fields that may hold a JSON event's time, best first.
    let times: [Int]
    /// JSON objects whose members are reached by their last name.
    let containers: [String]
    /// Whether some rule looks for words anywhere in an event.
    let hasKeywords: Bool
    public let samples: [RuleSample]
    /// SHA-256 of what all rules share: names of fields, entities, where times stand.
    let environment: [UInt8]
    /// SHA-256 over the rules and mappings as they were read: tells whether anything changed.
    public let digest: [UInt8]

    /// How many rules are in force.
    public var count: Int { rules.count }

    private struct Document {
        var rule: Rule
        var node: YAMLNode
        var samples: [RuleSample]
    }

    /// Compiles rule files.
    ///
    /// A rule that cannot be honoured is left out and named in the diagnostics, and so is a
    /// correlation that refers to it; the rest is in force.
    ///
    /// - Complexity: O(bytes).
    public static func compile(
        files: [(name: String, bytes: [UInt8])], sources: LogSources
    ) -> (set: RuleSet, refused: [Diagnostic]) {
        var reader = RuleReader(sources: sources)
        var documents: [Document] = []
        var refused: [Diagnostic] = []
        var places: [String: String] = [:]
        for file in files {
            let nodes: [YAMLNode]
            do {
                nodes = try YAMLDocument.parse(file.bytes, file: file.name)
            } catch {
                refused.append(error.diagnostic)
                continue
            }
            for node in nodes {
                do throws(RuleError) {
                    let (rule, node, samples) = try reader.read(node)
                    for key in Set([rule.id, rule.name ?? rule.id]) {
                        if let other = places[key] {
                            throw RuleError(
                                node["id"] ?? node,
                                "\(YAMLNode.quote(key)) is the name of the rule at \(other)")
                        }
                        places[key] = rule.place
                    }
                    var document = Document(rule: rule, node: node, samples: samples)
                    document.rule.meaning = RuleMeaning.digest(of: node, rule, sources)
                    documents.append(document)
                } catch {
                    refused.append(named(error, node))
                }
            }
        }
        let (linked, late) = link(documents)
        refused += late
        let kept = Set(linked.map(\.id))
        var rules = linked.sorted { $0.id < $1.id }
        relink(&rules, &reader.selections.table)
        RuleMeaning.join(&rules)
        let set = RuleSet(
            rules: rules, sources: sources, table: &reader.selections.table,
            digest: digest(files, sources),
            samples: documents.flatMap(\.samples).filter { kept.contains($0.ruleID) })
        return (set, refused)
    }

    private init(
        rules: [Rule], sources: LogSources, table: inout TestTable, digest: [UInt8],
        samples: [RuleSample]
    ) {
        self.rules = rules
        self.digest = digest
        self.samples = samples
        environment = RuleMeaning.digest(of: sources)
        entities = sources.entities.map { ($0.name, table.entity($0.name, $0.fields)) }
        times = sources.times.map { table.field($0) }
        containers = sources.containers
        fieldNames = table.names
        tests = table.tests
        hasKeywords = tests.contains { $0.field == nil }
    }

    private static func digest(
        _ files: [(name: String, bytes: [UInt8])], _ sources: LogSources
    ) -> [UInt8] {
        var hash = SHA256()
        for digest in sources.digests + files.map({ SHA256.of($0.bytes.span) }) {
            hash.update(digest.span)
        }
        return hash.finish()
    }

    private static func named(_ error: RuleError, _ node: YAMLNode) -> Diagnostic {
        var diagnostic = error.diagnostic
        let title = node["title"]?.quoted ?? "without title"
        diagnostic.message = "the rule \(title) is refused: \(diagnostic.message)"
        return diagnostic
    }

    /// Leaves out correlations whose rules are not there, or that lead to themselves, until all
    /// that remain can be run.
    private static func link(
        _ documents: [Document]
    ) -> (rules: [Rule], refused: [Diagnostic]) {
        var open = documents
        var refused: [Diagnostic] = []
        var ready: [String: Rule] = [:]
        var rules: [Rule] = []
        while true {
            var waiting: [Document] = []
            for document in open {
                guard case .correlation(let correlation) = document.rule.body else {
                    rules.append(document.rule)
                    for key in [document.rule.id, document.rule.name ?? document.rule.id] {
                        ready[key] = document.rule
                    }
                    continue
                }
                guard correlation.references.allSatisfy({ ready[$0] != nil }) else {
                    waiting.append(document)
                    continue
                }
                if let why = problem(correlation, ready) {
                    refused.append(named(RuleError(document.node, why), document.node))
                    continue
                }
                rules.append(document.rule)
                for key in [document.rule.id, document.rule.name ?? document.rule.id] {
                    ready[key] = document.rule
                }
            }
            if waiting.count == open.count || waiting.isEmpty {
                for document in waiting {
                    guard case .correlation(let correlation) = document.rule.body else { continue }
                    let missing = correlation.references.filter { ready[$0] == nil }
                    let names = missing.map { YAMLNode.quote($0) }.joined(separator: ", ")
                    let why = "it refers to \(names), which is not in force or leads back to it"
                    refused.append(named(RuleError(document.node, why), document.node))
                }
                return (rules, refused)
            }
            open = waiting
        }
    }

    /// Why a correlation cannot take its fields from the rules it refers to.
    private static func problem(_ correlation: Correlation, _ ready: [String: Rule]) -> String? {
        let rules = correlation.references.compactMap { ready[$0] }
        let names = Set(correlation.references + rules.map(\.id) + rules.compactMap(\.name))
        for (alias, fields) in correlation.aliases.sorted(by: { $0.key < $1.key }) {
            if let name = fields.keys.sorted().first(where: { !names.contains($0) }) {
                return "the alias \(YAMLNode.quote(alias)) is of \(YAMLNode.quote(name)), "
                    + "which is not among its rules"
            }
        }
        for reference in correlation.references {
            guard let rule = ready[reference], case .correlation(let inner) = rule.body else {
                continue
            }
            for field in correlation.groupBy + correlation.fields {
                let name = correlation.field(field, of: rule, as: reference)
                if !inner.groupBy.contains(name) {
                    return "it groups by or counts \(YAMLNode.quote(name)), and "
                        + "\(YAMLNode.quote(reference)), a correlation, does not group by it"
                }
            }
        }
        return nil
    }

    /// Tells every rule which correlations it feeds, the rules being in their final order.
    private static func relink(_ rules: inout [Rule], _ table: inout TestTable) {
        var numbers: [String: Int] = [:]
        for (number, rule) in rules.enumerated() {
            numbers[rule.id] = number
            if let name = rule.name { numbers[name] = number }
        }
        for (number, rule) in rules.enumerated() {
            guard case .correlation(let correlation) = rule.body else { continue }
            for (stage, reference) in correlation.references.enumerated() {
                guard let part = numbers[reference] else { continue }
                let rule = rules[part]
                func places(_ fields: [String]) -> [Int] {
                    let names = fields.map { correlation.field($0, of: rule, as: reference) }
                    guard case .correlation(let inner) = rule.body else {
                        return names.map { table.field($0) }
                    }
                    return names.compactMap { inner.groupBy.firstIndex(of: $0) }
                }
                rules[part].feeds.append(
                    Rule.Feed(
                        correlation: number, stage: stage, key: places(correlation.groupBy),
                        value: places(correlation.fields), isNumeric: correlation.isNumeric))
                if !correlation.generates { rules[part].isFinding = false }
            }
        }
    }
}
