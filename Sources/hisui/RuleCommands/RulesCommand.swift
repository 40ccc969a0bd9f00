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

/// Which rules, for the commands below `hisui rules`.
struct RuleSelection: ParsableArguments {
    @Option(
        name: .customLong("rules"), parsing: .singleValue,
        help: ArgumentHelp(
            say(
                "A directory of Sigma rules; may be repeated (default: the shipped rules).",
                "Sigma 規則のディレクトリ。複数指定可（既定: 同梱の規則）。"), valueName: "dir"))
    var directories: [String] = []

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            say(
                "What %placeholders% of rules stand for (YAML); may be repeated.",
                "規則の %置換名% の値（YAML）。複数指定可。"), valueName: "file"))
    var placeholders: [String] = []

    @Option(help: ArgumentHelp(say("table or jsonl.", "table または jsonl。"), valueName: "format"))
    var format: TableFormat?

    /// Whether a person reads it.
    var isTable: Bool {
        (format ?? (StandardOutput.shared.isTerminal ? .table : .jsonl)) == .table
    }
}
