import ArgumentParser
import HisuiBytes
import HisuiEvent
import HisuiPolicy
import HisuiStore

/// `hisui sources`: from where records come, and whether all of them did.
struct SourcesCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "sources",
            abstract: say(
                "List sources: last record, counts, drops, gaps.",
                "収集元ごとの最終受信・件数・取りこぼし・欠落を表示します。"),
            discussion: say(
                "For each source: offered = stored + deduplicated + dropped, always.",
                "収集元ごとに「提供数 = 保管数 + 重複数 + 取りこぼし数」が常に成り立ちます。"))
    }

    @OptionGroup var common: CommonOptions
    @OptionGroup var store: StoreOptions

    @Option(
        help: ArgumentHelp(
            say(
                "The configuration: tells of expected sources that were never heard.",
                "設定ファイル。一度も受信していない想定収集元を表示します。"), valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp(say("table or jsonl.", "table または jsonl。"), valueName: "format"))
    var format: TableFormat?

    func run() throws {
        let snapshot = try store.snapshot()
        let output = StandardOutput.shared
        if (format ?? (output.isTerminal ? .table : .jsonl)) == .jsonl {
            let watched = WatchedSources(snapshot, store: store.store)
            for (stream, state) in SourceList.states(of: snapshot) {
                output.write(SourceList.json(stream, state, watched).line)
            }
        } else {
            output.write(SourceList.table(snapshot, store: store.store, now: Timestamp.now()))
            output.write(SourceList.gaps(snapshot, timeZone: try TimeZoneOption.resolve(nil)))
        }
        try tellNeverHeard(snapshot)
    }

    /// Expected sources of the inventory's assets of which nothing is stored.
    private func tellNeverHeard(_ snapshot: Snapshot) throws {
        guard let config else { return }
        let checked = try ConfigurationFile.load(config)
        for diagnostic in checked.diagnostics { StandardError.write("\(diagnostic)\n") }
        guard let configuration = checked.configuration else {
            throw Failure(
                .refused, say("the configuration is refused; see above", "設定に誤りがあります（上記参照）"))
        }
        let heard = SourceList.states(of: snapshot)
            .filter { $0.0.zone == configuration.zone && $0.1.account.stored > 0 }
            .map(\.1.source.id)
        for (asset, source) in configuration.neverHeard(heard) {
            StandardError.write(
                say(
                    "hisui: never heard: \(source), expected of \(asset.name)\n",
                    "hisui: 一度も受信していません: \(source)（\(asset.nameJapanese)）\n"))
        }
    }
}

/// The sources of a snapshot as rows.
enum SourceList {
    static func states(of snapshot: Snapshot) -> [(Snapshot.Stream, SourceState)] {
        snapshot.sourceStates
            .sorted { $0.key < $1.key }
            .flatMap { stream, states in
                states.sorted { $0.source.id < $1.source.id }.map { (stream, $0) }
            }
    }

    static func json(
        _ stream: Snapshot.Stream, _ state: SourceState, _ watched: WatchedSources
    ) -> JSONLine {
        var line = JSONLine()
        line.add("zone", stream.zone)
        line.add("stream", stream.stream)
        line.add("source", state.source.id)
        line.add("kind", "\(state.source.kind)")
        line.add("offered", state.account.offered)
        line.add("stored", state.account.stored)
        line.add("deduplicated", state.account.deduplicated)
        line.add("dropped", state.account.dropped)
        let reasons = DropReason.allCases.compactMap { reason in
            state.account[reason] > 0 ? (reason.name, state.account[reason]) : nil
        }
        line.add("dropped_by_reason", reasons)
        line.add("gaps", state.account.gaps)
        if state.lastReceived != .none {
            line.add(
                "last_received", state.lastReceived.text(offsetSeconds: 0, fractionDigits: 3))
        }
        watched[stream, state]?.add(to: &line)
        return line
    }

    static func table(_ snapshot: Snapshot, store: String, now: Timestamp) -> String {
        let watched = WatchedSources(snapshot, store: store)
        var table = Table(
            header: [
                say("ZONE", "領域"), say("SOURCE", "収集元"), say("LAST", "最終受信"),
                say("OFFERED", "提供"), say("STORED", "保管"), say("DUPLICATE", "重複"),
                say("DROPPED", "取りこぼし"), say("GAPS", "欠落"), say("USUAL", "通常間隔"),
                say("PARSED", "解析率"), say("CLOCK", "時計差"), say("STATE", "状態"),
            ], rightAligned: [2, 3, 4, 5, 6, 7, 8, 9, 10])
        for (stream, state) in states(of: snapshot) {
            let account = state.account
            let counts = [
                stream.zone, state.source.id, age(of: state.lastReceived, now: now),
                account.offered.grouped, account.stored.grouped, account.deduplicated.grouped,
                account.dropped.grouped, account.gaps.grouped,
            ]
            table.add(counts + WatchedSources.cells(watched[stream, state]))
        }
        return table.text
    }

    /// The gaps the store recorded, newest last.
    static func gaps(_ snapshot: Snapshot, timeZone: TimeZoneRules) -> String {
        var text = ""
        for (stream, gaps) in snapshot.gaps.sorted(by: { $0.key < $1.key }) {
            for gap in gaps {
                let count = gap.count.map(\.grouped) ?? say("an unknown number of", "件数不明の")
                text += gap.detected.text(timeZone) + "  "
                text += say(
                    "gap in \(stream.zone)/\(gap.source): \(count) records: \(gap.cause)",
                    "欠落 \(stream.zone)/\(gap.source): \(count) 件: \(gap.cause)")
                text += "\n"
            }
        }
        return text.isEmpty ? "" : "\n" + text
    }

    /// How long ago, in the largest unit that fits.
    static func age(of time: Timestamp, now: Timestamp) -> String {
        guard time != .none else { return "-" }
        let seconds = max(0, (now.nanoseconds - time.nanoseconds) / 1_000_000_000)
        return duration(seconds) + say("", "前")
    }

    /// So many seconds, in the largest unit that fits.
    static func duration(_ seconds: Int64) -> String {
        switch seconds {
        case ..<60: say("\(seconds) s", "\(seconds) 秒")
        case ..<3600: say("\(seconds / 60) min", "\(seconds / 60) 分")
        case ..<86_400: say("\(seconds / 3600) h", "\(seconds / 3600) 時間")
        default: say("\(seconds / 86_400) d", "\(seconds / 86_400) 日")
        }
    }
}
