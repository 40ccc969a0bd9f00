import Synchronization

/// The language a person reads: help, tables, messages. Data and field names never change with it.
enum Language: String, Sendable {
    case english = "en"
    case japanese = "ja"

    private static let chosen = Mutex(Language.english)

    /// The language of this process: `--lang`, else the first of LC_ALL, LC_MESSAGES and LANG that
    /// is set, else English.
    static var current: Language { chosen.withLock { $0 } }

    /// Chooses before arguments are parsed, because help texts are made while they are.
    static func choose(arguments: [String], environment: (String) -> String?) {
        var language = Language.english
        for name in ["LC_ALL", "LC_MESSAGES", "LANG"] {
            guard let value = environment(name), !value.isEmpty else { continue }
            if value.hasPrefix("ja") { language = .japanese }
            break
        }
        for (index, argument) in arguments.enumerated() {
            if argument == "--" { break }
            if argument == "--lang", index + 1 < arguments.count {
                language = Language(rawValue: arguments[index + 1]) ?? language
            } else if argument.hasPrefix("--lang=") {
                language = Language(rawValue: String(argument.dropFirst(7))) ?? language
            }
        }
        chosen.withLock { $0 = language }
    }
}

/// The text of the current language.
func say(_ english: String, _ japanese: String) -> String {
    Language.current == .japanese ? japanese : english
}
