import ArgumentParser
import HisuiDetect
import HisuiParse
import HisuiPipeline
import HisuiPolicy
import HisuiYAML

/// `hisui check`: are data files right? Runs the samples inside them.
struct CheckCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "check",
            abstract: say(
                "Check parser definitions, rules, retention policies, recipes and configurations.",
                "パーサー定義・検知規則・保存方針・接続手順・設定を検査します。"),
            discussion: say(
                """
                  hisui check                       everything that is shipped
                  hisui check parsers PATH…         directories or files of definitions
                  hisui check rules PATH…           directories or files of detection rules
                  hisui check retention PATH…       directories or files of retention policies
                  hisui check recipes PATH…         directories or files of recipes for devices
                  hisui check config FILE…          configurations

                Ends with 3 when anything is refused.
                """,
                """
                  hisui check                       同梱のデータすべて
                  hisui check parsers PATH…         定義のディレクトリまたはファイル
                  hisui check rules PATH…           検知規則のディレクトリまたはファイル
                  hisui check retention PATH…       保存方針のディレクトリまたはファイル
                  hisui check recipes PATH…         接続手順のディレクトリまたはファイル
                  hisui check config FILE…          設定ファイル

                誤りがあれば終了コード 3 を返します。
                """))
    }

    @OptionGroup var common: CommonOptions

    @Argument(
        help: ArgumentHelp(
            say(
                "parsers, rules, retention, recipes or config, then paths.",
                "parsers、rules、retention、recipes または config、続けてパス。"),
            valueName: "what"))
    var words: [String] = []

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            say(
                "With rules: what their %placeholders% stand for (YAML); may be repeated.",
                "rules と使う: 規則の %置換名% の値（YAML）。複数指定可。"), valueName: "file"))
    var placeholders: [String] = []

    func run() throws {
        var diagnostics: [Diagnostic] = []
        switch words.first {
        case nil:
            diagnostics =
                try checkParsers([]) + checkRules([]) + checkRetention([]) + checkRecipes([])
        case "parsers":
            diagnostics = try checkParsers(Array(words.dropFirst()))
        case "rules":
            diagnostics = try checkRules(Array(words.dropFirst()))
        case "retention":
            diagnostics = try checkRetention(Array(words.dropFirst()))
        case "recipes":
            diagnostics = try checkRecipes(Array(words.dropFirst()))
        case "config":
            guard words.count > 1 else {
                throw Failure(
                    .usage, say("check config: name a file", "check config: ファイルを指定してください"))
            }
            for path in words.dropFirst() { diagnostics += try checkConfiguration(path) }
        case let word?:
            throw Failure(
                .usage,
                say(
                    "check: '\(word)' is none of parsers, rules, retention, recipes and config",
                    "check: '\(word)' は parsers、rules、retention、recipes、config のどれでもありません"))
        }
        for diagnostic in diagnostics { StandardError.write("\(diagnostic)\n") }
        guard diagnostics.isEmpty else {
            throw Failure(
                .refused,
                say("\(diagnostics.count) mistake(s)", "誤りが \(diagnostics.count) 件あります"))
        }
    }

    /// Files are checked on top of the shipped schema.
    private func checkParsers(_ paths: [String]) throws -> [Diagnostic] {
        let shipped = [try ParserOptions.shipped()]
        let directories = paths.filter { !$0.hasSuffix(".yaml") }
        let files = paths.filter { $0.hasSuffix(".yaml") }
        let loaded: DefinitionLoader.Loaded
        do {
            loaded = try DefinitionLoader.load(
                directories: (files.isEmpty && !directories.isEmpty)
                    ? directories
                    : shipped
                        + directories, files: files)
        } catch {
            throw Failure(.refused, "\(error)")
        }
        let members = loaded.definitions.members
        StandardOutput.shared.write(
            say(
                "\(members.count) definitions, \(members.reduce(0) { $0 + $1.ruleCount }) rules, "
                    + "\(members.reduce(0) { $0 + $1.sampleCount }) samples "
                    + "(\(members.reduce(0) { $0 + $1.hostileSampleCount }) hostile, "
                    + "\(members.reduce(0) { $0 + $1.rejectSampleCount }) reject)\n",
                "定義 \(members.count)、規則 \(members.reduce(0) { $0 + $1.ruleCount })、"
                    + "見本 \(members.reduce(0) { $0 + $1.sampleCount })"
                    + "（偽装 \(members.reduce(0) { $0 + $1.hostileSampleCount })、"
                    + "不一致 \(members.reduce(0) { $0 + $1.rejectSampleCount })）\n"))
        return loaded.diagnostics
    }

    /// Compiles rules and runs their samples with the shipped parser definitions.
    private func checkRules(_ paths: [String]) throws -> [Diagnostic] {
        let loaded = try RuleOptions.load(paths, placeholders: placeholders)
        for diagnostic in loaded.rules.remarks { StandardError.write("\(diagnostic)\n") }
        let definitions: DefinitionLoader.Loaded
        do {
            definitions = try DefinitionLoader.load(directories: [try ParserOptions.shipped()])
        } catch let error as PipelineError {
            throw Failure(.refused, "\(error)")
        }
        let waiting = loaded.rules.waiting.count
        StandardOutput.shared.write(
            say(
                "\(loaded.rules.count) rules, \(loaded.rules.samples.count) samples"
                    + (waiting > 0 ? ", \(waiting) waiting for placeholders\n" : "\n"),
                "検知規則 \(loaded.rules.count)、見本 \(loaded.rules.samples.count)"
                    + (waiting > 0 ? "、置換名待ち \(waiting)\n" : "\n")))
        return loaded.diagnostics
            + Detection.check(
                loaded.rules, definitions: definitions.definitions,
                timeZone: try TimeZoneOption.resolve("Asia/Tokyo"))
    }

    /// Files are checked on top of the shipped classes.
    private func checkRetention(_ paths: [String]) throws -> [Diagnostic] {
        let shipped = ShippedData.retention().map { [$0] } ?? []
        let loaded: RetentionLoader.Loaded
        do {
            loaded = try RetentionLoader.load(shipped + paths)
        } catch {
            throw Failure(.refused, "\(error)")
        }
        let classes = loaded.classes.classes
        let approved = classes.count { $0.approval != nil }
        StandardOutput.shared.write(
            say(
                "\(classes.count) retention classes, \(approved) approved\n",
                "保存区分 \(classes.count)（承認済み \(approved)）\n"))
        return loaded.diagnostics
    }

    private func checkRecipes(_ paths: [String]) throws -> [Diagnostic] {
        let (recipes, diagnostics) = try Recipes.load(paths)
        let ways = recipes.reduce(0) { $0 + $1.ways.count }
        StandardOutput.shared.write(
            say(
                "\(recipes.count) recipes, \(ways) ways\n", "接続手順 \(recipes.count)、方法 \(ways)\n"))
        return diagnostics
    }

    private func checkConfiguration(_ path: String) throws -> [Diagnostic] {
        let checked = try ConfigurationFile.load(path)
        if let configuration = checked.configuration {
            let (sources, assets, operators) = (
                configuration.sources.count, configuration.assets.count,
                configuration.operators.count
            )
            StandardOutput.shared.write(
                say(
                    "\(path): zone \(configuration.zone), \(sources) sources, \(assets) assets, "
                        + "\(operators) operators\n",
                    "\(path): 領域 \(configuration.zone)、収集元 \(sources)、情報資産 \(assets)、"
                        + "操作者 \(operators)\n"))
            try warnOfMissingKeys(configuration, path)
            do {
                return checked.diagnostics
                    + (try RuleLoader.placeholders(configuration.placeholders)).diagnostics
            } catch {
                throw Failure(.refused, "\(path): \(error)")
            }
        }
        return checked.diagnostics
    }

    /// Says if records are about people for whom there is no key: that is no mistake, but nobody
    /// can mend it later for what was stored.
    private func warnOfMissingKeys(_ configuration: Configuration, _ path: String) throws {
        let directories =
            configuration.parsers.isEmpty ? [try ParserOptions.shipped()] : configuration.parsers
        var loaded: DefinitionLoader.Loaded
        var reason = ""
        do throws(PipelineError) {
            loaded = try DefinitionLoader.load(
                directories: directories, proven: ParserOptions.proven)
        } catch {
            StandardError.write(say("\(path): warning: \(error)\n", "\(path): 警告: \(error)\n"))
            return
        }
        do throws(PipelineError) {
            loaded.subjects = try configuration.subjectKeys.map(SubjectKeyFile.load)
        } catch {
            reason = " (\(error))"
        }
        let parsers = SubjectKeyCheck.parsersWithoutKey(configuration, loaded)
        if parsers.isEmpty { return }
        let names = parsers.joined(separator: ", ")
        StandardError.write(
            say(
                """
                \(path): warning: \(names) says whom records are about (hisui.subject.id), and \
                zone \(configuration.zone) has no key for pseudonyms\(reason): every number is \
                shown as 'withheld', and looks at one person cannot be counted, later neither
                  hisui keys subject add --keys FILE --id NAME, and `subject_keys: FILE` here

                """,
                """
                \(path): 警告: パーサー \(names) は記録の対象者（hisui.subject.id）を取り出しますが、領域 \
                \(configuration.zone) に仮名の鍵がありません\(reason)。番号はすべて withheld と表示され、\
                同じ人の記録を数えられません（後から鍵を作っても、保管済みの分には付きません）
                  hisui keys subject add --keys FILE --id NAME で鍵を作り、\
                ここに subject_keys: FILE と書いてください

                """))
    }
}
