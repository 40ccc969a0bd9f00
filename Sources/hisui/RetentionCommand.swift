import ArgumentParser
import Glibc
import HisuiBytes
import HisuiEvent
import HisuiPipeline
import HisuiPolicy
import HisuiStore

/// `hisui retention`: what may go, and letting it go.
struct RetentionCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "retention",
            abstract: say(
                "Show what may be deleted by policy, and delete it.",
                "保存期間を過ぎた記録を表示・廃棄します。"),
            discussion: say(
                """
                  hisui retention plan --store DIR [--config FILE] [--at TIME]
                  hisui retention apply --config FILE

                plan never changes anything. apply deletes whole segments whose term is over, by
                classes that somebody approved; each deletion is an act.
                """,
                """
                  hisui retention plan --store DIR [--config FILE] [--at TIME]
                  hisui retention apply --config FILE

                plan は何も変更しません。apply は承認済みの保存区分で期間を過ぎたログファイルだけを
                廃棄し、廃棄記録を残します。
                """),
            subcommands: [RetentionPlanCommand.self, RetentionApplyCommand.self])
    }
}

/// `hisui retention plan`.
struct RetentionPlanCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "plan",
            abstract: say("Show what may be deleted; changes nothing.", "廃棄の予定を表示します（変更しません）。"))
    }

    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp(say("The store.", "保管庫。"), valueName: "dir"))
    var store: String?

    @Option(
        help: ArgumentHelp(
            say(
                "The configuration: streams, classes, fiscal year. Without it streams have the "
                    + "class of their own name.",
                "設定ファイル（系列・保存区分・会計年度）。省略時は系列名を保存区分とみなします。"),
            valueName: "file"))
    var config: String?

    @Option(
        help: ArgumentHelp(
            say("As if it were that time, e.g. 2027-04-01.", "この時点での予定。例: 2027-04-01。"),
            valueName: "time"))
    var at: String?

    @Option(help: ArgumentHelp(say("table or jsonl.", "table または jsonl。"), valueName: "format"))
    var format: TableFormat?

    func run() throws {
        let setting = try RetentionSetting(config: config, store: store)
        let time = try at.map { try setting.time($0) }
        let plan: RetentionPlan
        do {
            plan = try setting.run().plan(at: time)
        } catch {
            throw Failure(.refused, "\(error)")
        }
        let output = StandardOutput.shared
        if (format ?? (output.isTerminal ? .table : .jsonl)) == .jsonl {
            for item in plan.items { output.write(RetentionReport.json(item, setting).line) }
        } else {
            output.write(RetentionReport.table(plan, setting))
        }
    }
}

/// `hisui retention apply`.
struct RetentionApplyCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "apply",
            abstract: say(
                "Delete what the plan of this moment says.", "現時点の予定どおりに廃棄します。"),
            discussion: say(
                "Asks on a terminal; elsewhere --yes is needed. Ends with 1 when nothing was due.",
                "端末では確認を求めます。それ以外では --yes が必要です。廃棄対象がなければ 1 を返します。"))
    }

    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp(say("The configuration.", "設定ファイル。"), valueName: "file"))
    var config: String

    @Flag(help: ArgumentHelp(say("Delete without asking.", "確認せずに廃棄します。")))
    var yes = false

    func run() throws {
        let setting = try RetentionSetting(config: config, store: nil)
        var refusal: Failure?
        let outcome: RetentionRun.Outcome
        do {
            outcome = try setting.run().apply(actor: Actor.current()) { plan in
                StandardError.write(RetentionReport.table(plan, setting))
                if yes { return true }
                refusal = Self.refusal(plan)
                return refusal == nil
            }
        } catch {
            throw Failure(.refused, "\(error)")
        }
        if let refusal { throw refusal }
        if outcome.segments > 0 { ActRecorder.sign(setting.store) }
        RetentionReport.tell(outcome, setting)
        if !outcome.refused.isEmpty { throw ExitCode(Failure.Status.refused.rawValue) }
        if outcome.segments + outcome.completed == 0 {
            throw ExitCode(Failure.Status.negative.rawValue)
        }
    }

    /// Asks; nil if the answer is yes.
    private static func refusal(_ plan: RetentionPlan) -> Failure? {
        guard isatty(STDIN_FILENO) == 1, StandardError.isTerminal else {
            return Failure(
                .usage,
                say(
                    "nothing was deleted: say --yes where nobody can be asked",
                    "廃棄していません。端末以外では --yes を指定してください"))
        }
        StandardError.write(
            say(
                "Delete \(plan.records.grouped) records in \(plan.segments.grouped) files? They "
                    + "cannot be had back. Type yes: ",
                "\(plan.segments.grouped) ファイル・\(plan.records.grouped) 件を廃棄しますか。"
                    + "元に戻せません。yes と入力: "))
        let answer = readLine()
        if answer == "yes" { return nil }
        return Failure(.negative, say("nothing was deleted", "廃棄していません"))
    }
}

/// What the commands of retention work with.
struct RetentionSetting {
    let store: String
    let configuration: Configuration?
    let classes: RetentionClasses
    let timeZone: TimeZoneRules

    init(config: String?, store: String?) throws {
        var configuration: Configuration?
        if let config {
            let checked = try ConfigurationFile.load(config)
            for diagnostic in checked.diagnostics { StandardError.write("\(diagnostic)\n") }
            guard let right = checked.configuration else {
                throw Failure(
                    .refused,
                    say("the configuration is refused; see above", "設定に誤りがあります（上記参照）"))
            }
            configuration = right
            classes = checked.retention
        } else {
            let loaded = try ConfigurationFile.retention(of: nil)
            classes = loaded.classes
        }
        guard let place = store ?? configuration?.store else {
            throw Failure(
                .usage, say("name a store with --store or --config", "--store か --config を指定してください")
            )
        }
        self.store = place
        self.configuration = configuration
        timeZone = try TimeZoneOption.resolve(configuration?.timeZone ?? "Asia/Tokyo")
    }

    func run() throws -> RetentionRun {
        RetentionRun(
            store: store, configuration: configuration, classes: classes,
            proofs: TreeDeletionProofs(store: store), now: { Timestamp.now() })
    }

    /// A day or a time of the organisation's clocks, or one with an offset.
    func time(_ text: String) throws -> Timestamp {
        if let day = Day(text), let at = timeZone.utcNanoseconds(local: day.midnight) {
            return Timestamp(nanoseconds: at)
        }
        let bytes = Array(text.utf8)
        if let (end, value) = TimeText.rfc3339(bytes.span, 0..<bytes.count), end == bytes.count,
            let at = value.offsetSeconds.map({ value.civil.nanoseconds(offsetSeconds: $0) })
                ?? timeZone.utcNanoseconds(local: value.civil)
        {
            return Timestamp(nanoseconds: at)
        }
        throw Failure(
            .usage,
            say(
                "'\(text)' is no time; write it like 2027-04-01 or 2027-04-01T09:00:00+09:00",
                "'\(text)' は日時ではありません。2027-04-01 や 2027-04-01T09:00:00+09:00 のように指定してください"))
    }

    /// The day of the organisation's clocks.
    func day(_ time: Timestamp?) -> String {
        guard let time, time != .none else { return "-" }
        let start = configuration?.organisation.fiscalYearStart ?? 4
        return RetentionCalendar(timeZone: timeZone, fiscalYearStart: start).day(of: time)
            .description
    }
}
