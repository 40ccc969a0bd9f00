import ArgumentParser
import HisuiBytes
import HisuiCollect
import HisuiDetect
import HisuiParse
import HisuiPipeline

/// `hisui detect`: rules over files.
struct DetectCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "detect",
            abstract: say(
                "Run detection rules over files; a finding a line.",
                "検知規則をファイルに適用します（検知 1 件につき出力 1 行）。"),
            discussion: say(
                """
                Each output line is a JSON object: rule.id, rule.title, rule.level, entities, and \
                in events the numbers of the lines, from 1, of all files put together. A rule that \
                cannot be honoured is named on standard error; the others run. Ends with 3 when a \
                directory of rules or a file cannot be read.
                """,
                """
                出力は 1 行 1 個の JSON です（rule.id、rule.title、rule.level、entities、events）。\
                events は全ファイルを通した行番号（1 から）です。扱えない規則は標準エラーに名前と理由を\
                示し、残りを実行します。規則のディレクトリやファイルを読めないときは終了コード 3 です。
                """))
    }

    @OptionGroup var common: CommonOptions
    @OptionGroup var parsers: ParserOptions

    @Option(
        name: .customLong("rules"), parsing: .singleValue,
        help: ArgumentHelp(
            say(
                "A directory of Sigma rules; may be repeated (default: the shipped rules).",
                "Sigma 規則のディレクトリ。複数指定可（既定: 同梱の規則）。"), valueName: "dir"))
    var directories: [String] = []

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

    @Argument(
        help: ArgumentHelp(
            say(
                "Files, plain, .gz or .zst; - is standard input.",
                "ファイル（.gz、.zst も可）。- は標準入力。"), valueName: "file"))
    var files: [String]

    enum Input: String, ExpressibleByArgument {
        case syslog
        case jsonl
    }

    func run() throws {
        let loaded = try RuleOptions.load(directories)
        for diagnostic in loaded.diagnostics { StandardError.write("\(diagnostic)\n") }
        var parser: Parser?
        if input == .syslog {
            let definitions = try parsers.load()
            for diagnostic in definitions.diagnostics { StandardError.write("\(diagnostic)\n") }
            parser = Parser(
                definitions: definitions.definitions,
                timeZone: try TimeZoneOption.resolve(timeZone))
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

    private func write(_ findings: inout [Finding]) {
        var bytes: [UInt8] = []
        for finding in findings { finding.append(to: &bytes) }
        StandardOutput.shared.write(bytes)
        findings.removeAll(keepingCapacity: true)
    }
}

/// Which rules a command uses.
enum RuleOptions {
    /// Compiles the rules of `paths`, or the shipped ones if there are none.
    static func load(_ paths: [String]) throws(Failure) -> RuleLoader.Loaded {
        let shipped = ShippedData.rules()
        guard let first = shipped ?? paths.first else {
            throw Failure(
                .refused,
                say(
                    "the shipped rules are not beside the program; use --rules DIR",
                    "検知規則が見つかりません。--rules DIR で指定してください"))
        }
        do {
            return try RuleLoader.load(paths.isEmpty ? [first] : paths, shipped: shipped)
        } catch {
            throw Failure(.refused, "\(error)")
        }
    }
}
