import ArgumentParser
import HisuiBytes
import HisuiCollect
import HisuiDetect
import HisuiEvent
import HisuiFile
import HisuiParse
import HisuiPipeline
import HisuiQuery
import HisuiStore

/// `hisui detect`: rules over files, or over what a store holds.
struct DetectCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "detect",
            abstract: say(
                "Run detection rules over files or a store; a finding a line.",
                "検知規則をファイルや保管庫に適用します（検知 1 件につき出力 1 行）。"),
            discussion: say(
                """
                Each output line is a JSON object: rule.id, rule.title, rule.level, entities, and \
                in events the numbers of the lines, from 1, of all files put together, or with \
                --store the records as "zone/stream/index". A rule that \
                cannot be honoured is named on standard error; the others run. Ends with 3 when a \
                directory of rules or a file cannot be read.
                """,
                """
                出力は 1 行 1 個の JSON です（rule.id、rule.title、rule.level、entities、events）。\
                events は全ファイルを通した行番号（1 から）、--store では "領域/系列/番号" です。扱えない規則は標準エラーに名前と理由を\
                示し、残りを実行します。規則のディレクトリやファイルを読めないときは終了コード 3 です。
                """))
    }

    @OptionGroup var common: CommonOptions
    @OptionGroup var parsers: ParserOptions
    @OptionGroup var rules: RuleOptions

    @Option(
        help: ArgumentHelp(
            say("What the lines are: syslog or jsonl.", "行の形式: syslog または jsonl。"),
            valueName: "syslog|jsonl"))
    var input: Input = .syslog

    @Option(
        name: .customLong("time-zone"),
        help: ArgumentHelp(
            say(
                "Zone of times that name none (default Asia/Tokyo).",
                "時間帯のない時刻の時間帯（既定 Asia/Tokyo）。"), valueName: "name"))
    var timeZone = "Asia/Tokyo"

    @Option(
        help: ArgumentHelp(
            say("Look at this store instead of files.", "ファイルの代わりに保管庫を調べます。"),
            valueName: "dir"))
    var store: String?

    @Option(
        help: ArgumentHelp(
            say("With --store: only this zone; may be repeated.", "--store の対象領域（繰り返し可）。"),
            valueName: "zone"))
    var zone: [String] = []

    @Option(
        help: ArgumentHelp(
            say(
                "With --store: only events from then on: 2026-11-23, 2026-11-23T02:00, 7d.",
                "--store で、この時刻以後の事象だけ: 2026-11-23、2026-11-23T02:00、7d。"),
            valueName: "time"))
    var since: String?

    @Argument(
        help: ArgumentHelp(
            say(
                "Files, plain, .gz or .zst; - is standard input.",
                "ファイル（.gz、.zst も可）。- は標準入力。"), valueName: "file"))
    var files: [String] = []

    func validate() throws {
        if store == nil, files.isEmpty {
            throw ValidationError(say("name files, or a --store", "ファイルか --store を指定してください"))
        }
        if store != nil, !files.isEmpty {
            throw ValidationError(
                say("either files or --store, not both", "ファイルと --store は同時に指定できません"))
        }
        if store == nil, since != nil || !zone.isEmpty {
            throw ValidationError(
                say("--since and --zone belong to --store", "--since と --zone は --store と使います"))
        }
    }

    enum Input: String, ExpressibleByArgument {
        case syslog
        case jsonl
    }

    func run() throws {
        let loaded = try rules.load()
        for diagnostic in loaded.diagnostics + loaded.rules.remarks {
            StandardError.write("\(diagnostic)\n")
        }
        if let store { return try run(store, loaded.rules) }
        var parser: Parser?
        if input == .syslog {
            let definitions = try parsers.load()
            for diagnostic in definitions.diagnostics { StandardError.write("\(diagnostic)\n") }
            parser = Parser(
                definitions: definitions.definitions,
                timeZone: try TimeZoneOption.resolve(timeZone), subjects: definitions.subjects)
        }
        var detection = Detection(rules: loaded.rules, parser: parser)
        var findings: [Finding] = []
        for path in files {
            do throws(CollectError) {
                var file = try FileImport(path: path)
                while let batch = try file.next() {
                    detection.take(batch, into: &findings)
                    write(&findings)
                }
            } catch {
                throw Failure(.refused, "\(error)")
            }
        }
        detection.finish(into: &findings)
        write(&findings)
        if detection.malformed > 0 {
            StandardError.write(
                say(
                    "hisui: \(detection.malformed) line(s) are no JSON objects; no rule saw them\n",
                    "hisui: JSON オブジェクトでない行が \(detection.malformed) 行あり、検査されていません\n"))
        }
    }

    /// The past of a store.
    private func run(_ store: String, _ rules: RuleSet) throws {
        let first = try since.map { try Self.time($0, TimeZoneOption.resolve(timeZone)) }
        let snapshot: Snapshot
        do throws(StoreError) {
            snapshot = try StoreReader(fileSystem: RealFileSystem(), path: store)
                .snapshot(zones: zone.isEmpty ? nil : Set(zone))
        } catch {
            throw Failure(.refused, "\(error)")
        }
        for problem in snapshot.problems { StandardError.write("hisui: \(problem)\n") }
        let (problems, counts) = StoreDetection(snapshot, rules: rules).run(since: first) {
            var findings = $0
            write(&findings)
        }
        for problem in problems { StandardError.write("hisui: \(problem)\n") }
        if !counts.isZero {
            StandardError.write(
                say(
                    "hisui: \(counts.late) events came too late for their window, "
                        + "\(counts.early) were not waited with, \(counts.cut) left a full "
                        + "window, \(counts.evicted) groups were forgotten\n",
                    "hisui: 遅着 \(counts.late) 件、待機打切り \(counts.early) 件、"
                        + "窓からの除外 \(counts.cut) 件、忘れた組 \(counts.evicted) 件\n"))
        }
    }

    /// A time as queries write it; a span is that long ago.
    private static func time(_ text: String, _ zone: TimeZoneRules) throws(Failure) -> Timestamp {
        do throws(QueryError) {
            let from =
                text.first?.isNumber ?? false && text.last?.isLetter ?? false
                    && !text.contains("-") ? "_time:\(text)" : "_time:>=\(text)"
            let query = try Query.parse(from, now: Timestamp.now(), timeZone: zone)
            return Timestamp(nanoseconds: query.timeRange.first)
        } catch {
            throw Failure(
                .usage,
                say(
                    "--since takes a time like 2026-11-23 or 7d, not '\(text)'",
                    "--since には 2026-11-23 や 7d のように指定してください（'\(text)' は不可）"))
        }
    }

    private func write(_ findings: inout [Finding]) {
        var bytes: [UInt8] = []
        for finding in findings { finding.append(to: &bytes) }
        StandardOutput.shared.write(bytes)
        findings.removeAll(keepingCapacity: true)
    }
}
