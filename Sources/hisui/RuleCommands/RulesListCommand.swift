import ArgumentParser
import HisuiDetect
import HisuiPipeline
import HisuiYAML

/// `hisui rules list`.
struct RulesListCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "list",
            abstract: say(
                "List rules: in force, waiting for placeholders, refused.",
                "有効・置換名待ち・不採用の規則を一覧表示します。"),
            discussion: say(
                """
                A rule that cannot be honoured is refused, and named with file, line, column and \
                reason; one whose placeholder nobody gave waits. Ends with 1 when some are refused.
                """,
                """
                扱えない規則は「不採用」とし、ファイル・行・桁・理由を示します。置換名の値がない規則は「待ち」です。\
                不採用の規則があるときは終了コード 1 です。
                """))
    }

    @OptionGroup var common: CommonOptions
    @OptionGroup var rules: RuleOptions
    @OptionGroup var output: RuleFormat

    func run() throws {
        let loaded = try rules.load()
        let out = StandardOutput.shared
        if output.isTable {
            out.write(Self.table(loaded).text)
        } else {
            for rule in loaded.rules.descriptions { out.write(Self.line(rule).line) }
            for rule in loaded.rules.waiting { out.write(Self.line(rule).line) }
            for diagnostic in loaded.diagnostics {
                var line = JSONLine()
                line.add("rule.state", "refused")
                line.add("rule.place", "\(diagnostic.file):\(diagnostic.line)")
                line.add("rule.reason", diagnostic.message)
                out.write(line.line)
            }
        }
        if !loaded.diagnostics.isEmpty { throw ExitCode(Failure.Status.negative.rawValue) }
    }

    private static func table(_ loaded: RuleLoader.Loaded) -> Table {
        var table = Table(
            header: [
                say("STATE", "状態"), say("LEVEL", "重要度"), say("LOG SOURCE", "対象"),
                say("TITLE", "題名"), say("ID OR REASON", "ID・理由"),
            ])
        for rule in loaded.rules.descriptions {
            table.add([
                say("in force", "有効"), rule.level ?? "-",
                rule.logSource.isEmpty ? say("correlation", "相関") : rule.logSource,
                say(rule.title, rule.titleJapanese ?? rule.title), rule.id,
            ])
        }
        for rule in loaded.rules.waiting {
            let names = rule.placeholders.map { "%\($0)%" }.joined(separator: ", ")
            table.add([say("waiting", "待ち"), "-", "-", rule.title, names])
        }
        for diagnostic in loaded.diagnostics {
            table.add([say("refused", "不採用"), "-", "-", "-", "\(diagnostic)"])
        }
        return table
    }

    private static func line(_ rule: RuleDescription) -> JSONLine {
        var line = JSONLine()
        line.add("rule.id", rule.id)
        line.add("rule.title", rule.title)
        line.add("rule.level", rule.level ?? "")
        line.add("rule.state", "in force")
        line.add("rule.logsource", rule.logSource)
        line.add("rule.place", rule.place)
        line.add("rule.finds", rule.isFinding)
        return line
    }

    private static func line(_ rule: WaitingRule) -> JSONLine {
        var line = JSONLine()
        line.add("rule.id", rule.id)
        line.add("rule.title", rule.title)
        line.add("rule.state", "waiting")
        line.add("rule.placeholders", rule.placeholders.joined(separator: " "))
        return line
    }
}
