import ArgumentParser
import Glibc
import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiPipeline
import HisuiPolicy
import HisuiStore

/// `hisui setup`: a first configuration, by asking.
struct SetupCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "setup",
            abstract: say(
                "Ask for what is needed and write a configuration.", "質問に答えて設定ファイルを作成します。"),
            discussion: say(
                """
                  hisui setup                            asks, writes hisui.yaml
                  hisui setup --answers FILE --out FILE  without a terminal

                Every question has a default; every answer is checked at once.
                """,
                """
                  hisui setup                            質問し、hisui.yaml を作成
                  hisui setup --answers FILE --out FILE  端末なしで作成

                すべての質問に既定値があり、答えはその場で検査されます。
                """))
    }

    @OptionGroup var common: CommonOptions

    @Option(
        help: ArgumentHelp(
            say("Answers as YAML instead of asking.", "質問の代わりに使う回答ファイル（YAML）。"),
            valueName: "file"))
    var answers: String?

    @Option(
        help: ArgumentHelp(
            say("Where to write; - for standard output.", "出力先。- は標準出力。"), valueName: "file"))
    var out = "hisui.yaml"

    @Flag(help: ArgumentHelp(say("Replace the file if it is there.", "既存のファイルを置き換えます。")))
    var replace = false

    func run() throws {
        // Before anybody has typed a page of answers.
        try checkPlace()
        let classes = try ConfigurationFile.retention(of: nil).classes
        let hasJournal = ["/var/log/journal", "/run/log/journal"].contains { path in
            (try? RealFileSystem().exists(path)) ?? false
        }
        var interview = SetupInterview(hasJournal: hasJournal, classes: classes)
        if let answers {
            let mistakes = interview.answer(try InputFile.bytes(answers), file: answers)
            for mistake in mistakes { StandardError.write("\(mistake)\n") }
            guard mistakes.isEmpty else {
                throw Failure(
                    .refused, say("nothing was written", "設定ファイルは作成していません"))
            }
        } else {
            try Self.ask(&interview)
        }
        let text = interview.configuration(japanese: Language.current == .japanese)
        if out == "-" { return StandardOutput.shared.write(text) }
        try write(Array(text.utf8))
        record(interview, Array(text.utf8))
        StandardError.write(
            say(
                "\(out) is written. Next:\n  hisui check config \(out)\n"
                    + "  hisui run --config \(out)\n",
                "\(out) を作成しました。次の手順:\n  hisui check config \(out)\n"
                    + "  hisui run --config \(out)\n"))
    }

    private func checkPlace() throws {
        guard out != "-", !replace else { return }
        do {
            guard try RealFileSystem().exists(out) else { return }
        } catch {
            throw Failure(.refused, "\(error)")
        }
        throw Failure(
            .refused,
            say(
                "\(out) is there already; say --replace, or another --out",
                "\(out) は既にあります。--replace か別の --out を指定してください"))
    }

    private func write(_ bytes: [UInt8]) throws {
        // Only a second process could have made it since; the rename would replace it.
        try checkPlace()
        do {
            try RealFileSystem().writeDurably(bytes, to: out)
        } catch {
            throw Failure(.refused, "\(error)")
        }
    }

    /// A store that is there remembers who made its configuration; one that is not yet, cannot.
    private func record(_ interview: SetupInterview, _ bytes: [UInt8]) {
        do throws(StoreError) {
            try StoreDirectory.check(RealFileSystem(), interview.store)
        } catch {
            return
        }
        ActRecorder.record(
            .setup, store: interview.store,
            fields: [
                ("file", .text(out)), ("sha256", .text(HexText.text(SHA256.of(bytes.span)))),
            ])
    }

    /// Asks on the terminal until everything is answered.
    private static func ask(_ interview: inout SetupInterview) throws {
        guard isatty(STDIN_FILENO) == 1 else {
            throw Failure(
                .usage,
                say(
                    "there is no terminal to ask on; use --answers FILE",
                    "端末がないため質問できません。--answers FILE を指定してください"))
        }
        while let question = interview.question {
            let words = { (text: Wording) in say(text.english, text.japanese) }
            StandardError.write("\n\(words(question.explanation))\n\(words(question.prompt))")
            if let preset = question.preset { StandardError.write(" [\(preset)]") }
            StandardError.write(": ")
            guard let answer = readLine() else {
                throw Failure(.negative, say("nothing was written", "設定ファイルは作成していません"))
            }
            if let problem = interview.answer(answer) {
                StandardError.write("  → \(words(problem))\n")
            }
        }
    }
}
