import HisuiEvent
import HisuiStore

/// A finding as its newest act tells it.
struct Alert {
    var id: String
    /// The newest act: of state `final` once there is one.
    var stored: StoredAct
    /// When it was first told.
    var first: Timestamp

    var act: Act { stored.act }
    var isFinal: Bool { act.text("finding.state") == "final" }
    var level: String { act.text("rule.level") ?? "" }
    var count: UInt64 { UInt64(max(0, act.integer("events.count") ?? 0)) }
    /// When the last of its events happened; when it was told, where that is not known.
    var time: Timestamp {
        act.text("events.last").flatMap { Timestamp(rfc3339: $0) } ?? act.time
    }

    /// The rule's title in the operator's language, or its id.
    var title: String {
        let titles =
            Language.current == .japanese ? ["rule.title_ja", "rule.title"] : ["rule.title"]
        return titles.compactMap { act.text($0) }.first { !$0.isEmpty } ?? act.text("rule.id")
            ?? "?"
    }

    /// Whom it is about: `user.name: root`.
    var entities: [(name: String, values: [String])] {
        act.fields.compactMap { field in
            guard field.name.hasPrefix("entity.") else { return nil }
            return (String(field.name.dropFirst(7)), act.list(field.name) ?? [])
        }
    }

    /// The findings of a store, the one told last first.
    ///
    /// Acts that cannot be read, and files that are damaged, are told on standard error.
    static func all(store: String) throws(Failure) -> [Alert] {
        let list: ActList
        do throws(StoreError) {
            list = try ActReader(store: store).acts(kinds: [.finding])
        } catch {
            throw Failure(.refused, "\(error)")
        }
        for problem in list.problems { StandardError.write("hisui: \(problem)\n") }
        if let failure = list.failures.first {
            StandardError.write(
                say(
                    "hisui: \(list.failures.count) act(s) cannot be read; the first is act "
                        + "\(failure.index): \(failure.what)\n",
                    "hisui: 読めない操作記録が \(list.failures.count) 件あります（最初は "
                        + "\(failure.index) 番: \(failure.what)）\n"))
        }
        var places: [String: Int] = [:]
        var alerts: [Alert] = []
        for stored in list.acts {
            guard let id = stored.act.text("finding.id") else { continue }
            guard let place = places[id] else {
                places[id] = alerts.count
                alerts.append(Alert(id: id, stored: stored, first: stored.act.time))
                continue
            }
            // A final state stands, whatever is told again.
            if !alerts[place].isFinal || stored.act.text("finding.state") == "final" {
                alerts[place].stored = stored
            }
        }
        return alerts.sorted { $0.stored.index > $1.stored.index }
    }
}
