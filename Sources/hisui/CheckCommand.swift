import ArgumentParser
import HisuiParse
import HisuiPipeline
import HisuiPolicy
import HisuiYAML

/// `hisui check`: are data files right? Runs the samples inside them.
struct CheckCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "check",
            abstract: say(
                "Check parser definitions and configurations.", "パーサー定義と設定を検査します。"),
            discussion: say(
                """
                  hisui check                       the shipped definitions
                  hisui check parsers PATH…         directories or files of definitions
                  hisui check config FILE…          configurations

                Ends with 3 when anything is refused.
                """,
                """
                  hisui check                       同梱の定義
                  hisui check parsers PATH…         定義のディレクトリまたはファイル
                  hisui check config FILE…          設定ファイル

                誤りがあれば終了コード 3 を返します。
                """))
    }

    @OptionGroup var common: CommonOptions

    @Argument(
        help: ArgumentHelp(
            say("parsers or config, then paths.", "parsers または config、続けてパス。"),
            valueName: "what"))
    var words: [String] = []

    func run() throws {
        var diagnostics: [Diagnostic] = []
        switch words.first {
        case nil, "parsers":
            diagnostics = try checkParsers(Array(words.dropFirst()))
        case "config":
            guard words.count > 1 else {
                throw Failure(
                    .usage, say("check config: name a file", "check config: ファイルを指定してください"))
            }
            for path in words.dropFirst() { diagnostics += try checkConfiguration(path) }
        case let word?:
            throw Failure(
                .usage,
                say(
                    "check: '\(word)' is neither parsers nor config",
                    "check: '\(word)' は parsers でも config でもありません"))
        }
        for diagnostic in diagnostics { StandardError.write("\(diagnostic)\n") }
        guard diagnostics.isEmpty else {
            throw Failure(
                .refused,
                say("\(diagnostics.count) mistake(s)", "誤りが \(diagnostics.count) 件あります"))
        }
    }

    /// Files are checked on top of the shipped schema.
    private func checkParsers(_ paths: [String]) throws -> [Diagnostic] {
        let shipped = [try ParserOptions.shipped()]
        let directories = paths.filter { !$0.hasSuffix(".yaml") }
        let files = paths.filter { $0.hasSuffix(".yaml") }
        let loaded: DefinitionLoader.Loaded
        do {
            loaded = try DefinitionLoader.load(
                directories: (files.isEmpty && !directories.isEmpty)
                    ? directories
                    : shipped
                        + directories, files: files)
        } catch {
            throw Failure(.refused, "\(error)")
        }
        let members = loaded.definitions.members
        StandardOutput.shared.write(
            say(
                "\(members.count) definitions, \(members.reduce(0) { $0 + $1.ruleCount }) rules, "
                    + "\(members.reduce(0) { $0 + $1.sampleCount }) samples "
                    + "(\(members.reduce(0) { $0 + $1.hostileSampleCount }) hostile, "
                    + "\(members.reduce(0) { $0 + $1.rejectSampleCount }) reject)\n",
                "定義 \(members.count)、規則 \(members.reduce(0) { $0 + $1.ruleCount })、"
                    + "見本 \(members.reduce(0) { $0 + $1.sampleCount })"
                    + "（偽装 \(members.reduce(0) { $0 + $1.hostileSampleCount })、"
                    + "不一致 \(members.reduce(0) { $0 + $1.rejectSampleCount })）\n"))
        return loaded.diagnostics
    }

    private func checkConfiguration(_ path: String) throws -> [Diagnostic] {
        let (configuration, diagnostics) = Configuration.load(
            try InputFile.bytes(path), file: path)
        if let configuration {
            StandardOutput.shared.write(
                say(
                    "\(path): zone \(configuration.zone), \(configuration.sources.count) sources\n",
                    "\(path): 領域 \(configuration.zone)、収集元 \(configuration.sources.count)\n"))
        }
        return diagnostics
    }
}
