/// What an act says to a person, in one line.
extension Act {
    /// Characters of a text that comes from outside, in a message.
    private static let quotedMax = 120

    /// In English, made from the act's fields; stored with it as `message`, which LogsQL shows as
    /// `_msg`. May hold anything that a field holds: to be escaped like one.
    public var message: String {
        let who = actor.sudoUser ?? actor.user ?? actor.uid.map { "uid \($0)" } ?? "hisui"
        let place = zone.map { " of zone \($0)" } ?? ""
        switch kind {
        case .start: return "daemon\(place) started"
        case .stop: return "daemon\(place) stopped"
        case .reload: return "daemon\(place) read its configuration again"
        case .import:
            let target = zone.map { " into zone \($0)" } ?? ""
            return "\(who) imported \(number("records")) records\(target)"
        case .file:
            let path = Self.short(text("file.path") ?? "a file")
            return "\(path)\(place) \(text("file.outcome") ?? "seen"): \(number("rows")) rows"
        case .finding:
            let title = Self.short(text("rule.title") ?? text("rule.id") ?? "")
            let level = text("rule.level").map { "\($0): " } ?? ""
            return "\(level)\(title)\(entities)\(place), \(number("events.count")) events"
        case .search:
            let what = Self.short(text("query") ?? "")
            return "\(who) searched \(what): \(number("rows")) rows"
        case .evidence: return "\(who) made an evidence bundle"
        case .deletion:
            return "\(number("records")) records of \(text("stream") ?? "a stream")\(place) deleted"
        case .retention: return "retention\(place) looked at by \(who)"
        case .key: return "key\(place): \(Self.short(text("key.event") ?? "changed"))"
        case .segment:
            let stream = (text("stream") ?? "a stream") + place
            guard let replaced = list("replaces") else { return "segment of \(stream) sealed" }
            return "\(replaced.count) segments of \(stream) merged into one"
        case .integrity: return "integrity\(place): \(Self.short(text("result") ?? "checked"))"
        case .setup: return "\(who) made a configuration"
        case .spill:
            let dropped = integer("dropped") ?? 0
            return "the store\(place) took nothing: \(integer("records") ?? 0) records waited "
                + "beside it" + (dropped > 0 ? ", \(dropped) of them were dropped" : "")
        case .silence, .clock, .coverage: return watchMessage
        }
    }

    /// What was noticed of a source or of the clock.
    private var watchMessage: String {
        let source = Self.short(text("source") ?? "the machine")
        let ended = text("state") == "ended"
        switch kind {
        case .silence where ended: return "\(source) speaks again after \(seconds("silent.ms"))"
        case .silence:
            let cause = text("cause").map { ": " + Self.short($0) } ?? ""
            return "\(source) is silent for \(seconds("silent.ms"))\(cause)"
        case .clock where text("event") == "step":
            return "the clock was put by \(seconds("step.ms"))"
        case .clock where ended: return "the clock of \(source) agrees again"
        case .clock: return "the clock of \(source) differs by \(seconds("offset.ms"))"
        default:
            let share = integer("coverage.permyriad").map { "\($0 / 100) %" } ?? "less"
            let usual = integer("coverage.usual.permyriad").map { "\($0 / 100) %" } ?? "more"
            return "parser rules know \(share) of \(source), usually \(usual)"
        }
    }

    private func seconds(_ name: String) -> String {
        integer(name).map { "\($0 / 1000) s" } ?? "some time"
    }

    /// ` (user.name: root; source.ip: 192.0.2.1)`, of a finding.
    private var entities: String {
        let prefix = "entity."
        let parts = fields.compactMap { field -> String? in
            guard field.name.hasPrefix(prefix), let values = list(field.name) else { return nil }
            let more = values.count > 3 ? ", …" : ""
            let shown = values.prefix(3).map(Self.short).joined(separator: ", ")
            return "\(field.name.dropFirst(prefix.count)): \(shown)\(more)"
        }
        return parts.isEmpty ? "" : " (\(parts.prefix(4).joined(separator: "; ")))"
    }

    private func number(_ name: String) -> String { integer(name).map(String.init) ?? "some" }

    private static func short(_ text: String) -> String {
        text.count > quotedMax ? text.prefix(quotedMax) + "…" : text
    }
}
