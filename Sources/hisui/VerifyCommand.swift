import ArgumentParser
import HisuiBytes
import HisuiEvent
import HisuiEvidence
import HisuiFile
import HisuiProof
import HisuiStore

/// `hisui verify`: whether a store is what was written.
struct VerifyCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "verify",
            abstract: say(
                "Check a store: files, records, trees, signatures.",
                "保管庫を検証します（ファイル・原文・木・署名）。"),
            discussion: say(
                """
                Every file is checked, every record's leaf is computed again, and the roots are \
                compared with all signed checkpoints. Changes nothing, needs no lock, and may run \
                beside the daemon or on a copy.

                Without --trust the store is only compared with itself: whoever holds its keys \
                could have made all of it anew. FILE is what `hisui keys trust` printed, kept \
                elsewhere.

                Ends with 4 when something is not as it was written.
                """,
                """
                すべてのファイルを検査し、全原文の葉を計算し直して、署名済みの全チェックポイントと照合します。
                保管庫は変更しません。常駐プログラムの稼働中や複製に対しても実行できます。

                --trust がない場合は保管庫の中の整合だけを確認します。鍵を持つ者が全体を作り直した場合は区別できません。
                FILE には、別の場所で保管した `hisui keys trust` の出力を指定します。

                書き込んだ内容と異なる箇所があれば終了コード 4 を返します。
                """))
    }

    @OptionGroup var common: CommonOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var trust: TrustOptions

    @Flag(
        help: ArgumentHelp(
            say(
                "Only signatures, file lists, sizes and the newest root; no record is read.",
                "署名・ファイル一覧・サイズ・最新のルートハッシュのみ（原文は読みません）。")))
    var quick = false

    @Flag(help: ArgumentHelp(say("Everything (the default).", "すべてを検証します（既定）。")))
    var full = false

    @Option(help: ArgumentHelp(say("table or jsonl.", "table または jsonl。"), valueName: "format"))
    var format: TableFormat?

    func validate() throws {
        if quick && full { throw ValidationError("--quick and --full exclude each other") }
    }

    func run() throws {
        var options = StoreVerifier.Options()
        options.zones = store.zones
        options.trust = try trust.load()
        options.isFull = !quick
        let verifier = StoreVerifier(
            fileSystem: RealFileSystem(), store: store.store, options: options)
        let verdict: StoreVerdict
        var progress = Progress()
        do {
            verdict = try verifier.run { records in
                progress.show { seconds in
                    let rate = Int(Double(records) / max(seconds, 0.001))
                    return say(
                        "\(records.grouped) records checked, \(rate.grouped) a second",
                        "検証済み \(records.grouped) 件（毎秒 \(rate.grouped) 件）")
                }
            }
        } catch {
            progress.clear()
            throw Failure(error)
        }
        progress.clear()
        let isTable = (format ?? (StandardOutput.shared.isTerminal ? .table : .jsonl)) == .table
        let output = VerdictOutput(verdict)
        if isTable { output.writeTable() } else { output.writeLines() }
        if !verdict.isSound { throw ExitCode(Failure.Status.integrity.rawValue) }
    }
}

/// What is trusted because it was kept elsewhere.
struct TrustOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            say(
                "Public keys and checkpoints that were kept elsewhere (see `hisui keys trust`).",
                "別の場所で保管した公開鍵とチェックポイント（`hisui keys trust` の出力）。"),
            valueName: "file"))
    var trust: String?

    func load() throws -> TrustFile? {
        guard let trust else { return nil }
        do {
            let bytes = try RealFileSystem().bytes(
                trust, from: 0, count: Limits.trustFileBytesMax + 1)
            return try TrustFile(parsing: bytes)
        } catch {
            throw Failure(.refused, "\(trust): \(error)")
        }
    }
}

extension Failure {
    init(_ error: EvidenceError) {
        self.init(.refused, error.what.said)
    }
}

extension Bilingual {
    /// In the language of this process.
    var said: String { say(english, japanese) }
}

/// A verdict on standard output.
struct VerdictOutput {
    private let verdict: StoreVerdict

    init(_ verdict: StoreVerdict) { self.verdict = verdict }

    func writeTable() {
        var table = Table(
            header: [
                say("ZONE", "領域"), say("STREAM", "系列"), say("RECORDS", "件数"),
                say("CHECKPOINTS", "チェックポイント"), say("FROM", "最初"), say("TO", "最後"),
                say("RESULT", "結果"),
            ], rightAligned: [2, 3])
        for stream in verdict.streams {
            table.add([
                stream.stream.zone, stream.stream.stream, stream.records.grouped,
                stream.checkpoints.grouped, time(stream.received?.lowerBound),
                time(stream.received?.upperBound),
                stream.isSound
                    ? say("ok", "問題なし")
                    : say("\(stream.problems) problems", "問題 \(stream.problems) 件"),
            ])
        }
        let output = StandardOutput.shared
        output.write(table.text)
        if !verdict.problems.isEmpty { output.write("\n") }
        for problem in verdict.problems { output.write(Self.text(problem) + "\n") }
        if !verdict.notes.isEmpty { output.write("\n") }
        for note in verdict.notes {
            let place = [note.zone, note.stream].compactMap { $0 }.joined(separator: "/")
            output.write(say("note: ", "備考: ") + "\(place): \(note.what.said)\n")
        }
        output.write("\n" + closing + "\n")
    }

    private var closing: String {
        var text: String
        if verdict.isSound {
            text =
                verdict.isFull
                ? say(
                    "No alteration found in \(verdict.recordsRead.grouped) records.",
                    "原文 \(verdict.recordsRead.grouped) 件を検証し、改ざんは見つかりませんでした。")
                : say(
                    "No alteration found by the quick check; records were not read.",
                    "簡易検証では問題は見つかりませんでした（原文は読んでいません）。")
        } else {
            text = say(
                "\(verdict.problems.count) problems: the store is not what was written.",
                "問題が \(verdict.problems.count) 件あります。保管庫は書き込んだ内容と一致しません。")
        }
        switch verdict.anchor {
        case .trusted(let checkpoints):
            text += say(
                " Compared with \(checkpoints) trusted checkpoints.",
                "信頼するチェックポイント \(checkpoints) 件と照合しました。")
        case .selfConsistent:
            text += say(
                "\nSelf-consistent only: compared with nothing outside the store. Somebody who "
                    + "holds its keys could have made all of it anew; use --trust FILE.",
                "\n保管庫の中の整合のみの確認です。鍵を持つ者が全体を作り直した場合は区別できません。"
                    + "--trust FILE を指定してください。")
        }
        return text
    }

    static func text(_ problem: StoreProblem) -> String {
        var text = problem.kind.text.said + ": "
        let place = [problem.zone, problem.stream].compactMap { $0 }.joined(separator: "/")
        if !place.isEmpty { text += "\(place): " }
        text += problem.file
        if let section = problem.section { text += ", \(section)" }
        if let offset = problem.offset { text += say(", byte \(offset)", "、\(offset) バイト目") }
        if let indices = problem.indices, !indices.isEmpty {
            text += say(
                ", records \(indices.lowerBound)–\(indices.upperBound - 1)",
                "、原文 \(indices.lowerBound)～\(indices.upperBound - 1)")
        }
        return TerminalText.escaped(text + ": " + problem.what.said)
    }

    private func time(_ time: Timestamp?) -> String {
        guard let time, time != .none else { return "-" }
        return time.text((try? TimeZoneOption.resolve(nil)) ?? .utc)
    }

    func writeLines() {
        let output = StandardOutput.shared
        for stream in verdict.streams {
            var line = JSONLine()
            line.add("zone", stream.stream.zone)
            line.add("stream", stream.stream.stream)
            line.add("records", stream.records)
            line.add("first", stream.firstIndex)
            line.add("end", stream.endIndex)
            line.add("checkpoints", UInt64(stream.checkpoints))
            line.add("size", stream.size)
            if let root = stream.root { line.add("root", root.base64) }
            line.add("result", stream.isSound ? "ok" : "failed")
            output.write(line.line)
        }
        for problem in verdict.problems { output.write(problem.jsonLine) }
        for note in verdict.notes {
            var line = JSONLine()
            line.add("note", note.what.english)
            if let zone = note.zone { line.add("zone", zone) }
            if let stream = note.stream { line.add("stream", stream) }
            output.write(line.line)
        }
        var line = JSONLine()
        line.add("sound", verdict.isSound)
        line.add("anchor", verdict.anchor == .selfConsistent ? "self-consistent" : "trusted")
        output.write(line.line)
    }
}
