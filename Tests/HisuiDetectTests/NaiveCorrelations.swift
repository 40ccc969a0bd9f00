import HisuiBytes

/// Correlations by their definition in docs/detection.md: slow, whole windows at once, and without
/// anything of the engine.
struct NaiveRule {
    var id: String
    var type: String
    var rules: [String]
    var groupBy: [String] = []
    var seconds: Int
    var fields: [String] = []
    /// Relation and number, in tenths where it is not a count.
    var bounds: [(String, Int)] = []
    var percentile: Int?
    /// Name → rule → field.
    var aliases: [String: [String: String]] = [:]

    /// As it stands in a rule file.
    var text: String {
        var parts = ["type: \(type)", "rules: [\(rules.joined(separator: ", "))]"]
        parts.append("timespan: \(seconds)s")
        if !groupBy.isEmpty { parts.append("group-by: [\(groupBy.joined(separator: ", "))]") }
        if !aliases.isEmpty {
            let all = aliases.map { name, fields in
                let inner = fields.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
                return "\(name): { \(inner) }"
            }
            parts.append("aliases: { \(all.joined(separator: ", ")) }")
        }
        var condition = bounds.map { relation, number in
            isCount ? "\(relation): \(number)" : "\(relation): \(Double(number) / 10)"
        }
        if !fields.isEmpty { condition.append("field: [\(fields.joined(separator: ", "))]") }
        if let percentile { condition.append("percentile: \(percentile)") }
        if !condition.isEmpty {
            parts.append("condition: { \(condition.joined(separator: ", ")) }")
        }
        let body = parts.joined(separator: ", ")
        return "title: C\nid: \(id)\ncorrelation: { \(body), generate: true }"
    }

    var isCount: Bool {
        ["event_count", "value_count", "temporal", "temporal_ordered"].contains(type)
    }
    var isSequence: Bool { type.hasPrefix("temporal") }
    var isLower: Bool { bounds.allSatisfy { $0.0 == "gt" || $0.0 == "gte" } }
    var isClosing: Bool { type == "value_avg" || type == "value_percentile" || !isLower }
    /// How many rules a sequence asks for.
    var wanted: Int {
        bounds.map { $0.0 == "gt" ? $0.1 + 1 : $0.1 }.max() ?? rules.count
    }

    /// Whether `numerator / denominator` satisfies the condition.
    func holds(_ numerator: Int, over denominator: Int = 1) -> Bool {
        bounds.allSatisfy { relation, number in
            let other = number * denominator
            switch relation {
            case "gt": return numerator > other
            case "gte": return numerator >= other
            case "lt": return numerator < other
            case "lte": return numerator <= other
            case "eq": return numerator == other
            default: return numerator != other
            }
        }
    }
}

/// An event of a test: which rules on single events it satisfies is said by `kind`.
struct NaiveOccurrence {
    var index: UInt64
    var second: Int
    var kind: String
    var fields: [String: String]

    var json: String {
        var members = [#""kind":"\#(kind)""#, #""t":\#(1_700_000_000 + second)"#]
        members += fields.sorted { $0.key < $1.key }.map { #""\#($0.key)":"\#($0.value)""# }
        return "{" + members.joined(separator: ",") + "}"
    }
}

/// What a correlation found, as a finding says it.
struct NaiveFinding: Hashable, CustomStringConvertible {
    var rule: String
    var id: String
    var events: [UInt64]
    var users: [String]

    var description: String { "\(rule) \(id) \(events) \(users)" }
}

/// Something that joins a window.
private struct Item {
    /// What orders items: second, 0 for events and 1 for the ends of windows, and then the event;
    /// or level, rule and group of a window.
    var order: [String]
    var second: Int
    var stage = 0
    /// Equal for what counts once: an event, or something another correlation found.
    var identity: String
    var fields: [String: String]
    /// The events behind it, in order.
    var events: [NaiveOccurrence]
    var first: UInt64
    var last: UInt64
    var level = 0
}

enum NaiveCorrelations {
    /// - Parameters:
    ///   - bases: the rules on single events.
    ///   - rules: correlations, each behind those that it refers to.
    static func findings(
        bases: [String: @Sendable (NaiveOccurrence) -> Bool], rules: [NaiveRule],
        events: [NaiveOccurrence]
    ) -> [NaiveFinding] {
        let ordered = events.sorted { ($0.second, $0.index) < ($1.second, $1.index) }
        var naive = NaiveWork(bases: bases, rules: rules, events: ordered)
        for rule in rules { naive.evaluate(rule) }
        return naive.findings
    }
}

private struct NaiveWork {
    let bases: [String: @Sendable (NaiveOccurrence) -> Bool]
    let rules: [NaiveRule]
    let events: [NaiveOccurrence]
    var outputs: [String: [Item]] = [:]
    var levels: [String: Int] = [:]
    var findings: [NaiveFinding] = []

    static func order(_ second: Int) -> String { String(second + 1_000_000) }

    init(
        bases: [String: @Sendable (NaiveOccurrence) -> Bool], rules: [NaiveRule],
        events: [NaiveOccurrence]
    ) {
        self.bases = bases
        self.rules = rules
        self.events = events
        for (name, isMatch) in bases {
            outputs[name] = events.filter(isMatch).map { event in
                Item(
                    order: [Self.order(event.second), "0", String(event.index + 1_000_000)],
                    second: event.second, identity: "event \(event.index)", fields: event.fields,
                    events: [event], first: event.index, last: event.index)
            }
        }
    }

    /// Items of all rules a correlation refers to, by group, in order.
    func groups(_ rule: NaiveRule) -> [[String]: [Item]] {
        var groups: [[String]: [Item]] = [:]
        for (stage, name) in rule.rules.enumerated() {
            func value(_ field: String, _ item: Item) -> String? {
                item.fields[rule.aliases[field]?[name] ?? field]
            }
            for var item in outputs[name] ?? [] {
                let key = rule.groupBy.map { value($0, item) }
                let values = rule.fields.map { value($0, item) }
                if key.contains(nil) || values.contains(nil) { continue }
                let text = values.map { $0 ?? "" }.joined(separator: "|")
                if !rule.isCount, rule.type != "value_percentile" || rule.percentile != nil,
                    Self.tenths(text) == nil
                {
                    continue
                }
                item.stage = stage
                item.fields["value"] = text
                groups[key.map { $0 ?? "" }, default: []].append(item)
            }
        }
        // Of one event, the later of the rules first.
        return groups.mapValues {
            $0.sorted { a, b in
                a.order == b.order
                    ? a.stage > b.stage : a.order.lexicographicallyPrecedes(b.order)
            }
        }
    }

    static func tenths(_ text: String) -> Int? {
        Double(text).map { Int(($0 * 10).rounded()) }
    }

    mutating func evaluate(_ rule: NaiveRule) {
        levels[rule.id] = 1 + (rule.rules.map { levels[$0] ?? 0 }.max() ?? 0)
        for (key, items) in groups(rule) {
            if rule.isClosing {
                close(rule, key, items)
            } else if rule.isSequence {
                sequence(rule, key, items)
            } else {
                slide(rule, key, items)
            }
        }
    }

    /// The newest item of each identity.
    func newest(_ window: [Item], by identity: (Item) -> String) -> [Item] {
        window.enumerated().filter { place, item in
            !window[(place + 1)...].contains { identity($0) == identity(item) }
        }.map(\.element)
    }

    mutating func slide(_ rule: NaiveRule, _ key: [String], _ all: [Item]) {
        func identity(_ item: Item) -> String {
            rule.type == "value_count" ? item.fields["value"] ?? "" : item.identity
        }
        // An event that satisfies several of the rules is one.
        let items = all.enumerated().filter { place, item in
            !all[..<place].contains {
                $0.order == item.order && $0.identity == item.identity
                    && identity($0) == identity(item)
            }
        }.map(\.element)
        var run: (start: [Item], items: [Item])?
        var runs = 0
        func end() {
            if let run { tell(rule, key, run.items, named: run.start) }
        }
        for (place, item) in items.enumerated() {
            let recent = items[...place].filter { $0.second >= item.second - rule.seconds }
            if recent.count == 1 {
                end()
                run = nil
            }
            let window = newest(Array(recent), by: identity)
            let sum = window.reduce(0) { $0 + (Self.tenths($1.fields["value"] ?? "") ?? 0) }
            let isMet = rule.holds(rule.type == "value_sum" ? sum : window.count)
            guard isMet else {
                end()
                run = nil
                continue
            }
            if run == nil { runs += 1 }
            run = run.map { ($0.start, $0.items + [item]) } ?? (window, window)
            output(rule, key, run?.items ?? [], order: item.order, item.second, "run \(runs)")
        }
        end()
    }

    mutating func sequence(_ rule: NaiveRule, _ key: [String], _ items: [Item]) {
        var window: [Item] = []
        var found = 0
        for item in items {
            window.append(item)
            window = window.filter { $0.second >= item.second - rule.seconds }
            let isMet =
                rule.type == "temporal"
                ? Set(window.map(\.stage)).count >= rule.wanted
                : chain(window, endsAtLast: true) >= rule.wanted
            guard isMet else { continue }
            var events = window
            if rule.type == "temporal_ordered" {
                events = Array(events.drop { $0.stage > rule.rules.count - rule.wanted })
            }
            tell(rule, key, events, named: events)
            found += 1
            output(rule, key, events, order: item.order, item.second, "found \(found)")
            window = []
        }
    }

    /// The longest chain of items whose rules stand in order.
    func chain(_ window: [Item], endsAtLast: Bool) -> Int {
        var lengths: [Int] = []
        for (place, item) in window.enumerated() {
            let before = (0..<place).filter { window[$0].stage < item.stage }
            lengths.append(1 + (before.map { lengths[$0] }.max() ?? 0))
        }
        return (endsAtLast ? lengths.last : lengths.max()) ?? 0
    }

    mutating func close(_ rule: NaiveRule, _ key: [String], _ items: [Item]) {
        var rest = items[...]
        var number = 0
        while let first = rest.first {
            let end = first.second + rule.seconds
            let window = Array(rest.prefix { $0.second <= end })
            rest = rest.dropFirst(window.count)
            let found = met(rule, window)
            guard !found.isEmpty else { continue }
            number += 1
            tell(rule, key, found, named: [found[0]])
            let level = levels[rule.id] ?? 0
            output(
                rule, key, found,
                order: [Self.order(end), "1", "\(level)", rule.id] + key, end, "window \(number)")
        }
    }

    /// The items that a finding of a whole window has: none if the condition does not hold.
    func met(_ rule: NaiveRule, _ window: [Item]) -> [Item] {
        var once: [Item] = []
        for item in window where !once.contains(where: { $0.identity == item.identity }) {
            once.append(item)
        }
        let values = once.compactMap { Self.tenths($0.fields["value"] ?? "") }
        let isMet: Bool
        switch rule.type {
        case "event_count": isMet = rule.holds(once.count)
        case "value_count":
            isMet = rule.holds(Set(window.map { $0.fields["value"] ?? "" }).count)
        case "value_sum": isMet = rule.holds(values.reduce(0, +))
        case "value_avg": isMet = rule.holds(values.reduce(0, +), over: values.count)
        case "temporal": isMet = rule.holds(Set(window.map(\.stage)).count)
        case "temporal_ordered": isMet = rule.holds(chain(window, endsAtLast: false))
        default:
            if let percent = rule.percentile {
                let rank = (percent * values.count + 99) / 100
                isMet = rule.holds(values.sorted()[rank - 1])
            } else {
                return once.filter { item in
                    let same = once.count { $0.fields["value"] == item.fields["value"] }
                    return rule.holds(same * 1000, over: once.count)
                }
            }
        }
        return isMet ? window : []
    }

    // MARK: - What is found

    mutating func output(
        _ rule: NaiveRule, _ key: [String], _ items: [Item], order: [String], _ second: Int,
        _ name: String
    ) {
        let newest = items.enumerated().max {
            ($0.element.second, $0.offset) < ($1.element.second, $1.offset)
        }
        outputs[rule.id, default: []].append(
            Item(
                order: order, second: second, identity: "\(rule.id) \(key) \(name)",
                fields: Dictionary(uniqueKeysWithValues: zip(rule.groupBy, key)),
                events: items.flatMap(\.events), first: items[0].first,
                last: newest?.element.last ?? 0))
    }

    mutating func tell(
        _ rule: NaiveRule, _ key: [String], _ items: [Item], named: [Item]
    ) {
        let isOverOthers = rule.rules.contains { bases[$0] == nil }
        let newest = named.enumerated().max {
            ($0.element.second, $0.offset) < ($1.element.second, $1.offset)
        }
        var ends = [items[0].first]
        let isSlidingSum = rule.type == "value_sum" && !rule.isClosing
        if rule.isSequence && !rule.isClosing || isSlidingSum || isOverOthers {
            let of =
                rule.isClosing
                ? items.enumerated().max {
                    ($0.element.second, $0.offset) < ($1.element.second, $1.offset)
                } : newest
            ends.append(of?.element.last ?? 0)
        }
        var bytes: [UInt8] = []
        func add(_ text: String) {
            bytes.append(UInt8(text.utf8.count))
            bytes += Array(text.utf8)
        }
        add(rule.id)
        bytes.append(UInt8(key.count))
        for value in key { add(value) }
        for end in ends { add("\(end)") }
        let digits = SHA256.of(bytes.span).prefix(16).map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }
        let events = items.flatMap(\.events)
        findings.append(
            NaiveFinding(
                rule: rule.id, id: digits.joined(), events: Set(events.map(\.index)).sorted(),
                users: Set(events.compactMap { $0.fields["TargetUserName"] }).sorted()))
    }
}
