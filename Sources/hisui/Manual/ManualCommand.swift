import ArgumentParser
import HisuiEvent
import HisuiFile

/// `hisui manual DIR`: pages for man(1), made of the same texts as `--help`. For packagers, and so
/// not among the commands that help lists.
struct ManualCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "manual",
            abstract: say(
                "Write manual pages of all commands.", "全コマンドのマニュアルページを書き出します。"),
            discussion: say(
                "Writes DIR/man1/hisui.1, DIR/man1/hisui-search.1 and so on, in Japanese below "
                    + "DIR/ja.",
                "DIR/ja/man1/hisui.1、DIR/ja/man1/hisui-search.1 などを書き出します（英語は DIR/man1）。"),
            shouldDisplay: false)
    }

    @OptionGroup var common: CommonOptions

    @Option(
        help: ArgumentHelp(
            say("Date of the pages, such as 2026-03-31.", "ページの日付（例: 2026-03-31）。"),
            valueName: "date"))
    var date = ""

    @Argument(help: ArgumentHelp(say("The directory.", "書き出し先。"), valueName: "dir"))
    var directory: String

    func validate() throws {
        guard date.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) }) else {
            throw ValidationError(
                say("--date needs a date like 2026-03-31", "--date は 2026-03-31 のように指定してください"))
        }
    }

    func run() throws {
        let folder = Language.current == .japanese ? Path.join(directory, "ja") : directory
        let pages = Path.join(folder, "man1")
        let disk = RealFileSystem()
        do throws(FileError) {
            for path in [directory, folder, pages] where try !disk.exists(path) {
                try disk.createDirectory(path)
            }
            for command in CommandHelp.root.withSubcommands where command.isShown {
                let page = Array(ManualPage(command, date: date).text.utf8)
                let path = Path.join(pages, command.words.joined(separator: "-") + ".1")
                try disk.removeIfPresent(path)
                let file = try disk.open(path, .create)
                defer { file.close() }
                try file.append(page.span)
            }
        } catch {
            throw Failure(.refused, "\(error)")
        }
    }
}
