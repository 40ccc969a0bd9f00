import HisuiBytes
import HisuiCollect
import HisuiEvent
import HisuiPipeline
import HisuiStore

/// Everything that is known of one source, as a page or as an object.
struct SourcePage {
    /// How many of the newest records are looked at to say which rules know them.
    static let surveyed = 20_000
    /// Kinds of unknown records, and of what was noticed, that a page shows.
    private static let shownMax = 10

    let stream: Snapshot.Stream
    let state: SourceState
    let known: WatchState.Known?
    let survey: SourceSurvey
    let gaps: [Gap]
    /// Silences, clocks and coverage of the source, oldest first.
    let noticed: [Act]
    /// By the listener to which it sends.
    let refused: RefusedPeers
    let now: Timestamp

    // MARK: - For a person

    func text(_ zone: TimeZoneRules) -> String {
        var lines = TerminalText.escaped(state.source.id) + "\n"
        for (name, value) in general + times(zone) + losses(zone) + positions + understanding {
            let width = TerminalText.displayWidth(name)
            lines +=
                "  " + name + String(repeating: " ", count: max(1, 18 - width))
                + TerminalText.escaped(value) + "\n"
        }
        return lines + unknown + history(zone) + refused.text(now: now)
    }

    private var general: [(String, String)] {
        [
            (say("zone", "領域"), stream.zone), (say("stream", "系列"), stream.stream),
            (say("kind", "種類"), kind),
            (
                say("state", "状態"),
                known?.stateText ?? say("not watched by a daemon", "デーモンの監視対象外")
            ),
        ]
    }

    private var kind: String {
        switch state.source.kind {
        case .journal: say("journal", "ジャーナル")
        case .syslogUDP: say("syslog over UDP", "syslog（UDP）")
        case .syslogTCP: say("syslog over TCP", "syslog（TCP）")
        case .syslogUnix: say("syslog over a Unix socket", "syslog（Unix ソケット）")
        case .http where state.source.form == .journal:
            say("journals over HTTP", "ジャーナル（HTTP）")
        case .http: say("shippers over HTTP", "転送エージェント（HTTP）")
        case .relp: say("syslog over RELP", "syslog（RELP）")
        case .audit: say("auditd", "auditd")
        case .file: say("files", "ファイル")
        case .import: say("import", "取り込み")
        case .acts: say("acts", "操作記録")
        }
    }

    private func times(_ zone: TimeZoneRules) -> [(String, String)] {
        var lines: [(String, String)] = []
        if state.lastReceived != .none {
            let age = SourceList.age(of: state.lastReceived, now: now)
            lines.append(
                (
                    say("last record", "最終受信"),
                    state.lastReceived.text(zone, fractionDigits: 3)
                        + say(" (\(age) ago)", "（\(age)）")
                ))
        }
        guard let known else { return lines }
        if let event = known.lastEvent {
            lines.append((say("its own time", "原文の時刻"), event.text(zone, fractionDigits: 3)))
        }
        if let lag = known.lagMillis {
            lines.append((say("lag", "遅延"), "\((Double(lag) / 1000).fixed(3)) s"))
        }
        lines.append((say("usual interval", "通常間隔"), interval(known)))
        lines.append(
            (say("clock", "時計差"), known.clockText ?? say("not known yet", "まだ不明")))
        let counts = known.rate.counts(at: now)
        lines.append(
            (
                say("24 hours", "24 時間"),
                SourceTable.bars(counts, RateHistory.hours)
                    + say(
                        " (\((counts.max() ?? 0).grouped) an hour at most)",
                        "（最大 \((counts.max() ?? 0).grouped) 件/時）")
            ))
        return lines
    }

    private func interval(_ known: WatchState.Known) -> String {
        guard let interval = known.intervalMillis else { return say("not known yet", "まだ不明") }
        let (usual, told) = (
            SourceList.duration(interval / 1000), SourceList.duration(interval * 3 / 2000)
        )
        return say(
            "\(usual); silence is told after \(told)", "\(usual)（\(told)で受信途絶として通知）")
    }

    private func losses(_ zone: TimeZoneRules) -> [(String, String)] {
        let account = state.account
        var lines = [
            (say("offered", "提供"), account.offered.grouped),
            (say("stored", "保管"), account.stored.grouped),
            (say("deduplicated", "重複"), account.deduplicated.grouped),
            (say("dropped", "取りこぼし"), account.dropped.grouped),
        ]
        for reason in DropReason.allCases where account[reason] > 0 {
            let span = account.dropSpans[reason].map { " (\(SourceList.text($0, zone)))" } ?? ""
            lines.append(("", "\(account[reason].grouped) \(SourceList.words(reason))\(span)"))
        }
        lines.append((say("gaps", "欠落"), account.gaps.grouped))
        return lines
    }

    private var positions: [(String, String)] {
        PositionText.lines(state.position, of: state.source.kind, say)
            .map { (say("position", "読み取り位置"), $0) }
    }

    private var understanding: [(String, String)] {
        var lines: [(String, String)] = []
        if let coverage = known?.coverage {
            let usual = known?.usualCoverage.map { $0 / 100 } ?? 0
            lines.append(
                (
                    say("parsed", "解析率"),
                    say(
                        "\(coverage / 100) % (usually \(usual) %)",
                        "\(coverage / 100) %（通常 \(usual) %）")
                ))
        }
        if survey.records > 0 {
            let parsers = survey.parsersByCount.map { "\($0.name) \($0.count.grouped)" }
            lines.append(
                (
                    say("known by", "解析した定義"),
                    (parsers.isEmpty ? say("none", "なし") : parsers.joined(separator: ", "))
                        + say(
                            " (of the last \(survey.records.grouped))",
                            "（直近 \(survey.records.grouped) 件中）")
                ))
        }
        if !survey.flags.isEmpty {
            let flags = survey.flagsByCount.map { "\($0.name) \($0.count.grouped)" }
            lines.append((say("flags", "注記"), flags.joined(separator: ", ")))
        }
        return lines
    }

    /// What no rule knows.
    private var unknown: String {
        let count = survey.records - survey.recognised
        guard count > 0 else { return "" }
        return "\n"
            + say(
                "Known by no rule: \(count.grouped)\n", "どの規則も知らない原文: \(count.grouped) 件\n")
            + Self.list(survey, most: Self.shownMax)
    }

    /// Kinds of records that no rule knows, a line each.
    static func list(_ survey: SourceSurvey, most: Int) -> String {
        survey.patternsByCount.prefix(most).map { pattern in
            let count = pattern.count.grouped
            let padding = String(repeating: " ", count: max(0, 10 - count.utf8.count))
            return padding + count + "  " + pattern.name + "\n"
        }.joined()
    }

    private func history(_ zone: TimeZoneRules) -> String {
        var text = ""
        for gap in gaps.suffix(Self.shownMax) {
            let count = SourceList.count(gap)
            text += "  " + gap.detected.text(zone) + "  "
            text += say("\(count) missing: ", "欠落 \(count): ") + SourceList.cause(gap) + "\n"
        }
        for act in noticed.suffix(Self.shownMax) {
            text += "  " + act.time.text(zone) + "  " + TerminalText.escaped(act.message) + "\n"
        }
        return text.isEmpty ? "" : "\n" + say("What was noticed\n", "経過\n") + text
    }

    // MARK: - For a program

    /// The line of `hisui sources` and more.
    func json(_ watched: WatchedSources) -> JSONLine {
        var line = SourceList.json(stream, state, watched, now: now)
        line.add("position", PositionText.lines(state.position, of: state.source.kind))
        line.add("surveyed_records", UInt64(survey.records))
        survey.add(to: &line, most: Self.shownMax)
        line.add(
            "gap_list",
            gaps.map { gap in
                var object = JSONLine()
                object.add("detected", gap.detected.utcText)
                if let count = gap.count { object.add("records", count) }
                object.add("cause", gap.cause)
                return object
            })
        line.add(
            "noticed",
            noticed.suffix(Self.shownMax).map { act in
                var object = JSONLine()
                object.add("time", act.time.utcText)
                object.add("act", act.kind.rawValue)
                object.add("message", act.message)
                return object
            })
        line.add("listener", refused.objects)
        return line
    }
}
