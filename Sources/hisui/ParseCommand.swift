import ArgumentParser
import HisuiBytes
import HisuiEvent
import HisuiParse
import HisuiPipeline
import HisuiShape

/// `hisui parse`: lines from standard input to events, one line out for each line in.
struct ParseCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "parse",
            abstract: say(
                "Turn lines from standard input into events, one line out for each line in.",
                "標準入力の行を事象に変換します（入力 1 行につき出力 1 行）。"),
            discussion: say(
                """
                Each output line is a JSON object with flat dotted names. hisui.parser names the \
                definition that knows the line and is null where none does.
                """,
                """
                出力は 1 行 1 個の JSON です。hisui.parser はその行を解釈した定義の名前で、\
                該当がなければ null です。
                """))
    }

    @OptionGroup var common: CommonOptions
    @OptionGroup var parsers: ParserOptions

    @Option(
        name: .customLong("parser"),
        help: ArgumentHelp(
            say("Use this definition only.", "この定義だけを使います。"), valueName: "id"))
    var only: String?

    @Option(help: ArgumentHelp(say("Output format: jsonl.", "出力形式: jsonl。"), valueName: "format"))
    var format: ParseFormat = .jsonl

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
                "Encoding of the lines: utf-8, cp932, euc-jp or iso-2022-jp (default utf-8).",
                "行の文字コード: utf-8、cp932、euc-jp、iso-2022-jp（既定 utf-8）。"), valueName: "name"))
    var encoding = "utf-8"

    @Flag(
        help: ArgumentHelp(
            say(
                "Say for each line how it was read, which rules were tried and where they stopped.",
                "行ごとに、読み取り方、試した規則、不一致の位置を表示します。")))
    var explain = false

    enum ParseFormat: String, ExpressibleByArgument {
        case jsonl
    }

    func run() throws {
        let loaded = try parsers.load()
        for diagnostic in loaded.diagnostics { StandardError.write("\(diagnostic)\n") }
        var definitions = loaded.definitions
        if let only {
            guard let one = loaded.only(only) else {
                throw Failure(
                    .usage,
                    say("no definition is called '\(only)'", "定義 '\(only)' はありません"))
            }
            definitions = one
        }
        let coding = try EncodingOption.resolve(encoding, ofLines: true)
        let zone = try TimeZoneOption.resolve(timeZone)
        var parser = SettledParser(
            Parser(
                definitions: definitions, timeZone: zone,
                encoding: explain ? .utf8 : coding, subjects: loaded.subjects))
        let output = StandardOutput.shared
        var explainer = explain ? ParseExplainer(definitions, timeZone: zone) : nil
        var input = LineInput(source: Source(id: "stdin", kind: .import, form: .line))
        var table = parser.parser.shapes
        var shapes: [Shape] = []
        var bytes: [UInt8] = []
        func write(_ rows: borrowing RowBatch, _ numbering: ShapeTable) {
            if numbering !== table {
                table = numbering
                shapes.removeAll()
            }
            shapes += table.shapes(from: shapes.count)
            bytes.removeAll(keepingCapacity: true)
            for row in rows.rows {
                let shape = shapes[Int(row.shape)]
                if explainer == nil {
                    ParsedLine.append(row, of: rows, shape: shape, to: &bytes)
                } else {
                    explainer?.append(row, of: rows, shape: shape, to: &bytes)
                }
            }
            output.write(bytes)
        }
        while let batch = try input.next() {
            let given = explain ? Self.decoded(batch, coding) : batch
            parser.parse(given, isLast: input.isLast, write)
        }
        // The end may have come behind what was read last.
        parser.parse(RecordBatch(source: input.source), isLast: true, write)
    }

    /// The records as UTF-8 text: places in what is explained are places in what is shown.
    private static func decoded(_ batch: RecordBatch, _ encoding: TextEncoding) -> RecordBatch {
        if encoding == .utf8 { return batch }
        var text = RecordBatch(source: batch.source)
        for entry in batch.entries {
            var record: [UInt8] = []
            let first = Int(entry.offset)
            _ = encoding.appendText(
                batch.bytes.span, first..<first + Int(entry.count), to: &record)
            text.append(record.span, received: entry.received)
        }
        return text
    }
}
