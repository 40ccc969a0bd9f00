import ArgumentParser
import HisuiBytes
import HisuiEvent

/// `hisui demo`: a guided run on shipped lines, through the real program: three daemons, sockets
/// and files, findings, searches, verification, a bundle.
struct DemoCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "demo",
            abstract: say(
                "A guided run: an attack and two misuses in three zones, from line to evidence.",
                "三つの領域での攻撃と不正利用を例に、収集から証跡作成までを実演します。"),
            discussion: say(
                """
                Runs three daemons on one store, sends them last night's logs of an invented city,
                shows what they found, searches, verifies the store and makes an evidence bundle.
                Listens on 127.0.0.1 only. Ends with 0 only if every step gave what it must.
                """,
                """
                一つの保管庫に対して三つのデーモンを起動し、架空の市の昨夜のログを送り、検知・検索・検証を行い、
                監査証跡一式を作成します。127.0.0.1 以外では待ち受けません。すべての手順が期待どおりの
                結果になったときだけ終了コード 0 を返します。
                """))
    }

    @OptionGroup var common: CommonOptions

    @Option(
        help: ArgumentHelp(
            say(
                "Where; replaced if a demonstration made it (default: ./var/demo).",
                "作業ディレクトリ。以前のデモが作成したものは置き換えます（既定: ./var/demo）。"), valueName: "dir"))
    var dir = "var/demo"

    func run() throws {
        let folder = try DemoFolder(dir)
        guard let data = ShippedData.demo() else {
            throw Failure(
                .refused,
                say(
                    "the lines of the demonstration (ops/demo) are not beside the program",
                    "デモ用のログ（ops/demo）がプログラムと同じ場所に見つかりません"))
        }
        try folder.prepare()
        var run = DemoRun(
            folder: folder, data: data, night: DemoNight(now: SystemClock.nanoseconds()))
        try run.perform(parsers: try ParserOptions.shipped())
    }
}
