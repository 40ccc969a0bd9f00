import HisuiBytes
import HisuiEvent
import HisuiPipeline
import HisuiPolicy

/// Plans and outcomes of retention, for people and programs.
enum RetentionReport {
    static func table(_ plan: RetentionPlan, _ setting: RetentionSetting) -> String {
        var table = Table(
            header: [
                say("ZONE", "領域"), say("STREAM", "系列"), say("CLASS", "保存区分"),
                say("KEEP", "保存期間"), say("OLDEST", "最古の受信"), say("FILES", "対象ファイル"),
                say("RECORDS", "対象件数"), say("BYTES", "バイト"), say("DELETED", "廃棄"),
            ], rightAligned: [5, 6, 7])
        for item in plan.items {
            table.add([
                item.zone, item.stream, name(item), item.retention.map(term) ?? "-",
                setting.day(item.oldest), item.due.count.grouped, item.records.grouped,
                item.bytes.grouped, item.isDeleted ? say("yes", "する") : say("no", "しない"),
            ])
        }
        var text = table.text
        for item in plan.items {
            for reason in item.reasons {
                text += "\(item.zone)/\(item.stream): \(words(reason, setting))\n"
            }
        }
        let name = say("apply would delete", "apply で廃棄されるもの")
        text += say(
            "\(name): \(plan.segments.grouped) files, \(plan.records.grouped) records, "
                + "\(plan.bytes.grouped) bytes\n",
            "\(name): \(plan.segments.grouped) ファイル、\(plan.records.grouped) 件、"
                + "\(plan.bytes.grouped) バイト\n")
        return text
    }

    private static func name(_ item: RetentionPlan.Item) -> String {
        guard let retention = item.retention else { return item.className }
        return say(retention.id, retention.nameJapanese)
    }

    private static func term(_ retention: RetentionClass) -> String {
        let length =
            switch retention.term {
            case .days(let count): say("\(count) d", "\(count) 日")
            case .months(let count): say("\(count) months", "\(count) か月")
            case .years(let count): say("\(count) y", "\(count) 年")
            case .forever: say("for ever", "永久")
            }
        if retention.term == .forever { return length }
        return retention.start == .received
            ? say("\(length) from receipt", "受信から \(length)")
            : say("\(length) from fiscal year's end", "年度末から \(length)")
    }

    static func words(_ reason: RetentionPlan.Reason, _ setting: RetentionSetting) -> String {
        switch reason {
        case .otherZone:
            say(
                "another zone's: its own configuration decides",
                "この設定の領域ではありません（その領域の設定で判断します）")
        case .unknownStream:
            say("the configuration has no such stream", "設定にない系列です")
        case .unknownClass: say("there is no such retention class", "保存区分がありません")
        case .notApproved:
            say(
                "the class is not approved: fill in approved_by and approved_on",
                "保存区分が未承認です（approved_by と approved_on を記入してください）")
        case .approvedLater(let day):
            say("the class is approved from \(day) on", "保存区分の承認は \(day) からです")
        case .forever: say("kept for ever", "永久保存です")
        case .nothingDue(nil): say("no term is over", "期間を過ぎた記録はありません")
        case .nothingDue(let next):
            say(
                "no term is over; the oldest file's ends on \(setting.day(next))",
                "期間を過ぎた記録はありません（最古のファイルは \(setting.day(next)) に満了）")
        case .clock(let newest):
            say(
                "the clock is in doubt: the newest record or checkpoint is of "
                    + "\(setting.day(newest)); start the daemon, or set the clock right",
                "時計が疑わしいため廃棄しません（最新の記録・チェックポイントは "
                    + "\(setting.day(newest))）。デーモンを起動するか時計を直してください")
        case .leap(let believed):
            say(
                "the clock leapt lately: terms are counted up to \(setting.day(believed)) for "
                    + "seven days",
                "最近、時計が飛びました。7 日間は \(setting.day(believed)) までとして数えます")
        case .obstacle(let error):
            say("files stay: \(error)", "廃棄できないファイルがあります: \(error)")
        }
    }

    static func json(_ item: RetentionPlan.Item, _ setting: RetentionSetting) -> JSONLine {
        var line = JSONLine()
        line.add("zone", item.zone)
        line.add("stream", item.stream)
        line.add("class", item.retention?.id ?? item.className)
        if let retention = item.retention {
            line.add("keep", retention.term.description)
            line.add("count_from", retention.start.rawValue)
            if let approval = retention.approval {
                line.add("approved_by", approval.by)
                line.add("approved_on", approval.on.description)
            }
        }
        if item.oldest != nil { line.add("oldest", setting.day(item.oldest)) }
        line.add("files", UInt64(item.due.count))
        line.add("records", item.records)
        line.add("bytes", UInt64(item.bytes))
        line.add("deleted", item.isDeleted ? "yes" : "no")
        line.add("reason", item.reasons.map { words($0, setting) }.joined(separator: "; "))
        return line
    }

    static func tell(_ outcome: RetentionRun.Outcome, _ setting: RetentionSetting) {
        if outcome.segments + outcome.completed == 0, outcome.refused.isEmpty {
            StandardError.write(table(outcome.plan, setting))
        }
        if outcome.completed > 0 {
            StandardOutput.shared.write(
                say(
                    "\(outcome.completed.grouped) files of earlier deletions were still there "
                        + "and are gone now\n",
                    "以前の廃棄で残っていた \(outcome.completed.grouped) ファイルを削除しました\n"))
        }
        for (zone, stream, why) in outcome.refused {
            StandardError.write("hisui: \(zone)/\(stream): \(why)\n")
        }
        StandardOutput.shared.write(
            say(
                "deleted \(outcome.segments.grouped) files, \(outcome.records.grouped) records, "
                    + "\(outcome.bytes.grouped) bytes\n",
                "廃棄: \(outcome.segments.grouped) ファイル、\(outcome.records.grouped) 件、"
                    + "\(outcome.bytes.grouped) バイト\n"))
    }
}
