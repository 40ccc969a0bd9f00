import ArgumentParser
import HisuiBytes
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
                "Lines that no rule knows are stored and searchable; they are no error.",
                "どの規則にも当てはまらない行も保管され、検索できます（誤りではありません）。"))
    }

    @OptionGroup var common: CommonOptions
    @OptionGroup var parsers: ParserOptions

    @Option(help: ArgumentHelp(say("The store.", "保管庫。"), valueName: "dir"))
    var store: String

    @Option(help: ArgumentHelp(say("The zone.", "領域。"), valueName: "zone"))
    var zone: String

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
                "Encoding of the lines: utf-8, cp932 or euc-jp (default utf-8).",
                "行の文字コード: utf-8、cp932、euc-jp（既定 utf-8）。"), valueName: "name"))
    var encoding = "utf-8"

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

    @Argument(
        help: ArgumentHelp(
            say("Files; - is standard input.", "ファイル。- は標準入力。"), valueName: "file"))
    var files: [String]

    func run() async throws {
        let loaded = try parsers.load()
        for diagnostic in loaded.diagnostics { StandardError.write("\(diagnostic)\n") }
        if let only, loaded.only(only) == nil {
            throw Failure(
                .usage, say("no definition is called '\(only)'", "定義 '\(only)' はありません"))
        }
        var options = Importer.Options(
            store: store, zone: zone, source: source, definitions: loaded,
            timeZone: try TimeZoneOption.resolve(timeZone), referenceTime: try reference())
        options.encoding = try EncodingOption.resolve(encoding)
        options.parser = only
        let importer = Importer(options)
        let sizes = files.map { try? RealFileSystem().size($0) }
        let progress = SharedProgress()
        let report: Importer.Report
        do {
            report = try await importer.run(files) { progress.show($0) }
        } catch {
            progress.clear()
            throw Failure(.refused, "\(error)")
        }
        progress.clear()
        tell(report, seconds: progress.elapsedSeconds)
        record(report, sizes: sizes, seconds: progress.elapsedSeconds)
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
    private func record(_ report: Importer.Report, sizes: [Int?], seconds: Double) {
        let shown = files.prefix(Self.filesRecordedMax)
        var fields: [Act.Field] = [
            ("files", .list(shown.map(Self.short))),
            ("files.bytes", .list(zip(shown, sizes).map { $1.map { String($0) } ?? "-" })),
            ("files.count", .integer(Int64(files.count))),
            ("records", .integer(Int64(clamping: report.records))),
            ("bytes", .integer(Int64(clamping: report.bytes))),
            ("recognised", .integer(Int64(clamping: report.recognised))),
            ("segments", .integer(Int64(report.segments))),
            ("duration.ms", .integer(Int64(seconds * 1000))),
        ]
        if let source { fields.append(("source", .text(source))) }
        ActRecorder.record(.import, store: store, zone: zone, fields: fields)
    }

    /// A path as the act names it: its beginning, where nobody would read the rest.
    private static func short(_ path: String) -> String {
        String(decoding: path.utf8.prefix(1024), as: UTF8.self)
    }

    /// Files named in the act of an import; `files.count` tells of the rest.
    private static let filesRecordedMax = 100

    /// The summary is no data: it goes to standard error.
    private func tell(_ report: Importer.Report, seconds: Double) {
        let rate = Int(Double(report.records) / max(seconds, 0.001))
        let coverage =
            report.records == 0 ? 0 : Double(report.recognised) * 100 / Double(report.records)
        let percent = String(Int(coverage * 10) / 10) + "." + String(Int(coverage * 10) % 10)
        StandardError.write(
            say(
                "\(report.records.grouped) records, \(report.bytes.grouped) bytes in "
                    + "\(Int(seconds * 1000)) ms: \(rate.grouped) a second; "
                    + "\(percent) % known to a rule; \(report.segments) segments, "
                    + "\(report.segmentBytes.grouped) bytes\n",
                "\(report.records.grouped) 件、\(report.bytes.grouped) バイト、"
                    + "\(Int(seconds * 1000)) ミリ秒（毎秒 \(rate.grouped) 件）。"
                    + "規則に該当 \(percent) %。ログファイル \(report.segments) 個、"
                    + "\(report.segmentBytes.grouped) バイト\n"))
    }
}
