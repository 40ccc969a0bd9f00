import ArgumentParser
import CLinux
import Glibc
import HisuiBytes
import HisuiEvent
import HisuiQuery
import HisuiStore

/// `hisui search`: events of a store by a LogsQL query.
struct SearchCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "search",
            abstract: say(
                "Search the events of a store with LogsQL.", "LogsQL で事象を検索します。"),
            discussion: say(
                """
                Examples:
                  hisui search --store var/store 'error'
                  hisui search --store var/store 'user.name:=root and _time:1h'
                  hisui search --store var/store '"Failed password" | stats by (source.ip) count()'
                  hisui search --store var/store --acts 'act:search actor.user:=sato'
                  hisui search --store var/store --since yesterday --format csv '*' > y.csv
                  hisui search --store var/store --since 7d --histogram 'Failed'

                Each search is recorded among the store's acts; where the store cannot be written,
                it is done with a warning that it is not.

                Standard output is a table on a terminal and JSON lines elsewhere. There is no
                implicit limit. Ends with 1 when nothing was found.
                """,
                """
                例:
                  hisui search --store var/store 'error'
                  hisui search --store var/store 'user.name:=root and _time:1h'
                  hisui search --store var/store '"Failed password" | stats by (source.ip) count()'
                  hisui search --store var/store --acts 'act:search actor.user:=sato'
                  hisui search --store var/store --since 昨日 --format csv --bom '*' > y.csv
                  hisui search --store var/store --since 7d --histogram 'Failed'

                検索したことは操作記録に残ります。保管庫に書き込めないときは、その旨を警告して検索します。

                端末には表、それ以外には JSON Lines で出力します。件数の上限はありません。
                該当がなければ終了コード 1 を返します。
                """))
    }

    @OptionGroup var common: CommonOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var options: SearchOptions
    @OptionGroup var view: SearchView
    @OptionGroup var unmasking: UnmaskingOptions

    @Option(
        help: ArgumentHelp(
            say("table, jsonl, csv or raw.", "table、jsonl、csv または raw。"), valueName: "format"))
    var format: RowFormat?

    @Option(
        name: .customLong("time-zone"),
        help: ArgumentHelp(
            say(
                "Time zone of the table and of times in the query (default: this machine's).",
                "表示と、クエリ内の時刻の時間帯（既定: この端末の設定）。"), valueName: "name"))
    var timeZone: String?

    @Flag(
        help: ArgumentHelp(
            say(
                "Search the store's acts: what Hisui and its operators did.",
                "操作記録（Hisui と操作者が行ったこと）を検索します。")))
    var acts = false

    @Flag(help: ArgumentHelp(say("Go on with what arrives, until Ctrl-C.", "新着を表示し続けます。")))
    var follow = false

    @Flag(
        help: ArgumentHelp(
            say(
                "Show records too that a sender may have delivered before (hisui.duplicate:true).",
                "再送とみられる原文（hisui.duplicate:true）も表示します。")))
    var duplicates = false

    @Argument(
        help: ArgumentHelp(say("The query.", "クエリ。"), valueName: "query"),
        completion: .custom(QueryCompletion.complete))
    var query: String

    func run() throws {
        hisui_return_large_memory()
        Niceness.letReceptionGoFirst()
        let started = SystemClock.monotonicMicroseconds()
        let zone = try TimeZoneOption.resolve(timeZone)
        let now = Timestamp.now()
        var parsed: Query
        do throws(QueryError) {
            parsed = try Query.parse(query, now: now, timeZone: zone)
        } catch {
            throw Failure(.usage, error.description)
        }
        try view.check(self)
        parsed = try options.applied(to: view.applied(to: parsed), zone, now: now)
        let format = format ?? (StandardOutput.shared.isTerminal ? .table : .jsonl)
        let output = RowOutput(
            format, showsEvents: parsed.showsEvents, acts: acts,
            zones: follow && store.zone.count != 1, timeZone: zone,
            fields: options.fieldNames, hasContext: parsed.hasContext, hasMark: options.mark)
        let record = SearchRecord(
            store: store, query: query, range: parsed.timeRange, format: format, acts: acts,
            follow: follow)
        record.add(unmasking.purposeFields + view.fields)
        if acts {
            try unmasking.refuseForActs()
            parsed = try chosenZones(parsed)
        }
        if view.explain { return try explain(parsed, format, record, started: started) }
        if follow {
            if !duplicates { parsed = parsed.withoutDuplicates }
            return try followStore(parsed, output, record, started: started)
        }
        let snapshot = try unmasking.applied(
            to: store.snapshot(acts: acts), store.store, record)
        record.watch()
        parsed = withoutRepeated(parsed, snapshot)
        if view.histogram {
            return try showHistogram(
                parsed, over: snapshot, zone, format, record, started: started)
        }
        try show(parsed, over: snapshot, output, record, started: started)
    }

    /// The query without records that may have been delivered before, unless they are wanted.
    func withoutRepeated(_ query: Query, _ snapshot: Snapshot) -> Query {
        // Asked for only where there can be some: most stores have no sender that is told again.
        duplicates || !snapshot.hasAcknowledgedSource ? query : query.withoutDuplicates
    }

    /// Shows what the query finds.
    private func show(
        _ query: Query, over snapshot: Snapshot, _ output: RowOutput, _ record: SearchRecord,
        started: Int
    ) throws {
        var settings = output.options
        options.apply(to: &settings, started: started)
        let runner = QueryRunner(snapshot: snapshot, query: query, options: settings)
        try record.run(runner, output.take) { output.finish() }
        record.write("done")
        // What was read ends with the process: taking it apart would take longer than the search.
        withExtendedLifetime((snapshot, runner)) {
            Glibc.exit(output.rows == 0 ? Failure.Status.negative.rawValue : 0)
        }
    }

    /// Acts lie in one stream, whatever zone they are about: `--zone` asks for what they say.
    private func chosenZones(_ query: Query) throws -> Query {
        guard let zones = store.zones else { return query }
        for zone in zones where !Filenames.isValidName(zone) {
            throw Failure(
                .usage, say("'\(zone)' is no name of a zone", "'\(zone)' は領域の名前ではありません"))
        }
        let names = zones.sorted().map { "\"\($0)\"" }.joined(separator: ",")
        do {
            return query.and(
                try Query.parse("zone.name:in(\(names))", now: .now(), timeZone: .utc))
        } catch {
            throw Failure(.usage, error.description)
        }
    }

    /// Lets a query begin with `-` (LogsQL's "not"): moves the first argument of a search that
    /// begins with one, and is no option and no option's value, behind a `--` at the end.
    static func protectQuery(_ arguments: [String]) -> [String] {
        guard arguments.first == "search", !arguments.contains("--") else { return arguments }
        var number = 1
        while number < arguments.count {
            let argument = arguments[number]
            if optionsWithValue.contains(argument) {
                number += 2
                continue
            }
            if argument.hasPrefix("-"), argument.count > 1, !isOption(argument) {
                var rest = arguments
                rest.remove(at: number)
                return rest + ["--", argument]
            }
            number += 1
        }
        return arguments
    }

    private static let optionsWithValue = SearchOptions.withValue.union(SearchView.withValue).union(
        UnmaskingOptions.withValue
    ).union([
        "--store", "--zone", "--format", "--time-zone", "--lang",
    ])

    /// `-h`, or two dashes and a word: `--follow`, `--format=raw`, and what is misspelt.
    private static func isOption(_ argument: String) -> Bool {
        guard argument.hasPrefix("--") else { return argument == "-h" }
        let name = argument.dropFirst(2).prefix { $0 != "=" }
        return name.allSatisfy { $0 == "-" || ("a"..."z").contains($0) } && !name.isEmpty
    }
}

extension Snapshot {
    /// Whether some source is one whose senders repeat what they did not hear acknowledged.
    fileprivate var hasAcknowledgedSource: Bool {
        sourceStates.values.contains { $0.contains { $0.source.kind == .relp } }
    }
}
