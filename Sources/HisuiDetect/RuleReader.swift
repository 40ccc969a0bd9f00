import HisuiBytes
import HisuiEvent
import HisuiYAML

/// One document of a rule file.
enum RuleDocument {
    case rule(RuleReader.Read)
    case filter(Filter)
}

/// Reads one document of a rule file.
struct RuleReader {
    /// A rule as it was read, correlations not yet linked.
    struct Read {
        var rule: Rule
        var node: YAMLNode
        var samples: [RuleSample]
        /// Placeholders that nobody gave: the rule cannot run without them.
        var waitsFor: [String]
    }

    static let levels = ["informational", "low", "medium", "high", "critical"]
    /// Names of fields that are understood: those of Sigma, which events have by `aliases`, and
    /// those of ECS, which are the schema's own.
    private static let taxonomies = ["sigma", "ecs"]

    let sources: LogSources
    var selections: SelectionReader

    init(sources: LogSources, placeholders: Placeholders) {
        self.sources = sources
        selections = SelectionReader(
            table: TestTable(aliases: sources.aliases), names: ValueReader.Names(placeholders))
    }

    mutating func read(_ node: YAMLNode) throws(RuleError) -> RuleDocument {
        guard node.mapping != nil else {
            throw RuleError(node, "a rule must be a mapping, not \(node.described)")
        }
        if let action = node["action"] {
            throw RuleError(
                action, "collections by `action` were taken out of Sigma; repeat what is common")
        }
        _ = selections.names.takeMissing()
        let title = try text("title", of: node)
        guard let title else { throw RuleError(node, "a rule needs a `title`") }
        if let taxonomy = try text("taxonomy", of: node), !Self.taxonomies.contains(taxonomy) {
            throw RuleError(
                node["taxonomy"] ?? node,
                "the taxonomy \(YAMLNode.quote(taxonomy)) is not known: its fields could not be "
                    + "found in events",
                hint: "write the fields as Sigma or ECS names them; taxonomies: "
                    + Self.taxonomies.joined(separator: ", "))
        }
        let name = try text("name", of: node)
        let id = try text("id", of: node) ?? name ?? title
        if node["filter"] != nil { return .filter(try readFilter(node, id: id, title: title)) }
        let status = try text("status", of: node)
        if status == "unsupported" {
            throw RuleError(
                node["status"] ?? node, "it says of itself that it cannot be used: `unsupported`",
                hint: "change its `status` once it can be")
        }
        let body: Rule.Body =
            if let correlation = node["correlation"] {
                .correlation(try CorrelationReader.read(correlation))
            } else {
                .event(try readEvents(node))
            }
        let rule = Rule(
            id: id, name: name, title: title, titleJapanese: try titleJapanese(of: node),
            level: try level(of: node), place: "\(node.file):\(node.line)", body: body)
        return .rule(
            Read(
                rule: rule, node: node, samples: try readSamples(node, id),
                waitsFor: selections.names.takeMissing()))
    }

    private func level(of node: YAMLNode) throws(RuleError) -> String? {
        guard let level = try text("level", of: node) else { return nil }
        guard Self.levels.contains(level) else {
            throw RuleError(
                node["level"] ?? node, "unknown level \(YAMLNode.quote(level))",
                hint: "levels: " + Self.levels.joined(separator: ", "))
        }
        return level
    }

    /// The title for who reads Japanese: `hisui: title_ja:`, one line.
    private func titleJapanese(of node: YAMLNode) throws(RuleError) -> String? {
        guard let own = node["hisui"] else { return nil }
        guard let title = try text("title_ja", of: own) else { return nil }
        guard title.utf8.count <= Limits.nameBytesMax, !title.contains("\n") else {
            throw RuleError(
                own["title_ja"] ?? own,
                "`title_ja` is one line of at most \(Limits.nameBytesMax) bytes")
        }
        return title
    }

    func text(_ key: String, of node: YAMLNode) throws(RuleError) -> String? {
        guard let value = node[key], !value.isNull else { return nil }
        guard let text = value.text, !text.isEmpty else {
            throw RuleError(value, "`\(key)` must be text, not \(value.described)")
        }
        return text
    }

    private mutating func readEvents(_ node: YAMLNode) throws(RuleError) -> Rule.EventRule {
        guard let detection = node["detection"], let entries = detection.mapping else {
            throw RuleError(node, "a rule needs a `detection` with selections and a condition")
        }
        if let timeframe = entries.first(where: { $0.key.text == "timeframe" }) {
            throw RuleError(
                timeframe.key, "`timeframe` was taken out of Sigma",
                hint: "write a correlation rule")
        }
        let named = try readSelections(entries.filter { $0.key.text != "condition" })
        guard let condition = detection["condition"] else {
            throw RuleError(detection, "the detection has no `condition`")
        }
        var parts: [Expression] = []
        for element in condition.sequence ?? [condition] {
            parts.append(try ConditionParser.parse(element, selections: named))
        }
        guard !parts.isEmpty else { throw RuleError(condition, "the condition is empty") }
        var rule = try route(node)
        rule.expression = parts.count == 1 ? parts[0] : .any(parts)
        rule.outside = try readOutside(node)
        return rule
    }

    mutating func readSelections(
        _ entries: [(key: YAMLNode, value: YAMLNode)]
    ) throws(RuleError) -> [(name: String, expression: Expression)] {
        var named: [(name: String, expression: Expression)] = []
        for (key, value) in entries { named.append((key.text ?? "", try selections.read(value))) }
        return named
    }

    /// Reads `hisui: outside:`, a mapping of four names to lists of fields, best first.
    private mutating func readOutside(
        _ node: YAMLNode
    ) throws(RuleError) -> Rule.OutsideFields? {
        guard let outside = node["hisui"]?["outside"] else { return nil }
        guard let entries = outside.mapping else {
            throw RuleError(outside, "`outside` must be a mapping, not \(outside.described)")
        }
        let names = ["detector", "alert", "title", "level"]
        if let (key, _) = entries.first(where: { !names.contains($0.key.text ?? "") }) {
            throw RuleError(
                key, "unknown key \(key.quoted) of `outside`",
                hint: "keys: " + names.joined(separator: ", "))
        }
        var numbers: [Int] = []
        for name in names {
            guard let list = outside[name], case let fields = list.sequence ?? [list],
                !fields.isEmpty
            else { throw RuleError(outside, "`outside` needs `\(name)`, a list of fields") }
            var texts: [String] = []
            for field in fields {
                guard let text = field.text, !text.isEmpty else {
                    throw RuleError(field, "a field must be text, not \(field.described)")
                }
                texts.append(text)
            }
            // A name of its own for each list: what is said in one rule is not meant by another.
            let key = "outside \(name) " + texts.joined(separator: " ")
            numbers.append(selections.table.entity(key, texts))
        }
        return Rule.OutsideFields(
            detector: numbers[0], alert: numbers[1], title: numbers[2], level: numbers[3])
    }

    /// What `logsource` says of a rule or filter, in lower case.
    func logSource(
        of node: YAMLNode
    ) throws(RuleError) -> (keys: [String: String], node: YAMLNode) {
        guard let source = node["logsource"], source.mapping != nil else {
            throw RuleError(node, "a rule needs a `logsource`", hint: "e.g. `product: linux`")
        }
        var keys: [String: String] = [:]
        for key in LogSources.keys { keys[key] = try text(key, of: source)?.lowercased() }
        return (keys, source)
    }

    private mutating func route(_ node: YAMLNode) throws(RuleError) -> Rule.EventRule {
        var rule = Rule.EventRule(form: nil, route: [], expression: .constant(false))
        let (keys, source) = try logSource(of: node)
        rule.source = keys
        for found in sources.matching(keys) {
            if let form = found.form {
                if let other = rule.form, other != form {
                    throw RuleError(source, "the log source is of both input forms")
                }
                rule.form = form
            }
            let asked =
                found.when.map { ($0, $1, false) } + found.only.map { ($0, $1, true) }
            for (field, values, mayBeAbsent) in asked {
                let number = selections.table.field(field)
                let set = Set(values.map { Array($0.utf8).map(ByteSearch.lowered) })
                let question: FieldTest.Question =
                    mayBeAbsent ? .onlyOneOf(set) : .oneOf(set, isCased: false)
                rule.route.append(
                    selections.table.test(FieldTest(field: number, question: question)))
            }
        }
        return rule
    }

    /// Reads `hisui: samples:`, a list of `{expect: finding | nothing, input: …, lines: …}`.
    private func readSamples(_ node: YAMLNode, _ id: String) throws(RuleError) -> [RuleSample] {
        guard let list = node["hisui"]?["samples"] else { return [] }
        guard let elements = list.sequence else {
            throw RuleError(list, "`samples` must be a list, not \(list.described)")
        }
        var samples: [RuleSample] = []
        for element in elements {
            let expected = element["expect"]?.text
            guard expected == "finding" || expected == "nothing" else {
                throw RuleError(
                    element["expect"] ?? element, "a sample needs `expect: finding` or `nothing`")
            }
            let input = element["input"]?.text ?? LogSources.Form.syslog.rawValue
            guard let form = LogSources.Form(rawValue: input) else {
                throw RuleError(element, "the input of a sample is syslog or jsonl")
            }
            guard let lines = element["lines"]?.text, !lines.isEmpty else {
                throw RuleError(element, "a sample needs `lines: |` and the lines below it")
            }
            var texts = lines.split(separator: "\n", omittingEmptySubsequences: false)
            if texts.last?.isEmpty ?? false { texts.removeLast() }
            samples.append(
                RuleSample(
                    ruleID: id, form: form, lines: texts.map(String.init),
                    expectsFinding: expected == "finding", file: element.file, line: element.line,
                    column: element.column))
        }
        return samples
    }
}
