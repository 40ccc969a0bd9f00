import HisuiEvent

/// The summary for people: two pages of paper, in one language.
struct SummaryPage {
    let report: BundleReport
    let language: ReportLanguage
    private var page: HTMLText

    /// Rows of a table before it says that there are more.
    private static let rowsMax = 40

    init(_ report: BundleReport, _ language: ReportLanguage) {
        self.report = report
        self.language = language
        let title = Bilingual("Evidence bundle: summary", "監査証跡一式　概要")
        page = HTMLText(title: title[language], language: language)
    }

    /// The page.
    static func bytes(_ report: BundleReport, _ language: ReportLanguage) -> [UInt8] {
        var page = SummaryPage(report, language)
        page.write()
        return page.page.bytes
    }

    private func say(_ english: String, _ japanese: String) -> String {
        language == .japanese ? japanese : english
    }

    private func count(_ value: some BinaryInteger) -> String { NumberText.grouped(value) }

    private mutating func write() {
        verdict()
        page.heading(say("Scope", "対象"))
        page.facts([
            (
                say("Period (received)", "対象期間（受信時刻）"),
                say(
                    "from \(TimeFormat.japan(report.since)) to before "
                        + TimeFormat.japan(report.until),
                    "\(TimeFormat.japan(report.since)) から "
                        + "\(TimeFormat.japan(report.until)) の前まで")
            ),
            (say("Zones", "領域（系）"), report.zones.joined(separator: ", ")),
            (say("Store", "保管庫の識別子"), report.storeID),
            (say("Records in the period", "期間内の原文"), count(report.records)),
            (
                say("Records attached with proof", "証明付きで添付した原文"),
                say(
                    "\(count(report.recordsBehindFindings)) behind findings, "
                        + "\(count(report.recordsSampled)) sampled at random "
                        + "(seed \(report.seed))",
                    "検知の根拠 \(count(report.recordsBehindFindings)) 件、"
                        + "無作為抽出 \(count(report.recordsSampled)) 件（乱数の種 \(report.seed)）")
            ),
        ])
        if report.recordsLeftOut > 0 {
            page.paragraph(
                say(
                    "\(count(report.recordsLeftOut)) records behind findings are not attached: "
                        + "beyond the bound of a bundle, deleted on schedule, or not yet covered "
                        + "by a checkpoint.",
                    "検知の根拠のうち \(count(report.recordsLeftOut)) 件は添付していません"
                        + "（添付上限の超過、保存期間満了による廃棄、またはチェックポイント未作成のため）。"),
                class: "note")
        }
        sources()
        losses()
        findings()
        checkpoints()
        deletions()
        acts()
        proves()
    }

    private mutating func verdict() {
        let verdict = report.verdict
        if verdict.isSound {
            page.paragraph(
                say(
                    "Verification when this bundle was made: no alteration found.",
                    "作成時の検証結果: 改ざんは見つかりませんでした。"), class: "verdict")
        } else {
            page.paragraph(
                say(
                    "Verification when this bundle was made: \(verdict.problems.count) problems. "
                        + "See report/verification.json.",
                    "作成時の検証結果: 問題が \(verdict.problems.count) 件あります。"
                        + "report/verification.json を参照してください。"), class: "verdict failed")
            page.list(
                verdict.problems.prefix(10).map { "\($0.file): \($0.what[language])" })
        }
        switch verdict.anchor {
        case .trusted(let checkpoints):
            page.paragraph(
                say(
                    "Compared with \(checkpoints) checkpoints and keys kept outside the store.",
                    "保管庫の外で保管していた鍵とチェックポイント \(checkpoints) 件とも照合しました。"),
                class: "note")
        case .selfConsistent:
            page.paragraph(
                say(
                    "Self-consistent only: no key or checkpoint kept outside the store was given. "
                        + "A store rebuilt as a whole, with new keys, would look the same.",
                    "保管庫内の整合のみを確認しました。外部で保管した鍵やチェックポイントとは照合していません。"
                        + "鍵も含めて全体を作り直した場合、この検証だけでは区別できません。"),
                class: "note")
        }
    }

    private mutating func sources() {
        page.heading(say("Sources and the equation", "収集元と収支"))
        let account = report.account
        page.paragraph(
            say(
                "offered \(count(account.offered)) = stored \(count(account.stored)) + "
                    + "deduplicated \(count(account.deduplicated)) + "
                    + "dropped \(count(account.dropped)). "
                    + "Totals since each source was first seen; the table counts the period.",
                "提供 \(count(account.offered)) ＝ 保管 \(count(account.stored)) ＋ 重複 "
                    + "\(count(account.deduplicated)) ＋ 取りこぼし \(count(account.dropped))。"
                    + "各収集元を最初に認識してからの累計です。表は期間内の件数です。"))
        table(
            [
                say("Zone", "領域"), say("Source", "収集元"), say("Records", "件数"),
                say("First", "最初"), say("Last", "最後"), say("Dropped (total)", "取りこぼし（累計）"),
                say("Gaps (total)", "欠落（累計）"),
            ],
            report.sources.map { source in
                [
                    source.zone, source.source, count(source.records),
                    source.first.map { TimeFormat.japan($0) } ?? "-",
                    source.last.map { TimeFormat.japan($0) } ?? "-",
                    count(source.account.dropped), count(source.account.gaps),
                ]
            }, numeric: [2, 5, 6], more: "coverage/sources.tsv")
    }

    private mutating func losses() {
        page.heading(say("Gaps in the period", "期間内の欠落"))
        guard !report.gaps.isEmpty else {
            page.paragraph(say("None was detected.", "検出されませんでした。"))
            return
        }
        table(
            [
                say("Detected", "検出日時"), say("Zone", "領域"), say("Source", "収集元"),
                say("Records", "件数"), say("Cause", "原因"),
            ],
            report.gaps.map { entry in
                [
                    TimeFormat.japan(entry.gap.detected), entry.zone, entry.gap.source,
                    entry.gap.count.map { count($0) } ?? say("unknown", "不明"), entry.gap.cause,
                ]
            }, numeric: [3], more: "coverage/gaps.tsv")
    }

    /// The first few; a page is read by people.
    private func whoAndWhere(_ entities: [String]) -> String {
        let shown = entities.prefix(6).joined(separator: ", ")
        let rest = entities.count - 6
        return rest > 0 ? shown + say(", and \(rest) more", " ほか \(rest) 件") : shown
    }

    private mutating func findings() {
        page.heading(say("Findings", "検知"))
        let words = [
            Bilingual("critical", "重大"), Bilingual("high", "高"), Bilingual("medium", "中"),
            Bilingual("low", "低"), Bilingual("informational", "情報"),
        ]
        page.table(
            words.map { $0[language] } + [say("all", "合計")],
            [
                BundleReport.levels.map { count(report.count(ofLevel: $0)) }
                    + [count(report.findings.count)]
            ],
            numeric: Set(0...5))
        guard !report.findings.isEmpty else { return }
        let rank = { level in BundleReport.levels.firstIndex(of: level) ?? 9 }
        let ordered = report.findings.enumerated().sorted {
            (rank($0.element.level), $0.offset) < (rank($1.element.level), $1.offset)
        }.map(\.element)
        table(
            [
                say("First event", "最初の事象"), say("Found", "検知日時"), say("Zone", "領域"),
                say("Level", "重要度"), say("What", "内容"), say("Who, where", "対象"),
                say("Records", "原文"),
            ],
            ordered.map { finding in
                let level = BundleReport.levels.firstIndex(of: finding.level)
                return [
                    finding.firstEvent.map(TimeFormat.japan) ?? "",
                    TimeFormat.japan(finding.time), finding.zone,
                    level.map { words[$0][language] } ?? finding.level,
                    finding.title[language], whoAndWhere(finding.entities), count(finding.count),
                ]
            }, numeric: [6], more: "findings/findings.jsonl")
    }

    private mutating func checkpoints() {
        page.heading(say("Checkpoints", "チェックポイント"))
        page.paragraph(
            say(
                "Compare root and size at the end of the period with those that you keep "
                    + "elsewhere, for instance on paper.",
                "期末の葉数とルートハッシュを、紙など別の場所に保管した値と見比べてください。"), class: "note")
        table(
            [
                say("Log", "系列"), say("In the period", "期間内の数"),
                say("Leaves before", "期首の葉数"), say("Leaves at the end", "期末の葉数"),
                say("Time", "日時"), say("Root", "ルートハッシュ"),
            ],
            report.streams.map { stream in
                [
                    "\(stream.zone)/\(stream.stream)", count(stream.checkpoints),
                    count(stream.previousSize), count(stream.size),
                    stream.lastCheckpoint.map { TimeFormat.japan($0) } ?? "-", stream.root,
                ]
            }, numeric: [1, 2, 3], more: "log/")
    }

    private mutating func deletions() {
        page.heading(say("Deletion records in the period", "期間内の廃棄記録"))
        guard !report.deletions.isEmpty else {
            page.paragraph(say("Nothing was deleted.", "廃棄はありません。"))
            return
        }
        table(
            [
                say("Time", "日時"), say("Log", "系列"), say("Records", "件数"),
                say("Index", "番号"), say("Policy", "保存方針"), say("Approved by", "承認者"),
            ],
            report.deletions.map { deletion in
                [
                    TimeFormat.japan(deletion.time), "\(deletion.zone)/\(deletion.stream)",
                    count(deletion.end - deletion.first),
                    "\(deletion.first)–\(deletion.end - 1)", deletion.policy,
                    deletion.approvedBy,
                ]
            }, numeric: [2], more: "retention/deletions.jsonl")
    }

    private mutating func acts() {
        page.heading(say("Acts in the period", "期間内の操作記録"))
        guard !report.acts.isEmpty else {
            page.paragraph(say("None.", "ありません。"))
            return
        }
        page.table(
            [say("Kind", "種別"), say("Number", "件数")],
            report.acts.map { [ActWords.text($0.kind)[language], count($0.count)] },
            numeric: [1])
    }

    private mutating func proves() {
        page.heading(
            say("What this bundle proves, and what it cannot", "本証跡で証明できること・できないこと"))
        page.paragraph(
            say(
                "See report/proves.en.html. How to check this bundle without Hisui: README.en.md.",
                "report/proves.ja.html を参照してください。Hisui を使わずに検証する手順は README.ja.md にあります。"))
    }

    private mutating func table(
        _ header: [String], _ rows: [[String]], numeric: Set<Int>, more file: String
    ) {
        page.table(header, Array(rows.prefix(Self.rowsMax)), numeric: numeric)
        if rows.count > Self.rowsMax {
            page.paragraph(
                say(
                    "\(count(rows.count - Self.rowsMax)) more in \(file).",
                    "ほか \(count(rows.count - Self.rowsMax)) 件は \(file) にあります。"),
                class: "note")
        }
    }
}

/// Numbers for people.
enum NumberText {
    /// 1,234,567.
    static func grouped(_ value: some BinaryInteger) -> String {
        var digits = Array(String(value))
        var position = digits.count - 3
        while position > 0, digits[position - 1] != "-" {
            digits.insert(",", at: position)
            position -= 3
        }
        return String(digits)
    }
}

/// Kinds of acts for people.
enum ActWords {
    static func text(_ kind: String) -> Bilingual {
        switch Act.Kind(rawValue: kind) {
        case .start: Bilingual("start of a daemon", "常駐プログラムの開始")
        case .stop: Bilingual("stop of a daemon", "常駐プログラムの停止")
        case .reload: Bilingual("configuration reloaded", "設定の再読込み")
        case .import: Bilingual("import", "取込み")
        case .file: Bilingual("file of a folder", "ファイルの受領")
        case .finding: Bilingual("finding", "検知")
        case .search: Bilingual("search", "検索")
        case .evidence: Bilingual("evidence bundle", "監査証跡一式の作成")
        case .deletion: Bilingual("deletion", "廃棄")
        case .retention: Bilingual("retention", "保存期間の管理")
        case .key: Bilingual("key", "鍵の操作")
        case .segment: Bilingual("log file sealed", "ログファイルの確定")
        case .integrity: Bilingual("verification", "検証")
        case .setup: Bilingual("setup", "初期設定")
        case .spill: Bilingual("records kept beside the store", "一時退避")
        case .silence: Bilingual("silence of a source", "収集元の受信途絶")
        case .clock: Bilingual("clock put or different", "時計の変更・ずれ")
        case .coverage: Bilingual("fall of parse coverage", "解析率の低下")
        case nil: Bilingual(kind, kind)
        }
    }
}
