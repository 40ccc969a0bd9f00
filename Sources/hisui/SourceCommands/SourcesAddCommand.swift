import ArgumentParser
import HisuiBytes
import HisuiPolicy

/// `hisui sources add`: how to make a device send, and what came of it.
struct SourcesAddCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "add",
            abstract: say(
                "Say what to paste into a device, wait, and tell what arrived.",
                "機器に貼り付ける設定を表示し、届いたログを確認します。"),
            discussion: say(
                """
                  hisui sources add                                     the devices there are
                  hisui sources add fortigate --config F                what to paste
                  hisui sources add fortigate --config F --wait         … and wait for its records

                Waiting ends ten seconds after the first record, with Ctrl-C, or after --seconds.
                Ends with 1 when nothing arrived. With --format jsonl everything that is said is an
                object with `event`: device, recipe, daemon, waiting, first, refused, arrived,
                nothing, dropped.
                """,
                """
                  hisui sources add                                     対応機器の一覧
                  hisui sources add fortigate --config F                貼り付ける設定
                  hisui sources add fortigate --config F --wait         … 続けて受信を待つ

                最初の受信から 10 秒後、Ctrl-C、または --seconds の経過で終わります。何も届かなければ
                終了コード 1 を返します。--format jsonl では、すべてを `event`（device、recipe、daemon、waiting、
                first、refused、arrived、nothing、dropped）をもつオブジェクトで出力します。
                """))
    }

    @OptionGroup var common: CommonOptions

    @Argument(
        help: ArgumentHelp(say("The kind of device.", "機器の種類。"), valueName: "device"))
    var device: String?

    @Option(
        help: ArgumentHelp(say("The daemon's configuration.", "デーモンの設定ファイル。"), valueName: "file"))
    var config: String?

    @Option(
        help: ArgumentHelp(
            say("Only this way: ", "この方法だけ: ")
                + Recipe.Over.allCases.map(\.rawValue).joined(separator: ", "), valueName: "way"))
    var over: String?

    @Option(
        help: ArgumentHelp(
            say(
                "The address at which devices reach this machine.", "機器から見たこのサーバーのアドレス。"),
            valueName: "address"))
    var address: String?

    @Flag(help: ArgumentHelp(say("Wait for records and tell of them.", "受信を待ち、届いたログを説明します。")))
    var wait = false

    @Option(
        help: ArgumentHelp(say("Wait no longer than this.", "待つ時間の上限（秒）。"), valueName: "n"))
    var seconds: Int?

    @Option(
        help: ArgumentHelp(
            say("text or jsonl: an object a line.", "text または jsonl（1 行 1 オブジェクト）。"),
            valueName: "format"))
    var format: Format = .text

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, jsonl
    }

    @Option(
        help: ArgumentHelp(
            say("Other recipes than those shipped.", "同梱以外の接続手順。"), valueName: "dir"))
    var recipes: String?

    func validate() throws {
        if let seconds, !(1...86_400).contains(seconds) {
            throw ValidationError(
                say("--seconds takes 1 to 86,400", "--seconds には 1～86,400 を指定してください"))
        }
        if let over, Recipe.Over(rawValue: over) == nil {
            let names = Recipe.Over.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError(
                say("--over takes one of \(names)", "--over には \(names) のいずれかを指定してください"))
        }
    }

    func run() throws {
        let known = try Recipes.load(recipes.map { [$0] } ?? [])
        for diagnostic in known.diagnostics { StandardError.write("\(diagnostic)\n") }
        guard let device else {
            if format == .text { return StandardOutput.shared.write(Self.list(known.recipes)) }
            for recipe in known.recipes { StandardOutput.shared.write(Self.object(recipe).line) }
            return
        }
        guard let recipe = known.recipes.first(where: { $0.id == device }) else {
            let names = known.recipes.map(\.id).joined(separator: ", ")
            throw Failure(
                .usage,
                say(
                    "there is no recipe for '\(device)'; there are \(names)",
                    "'\(device)' の接続手順はありません（\(names)）"))
        }
        let (configuration, path) = try configured()
        let guide = RecipeGuide(
            recipe: recipe, over: over.flatMap(Recipe.Over.init), configuration: configuration,
            path: path, address: try chosenAddress())
        let isJSON = format == .jsonl
        StandardOutput.shared.write(isJSON ? guide.object.line : Array(guide.text.utf8))
        guard wait else { return }
        StandardOutput.shared.flush()
        Interruption.catchSignals()
        let arrived = try ArrivalWatch(
            configuration, expected: guide.fitting, ways: guide.ways, isJSON: isJSON
        ).run(seconds)
        StandardOutput.shared.flush()
        if !arrived { throw ExitCode(Failure.Status.negative.rawValue) }
    }

    private static func list(_ recipes: [Recipe]) -> String {
        var table = Table(
            header: [say("DEVICE", "機器"), say("OVER", "方法"), say("WHAT", "内容")])
        for recipe in recipes {
            table.add([
                recipe.id, ways(recipe).joined(separator: ", "),
                say(recipe.name, recipe.nameJapanese),
            ])
        }
        return table.text
    }

    private static func object(_ recipe: Recipe) -> JSONLine {
        var line = JSONLine()
        line.add("event", "device")
        line.add("device", recipe.id)
        line.add("name", say(recipe.name, recipe.nameJapanese))
        line.add("over", ways(recipe))
        return line
    }

    private static func ways(_ recipe: Recipe) -> [String] {
        var ways: [String] = []
        for way in recipe.ways where !ways.contains(way.over.rawValue) {
            ways.append(way.over.rawValue)
        }
        return ways
    }

    private func configured() throws -> (Configuration, String) {
        guard let config else {
            throw Failure(
                .usage,
                say(
                    "name the daemon's configuration with --config FILE",
                    "--config FILE でデーモンの設定ファイルを指定してください"))
        }
        let checked = try ConfigurationFile.load(config)
        for diagnostic in checked.diagnostics { StandardError.write("\(diagnostic)\n") }
        guard let configuration = checked.configuration else {
            throw Failure(
                .refused, say("the configuration is refused; see above", "設定に誤りがあります（上記参照）"))
        }
        return (configuration, config)
    }

    private func chosenAddress() throws -> IPAddress? {
        guard let address else { return nil }
        let bytes = Array(address.utf8)
        if let parsed = IPAddress.parse(bytes.span, 0..<bytes.count) { return parsed }
        throw Failure(
            .usage,
            say("'\(address)' is no IP address", "'\(address)' は IP アドレスではありません"))
    }
}
