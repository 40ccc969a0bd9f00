import HisuiBytes
import HisuiEvent

/// The correlator by itself, for measurements: events that satisfy a rule are given to it without
/// the event.
package struct CorrelationMeasure {
    private var correlator: Correlator
    private let feeds: [String: Rule.Feed]
    private let entities: Int

    /// - Parameter groups: as many groups and entries are remembered; otherwise as in the daemon.
    package init(_ rules: RuleSet, groups: Int) {
        var bounds = Correlator.Bounds.live
        bounds.groupsMax = max(bounds.groupsMax, groups)
        bounds.entriesMax = max(bounds.entriesMax, 2 * groups)
        correlator = Correlator(rules.rules, entities: rules.entities.map(\.name), bounds: bounds)
        correlator.places = ["z/default"]
        var feeds: [String: Rule.Feed] = [:]
        for rule in rules.rules { feeds[rule.id] = rule.feeds.first }
        self.feeds = feeds
        entities = rules.entities.count
    }

    /// Adds an event that satisfies `rule`, received when it happened.
    ///
    /// - Parameters:
    ///   - group: the values of the group's fields, `value` those of the correlation's.
    ///   - user: what the event says of the first entity.
    package mutating func add(
        _ rule: String, index: UInt64, time: Int64, group: [[UInt8]], value: [[UInt8]],
        user: [UInt8]
    ) {
        guard let feed = feeds[rule] else { return }
        correlator.advance(to: time)
        var values = [ArraySlice<UInt8>?](repeating: nil, count: entities)
        if entities > 0 { values[0] = user[...] }
        var evidence: [UInt8] = []
        Evidence.encode(values, into: &evidence)
        correlator.add(
            feed, time: time, key: GroupKey.encode(group.map { $0[...] }).span,
            value: GroupKey.encode(value.map { $0[...] }).span,
            EventNumber(place: 0, index: index), entities: evidence.span)
    }

    /// Findings since the last call.
    package mutating func take() -> [Finding] {
        var findings: [Finding] = []
        correlator.takeFound(into: &findings)
        return findings
    }

    package mutating func finish() { correlator.finish() }

    package var groups: Int { correlator.groupCount }
    package var counts: DetectionCounts { correlator.counts }
}
