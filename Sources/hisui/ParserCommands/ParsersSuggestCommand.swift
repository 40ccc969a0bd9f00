import ArgumentParser
import HisuiBytes
import HisuiFile
import HisuiParse
import HisuiPipeline
import HisuiStore

/// `hisui parsers suggest`: drafts of definitions for what no rule knows.
struct ParsersSuggestCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "suggest",
            abstract: say(
                "Draft parser definitions for lines that no rule knows.",
                "どの規則にも該当しない行から、パーサー定義の下書きを作ります。"),
            discussion: say(
                """
                One definition for each program, on standard output one behind the other, or with \
                --out one file each. A draft is refused by `hisui check parsers` until a person \
                has put an action in place of each \(DefinitionDraft.unfinished). Its samples are \
                lines of the files.
                """,
                """
                プログラムごとに 1 つの定義を作り、標準出力に続けて、--out では 1 つずつファイルに書きます。\
                \(DefinitionDraft.unfinished) を実際の操作に置き換えるまで、`hisui check parsers` は下書きを拒否します。\
                見本には読んだファイルの行がそのまま入ります。
                """))
    }

    @OptionGroup var common: CommonOptions
    @OptionGroup var parsers: ParserOptions

    @Option(
        help: ArgumentHelp(
            say(
                "Write a file for each definition here; none is overwritten.",
                "定義ごとのファイルを作るディレクトリ（上書きはしません）。"), valueName: "dir"))
    var out: String?

    @Option(
        help: ArgumentHelp(
            say(
                "Programs drafted for, those with most unknown lines first (default 20).",
                "対象とするプログラムの数（該当しない行が多い順、既定 20）。"), valueName: "n"))
    var programs = 20

    @Option(
        help: ArgumentHelp(
            say(
                "Encoding of the files, as for import (default utf-8).",
                "ファイルの文字コード（import と同じ、既定 utf-8）。"), valueName: "name"))
    var encoding = "utf-8"

    @Argument(
        help: ArgumentHelp(
            say("Files; - is standard input.", "ファイル。- は標準入力。"), valueName: "file"))
    var files: [String]

    func validate() throws {
        if programs < 1 {
            throw ValidationError(say("--programs takes 1 or more", "--programs は 1 以上です"))
        }
    }

    func run() throws {
        let loaded = try parsers.load()
        for diagnostic in loaded.diagnostics { StandardError.write("\(diagnostic)\n") }
        var options = Importer.Options(
            store: "", zone: "", source: nil, definitions: loaded,
            timeZone: try TimeZoneOption.resolve("Asia/Tokyo"), referenceTime: nil)
        options.encoding = try EncodingOption.resolve(encoding)
        let survey = read(options)
        let unknown = survey.messages?.programs ?? []
        var taken = Set(loaded.members.map(\.parser))
        var written: UInt64 = 0
        for program in unknown.prefix(programs) {
            let draft = DefinitionDraft(
                program, schema: loaded.schema, heading: heading(program), taken: taken)
            guard let draft else { continue }
            taken.insert(draft.name)
            try write(draft)
            written += draft.messageCount
        }
        StandardOutput.shared.flush()
        tell(survey, written)
        let failure = ImportSummary.failureText(
            survey.failures, of: files.count, isDryRun: true)
        if let failure { throw Failure(.refused, failure) }
    }

    private func read(_ options: Importer.Options) -> ImportSurvey {
        let progress = ImportProgress(files: files.count)
        var survey = ImportSurvey(options, gathersMessages: true)
        let sizes = files.map { (try? RealFileSystem().size($0)) ?? 0 }
        var done = 0
        for (index, path) in files.enumerated() {
            survey.read(path) { survey, read in
                progress.show(
                    survey, file: path, number: index + 1, done: done + read,
                    total: sizes.reduce(0, +))
            }
            done += sizes[index]
        }
        progress.clear()
        return survey
    }

    /// What stands at the head of a draft.
    private func heading(_ program: UnknownMessages.Program) -> [String] {
        let count = program.count.grouped
        let name =
            program.name.map(TerminalText.escaped)
            ?? say("no program", "プログラム名なし")
        return [
            say(
                "A draft by `hisui parsers suggest`, from \(count) lines (\(name)).",
                "`hisui parsers suggest` による下書き（\(name)、\(count) 行）。"),
            "",
            say(
                "CAUTION: the samples are real lines of this site: names, addresses, numbers.",
                "注意: 見本は実際のログの行です（氏名・アドレス・番号などを含むことがあります）。"),
            say(
                "Replace what must not leave the site before you pass this file on.",
                "このファイルを外部に渡す前に、渡せない内容を書き換えてください。"),
            "",
            say(
                "To finish it: for each \(DefinitionDraft.unfinished) say what happened, a word of "
                    + "docs/schema.md; give",
                "仕上げ: \(DefinitionDraft.unfinished) を docs/schema.md の語に置き換え、項目名を付け"),
            say(
                "captures names ({_:ip} to {source.ip:ip}); write a `reject` that looks alike; "
                    + "then",
                "（{_:ip} を {source.ip:ip} に）、似て非なる行を reject に書きます。確認は"),
            "  hisui check parsers FILE",
            "",
        ]
    }

    private func write(_ draft: DefinitionDraft) throws {
        guard let out else {
            StandardOutput.shared.write("---\n" + draft.text)
            return
        }
        let path = Path.join(out, draft.name + ".yaml")
        do throws(FileError) {
            // Of a name that is taken nothing is written.
            let file = try RealFileSystem().open(path, .create)
            defer { file.close() }
            try file.append(Array(draft.text.utf8).span)
            try file.sync()
        } catch {
            throw Failure(.refused, "\(error)")
        }
        StandardOutput.shared.write(path + "\n")
    }

    private func tell(_ survey: ImportSurvey, _ written: UInt64) {
        let unknown = survey.records - survey.recognised
        StandardError.write(
            say(
                "\(survey.records.grouped) records, \(unknown.grouped) known to no rule; drafts "
                    + "for \(written.grouped)\n",
                "\(survey.records.grouped) 件中、規則に該当しないもの \(unknown.grouped) 件、"
                    + "下書きの対象 \(written.grouped) 件\n"))
        if let messages = survey.messages, messages.named > 0 {
            let count = messages.named.grouped
            StandardError.write(
                say(
                    "\(count) have named values (JSON, CEF, tables): see docs/parsers.md\n",
                    "名前付きの値（JSON、CEF、表）の \(count) 件は対象外です: docs/parsers.md\n"))
        }
        if let messages = survey.messages, messages.notText > 0 {
            let count = messages.notText.grouped
            StandardError.write(
                say(
                    "\(count) are no text in this encoding: see --encoding\n",
                    "この文字コードでは読めない行 \(count) 件: --encoding を確認してください\n"))
        }
    }
}
