import HisuiBytes
import HisuiDetect
import HisuiEvent
import HisuiFile
import HisuiStore

/// Findings as acts, and which of them are among the acts already.
enum FindingActs {
    /// What tells a finding from every other act: its id and state.
    struct Key: Hashable {
        var id: String
        var state: String

        init(_ finding: Finding) {
            id = finding.id
            state = finding.state.rawValue
        }

        init?(_ act: Act) {
            guard let id = act.text("finding.id"), let state = act.text("finding.state") else {
                return nil
            }
            self.id = id
            self.state = state
        }
    }

    static func act(of finding: Finding, zone: String, actor: Actor, time: Timestamp) -> Act {
        var fields: [Act.Field] = [
            ("finding.id", .text(finding.id)), ("finding.state", .text(finding.state.rawValue)),
            ("rule.id", .text(finding.ruleID)), ("rule.title", .text(finding.ruleTitle)),
        ]
        if let title = finding.ruleTitleJapanese { fields.append(("rule.title_ja", .text(title))) }
        if let level = finding.ruleLevel { fields.append(("rule.level", .text(level))) }
        if let outside = finding.outside {
            fields.append(("detector.name", .text(outside.detector)))
            fields.append(("detector.alert", .text(outside.alert)))
        }
        // However long the values, the act is a record of bounded length.
        var room = Limits.findingTextBytesMax
        for entity in finding.entities {
            var values: [String] = []
            for value in entity.values where value.count <= room {
                room -= value.count
                values.append(String(decoding: value, as: UTF8.self))
            }
            fields.append(("entity." + entity.name, .list(values)))
        }
        fields.append(("events", .list(finding.events.map(\.text))))
        fields.append(("events.count", .integer(Int64(finding.eventCount))))
        fields.append(("events.first", .text(finding.firstTime.utcText)))
        fields.append(("events.last", .text(finding.lastTime.utcText)))
        return Act(.finding, time: time, zone: zone, actor: actor, fields: fields)
    }

    /// Ids of the findings of a zone that outside detectors made, the first told first.
    static func outside(
        _ fileSystem: any FileSystem, store: String, zone: String
    ) throws(StoreError) -> [String] {
        try ActReader(fileSystem: fileSystem, store: store).acts(kinds: [.finding]).acts
            .map(\.act)
            .filter { $0.zone == zone && $0.text("detector.alert").map { !$0.isEmpty } ?? false }
            .compactMap { $0.text("finding.id") }
    }

    /// The findings of a zone among the acts from `index` on.
    static func known(
        _ fileSystem: any FileSystem, store: String, zone: String, from index: UInt64
    ) throws(StoreError) -> (keys: Set<Key>, problems: [StoreError]) {
        let list = try ActReader(fileSystem: fileSystem, store: store)
            .acts(from: index, kinds: [.finding])
        var keys: Set<Key> = []
        for stored in list.acts where stored.act.zone == zone {
            if let key = Key(stored.act) { keys.insert(key) }
        }
        return (keys, list.problems)
    }
}
