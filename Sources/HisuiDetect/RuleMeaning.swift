import HisuiBytes
import HisuiYAML

/// What a rule means, as a digest: the same for a rule whose title, description, level, comments,
/// samples, place or order of keys were changed, and another one where it may find something else.
///
/// A detector keeps what it remembers for rules that mean what they meant.
enum RuleMeaning {
    /// The parts of a document that say what a rule finds.
    private static let parts = ["logsource", "detection", "correlation"]

    /// Of one document by itself, with what its log source means, the filters it is under, and what
    /// placeholders stand for if it has any.
    static func digest(
        of node: YAMLNode, _ rule: Rule, filters: [YAMLNode], _ sources: LogSources,
        _ placeholders: Placeholders
    ) -> [UInt8] {
        var out: [UInt8] = []
        out.appendCounted(rule.id.utf8)
        for part in parts { append(node[part], to: &out) }
        out.appendVarint(UInt64(filters.count))
        for filter in filters { append(filter["filter"], to: &out) }
        if ([node["detection"]] + filters).contains(where: { isExpanded($0) }) {
            for digest in placeholders.digests { out += digest }
        }
        guard case .event(let event) = rule.body else { return SHA256.of(out.span) }
        for source in sources.matching(event.source) {
            out.append(1)
            out.appendCounted((source.form?.rawValue ?? "").utf8)
            for named in [source.when, source.only] {
                out.appendVarint(UInt64(named.count))
                for (field, values) in named {
                    out.appendCounted(field.utf8)
                    append(values, to: &out)
                }
            }
        }
        return SHA256.of(out.span)
    }

    /// Whether a value somewhere in it may hold placeholders.
    private static func isExpanded(_ node: YAMLNode?) -> Bool {
        if let entries = node?.mapping {
            return entries.contains {
                ($0.key.text ?? "").contains("|expand") || isExpanded($0.value)
            }
        }
        return node?.sequence?.contains { isExpanded($0) } ?? false
    }

    /// Adds to each correlation what those it refers to mean, and whether it is found itself.
    static func join(_ rules: inout [Rule]) {
        var parts = rules.map { _ in [(stage: Int, number: Int)]() }
        for (number, rule) in rules.enumerated() {
            for feed in rule.feeds { parts[feed.correlation].append((feed.stage, number)) }
        }
        var done: [Int: [UInt8]] = [:]
        func meaning(_ number: Int) -> [UInt8] {
            if let known = done[number] { return known }
            var out = rules[number].meaning
            out.append(rules[number].isFinding ? 1 : 0)
            for part in parts[number].sorted(by: { $0.stage < $1.stage }) {
                out += meaning(part.number)
            }
            let digest = SHA256.of(out.span)
            done[number] = digest
            return digest
        }
        let meanings = rules.indices.map { meaning($0) }
        for number in rules.indices { rules[number].meaning = meanings[number] }
    }

    /// Of what all rules share.
    static func digest(of sources: LogSources) -> [UInt8] {
        var out: [UInt8] = []
        out.appendVarint(UInt64(sources.aliases.count))
        for (name, fields) in sources.aliases.sorted(by: { $0.key < $1.key }) {
            out.appendCounted(name.utf8)
            append(fields, to: &out)
        }
        out.appendVarint(UInt64(sources.entities.count))
        for (name, fields) in sources.entities {
            out.appendCounted(name.utf8)
            append(fields, to: &out)
        }
        append(sources.containers, to: &out)
        append(sources.times, to: &out)
        return SHA256.of(out.span)
    }

    private static func append(_ texts: [String], to out: inout [UInt8]) {
        out.appendVarint(UInt64(texts.count))
        for text in texts { out.appendCounted(text.utf8) }
    }

    /// A node with its keys in order; plain and quoted text are the same only where they are read
    /// the same.
    private static func append(_ node: YAMLNode?, to out: inout [UInt8]) {
        guard let node else {
            out.append(0)
            return
        }
        if let entries = node.mapping {
            out.append(1)
            out.appendVarint(UInt64(entries.count))
            for (key, value) in entries.sorted(by: { ($0.key.text ?? "") < ($1.key.text ?? "") }) {
                append(key, to: &out)
                append(value, to: &out)
            }
        } else if let elements = node.sequence {
            out.append(2)
            out.appendVarint(UInt64(elements.count))
            for element in elements { append(element, to: &out) }
        } else {
            out.append(node.isNull ? 3 : node.string != nil ? 4 : 5)
            out.appendCounted((node.text ?? "").utf8)
        }
    }
}
