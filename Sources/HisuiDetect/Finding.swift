import HisuiBytes

/// What a rule found, and in which events.
public struct Finding: Hashable, Sendable {
    public var ruleID: String
    public var ruleTitle: String
    public var ruleLevel: String?
    /// By name, each with its values in order and once: of all events together.
    public var entities: [Entity]
    /// Numbers of the events, as they were given with them, ascending.
    public var events: [UInt64]

    public struct Entity: Hashable, Sendable {
        public var name: String
        public var values: [[UInt8]]
    }

    /// Appends one JSON object and a line feed: `rule.id`, `rule.title`, `rule.level` (null where
    /// the rule has none), `entities` (a text, or a list where the events name several), `events`.
    public func append(to out: inout [UInt8]) {
        out.append(utf8: "{\"rule.id\":")
        JSONText.appendString(ruleID, to: &out)
        out.append(utf8: ",\"rule.title\":")
        JSONText.appendString(ruleTitle, to: &out)
        out.append(utf8: ",\"rule.level\":")
        if let ruleLevel {
            JSONText.appendString(ruleLevel, to: &out)
        } else {
            out.append(utf8: "null")
        }
        out.append(utf8: ",\"entities\":{")
        for (number, entity) in entities.enumerated() {
            if number > 0 { out.append(0x2C) }
            JSONText.appendString(entity.name, to: &out)
            out.append(0x3A)
            if entity.values.count > 1 { out.append(0x5B) }
            for (place, value) in entity.values.enumerated() {
                if place > 0 { out.append(0x2C) }
                JSONText.appendString(value.span, 0..<value.count, to: &out)
            }
            if entity.values.count > 1 { out.append(0x5D) }
        }
        out.append(utf8: "},\"events\":[")
        for (number, event) in events.enumerated() {
            if number > 0 { out.append(0x2C) }
            out.append(utf8: String(event))
        }
        out.append(utf8: "]}\n")
    }
}

/// An event as a finding remembers it.
struct Evidence: Hashable {
    var number: UInt64
    /// Values of the rule set's entities, by their order; nil where the event has none.
    var entities: [[UInt8]?]
}

extension Finding {
    /// - Parameter entities: the names of the evidence's entities.
    init(_ rule: Rule, _ evidence: [Evidence], entities names: [String]) {
        ruleID = rule.id
        ruleTitle = rule.title
        ruleLevel = rule.level
        events = Set(evidence.map(\.number)).sorted()
        entities = names.indices.compactMap { place in
            let values = Set(evidence.compactMap { $0.entities[place] }).filter { !$0.isEmpty }
            guard !values.isEmpty else { return nil }
            return Entity(
                name: names[place], values: values.sorted { $0.lexicographicallyPrecedes($1) })
        }
    }
}
