import ArgumentParser
import HisuiBytes
import HisuiEvent
import HisuiStore

/// `hisui alerts show`.
struct AlertsShowCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "show",
            abstract: say(
                "Show one finding and the records behind it.", "検知 1 件と、元になった記録を表示します。"),
            discussion: say(
                "Looking at a finding's records is recorded like a search. Ends with 1 when there "
                    + "is no such finding.",
                "元の記録を見たことは検索と同じく操作記録に残ります。該当する検知がなければ終了コード 1 を返します。"))
    }

    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp(say("The store.", "保管庫。"), valueName: "dir"))
    var store: String

    @Option(
        help: ArgumentHelp(
            say("Records shown at most (default 20).", "表示する記録の上限（既定 20）。"),
            valueName: "n"))
    var limit = 20

    @Option(help: ArgumentHelp(say("table or jsonl.", "table または jsonl。"), valueName: "format"))
    var format: TableFormat?

    @Option(
        name: .customLong("time-zone"),
        help: ArgumentHelp(
            say("Time zone of times (default: this machine's).", "時刻の時間帯（既定: この端末の設定）。"),
            valueName: "name"))
    var timeZone: String?

    @Argument(
        help: ArgumentHelp(
            say("The finding's id, or the beginning of it.", "検知の番号、またはその先頭部分。"),
            valueName: "id"))
    var id: String

    func run() throws {
        let zone = try TimeZoneOption.resolve(timeZone)
        guard limit >= 0 else {
            throw Failure(.usage, say("--limit is below 0", "--limit は 0 以上を指定してください"))
        }
        let alert = try find()
        let references = alert.act.list("events") ?? []
        let records = try FindingRecords.read(references.prefix(limit), store: store)
        let output = StandardOutput.shared
        if (format ?? (output.isTerminal ? .table : .jsonl)) == .jsonl {
            output.write(AlertsListCommand.json(alert))
            for record in records { output.write(record.json) }
        } else {
            output.write(Self.head(alert, zone))
            output.write(Self.text(records, zone))
            output.write(Self.rest(alert, shown: records.count))
        }
        output.flush()
        ActRecorder.record(
            .search, store: store, zone: alert.act.zone,
            fields: [
                ("finding.id", .text(alert.id)),
                ("rows", .integer(Int64(records.count { $0.bytes != nil }))),
            ])
    }

    /// The finding whose id begins as given.
    private func find() throws -> Alert {
        let prefix = id.lowercased()
        let found = try Alert.all(store: store).filter { $0.id.hasPrefix(prefix) }
        guard let alert = found.first, !prefix.isEmpty else {
            StandardError.write(
                say(
                    "hisui: no finding's id begins with '\(id)'\n",
                    "hisui: 番号が '\(id)' で始まる検知はありません\n"))
            throw ExitCode(Failure.Status.negative.rawValue)
        }
        guard found.count == 1 else {
            let some = found.prefix(5).map(\.id).joined(separator: ", ")
            throw Failure(
                .usage,
                say(
                    "\(found.count) findings begin with '\(id)'; give more of it: \(some)",
                    "'\(id)' で始まる検知は \(found.count) 件あります。もう少し長く指定してください: \(some)"))
        }
        return alert
    }

    /// Lines of name and value, escaped.
    private static func head(_ alert: Alert, _ zone: TimeZoneRules) -> String {
        let act = alert.act
        func time(_ name: String) -> String {
            act.text(name).flatMap { Timestamp(rfc3339: $0) }?.text(zone) ?? "-"
        }
        var lines: [(String, String)] = [
            (say("finding", "検知"), alert.title),
            (say("id", "番号"), alert.id),
            (say("level", "重要度"), ActText.level(alert.level)),
            (say("rule", "規則"), act.text("rule.id") ?? "-"),
            (say("zone", "領域"), act.zone ?? "-"),
            (say("state", "状態"), alert.isFinal ? say("final", "確定") : say("open", "継続中")),
            (say("told at", "検知時刻"), alert.first.text(zone)),
            (say("first event", "最初の事象"), time("events.first")),
            (say("last event", "最後の事象"), time("events.last")),
            (say("events", "事象の数"), alert.count.grouped),
        ]
        for (name, words) in [
            ("detector.name", say("found by", "検知した装置・組織")),
            ("detector.alert", say("its number there", "検知元での番号")),
        ] {
            if let value = act.text(name), !value.isEmpty { lines.append((words, value)) }
        }
        for entity in alert.entities {
            lines.append((entity.name, entity.values.joined(separator: ", ")))
        }
        let width = lines.map { TerminalText.displayWidth($0.0) }.max() ?? 0
        return lines.reduce(into: "") { text, line in
            let name = escaped(line.0)
            let padding = max(0, width - TerminalText.displayWidth(name))
            text += name + String(repeating: " ", count: padding + 2) + escaped(line.1) + "\n"
        }
    }

    private static func text(_ records: [FindingRecord], _ zone: TimeZoneRules) -> String {
        var text = records.isEmpty ? "" : "\n" + say("records:\n", "元になった記録:\n")
        for record in records {
            text += "  " + escaped(record.reference) + "  "
            if let time = record.time { text += time.text(zone) + "  " }
            if let bytes = record.bytes {
                text += escaped(bytes)
            } else {
                text += "(" + record.missing + ")"
            }
            text += "\n"
        }
        return text
    }

    private static func rest(_ alert: Alert, shown: Int) -> String {
        let more = alert.count > UInt64(shown) ? alert.count - UInt64(shown) : 0
        if more == 0 { return "" }
        let named = alert.act.list("events")?.count ?? 0
        return say(
            "  … \(more.grouped) more; the finding names \(named) records (--limit)\n",
            "  … ほか \(more.grouped) 件（検知が指す記録は \(named) 件。--limit で変更）\n")
    }

    private static func escaped(_ text: String) -> String { escaped(Array(text.utf8)) }

    private static func escaped(_ bytes: [UInt8]) -> String {
        var safe: [UInt8] = []
        TerminalText.appendEscaped(bytes.span, 0..<bytes.count, to: &safe)
        return String(decoding: safe, as: UTF8.self)
    }
}
