import HisuiBytes
import HisuiEvent

/// What a rule in force came to, in words for a person: what it asks, and of which events.
public struct RuleDescription: Sendable {
    public var id: String
    public var title: String
    /// The title for a person who reads Japanese, where the rule has one.
    public var titleJapanese: String?
    public var level: String?
    /// File and line.
    public var place: String
    /// What its `logsource` says, as `product/category/service`; empty for a correlation.
    public var logSource: String
    /// Conditions by which an event is of that log source; none: every event is.
    public var route: [String]
    /// What it asks, or counts.
    public var asks: String
    /// Text of which one must be in an event for the rule to be asked of it, by field; nil where
    /// it is asked of every event of its log source, and for correlations.
    public var woken: [String]?
    /// Rules that it refers to, by the names it uses.
    public var refersTo: [String]
    /// Whether its own matches are findings.
    public var isFinding: Bool
}

extension RuleSet {
    /// All rules in force, ascending by id.
    ///
    /// - Complexity: O(size of all rules).
    public var descriptions: [RuleDescription] { rules.map(describe) }

    private func describe(_ rule: Rule) -> RuleDescription {
        var description = RuleDescription(
            id: rule.id, title: rule.title, titleJapanese: rule.titleJapanese, level: rule.level,
            place: rule.place, logSource: "", route: [], asks: "", refersTo: [],
            isFinding: rule.isFinding)
        switch rule.body {
        case .event(let event):
            let writer = RuleWriter(names: fieldNames, tests: tests)
            description.logSource = LogSources.keys.compactMap { event.source[$0] }
                .joined(separator: "/")
            description.route = event.route.map { writer.text($0) }
            if let form = event.form { description.route.append("input is \(form.rawValue)") }
            description.asks = writer.text(event.expression)
            let group = RuleGroup([(0, event.expression)], tests: tests)
            description.woken = group.always.isEmpty ? writer.triggers(group.waking) : nil
        case .correlation(let correlation):
            description.asks = correlation.text
            description.refersTo = correlation.references
        }
        return description
    }
}

extension Correlation {
    /// What is counted, over which time and by what.
    fileprivate var text: String {
        let measure =
            switch kind {
            case .eventCount: "event_count"
            case .valueCount: "value_count"
            case .valueSum: "value_sum"
            case .valueAverage: "value_avg"
            case .valuePercentile: "value_percentile"
            case .temporal: "temporal"
            case .temporalOrdered: "temporal_ordered"
            }
        let of = fields.isEmpty ? "" : " of " + fields.joined(separator: ", ")
        let bounds = condition.bounds.map {
            "\($0.relation.rawValue) \(isNumeric ? $0.value / 1_000_000_000 : $0.value)"
        }
        let by = groupBy.isEmpty ? "" : " by " + groupBy.joined(separator: ", ")
        return "\(measure)\(of) \(bounds.joined(separator: " and ")) "
            + "within \(timespanNanoseconds / 1_000_000_000)s\(by)"
    }
}

/// Writes what rules ask, as they were normalised.
private struct RuleWriter {
    let names: [[String]]
    let tests: [FieldTest]

    /// Values of one list that are written; how many more there are is said.
    private static let valuesMax = 12

    func text(_ expression: Expression) -> String { text(expression, inside: false) }

    private func text(_ expression: Expression, inside: Bool) -> String {
        switch expression {
        case .constant(let value): return value ? "always" : "never"
        case .test(let number): return text(tests[number])
        case .not(let part): return "not " + text(part, inside: true)
        case .all(let parts): return joined(parts, " and ", inside)
        case .any(let parts): return joined(parts, " or ", inside)
        case .atLeast(let least, let parts): return "\(least) of " + joined(parts, ", ", true)
        }
    }

    private func joined(_ parts: [Expression], _ word: String, _ inside: Bool) -> String {
        var texts = parts.prefix(Self.valuesMax).map { text($0, inside: true) }
        if parts.count > Self.valuesMax { texts.append("\(parts.count - Self.valuesMax) more") }
        let joined = texts.joined(separator: word)
        return inside && parts.count > 1 ? "(" + joined + ")" : joined
    }

    func text(_ test: FieldTest) -> String {
        let field = test.field.map { names[$0][0] } ?? "anywhere"
        switch test.question {
        case .pattern(let pattern):
            return "\(field) \(pattern.isCased ? "is exactly" : "is") \(pattern.text)"
        case .oneOf(let set, let isCased):
            return "\(field) \(isCased ? "is exactly" : "is") one of \(list(set))"
        case .onlyOneOf(let set):
            return set.isEmpty
                ? "\(field) has no value" : "\(field) has no value or one of \(list(set))"
        case .expression: return "\(field) fits an expression"
        case .network(let network): return "\(field) is in \(network)"
        case .compare(let comparison, let limit): return "\(field) \(comparison.text) \(limit)"
        case .time(let part, let comparison, let limit):
            return "\(part.rawValue) of \(field) \(comparison.text) \(limit)"
        case .exists: return "\(field) exists"
        case .absent: return "\(field) does not exist"
        case .missing: return "\(field) is null or does not exist"
        case .related(let relation, let other, _):
            return "\(field) \(relation) \(names[other][0])"
        }
    }

    private func list(_ set: Set<[UInt8]>) -> String {
        var texts = set.map { String(decoding: $0, as: UTF8.self) }.sorted()
            .prefix(Self.valuesMax).map { "'\($0)'" }
        if set.count > Self.valuesMax { texts.append("\(set.count - Self.valuesMax) more") }
        return texts.joined(separator: ", ")
    }

    /// What triggers tests, by field.
    func triggers(_ tests: [FieldTest]) -> [String] {
        var texts: Set<String> = []
        for test in tests {
            let field = test.field.map { names[$0][0] } ?? "anywhere"
            for trigger in Trigger.of(test.question) ?? [] {
                let text = String(decoding: trigger.text, as: UTF8.self)
                texts.insert("\(field): \(text)")
            }
        }
        return texts.sorted()
    }
}

extension FieldTest.Comparison {
    fileprivate var text: String {
        switch self {
        case .equal: "="
        case .less: "<"
        case .lessOrEqual: "<="
        case .greater: ">"
        case .greaterOrEqual: ">="
        }
    }
}

extension TextPattern {
    /// The pattern as a rule would write it, in quotes.
    fileprivate var text: String {
        var text = ""
        for token in tokens {
            switch token {
            case .literal(let bytes):
                for character in String(decoding: bytes, as: UTF8.self) {
                    if "*?\\".contains(character) { text.append("\\") }
                    text.append(character)
                }
            case .one: text.append("?")
            case .any: text.append("*")
            case .dash: text.append("-")
            }
        }
        return "'\(text)'"
    }
}
