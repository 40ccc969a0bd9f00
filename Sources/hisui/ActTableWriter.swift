import HisuiBytes
import HisuiEvent
import HisuiQuery

/// Acts for a person: local time, kind, zone, who, and what, one on a line.
///
/// Everything in an act may come from outside: nothing reaches the terminal unescaped.
struct ActTableWriter: RowWriter {
    private let timeZone: TimeZoneRules
    private var widths = [8, 6, 8]
    private static let widthMax = 24

    init(timeZone: TimeZoneRules) { self.timeZone = timeZone }

    mutating func write(_ row: borrowing ResultRow, to out: inout [UInt8]) {
        let kind = row.text("act").flatMap(Act.Kind.init)
        let time = row.text("_time").flatMap { Timestamp(rfc3339: $0) }
        var local = time.map { Array($0.text(timeZone).utf8.prefix(19)) } ?? []
        if local.count > 10 { local[10] = 0x20 }
        out.append(contentsOf: local)
        out.append(contentsOf: "  ".utf8)
        let columns = [
            kind.map(ActText.name) ?? row.text("act") ?? "?", row.text("zone.name") ?? "-",
            row.text("actor.sudo_user") ?? row.text("actor.user") ?? row.text("actor.kind") ?? "?",
        ]
        for (column, text) in columns.enumerated() {
            let bytes = Array(text.utf8)
            let used = TerminalText.appendEscaped(
                bytes.span, 0..<bytes.count, columnsMax: Self.widthMax, to: &out)
            widths[column] = max(widths[column], used)
            for _ in used..<widths[column] + 2 { out.append(0x20) }
        }
        let what = Array((kind.flatMap { Self.text($0, row) } ?? row.text("_msg") ?? "").utf8)
        TerminalText.appendEscaped(what.span, 0..<what.count, to: &out)
        out.append(0x0A)
    }

    mutating func finish(to out: inout [UInt8]) {}

    /// What was done, in the operator's language; nil where the act's own message must do.
    private static func text(_ kind: Act.Kind, _ row: borrowing ResultRow) -> String? {
        switch kind {
        case .search:
            let finding = row.text("finding.id").map { say("finding ", "検知 ") + $0 }
            let rows = row.text("rows") ?? "-"
            return (row.text("query") ?? finding ?? "") + say(" (\(rows) rows)", "（\(rows) 件）")
        case .finding:
            let title = say(row.text("rule.title") ?? "", row.text("rule.title_ja") ?? "")
            let name = title.isEmpty ? row.text("rule.title") ?? row.text("rule.id") ?? "" : title
            let count = row.text("events.count") ?? "-"
            let level = row.text("rule.level").map { "[\(ActText.level($0))] " } ?? ""
            return level + name + say(" (\(count) events)", "（事象 \(count) 件）")
        case .import:
            let records = row.text("records") ?? "-"
            return say("\(records) records: ", "\(records) 件: ") + (row.text("files") ?? "")
        case .start, .stop: return row.text("streams")
        default: return nil
        }
    }
}

/// Words of acts and findings in the operator's language.
enum ActText {
    static func name(_ kind: Act.Kind) -> String {
        switch kind {
        case .start: say("start", "起動")
        case .stop: say("stop", "停止")
        case .reload: say("reload", "設定再読込")
        case .import: say("import", "取込")
        case .file: say("file", "ファイル受領")
        case .finding: say("finding", "検知")
        case .search: say("search", "検索")
        case .evidence: say("evidence", "監査証跡作成")
        case .deletion: say("deletion", "廃棄")
        case .retention: say("retention", "保存期間管理")
        case .key: say("key", "鍵")
        case .segment: say("segment", "ログファイル")
        case .integrity: say("integrity", "検証")
        case .setup: say("setup", "初期設定")
        case .spill: say("spill", "一時退避")
        case .silence: say("silence", "受信途絶")
        case .clock: say("clock", "時計")
        case .coverage: say("coverage", "解析率")
        }
    }

    /// Levels of Sigma, lowest first.
    static let levels = ["informational", "low", "medium", "high", "critical"]

    /// A level's place among `levels`; unknown ones are below all.
    static func rank(_ level: String?) -> Int { levels.firstIndex(of: level ?? "") ?? -1 }

    static func level(_ level: String) -> String {
        switch level {
        case "informational": say(level, "情報")
        case "low": say(level, "低")
        case "medium": say(level, "中")
        case "high": say(level, "高")
        case "critical": say(level, "重大")
        default: level
        }
    }
}
