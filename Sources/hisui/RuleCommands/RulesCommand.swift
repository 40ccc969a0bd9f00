import ArgumentParser

/// `hisui rules`: which rules there are, and what they came to.
struct RulesCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "rules",
            abstract: say(
                "List detection rules and show what each of them asks.",
                "検知規則の一覧と、各規則の内容を表示します。"),
            subcommands: [RulesListCommand.self, RulesShowCommand.self])
    }
}

/// How the commands below `hisui rules` write.
struct RuleFormat: ParsableArguments {
    @Option(help: ArgumentHelp(say("table or jsonl.", "table または jsonl。"), valueName: "format"))
    var format: TableFormat?

    /// Whether a person reads it.
    var isTable: Bool {
        (format ?? (StandardOutput.shared.isTerminal ? .table : .jsonl)) == .table
    }
}
