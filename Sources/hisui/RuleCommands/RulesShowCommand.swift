import ArgumentParser
import HisuiBytes
import HisuiDetect
import HisuiPipeline

/// `hisui rules show`.
struct RulesShowCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "show",
            abstract: say(
                "Show what a rule came to: its log source, what it asks, what wakes it.",
                "規則の対象・条件・起動語を表示します。"),
            discussion: say(
                """
                WAKES: text of which one must be in an event before the rule is asked of it. A \
                rule without any is asked of every event of its log source.
                """,
                """
                起動語: いずれかが事象に含まれるときだけ規則を評価します。起動語のない規則は、対象の事象すべてで\
                評価します。
                """))
    }

    @OptionGroup var common: CommonOptions
    @OptionGroup var rules: RuleOptions
    @OptionGroup var output: RuleFormat

    @Argument(
        help: ArgumentHelp(say("The rule's id or title.", "規則の ID または題名。"), valueName: "rule"))
    var rule: String

    func run() throws {
        let loaded = try rules.load()
        guard
            let found = loaded.rules.descriptions.first(where: {
                $0.id == rule || $0.title == rule || $0.titleJapanese == rule
            })
        else {
            throw Failure(
                .negative,
                say(
                    "no rule in force is called '\(rule)'; see `hisui rules list`",
                    "'\(rule)' という有効な規則はありません（`hisui rules list` 参照）"))
        }
        if output.isTable {
            StandardOutput.shared.write(Self.text(found))
        } else {
            StandardOutput.shared.write(Self.line(found).line)
        }
    }

    private static func line(_ rule: RuleDescription) -> JSONLine {
        var line = JSONLine()
        line.add("rule.id", rule.id)
        line.add("rule.title", rule.title)
        line.add("rule.level", rule.level ?? "")
        line.add("rule.place", rule.place)
        line.add("rule.logsource", rule.logSource)
        line.add("rule.route", rule.route)
        line.add("rule.asks", rule.asks)
        line.add("rule.wakes", rule.woken ?? [])
        line.add("rule.refers_to", rule.refersTo)
        return line
    }

    private static func text(_ rule: RuleDescription) -> String {
        var table = Table(header: [say("RULE", "規則"), rule.id])
        table.add([say("title", "題名"), say(rule.title, rule.titleJapanese ?? rule.title)])
        table.add([say("level", "重要度"), rule.level ?? "-"])
        table.add([say("place", "場所"), rule.place])
        if rule.refersTo.isEmpty {
            table.add([say("log source", "対象"), rule.logSource])
            for condition in rule.route {
                table.add([say("  where", "  条件"), condition])
            }
        } else {
            table.add([say("refers to", "参照"), rule.refersTo.joined(separator: ", ")])
        }
        table.add([say("asks", "内容"), rule.asks])
        if let woken = rule.woken {
            for text in woken { table.add([say("wakes", "起動語"), text]) }
        } else if rule.refersTo.isEmpty {
            table.add([
                say("wakes", "起動語"), say("every event of its log source", "対象の事象すべて"),
            ])
        }
        return table.text
    }
}
