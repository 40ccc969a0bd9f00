import ArgumentParser
import HisuiParse
import HisuiPipeline

/// `hisui keys subject`: the keys by which residents have pseudonyms.
struct SubjectKeysCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "subject",
            abstract: say(
                "Make keys for pseudonyms of residents, and find a resident by number.",
                "住民の番号を仮名にする鍵を作成し、番号から仮名を求めます。"),
            subcommands: [Add.self, Find.self])
    }

    /// The file of keys.
    struct KeyOptions: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                say("The file of keys (mode 600).", "鍵のファイル（モード 600）。"),
                valueName: "file"))
        var keys: String
    }

    /// `hisui keys subject add`
    struct Add: ParsableCommand {
        static var configuration: CommandConfiguration {
            CommandConfiguration(
                commandName: "add",
                abstract: say(
                    "Add a new key to a file; it makes all pseudonyms from now on.",
                    "新しい鍵をファイルに加えます。以後の仮名はこの鍵で作られます。"),
                discussion: say(
                    """
                    Earlier keys stay, so that what they made is still found. Who has the file can \
                    find out whom a pseudonym means: keep it from those who read the logs.
                    """,
                    """
                    以前の鍵は残り、以前の仮名も引き続き検索できます。鍵があれば仮名から本人を\
                    割り出せるため、ログを読む人には渡さないでください。
                    """))
        }

        @OptionGroup var common: CommonOptions
        @OptionGroup var file: KeyOptions

        @Option(
            help: ArgumentHelp(
                say(
                    "Name of the key, 1 to 16 of a-z 0-9; pseudonyms begin with it.",
                    "鍵の名前（a-z 0-9 の 1～16 文字）。仮名の先頭に付きます。"), valueName: "name"))
        var id: String

        func run() throws {
            do throws(PipelineError) {
                try SubjectKeyFile.add(id: id, to: file.keys)
            } catch {
                throw Failure(.refused, "\(error)")
            }
        }
    }

    /// `hisui keys subject find`
    struct Find: ParsableCommand {
        static var configuration: CommandConfiguration {
            CommandConfiguration(
                commandName: "find",
                abstract: say(
                    "Numbers from standard input to queries, one line out for each line in.",
                    "標準入力の番号を検索式に変換します（入力 1 行につき出力 1 行）。"),
                discussion: say(
                    """
                      hisui search --store S "$(hisui keys subject find --keys F)"

                    Numbers are no arguments, because others on the machine can read these.
                    """,
                    """
                      hisui search --store S "$(hisui keys subject find --keys F)"

                    引数は同じ機器の他の利用者に見えるため、番号は標準入力で渡します。
                    """))
        }

        @OptionGroup var common: CommonOptions
        @OptionGroup var file: KeyOptions

        func run() throws {
            let keys: SubjectKeys
            do throws(PipelineError) {
                keys = try SubjectKeyFile.load(file.keys)
            } catch {
                throw Failure(.refused, "\(error)")
            }
            while let line = readLine() {
                let names = keys.pseudonyms(of: line).map { "\"\($0)\"" }
                let query = "\(SubjectKeys.field):in(\(names.joined(separator: ",")))"
                StandardOutput.shared.write(names.isEmpty ? "\n" : query + "\n")
            }
        }
    }
}
