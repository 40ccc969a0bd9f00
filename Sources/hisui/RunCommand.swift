import ArgumentParser
import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiPipeline
import HisuiPolicy
import HisuiShape
import Logging

/// `hisui run`: the daemon of one zone.
struct RunCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "run",
            abstract: say(
                "Collect and keep the logs of one zone: the daemon.",
                "一つの領域のログを収集・保管します（デーモン）。"),
            discussion: say(
                "Runs until SIGTERM or Ctrl-C. At SIGHUP the configuration is read again.",
                "SIGTERM または Ctrl-C まで動作します。SIGHUP で設定を読み直します。"))
    }

    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp(say("The configuration.", "設定ファイル。"), valueName: "file"))
    var config: String

    @Flag(help: ArgumentHelp(say("Show what becomes durable.", "書き込みが完了した記録を表示します。")))
    var show = false

    func run() async throws {
        var log = Logger(label: "hisui") { _ in DaemonLog() }
        log.logLevel = .info
        let logger = log
        let path = config
        guard let configuration = Self.load(path, log: logger) else {
            throw Failure(
                .refused,
                say("the configuration is refused; see above", "設定に誤りがあります（上記参照）"))
        }
        let view = show ? try LiveView(timeZone: TimeZoneOption.resolve(nil)) : nil
        var observe: (@Sendable (RowBatch, ShapeTable) -> Void)?
        if let view { observe = { view.show($0, $1) } }
        let daemon = Daemon(
            configuration: configuration,
            shippedDefinitions: ShippedData.parsers().map { [$0] } ?? [],
            shippedRules: ShippedData.rules(), describe: FindingText.line,
            loadConfiguration: { Self.load(path, log: logger) }, log: logger, observe: observe)
        do {
            try await daemon.run()
        } catch {
            throw Failure(.refused, "\(error)")
        }
        logger.notice("stopped; everything taken is stored")
    }

    /// Reads and checks a configuration; says what is wrong and returns nil if it is refused.
    private static func load(_ path: String, log: Logger) -> Configuration? {
        let checked: ConfigurationFile.Checked
        do throws(Failure) {
            checked = try ConfigurationFile.load(path)
        } catch {
            log.error("\(error.message)")
            return nil
        }
        for diagnostic in checked.diagnostics { log.error("\(diagnostic)") }
        return checked.configuration
    }
}
