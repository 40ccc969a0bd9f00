import HisuiBytes
public import HisuiEvent

/// What a rule found, and in which events.
public struct Finding: Hashable, Sendable {
    /// Whether more events may still join.
    public enum State: String, Hashable, Sendable {
        /// The condition holds and the finding may grow; a final one of the same id follows.
        case open
        case final
    }

    /// 32 hexadecimal digits: the same for the same rule, group and first event (of a sequence:
    /// and last event), whenever and in however many pieces the events were looked at.
    public var id: String
    public var state: State
    /// Whether it ends one that was told as open.
    public var followsOpen: Bool
    public var ruleID: String
    public var ruleTitle: String
    /// The title for a person who reads Japanese, where the rule has one.
    public var ruleTitleJapanese: String?
    public var ruleLevel: String?
    /// Where somebody else's detector found it, what it says; title and level are then its own.
    public var outside: Outside?
    /// By name, each with its values in order and once: of all events together.
    public var entities: [Entity]
    /// The events as they were given, ascending. A live detector keeps at most
    /// `Limits.findingEventsMax`, the first ones.
    public var events: [EventReference]
    /// How many events there are, also where `events` is cut.
    public var eventCount: Int
    /// Times of the first and of the last event; `.none` for events without any time.
    public var firstTime: Timestamp
    public var lastTime: Timestamp

    /// An alert of somebody else's detector, in words that can be shown as they are.
    public struct Outside: Hashable, Sendable {
        /// Who found it.
        public var detector: String
        /// The detector's number of the alert; empty where it has none.
        public var alert: String
        public var title: String
    }

    public struct Entity: Hashable, Sendable {
        public var name: String
        public var values: [[UInt8]]
    }

    /// Appends one JSON object and a line feed: `rule.id`, `rule.title`, `rule.level` (null where
    /// the rule has none), `entities` (a text, or a list where the events name several), `events`:
    /// numbers of lines, or `"zone/stream/index"`.
    ///
    /// Where events are of a store, `events.count` and `finding.id` follow, and where somebody else
    /// found it, `detector.name` and `detector.alert`.
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
            if event.place.isEmpty {
                out.appendDecimal(event.index)
            } else {
                JSONText.appendString(event.text, to: &out)
            }
        }
        out.append(0x5D)
        if let event = events.first, !event.place.isEmpty {
            out.append(utf8: ",\"events.count\":")
            out.appendDecimal(eventCount)
            out.append(utf8: ",\"finding.id\":")
            JSONText.appendString(id, to: &out)
        }
        if let outside {
            out.append(utf8: ",\"detector.name\":")
            JSONText.appendString(outside.detector, to: &out)
            out.append(utf8: ",\"detector.alert\":")
            JSONText.appendString(outside.alert, to: &out)
        }
        out.append(utf8: "}\n")
    }
}

/// An event as whoever gave it names it: a line of files, or a row of a store.
public struct EventReference: Hashable, Comparable, Sendable {
    /// `zone/stream`; empty for lines of files.
    public var place: String
    /// The number of the line, or the leaf's index.
    public var index: UInt64

    public init(place: String, index: UInt64) {
        self.place = place
        self.index = index
    }

    /// `zone/stream/index`, or the number alone.
    public var text: String { place.isEmpty ? "\(index)" : "\(place)/\(index)" }

    public static func < (a: EventReference, b: EventReference) -> Bool {
        a.place == b.place ? a.index < b.index : a.place < b.place
    }
}

/// An event by the number of its place among those of a detector.
struct EventNumber: Hashable {
    var place: UInt32
    var index: UInt64
}

/// An event as a finding remembers it.
struct Evidence {
    var event: EventNumber
    /// Values of the rule set's entities, by their order; nil where the event has none.
    var entities: [[UInt8]?]
}

extension Finding {
    /// - Parameters:
    ///   - names: the names of the run's entities.
    ///   - places: where events are from, by number.
    init(_ rule: Rule, _ run: Run, _ state: State, entities names: [String], places: [String]) {
        id = run.id
        self.state = state
        followsOpen = state == .final && run.isGrowing
        ruleID = rule.id
        ruleTitle = rule.title
        ruleTitleJapanese = rule.titleJapanese
        ruleLevel = rule.level
        events = run.events.map {
            EventReference(place: places[Int($0.place)], index: $0.index)
        }
        events.sort()
        eventCount = run.count
        firstTime = Timestamp(nanoseconds: run.firstTime)
        lastTime = Timestamp(nanoseconds: run.lastTime)
        entities = names.indices.compactMap { place in
            let values = run.entities[place]
            guard !values.isEmpty else { return nil }
            return Entity(
                name: names[place], values: values.sorted { $0.lexicographicallyPrecedes($1) })
        }
    }

    /// The id of what `rule` found in `group`, in the events from the first to the last of
    /// `events`.
    static func id(rule: String, group: [[UInt8]], events: [EventReference]) -> String {
        var key: [UInt8] = []
        key.appendCounted(rule.utf8)
        key.appendVarint(UInt64(group.count))
        for value in group { key.appendCounted(value) }
        for event in events { key.appendCounted(event.text.utf8) }
        let digest = SHA256.of(key.span)
        var text: [UInt8] = []
        HexText.append(digest.span, 0..<16, to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}
