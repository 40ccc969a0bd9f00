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
        guard types.contains(type) else {
            throw RuleError(
                node["type"] ?? node, "unknown correlation type \(YAMLNode.quote(type))",
                hint: "types: " + types.joined(separator: ", "))
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
        let groupBy = try texts("group-by", node)
        let kind = try kind(type, node)
        let fields = try fields(type, node)
        guard groupBy.count + fields.count <= Limits.correlationFieldsMax else {
            throw RuleError(
                node, "a correlation names \(Limits.correlationFieldsMax) fields at most")
        }
        return Correlation(
            kind: kind, condition: try condition(kind, stages: references.count, node),
            fields: fields, references: references, groupBy: groupBy,
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

    private static func kind(
        _ type: String, _ node: YAMLNode
    ) throws(RuleError) -> Correlation.Kind {
        switch type {
        case "event_count": .eventCount
        case "value_count": .valueCount
        case "value_sum": .valueSum
        case "value_avg": .valueAverage
        case "value_percentile": .valuePercentile(try percentile(node))
        case "temporal": .temporal
        default: .temporalOrdered
        }
    }

    private static func percentile(_ node: YAMLNode) throws(RuleError) -> Int128? {
        guard let value = node["condition"]?["percentile"] else { return nil }
        guard let number = number(value), number > 0, number <= 100 * CorrelationNumber.one else {
            throw RuleError(value, "`percentile` is a number above 0 and up to 100")
        }
        return number
    }

    /// What a number is made of; whole ones and fractions.
    private static func number(_ node: YAMLNode) -> Int128? {
        guard node.int != nil || node.double != nil, let text = node.text else { return nil }
        if let number = node.int { return Int128(number) * CorrelationNumber.one }
        return CorrelationNumber.parse(text.utf8)
    }

    private static func fields(_ type: String, _ node: YAMLNode) throws(RuleError) -> [String] {
        let isOfValues = type.hasPrefix("value_")
        guard let condition = node["condition"], condition.mapping != nil else {
            if isOfValues { throw RuleError(node, "\(type) needs a `condition` with a `field`") }
            return []
        }
        let fields = try texts("field", condition)
        if let field = condition["field"], !isOfValues {
            throw RuleError(
                field, "\(type) asks for no `field`", hint: "`value_count` counts values")
        }
        if isOfValues, fields.isEmpty {
            throw RuleError(condition, "\(type) needs a `field` in its `condition`")
        }
        if fields.count > 1, type != "value_count" {
            throw RuleError(condition["field"] ?? condition, "\(type) is of one field")
        }
        return fields
    }

    // MARK: - The condition

    private static func condition(
        _ kind: Correlation.Kind, stages: Int, _ node: YAMLNode
    ) throws(RuleError) -> CorrelationCondition {
        let isSequence = kind == .temporal || kind == .temporalOrdered
        guard let condition = node["condition"], !condition.isNull else {
            guard isSequence else {
                throw RuleError(node, "the correlation needs a `condition`", hint: "`gte: 10`")
            }
            return CorrelationCondition(
                bounds: [.init(relation: .gte, value: Int128(stages))])
        }
        guard let entries = condition.mapping else {
            throw RuleError(
                condition, "a `condition` must be a mapping, not \(condition.described)")
        }
        var isCount = true
        switch kind {
        case .eventCount, .valueCount, .temporal, .temporalOrdered: break
        case .valueSum, .valueAverage, .valuePercentile: isCount = false
        }
        var bounds: [CorrelationCondition.Bound] = []
        for (key, value) in entries where key.text != "field" {
            if key.text == "percentile", case .valuePercentile = kind { continue }
            guard let relation = CorrelationCondition.Relation(rawValue: key.text ?? "") else {
                throw RuleError(
                    key, "the condition \(key.quoted) is unknown",
                    hint: "gt, gte, lt, lte, eq, neq")
            }
            if isCount {
                guard let number = value.int, number >= 0 else {
                    throw RuleError(value, "a count is needed, not \(value.described)")
                }
                bounds.append(.init(relation: relation, value: Int128(number)))
            } else {
                guard let number = number(value) else {
                    throw RuleError(value, "a number is needed, not \(value.described)")
                }
                bounds.append(.init(relation: relation, value: number))
            }
        }
        guard !bounds.isEmpty else {
            throw RuleError(
                condition, "the `condition` compares with nothing",
                hint: "gt, gte, lt, lte, eq, neq")
        }
        let found = CorrelationCondition(bounds: bounds)
        if let why = isCount ? problem(found, isSequence ? stages : nil) : problem(found, kind) {
            throw RuleError(condition, why)
        }
        return found
    }

    /// Why a condition on a count can never hold, or says nothing.
    private static func problem(_ condition: CorrelationCondition, _ stages: Int?) -> String? {
        let (least, most) = (condition.least, condition.most)
        if let most, most < 1 {
            return "no event at all is asked for, and a group without events is never seen"
        }
        if condition.isLower, least < 1 { return "the condition must ask for one event at least" }
        if least > most ?? .max { return "no count satisfies all parts of the condition" }
        if let stages, max(least, 1) > stages {
            return "\(least) rules are asked for, and the correlation refers to \(stages)"
        }
        guard condition.decided <= Limits.correlationCountMax else {
            return "more than \(Limits.correlationCountMax) events cannot be asked for"
        }
        let first = max(least, 1)
        // Only `neq` can take out what is left.
        if let last = most ?? stages, last - first < condition.bounds.count,
            !(first...max(first, last)).contains(where: { condition.holds(Int128($0)) })
        {
            return "no count satisfies all parts of the condition"
        }
        return nil
    }

    /// Why a condition on a number can never hold.
    private static func problem(
        _ condition: CorrelationCondition, _ kind: Correlation.Kind
    ) -> String? {
        var candidates = condition.bounds.flatMap { [$0.value - 1, $0.value, $0.value + 1] }
        guard candidates.contains(where: { condition.holds($0) }) else {
            return "no number satisfies all parts of the condition"
        }
        if kind == .valuePercentile(nil) {
            let all = 100 * CorrelationNumber.one
            candidates = (candidates + [1, all]).filter { $0 > 0 && $0 <= all }
            if !candidates.contains(where: { condition.holds($0) }) {
                return "without `percentile: 50` or the like, the condition is a share in percent"
            }
        }
        return nil
    }

    // MARK: - The rest

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
