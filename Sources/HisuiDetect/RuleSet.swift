import HisuiBytes
public import HisuiYAML

/// Rules ready to run: immutable, and shared by whoever evaluates events.
public struct RuleSet: Sendable {
    let rules: [Rule]
    let fieldNames: [[String]]
    let tests: [FieldTest]
    /// Names of entities, and their fields by number.
    let entities: [(name: String, field: Int)]
    /// Fields that findings and groups name, beside those that rules ask for; ascending.
    let shownFields: [Int]
    /// The fields that may hold a JSON event's time, best first.
    let times: [Int]
    /// JSON objects whose members are reached by their last name.
    let containers: [String]
    public let samples: [RuleSample]
    /// Rules that need placeholders which nobody gave; they are not in force.
    public let waiting: [WaitingRule]
    /// What is odd and yet in force.
    public let warnings: [Diagnostic]
    /// SHA-256 of what all rules share: names of fields, entities, where times stand.
    let environment: [UInt8]
    /// SHA-256 over the rules and mappings as they were read: tells whether anything changed.
    public let digest: [UInt8]

    /// What is no mistake and yet should be known: rules that wait, and what is odd.
    public var remarks: [Diagnostic] { waiting.map(\.diagnostic) + warnings }

    /// How many rules are in force.
    public var count: Int { rules.count }

    /// Compiles rule files.
    ///
    /// A rule that cannot be honoured is left out and named in the diagnostics, and so is a
    /// correlation that refers to it; the rest is in force.
    ///
    /// - Complexity: O(bytes), and O(rules · filters).
    public static func compile(
        files: [(name: String, bytes: [UInt8])], sources: LogSources,
        placeholders: Placeholders = Placeholders()
    ) -> (set: RuleSet, refused: [Diagnostic]) {
        var reader = RuleReader(sources: sources, placeholders: placeholders)
        var documents: [RuleReader.Read] = []
        var filters: [Filter] = []
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
                    switch try reader.read(node) {
                    case .rule(let read):
                        let rule = read.rule
                        try claim([rule.id, rule.name ?? rule.id], node, &places)
                        documents.append(read)
                    case .filter(let filter):
                        try claim([filter.id], node, &places)
                        filters.append(filter)
                    }
                } catch {
                    refused.append(named(error, node))
                }
            }
        }
        let inForce = filters.filter { $0.waitsFor.isEmpty }
        let warnings = apply(inForce, to: &documents, reader.selections.table)
        for place in documents.indices {
            let read = documents[place]
            let own = inForce.filter { $0.applies(to: read.rule) }.map(\.node)
            documents[place].rule.meaning = RuleMeaning.digest(
                of: read.node, read.rule, filters: own, sources, placeholders)
        }
        let (ready, waiting) = WaitingRule.part(documents, filters)
        let (linked, late) = link(ready)
        refused += late
        let kept = Set(linked.map(\.id))
        var rules = linked.sorted { $0.id < $1.id }
        relink(&rules, &reader.selections.table)
        RuleMeaning.join(&rules)
        let set = RuleSet(
            rules: rules, sources: sources, table: &reader.selections.table,
            digest: digest(files, sources, placeholders),
            samples: documents.flatMap(\.samples).filter { kept.contains($0.ruleID) },
            waiting: waiting, warnings: warnings)
        return (set, refused)
    }

    /// Notes the names of a document; refuses one that another has.
    private static func claim(
        _ keys: Set<String>, _ node: YAMLNode, _ places: inout [String: String]
    ) throws(RuleError) {
        for key in keys {
            guard let other = places[key] else { continue }
            throw RuleError(
                node["id"] ?? node, "\(YAMLNode.quote(key)) is the name of the rule at \(other)",
                hint: "ids and names are those of one rule each")
        }
        for key in keys { places[key] = "\(node.file):\(node.line)" }
    }

    private init(
        rules: [Rule], sources: LogSources, table: inout TestTable, digest: [UInt8],
        samples: [RuleSample], waiting: [WaitingRule], warnings: [Diagnostic]
    ) {
        self.rules = rules
        self.digest = digest
        self.samples = samples
        self.waiting = waiting
        self.warnings = warnings
        environment = RuleMeaning.digest(of: sources)
        entities = sources.entities.map { ($0.name, table.entity($0.name, $0.fields)) }
        shownFields = RuleSet.shown(rules, entities.map(\.field))
        times = sources.times.map { table.field($0) }
        containers = sources.containers
        fieldNames = table.names
        tests = table.tests
    }

    private static func shown(_ rules: [Rule], _ entities: [Int]) -> [Int] {
        var fields = Set(entities)
        for rule in rules {
            guard case .event(let event) = rule.body else { continue }
            for feed in rule.feeds { fields.formUnion(feed.key + feed.value) }
            if let outside = event.outside {
                fields.formUnion([outside.detector, outside.alert, outside.title, outside.level])
            }
        }
        return fields.sorted()
    }

    private static func digest(
        _ files: [(name: String, bytes: [UInt8])], _ sources: LogSources,
        _ placeholders: Placeholders
    ) -> [UInt8] {
        var hash = SHA256()
        let texts = files.map { SHA256.of($0.bytes.span) }
        for digest in sources.digests + placeholders.digests + texts {
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
        _ documents: [RuleReader.Read]
    ) -> (rules: [Rule], refused: [Diagnostic]) {
        var open = documents
        var refused: [Diagnostic] = []
        var ready: [String: Rule] = [:]
        var rules: [Rule] = []
        while true {
            var waiting: [RuleReader.Read] = []
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
