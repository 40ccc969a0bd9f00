import ArgumentParser
import HisuiParse
import HisuiPipeline

/// `hisui parsers schema`: the fields and words of events, as a page.
struct ParsersSchemaCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "schema",
            abstract: say(
                "Print the fields, actions and classes that definitions may use, in Markdown.",
                "定義で使える項目・操作の語彙・クラスの一覧を Markdown で表示します。"))
    }

    @OptionGroup var common: CommonOptions
    @OptionGroup var parsers: ParserOptions

    func run() throws {
        StandardOutput.shared.write(SchemaDocument(try parsers.load().schema).text)
    }
}
