import ArgumentParser
import HisuiBytes
import HisuiEvent
import HisuiStore

/// `hisui alerts`: what detection found.
struct AlertsCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "alerts",
            abstract: say(
                "List findings, and show one with its records.", "検知の一覧と、元になった記録を表示します。"),
            subcommands: [AlertsListCommand.self, AlertsShowCommand.self],
            defaultSubcommand: AlertsListCommand.self)
    }
}

/// `hisui alerts list`.
struct AlertsListCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "list",
            abstract: say("List findings, the newest first.", "検知を新しい順に一覧表示します。"),
            discussion: say(
                "The time is that of the finding's last event. Levels: informational, low, medium, "
                    + "high, critical.",
                "時刻は検知の最後の事象のものです。重要度: informational（情報）、low（低）、medium（中）、"
                    + "high（高）、critical（重大）。"))
    }

    @OptionGroup var common: CommonOptions
    @OptionGroup var store: StoreOptions

    @Option(
        help: ArgumentHelp(
            say("Only from then on: \(TimeOption.help).", "この時刻以降: \(TimeOption.help)。"),
            valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp(say("Only until then.", "この時刻まで。"), valueName: "time"))
    var until: String?

    @Option(
        help: ArgumentHelp(
            say("Only this level and above.", "この重要度以上。"), valueName: "level"))
    var level: String?

    @Option(help: ArgumentHelp(say("table or jsonl.", "table または jsonl。"), valueName: "format"))
    var format: TableFormat?

    @Option(
        name: .customLong("time-zone"),
        help: ArgumentHelp(
            say("Time zone of times (default: this machine's).", "時刻の時間帯（既定: この端末の設定）。"),
            valueName: "name"))
    var timeZone: String?

    func run() throws {
        if let level, ActText.rank(level) < 0 {
            throw Failure(
                .usage,
                say(
                    "'\(level)' is no level; there are \(ActText.levels.joined(separator: ", "))",
                    "重要度 '\(level)' はありません（\(ActText.levels.joined(separator: "、"))）"))
        }
        let zone = try TimeZoneOption.resolve(timeZone)
        let now = Timestamp.now()
        let stretch = try TimeOption.stretch(since: since, until: until, zone, now: now)
        let zones = store.zones
        let least = level.map { ActText.rank($0) } ?? -1
        let alerts = try Alert.all(store: store.store).filter { alert in
            zones.map { $0.contains(alert.act.zone ?? "") } ?? true
                && stretch.map { $0.first <= alert.time.nanoseconds } ?? true
                && stretch.map { alert.time.nanoseconds <= $0.last } ?? true
                && ActText.rank(alert.level) >= least
        }
        let output = StandardOutput.shared
        if (format ?? (output.isTerminal ? .table : .jsonl)) == .jsonl {
            for alert in alerts { output.write(Self.json(alert)) }
        } else {
            output.write(Self.table(alerts, zone))
        }
    }

    /// The finding's newest act, on a line.
    static func json(_ alert: Alert) -> [UInt8] {
        var line: [UInt8] = []
        alert.act.append(to: &line)
        line.append(0x0A)
        return line
    }

    private static func table(_ alerts: [Alert], _ zone: TimeZoneRules) -> String {
        if alerts.isEmpty { return say("no findings\n", "検知はありません\n") }
        var table = Table(
            header: [
                say("TIME", "時刻"), say("LEVEL", "重要度"), say("ZONE", "領域"), say("STATE", "状態"),
                say("EVENTS", "事象"), say("ID", "番号"), say("FINDING", "検知"), say("WHO", "対象"),
            ], rightAligned: [4])
        for alert in alerts {
            let entities = alert.entities.map { entity in
                entity.values.prefix(3).joined(separator: ", ")
                    + (entity.values.count > 3 ? ", …" : "")
            }
            table.add([
                alert.time.text(zone), ActText.level(alert.level), alert.act.zone ?? "-",
                alert.isFinal ? say("final", "確定") : say("open", "継続中"), alert.count.grouped,
                String(alert.id.prefix(8)), alert.title, entities.joined(separator: "; "),
            ])
        }
        return table.text
    }
}
