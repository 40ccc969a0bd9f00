import HisuiEvent
import HisuiYAML

/// Reads the `correlation` of a rule.
enum CorrelationReader {
    private static let types = [
        "event_count", "value_count", "temporal", "temporal_ordered", "value_sum", "value_avg",
        "value_percentile",
    ]

    static func read(_ node: YAMLNode) throws(RuleError) -> Correlation {
        guard node.mapping != nil else {
            throw RuleError(node, "`correlation` must be a mapping, not \(node.described)")
        }
        guard let type = node["type"]?.text else {
            throw RuleError(node, "a correlation needs a `type`")
        }
        let kind: Correlation.Kind
        switch type {
        case "event_count": kind = .eventCount(least: try least(node))
        case "temporal", "temporal_ordered":
            if let condition = node["condition"] {
                throw RuleError(condition, "a `condition` of \(type) is not supported yet")
            }
            kind = type == "temporal" ? .temporal : .temporalOrdered
        default:
            throw RuleError(
                node["type"] ?? node,
                types.contains(type)
                    ? "correlations of type `\(type)` are not supported yet"
                    : "unknown correlation type \(YAMLNode.quote(type))")
        }
        let references = try texts("rules", node)
        guard !references.isEmpty else { throw RuleError(node, "a correlation needs `rules`") }
        guard references.count <= Limits.correlationRulesMax else {
            throw RuleError(
                node, "a correlation refers to \(Limits.correlationRulesMax) rules at most")
        }
        guard let span = node["timespan"] else {
            throw RuleError(node, "a correlation needs a `timespan`")
        }
        return Correlation(
            kind: kind, references: references, groupBy: try texts("group-by", node),
            timespanNanoseconds: try timespan(span), aliases: try aliases(node),
            generates: node["generate"]?.bool ?? false)
    }

    private static func texts(_ key: String, _ node: YAMLNode) throws(RuleError) -> [String] {
        guard let value = node[key], !value.isNull else { return [] }
        var found: [String] = []
        for element in value.sequence ?? [value] {
            guard let text = element.text else {
                throw RuleError(element, "`\(key)` lists names, not \(element.described)")
            }
            found.append(text)
        }
        return found
    }

    /// The number of events that suffices.
    ///
    /// Conditions that more events can make false again say nothing before all events are there.
    private static func least(_ node: YAMLNode) throws(RuleError) -> Int {
        guard let condition = node["condition"], let entries = condition.mapping else {
            throw RuleError(node, "event_count needs a `condition`", hint: "e.g. `gte: 10`")
        }
        var least: Int?
        for (key, value) in entries {
            guard let number = value.int, number >= 0 else {
                throw RuleError(value, "a count is needed, not \(value.described)")
            }
            switch key.text {
            case "gte": least = max(least ?? 0, number)
            case "gt": least = max(least ?? 0, number + 1)
            default:
                throw RuleError(
                    key, "the condition \(key.quoted) is not supported yet", hint: "gt or gte")
            }
        }
        guard let least, least > 0 else {
            throw RuleError(condition, "the condition must ask for one event at least")
        }
        guard least <= Limits.correlationCountMax else {
            throw RuleError(
                condition, "more than \(Limits.correlationCountMax) events cannot be asked for")
        }
        return least
    }

    private static func timespan(_ node: YAMLNode) throws(RuleError) -> Int64 {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
        guard let text = node.text, let unit = text.last.flatMap({ units[$0] }),
            let number = Int64(text.dropLast()), number > 0, number <= 100_000
        else {
            throw RuleError(
                node, "\(node.quoted) is no timespan", hint: "a number and s, m, h, d or w: `5m`")
        }
        return number * unit * 1_000_000_000
    }

    private static func aliases(
        _ node: YAMLNode
    ) throws(RuleError) -> [String: [String: String]] {
        guard let value = node["aliases"] else { return [:] }
        var aliases: [String: [String: String]] = [:]
        for (key, map) in value.mapping ?? [] {
            for (rule, field) in map.mapping ?? [] {
                aliases[key.text ?? "", default: [:]][rule.text ?? ""] = field.text
            }
        }
        guard !aliases.isEmpty else {
            throw RuleError(value, "`aliases` maps a field to rules and their fields")
        }
        return aliases
    }
}
