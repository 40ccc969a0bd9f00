import ArgumentParser

/// `hisui parsers`: what the parser definitions know, what they do not, and how to add to them.
struct ParsersCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "parsers",
            abstract: say(
                "Draft parser definitions, measure their coverage, list the fields.",
                "パーサー定義の下書き、解析率の確認、項目一覧の表示を行います。"),
            subcommands: [
                ParsersSuggestCommand.self, ParsersCoverageCommand.self, ParsersSchemaCommand.self,
            ])
    }
}
