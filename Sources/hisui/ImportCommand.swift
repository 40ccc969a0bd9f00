import ArgumentParser
import HisuiBytes
import HisuiCollect
import HisuiEvent
import HisuiFile
import HisuiPipeline

/// `hisui import`: bulk load of files.
struct ImportCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "import",
            abstract: say(
                "Load files into a store: lines, journal exports, .gz and .zst too.",
                "ファイルを保管庫に取り込みます（.gz、.zst も可）。"),
            discussion: say(
                """
                Lines that no rule knows are stored and searchable; they are no error. A file that \
                was imported before adds nothing, also when it was renamed or compressed since; \
                one that has grown goes on where the import ended. So an import that was \
                interrupted is simply repeated. Only standard input is always taken as new.
                """,
                """
                どの規則にも当てはまらない行も保管され、検索できます（誤りではありません）。\
                取り込み済みのファイルは、名前の変更や圧縮の後でも二重には取り込みません。\
                追記されたファイルは続きから取り込みます。中断した取り込みは、\
                同じ操作を繰り返すだけで完了します。標準入力だけは毎回新しいものとして扱います。
                """))
    }

    @OptionGroup var common: CommonOptions
    @OptionGroup var parsers: ParserOptions

    @Option(help: ArgumentHelp(say("The store.", "保管庫。"), valueName: "dir"))
    var store: String?

    @Option(help: ArgumentHelp(say("The zone.", "領域。"), valueName: "zone"))
    var zone: String?

    @Option(
        help: ArgumentHelp(
            say("Id of the source (default: from the file).", "収集元の名前（既定: ファイル名から）。"),
            valueName: "name"))
    var source: String?

    @Option(
        name: .customLong("time-zone"),
        help: ArgumentHelp(
            say(
                "Zone of times that name none (default Asia/Tokyo).",
                "時間帯のない時刻の時間帯（既定 Asia/Tokyo）。"), valueName: "name"))
    var timeZone = "Asia/Tokyo"

    @Option(
        help: ArgumentHelp(
            say(
                """
                Encoding of the files: utf-8, cp932, euc-jp, iso-2022-jp, utf-16le or utf-16be \
                (default utf-8; a byte order mark of UTF-16 is heeded).
                """,
                """
                ファイルの文字コード: utf-8、cp932、euc-jp、iso-2022-jp、utf-16le、utf-16be\
                （既定 utf-8。UTF-16 の BOM があればそれに従います）。
                """), valueName: "name"))
    var encoding = "utf-8"

    @Flag(
        help: ArgumentHelp(
            say(
                """
                Read the files as tables (CSV, TSV): the first line names the columns if it looks \
                like names, and values in quotes may have lines.
                """,
                """
                ファイルを表（CSV、TSV）として読みます。先頭行が見出しなら列名とし、\
                引用符の中の改行も値の一部とします。
                """)))
    var csv = false

    @Option(
        help: ArgumentHelp(
            say(
                """
                Which lines are one record: start:PATTERN, continues:PATTERN or indented.
                """,
                """
                複数行を 1 件にまとめる規則: start:正規表現、continues:正規表現、indented。
                """), valueName: "rule"))
    var join: String?

    @Option(
        name: .customLong("parser"),
        help: ArgumentHelp(
            say("Read the lines with this definition only.", "この定義だけで行を解釈します。"),
            valueName: "id"))
    var only: String?

    @Option(
        name: .customLong("reference-time"),
        help: ArgumentHelp(
            say(
                "Latest time the records can have, RFC 3339 (default: the file's own).",
                "記録の時刻の上限、RFC 3339（既定: ファイルの更新時刻）。"), valueName: "time"))
    var referenceTime: String?

    @Flag(
        help: ArgumentHelp(
            say(
                "Store files once more that were imported before.",
                "取り込み済みのファイルも、もう一度取り込みます。")))
    var again = false

    @Flag(
        name: .customLong("dry-run"),
        help: ArgumentHelp(
            say(
                "Write nothing; print how much the rules know, and what they do not.",
                "何も書き込まず、規則に該当する割合と該当しない行の型を表示します。")))
    var dryRun = false

    @Option(
        help: ArgumentHelp(
            say("Of --dry-run: table or jsonl.", "--dry-run の出力形式: table または jsonl。"),
            valueName: "format"))
    var format: TableFormat?

    @Flag(
        help: ArgumentHelp(
            say(
                "Print processor seconds by stage to standard error at the end.",
                "最後に、工程ごとの CPU 秒を標準エラー出力に表示します。")))
    var timing = false

    @Argument(
        help: ArgumentHelp(
            say("Files; - is standard input.", "ファイル。- は標準入力。"), valueName: "file"))
    var files: [String]

    func validate() throws {
        if !dryRun {
            if store == nil { throw ValidationError(say("--store is missing", "--store が必要です")) }
            if zone == nil { throw ValidationError(say("--zone is missing", "--zone が必要です")) }
        }
        if let source, !SourceID.isValid(source) {
            throw ValidationError(
                say(
                    "--source takes 1 to 128 of the characters a-z A-Z 0-9 . _ : / @ -",
                    "--source は a-z A-Z 0-9 . _ : / @ - の 1〜128 文字です"))
        }
        if csv, join != nil {
            throw ValidationError(
                say("--csv and --join exclude each other", "--csv と --join は同時に指定できません"))
        }
        if format != nil, !dryRun {
            throw ValidationError(
                say("--format goes with --dry-run", "--format は --dry-run と共に指定します"))
        }
    }

    func run() async throws {
        let loaded = try parsers.load()
        for diagnostic in loaded.diagnostics { StandardError.write("\(diagnostic)\n") }
        if let only, loaded.only(only) == nil {
            throw Failure(
                .usage, say("no definition is called '\(only)'", "定義 '\(only)' はありません"))
        }
        var options = Importer.Options(
            store: store ?? "", zone: zone ?? "", source: source, definitions: loaded,
            timeZone: try TimeZoneOption.resolve(timeZone), referenceTime: try reference())
        options.encoding = try EncodingOption.resolve(encoding)
        options.table = csv ? TableRule() : nil
        options.join = try join.map(JoinOption.resolve)
        options.parser = only
        options.again = again
        options.clock = timing ? StageClock() : nil
        defer { options.clock?.tell() }
        if dryRun {
            try DryRun(options, files: files, format: format).run()
        } else {
            try await load(options)
        }
    }

    private func load(_ options: Importer.Options) async throws {
        let sizes = files.map { try? RealFileSystem().size($0) }
        let progress = ImportProgress(files: files.count)
        let report: ImportReport
        do {
            report = try await Importer(options).run(files) { progress.show($0) }
        } catch {
            progress.clear()
            throw Failure(.refused, "\(error)")
        }
        progress.clear()
        let summary = ImportSummary(report: report, seconds: progress.elapsedSeconds)
        StandardError.write(summary.text)
        record(summary, options, sizes: sizes)
        if let text = summary.failureText { throw Failure(.refused, text) }
    }

    private func reference() throws -> Int64? {
        guard let referenceTime else { return nil }
        let bytes = Array(referenceTime.utf8)
        guard let (end, time) = TimeText.rfc3339(bytes.span, 0..<bytes.count), end == bytes.count,
            let nanoseconds = time.nanoseconds(
                zone: try TimeZoneOption.resolve(timeZone), received: SystemClock.nanoseconds())
        else {
            throw Failure(
                .usage,
                say(
                    "--reference-time is no RFC 3339 time: \(referenceTime)",
                    "--reference-time は RFC 3339 の時刻ではありません: \(referenceTime)"))
        }
        return nanoseconds
    }

    /// Writes the act: which files, how large, and what became of them.
    private func record(
        _ summary: ImportSummary, _ options: Importer.Options, sizes: [Int?]
    ) {
        let report = summary.report
        let shown = files.prefix(Self.filesRecordedMax)
        var fields: [Act.Field] = [
            ("files", .list(shown.map(Self.short))),
            ("files.bytes", .list(zip(shown, sizes).map { $1.map { String($0) } ?? "-" })),
            ("files.count", .integer(Int64(files.count))),
            ("files.known", .integer(Int64(summary.known.count))),
            ("files.continued", .integer(Int64(summary.continued.count))),
            ("files.failed", .integer(Int64(report.failures.count))),
            ("records", .integer(Int64(clamping: report.records))),
            ("deduplicated", .integer(Int64(clamping: report.deduplicated))),
            ("gaps", .integer(Int64(report.gapCount))),
            ("bytes", .integer(Int64(clamping: report.bytes))),
            ("recognised", .integer(Int64(clamping: report.recognised))),
            ("segments", .integer(Int64(report.segments))),
            ("duration.ms", .integer(Int64(summary.seconds * 1000))),
        ]
        if report.files.contains(where: { !$0.digest.isEmpty }) {
            let digests = report.files.prefix(Self.filesRecordedMax).map(\.digest)
            fields.append(
                ("files.sha256", .list(digests.map { $0.isEmpty ? "-" : HexText.text($0) })))
        }
        if let source { fields.append(("source", .text(source))) }
        ActRecorder.record(.import, store: options.store, zone: options.zone, fields: fields)
    }

    /// A path as the act names it: its beginning, where nobody would read the rest.
    private static func short(_ path: String) -> String {
        String(decoding: path.utf8.prefix(1024), as: UTF8.self)
    }

    /// Files named in the act of an import; `files.count` tells of the rest.
    private static let filesRecordedMax = 100
}

extension StageClock {
    /// Prints a line for each stage on standard error: it is no data.
    fileprivate func tell() {
        var text = "stage\tcpu_seconds\n"
        for stage in Stage.allCases {
            text += "\(stage.name)\t\(seconds(of: stage).fixed(3))\n"
        }
        StandardError.write(text)
    }
}
