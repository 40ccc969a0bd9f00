import ArgumentParser
import HisuiBytes
import HisuiEvent
import HisuiStore

/// `hisui sources show`: everything that is known of one source.
struct SourcesShowCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "show",
            abstract: say(
                "Show everything that is known of a source.", "収集元 1 件について分かることをすべて表示します。"),
            discussion: say(
                "ID may be shortened to any part of it that only one source has. Of a listener its "
                    + "connections are shown, and whom it turned away.",
                "ID は、1 つの収集元だけに当てはまる一部でも指定できます。待受の ID では、接続数と拒否した相手を"
                    + "表示します。"))
    }

    @OptionGroup var common: CommonOptions
    @OptionGroup var store: StoreOptions

    @Option(help: ArgumentHelp(say("table or jsonl.", "table または jsonl。"), valueName: "format"))
    var format: TableFormat?

    @Argument(help: ArgumentHelp(say("The source.", "収集元。"), valueName: "id"))
    var id: String

    func run() throws {
        let snapshot = try store.snapshot()
        let refused = RefusedPeers(store: store.store, zones: store.zones)
        let states = SourceList.states(of: snapshot)
        if !states.contains(where: { $0.1.source.id == id }), let listener = refused.listener(id) {
            return try show(listener)
        }
        let found = try chosen(states)
        let watched = WatchedSources(snapshot, store: store.store)
        let zone = try TimeZoneOption.resolve(nil)
        let output = StandardOutput.shared
        for (number, (stream, state)) in found.enumerated() {
            do throws(StoreError) {
                let page = SourcePage(
                    stream: stream, state: state, known: watched[stream, state],
                    survey: try SourceSurvey.newest(
                        of: state.source, stream, in: snapshot, about: SourcePage.surveyed),
                    gaps: (snapshot.gaps[stream] ?? []).filter { $0.source == state.source.id },
                    noticed: try noticed(state, stream.zone),
                    refused: refused.of(state.source.id, zone: stream.zone), now: .now())
                if !isTable {
                    output.write(page.json(watched).line)
                } else {
                    output.write((number > 0 ? "\n" : "") + page.text(zone))
                }
            } catch {
                throw Failure(.refused, "\(error)")
            }
        }
    }

    private var isTable: Bool {
        (format ?? (StandardOutput.shared.isTerminal ? .table : .jsonl)) == .table
    }

    /// A listener of which nothing is stored under its own id.
    private func show(_ listener: RefusedPeers) throws {
        let output = StandardOutput.shared
        if isTable {
            output.write(listener.page(try TimeZoneOption.resolve(nil), now: .now()))
        } else {
            for object in listener.objects { output.write(object.line) }
        }
    }

    /// Silences and the like of the source, or of the configured one it belongs to, oldest first.
    private func noticed(_ state: SourceState, _ zone: String) throws(StoreError) -> [Act] {
        let list = try ActReader(store: store.store).acts(kinds: [.silence, .clock, .coverage])
        return list.acts.map(\.act).filter { act in
            guard act.zone == zone, let key = act.text("source") else { return false }
            return key == state.source.id || state.source.id.hasPrefix(key + ":")
        }
    }

    /// The source of that id in each stream where it has been, or the only one with such a part.
    private func chosen(
        _ states: [(Snapshot.Stream, SourceState)]
    ) throws -> [(Snapshot.Stream, SourceState)] {
        let exact = states.filter { $0.1.source.id == id }
        if !exact.isEmpty { return exact }
        let similar = states.filter { $0.1.source.id.contains(id) }
        let names = Set(similar.map(\.1.source.id)).sorted()
        if names.count == 1 { return similar }
        let shown = names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", …" : "")
        throw Failure(
            .refused,
            names.isEmpty
                ? say("no source is called '\(id)'", "収集元 '\(id)' はありません")
                : say(
                    "'\(id)' fits \(names.count) sources: \(shown)",
                    "'\(id)' に当てはまる収集元が \(names.count) 件あります: \(shown)"))
    }
}
