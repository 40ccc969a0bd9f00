import ArgumentParser
import HisuiPipeline

/// Which detection rules a command uses.
struct RuleOptions: ParsableArguments {
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

    /// Compiles them.
    func load() throws(Failure) -> RuleLoader.Loaded {
        try Self.load(directories, placeholders: placeholders)
    }

    /// Compiles the rules of `paths`, or the shipped ones if there are none.
    static func load(
        _ paths: [String], placeholders: [String]
    ) throws(Failure) -> RuleLoader.Loaded {
        let shipped = ShippedData.rules()
        guard let first = shipped ?? paths.first else {
            throw Failure(
                .refused,
                say(
                    "the shipped rules are not beside the program; use --rules DIR",
                    "検知規則が見つかりません。--rules DIR で指定してください"))
        }
        do {
            return try RuleLoader.load(
                paths.isEmpty ? [first] : paths, shipped: shipped, placeholders: placeholders)
        } catch {
            throw Failure(.refused, "\(error)")
        }
    }
}
