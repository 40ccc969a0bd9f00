import ArgumentParser

/// `hisui sources`: from where records come, and whether all of them did.
struct SourcesCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "sources",
            abstract: say(
                "List sources, show one, and connect a new device.",
                "収集元の一覧・詳細を表示し、新しい機器の接続を助けます。"),
            subcommands: [
                SourcesListCommand.self, SourcesShowCommand.self, SourcesAddCommand.self,
            ], defaultSubcommand: SourcesListCommand.self)
    }
}
