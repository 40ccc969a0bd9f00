import ArgumentParser
import HisuiBytes
import HisuiEvent
import HisuiEvidence
import HisuiFile
import HisuiPipeline
import HisuiQuery
import HisuiStore

/// `hisui evidence`: bundles for auditors.
struct EvidenceCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "evidence",
            abstract: say(
                "Make, check and list evidence bundles.", "監査証跡一式を作成・検証・一覧します。"),
            subcommands: [
                EvidenceCreateCommand.self, EvidenceVerifyCommand.self, EvidenceListCommand.self,
            ])
    }
}

/// `hisui evidence create`.
struct EvidenceCreateCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "create",
            abstract: say("Make a bundle for a period.", "期間を指定して監査証跡一式を作成します。"),
            discussion: say(
                """
                The bundle is a BagIt bag that can be checked without Hisui; its README says how. \
                The store is examined first, and the result is part of the bundle. The period \
                counts receive times: from --since to before --until, both as in queries \
                (2026-07-01, 2026-07-01T09:00+09:00, now-7d). A day or month \
                given as --until is included.

                Ends with 4 when the store is not as it was written; the bundle is made all the \
                same.
                """,
                """
                一式は BagIt 形式で、Hisui がなくても検証できます（手順は同梱の README）。作成前に保管庫を検証し、
                結果も収めます。期間は受信時刻で数えます。--since 以後、--until より前で、書式はクエリと同じです
                （2026-07-01、2026-07-01T09:00+09:00、now-7d）。--until に日や月を指定すると、その終わりまで含みます。

                保管庫が書き込んだ内容と異なる場合は終了コード 4 を返しますが、一式は作成します。
                """))
    }

    @OptionGroup var common: CommonOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var trust: TrustOptions

    @Option(help: ArgumentHelp(say("Beginning of the period.", "期間の始め。"), valueName: "time"))
    var since: String

    @Option(help: ArgumentHelp(say("End of the period.", "期間の終わり。"), valueName: "time"))
    var until: String

    @Option(
        help: ArgumentHelp(
            say("The bundle's folder: new or empty.", "出力先フォルダー（新規または空）。"), valueName: "dir"))
    var out: String

    @Option(
        help: ArgumentHelp(
            say(
                "Seed of the random sample; an auditor may name it.",
                "無作為抽出の乱数の種（監査人が指定できます）。"), valueName: "number"))
    var seed: UInt64?

    @Option(
        help: ArgumentHelp(
            say("Who hands the bundle over.", "作成組織の名称。"), valueName: "name"))
    var organization: String?

    func run() throws {
        let now = Timestamp.now()
        let zone = try TimeZoneOption.resolve(nil)
        var request = BundleRequest(
            store: store.store, out: out, since: try time(since, now, zone).lowerBound,
            until: try time(until, now, zone).upperBound,
            seed: seed ?? UInt64.random(in: 0..<1 << 53), shipped: try ShippedData.bundle(),
            agent: Hisui.configuration.version)
        request.zones = store.zones
        request.trust = try trust.load()
        request.organization = organization ?? ""
        // So that all acts of the period are covered, and there is a key to seal with. A copy that
        // cannot be written is bundled as it is.
        try? ActsProof(store: store.store).extend()
        let builder = BundleBuilder(
            fileSystem: RealFileSystem(), request: request, now: now)
        let result: BundleResult
        var progress = Progress()
        do {
            result = try builder.run { records in
                progress.show { _ in
                    say("\(records.grouped) records checked", "検証済み \(records.grouped) 件")
                }
            }
        } catch {
            progress.clear()
            throw Failure(error)
        }
        progress.clear()
        record(result, request)
        print(result, request)
        if !result.verdict.isSound { throw ExitCode(Failure.Status.integrity.rawValue) }
    }

    /// The end of a range that a person wrote is the last nanosecond in it.
    private func time(
        _ text: String, _ now: Timestamp, _ zone: TimeZoneRules
    ) throws -> ClosedRange<Timestamp> {
        guard let range = Query.time(text, now: now, timeZone: zone) else {
            throw Failure(
                .usage,
                say(
                    "no time: '\(text)'; write it like 2026-07-01 or now-7d",
                    "時刻として読めません: '\(text)'（例: 2026-07-01、now-7d）"))
        }
        // An instant is its own end; of a day or hour the end is the beginning of the next.
        let end = range.lowerBound == range.upperBound ? 0 : 1
        return range
            .lowerBound...Timestamp(
                nanoseconds: range.upperBound.nanoseconds &+ Int64(end))
    }

    private func record(_ result: BundleResult, _ request: BundleRequest) {
        let act = result.act(request, actor: .current(), time: .now())
        ActRecorder.record(act.kind, store: store.store, fields: act.fields)
    }

    private func print(_ result: BundleResult, _ request: BundleRequest) {
        let output = StandardOutput.shared
        output.write(
            say(
                "Bundle: \(result.path)\n"
                    + "Records in the period: \(result.records.grouped); findings: "
                    + "\(result.findings.grouped); attached with proof: "
                    + "\(result.attached.grouped)\n"
                    + "SHA-256 of the tag manifest: \(result.digest)\n",
                "監査証跡一式: \(result.path)\n"
                    + "期間内の原文 \(result.records.grouped) 件、検知 \(result.findings.grouped) 件、"
                    + "証明付きで添付した原文 \(result.attached.grouped) 件\n"
                    + "タグマニフェストの SHA-256: \(result.digest)\n"))
        for remark in result.remarks { output.write(say("note: ", "備考: ") + remark.said + "\n") }
        if !result.isSealed {
            output.write(
                say(
                    "note: not sealed: the key of the acts could not be read\n",
                    "備考: 操作記録の鍵を読めないため、封印（署名）していません\n"))
        }
        for problem in result.verdict.problems.prefix(20) {
            StandardError.write("hisui: \(VerdictOutput.text(problem))\n")
        }
    }
}

/// `hisui evidence verify`.
struct EvidenceVerifyCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "verify",
            abstract: say("Check a bundle; needs no store.", "監査証跡一式を検証します（保管庫は不要）。"),
            discussion: say(
                "Ends with 4 when something was altered, and names it.",
                "改ざんがあれば箇所を表示し、終了コード 4 を返します。"))
    }

    @OptionGroup var common: CommonOptions
    @OptionGroup var trust: TrustOptions

    @Option(help: ArgumentHelp(say("table or jsonl.", "table または jsonl。"), valueName: "format"))
    var format: TableFormat?

    @Argument(help: ArgumentHelp(say("The bundle's folder.", "監査証跡一式のフォルダー。"), valueName: "dir"))
    var bundle: String

    func run() throws {
        let verdict: BundleVerdict
        do {
            verdict = try BundleChecker(path: bundle, trust: try trust.load()).run()
        } catch let error as EvidenceError {
            throw Failure(error)
        }
        let output = StandardOutput.shared
        let isTable = (format ?? (output.isTerminal ? .table : .jsonl)) == .table
        for problem in verdict.problems {
            if isTable {
                output.write(
                    TerminalText.escaped(
                        "\(problem.kind.rawValue): \(problem.file): \(problem.what.said)")
                        + "\n")
            } else {
                var line = JSONLine()
                line.add("problem", problem.kind.rawValue)
                line.add("file", problem.file)
                line.add("what", problem.what.english)
                line.add("what_ja", problem.what.japanese)
                output.write(line.line)
            }
        }
        if isTable { writeClosing(verdict) } else { writeSummary(verdict) }
        if !verdict.isSound { throw ExitCode(Failure.Status.integrity.rawValue) }
    }

    private func writeSummary(_ verdict: BundleVerdict) {
        var line = JSONLine()
        line.add("sound", verdict.isSound)
        line.add("files", UInt64(verdict.files))
        line.add("logs", UInt64(verdict.logs))
        line.add("records_proved", UInt64(verdict.provedRecords))
        line.add("problems", UInt64(verdict.problems.count))
        line.add("anchor", verdict.isAnchored ? "trusted" : "self-consistent")
        StandardOutput.shared.write(line.line)
    }

    private func writeClosing(_ verdict: BundleVerdict) {
        let output = StandardOutput.shared
        for note in verdict.notes { output.write(say("note: ", "備考: ") + note.said + "\n") }
        output.write(
            verdict.isSound
                ? say(
                    "The bundle is complete and unaltered: \(verdict.files.grouped) files, "
                        + "\(verdict.logs) logs, \(verdict.provedRecords.grouped) records "
                        + "proved.\n",
                    "監査証跡一式に欠け・改ざんはありません（\(verdict.files.grouped) ファイル、"
                        + "ログ \(verdict.logs) 系列、証明できた原文 \(verdict.provedRecords.grouped) 件）。\n")
                : say(
                    "\(verdict.problems.count) problems: the bundle is not what was sealed.\n",
                    "問題が \(verdict.problems.count) 件あります。封印時の内容と一致しません。\n"))
        if !verdict.isAnchored {
            output.write(
                say(
                    "Keys were taken from the bundle itself; compare them with --trust FILE.\n",
                    "鍵は一式に含まれるものを使いました。--trust FILE で別途受領した鍵と照合してください。\n"))
        }
    }
}

/// `hisui evidence list`.
struct EvidenceListCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "list",
            abstract: say("List the bundles that were made.", "作成した監査証跡一式を一覧します。"))
    }

    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp(say("The store.", "保管庫。"), valueName: "dir"))
    var store: String

    @Option(help: ArgumentHelp(say("table or jsonl.", "table または jsonl。"), valueName: "format"))
    var format: TableFormat?

    func run() throws {
        let list: ActList
        do {
            list = try ActReader(fileSystem: RealFileSystem(), store: store).acts(
                kinds: [.evidence])
        } catch {
            throw Failure(.refused, "\(error)")
        }
        for problem in list.problems { StandardError.write("hisui: \(problem)\n") }
        let output = StandardOutput.shared
        if (format ?? (output.isTerminal ? .table : .jsonl)) == .jsonl {
            for stored in list.acts {
                var line: [UInt8] = []
                stored.act.append(to: &line)
                output.write(line + [0x0A])
            }
            return
        }
        var table = Table(header: [
            say("MADE", "作成"), say("SINCE", "期間の始め"), say("UNTIL", "期間の終わり"),
            say("BY", "作成者"), say("FOLDER", "フォルダー"), say("SHA-256", "SHA-256"),
        ])
        let zone = try TimeZoneOption.resolve(nil)
        for stored in list.acts {
            let act = stored.act
            table.add([
                act.time.text(zone), act.text("period.since") ?? "-",
                act.text("period.until") ?? "-", act.actor.user ?? "-",
                act.text("bundle.path") ?? "-", act.text("bundle.sha256") ?? "-",
            ])
        }
        output.write(table.text)
    }
}

extension ShippedData {
    /// The files that every bundle carries: explanations and the independent verifier.
    static func bundle() throws -> BundleRequest.Shipped {
        guard let folder = directory("evidence", holding: "verify.py") else {
            throw Failure(
                .refused,
                say(
                    "the shipped folder `evidence` (explanations and verifier of bundles) is not "
                        + "beside the program; install it to share/hisui/evidence",
                    "同梱データの evidence フォルダー（説明書と検証器）が見つかりません。"
                        + "share/hisui/evidence に配置してください"))
        }
        func read(_ name: String) throws -> [UInt8] {
            do {
                return try RealFileSystem().bytes(
                    folder + "/" + name, from: 0, count: 1 << 20)
            } catch {
                throw Failure(.refused, "\(error)")
            }
        }
        return BundleRequest.Shipped(
            readmeJapanese: try read("README.ja.md"), readmeEnglish: try read("README.en.md"),
            verifier: try read("verify.py"))
    }
}
