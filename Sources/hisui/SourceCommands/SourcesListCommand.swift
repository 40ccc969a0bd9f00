import ArgumentParser
import HisuiBytes
import HisuiEvent
import HisuiPolicy
import HisuiStore

/// `hisui sources list`.
struct SourcesListCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "list",
            abstract: say(
                "List sources: state, last record, lag, drops, gaps, clock, coverage, rate.",
                "収集元ごとの状態・最終受信・遅延・取りこぼし・欠落・時計差・解析率・件数の推移を表示します。"),
            discussion: say(
                """
                LAST: how long ago the newest record was received. LAG: how long it was on its way.
                CLOCK: by how much the sender's clock is ahead. PARSED: the share of the last
                minutes that some parser rule knows. 24 HOURS: records by hour, each bar against
                the source's highest. A hyphen: not known yet.

                For each source: offered = stored + deduplicated + dropped, always.

                Listeners that turned peers away follow with reason, last peer and time; in jsonl
                as objects with `listener` in place of `source`.
                """,
                """
                最終: 最新の原文を受信してからの時間。遅延: 届くまでに要した時間。時計差: 送信元の時計の進み。
                解析率: 直近の原文のうちパーサー規則が知る割合。24 時間: 時間ごとの件数（その収集元の最大値に
                対する高さ）。「-」はまだ不明です。

                収集元ごとに「提供数 = 保管数 + 重複数 + 取りこぼし数」が常に成り立ちます。

                接続を拒否した待受があれば、理由・最後の相手・時刻を続けて示します（jsonl では `source` の
                代わりに `listener` をもつオブジェクト）。
                """))
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
        let refused = RefusedPeers(store: store.store, zones: store.zones)
        if (format ?? (output.isTerminal ? .table : .jsonl)) == .jsonl {
            let watched = WatchedSources(snapshot, store: store.store)
            let now = Timestamp.now()
            for (stream, state) in SourceList.states(of: snapshot) {
                output.write(SourceList.json(stream, state, watched, now: now).line)
            }
            for listener in refused.json() { output.write(listener.line) }
        } else {
            let table = SourceTable(snapshot, store: store.store, now: Timestamp.now())
            output.write(table.text(columnsMax: output.columnsMax))
            let zone = try TimeZoneOption.resolve(nil)
            output.write(SourceList.drops(snapshot, timeZone: zone))
            output.write(SourceList.gaps(snapshot, timeZone: zone))
            output.write(refused.text(now: .now()))
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
