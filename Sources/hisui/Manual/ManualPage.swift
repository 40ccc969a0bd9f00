import HisuiEvent

/// The page of man(1) of a command, with the macros of man(7), which groff and mandoc read.
struct ManualPage {
    private let command: CommandHelp
    private let date: String

    init(_ command: CommandHelp, date: String) {
        self.command = command
        self.date = date
    }

    private var name: String { command.words.joined(separator: "-") }

    var text: String {
        // A date is no text: it must not be escaped.
        let heading = "\"\(date)\" " + Self.quoted(Program.version)
        var text = ".TH \(Self.quoted(name.uppercased())) 1 \(heading)\n"
        // Lines of Japanese have no spaces that could be widened.
        text += ".ad l\n"
        text += Self.section(say("NAME", "名前"))
        // Not filled: what reads this line for whatis(1) knows no places where it may be broken.
        let abstract = Self.plain(Self.withoutStop(command.abstract))
        text += ".nf\n\(Self.plain(name)) \\- \(abstract)\n.fi\n"
        text += Self.section(say("SYNOPSIS", "書式")) + synopsis
        let (words, examples) = parts
        if !words.isEmpty { text += Self.section(say("DESCRIPTION", "説明")) + words }
        if !command.subcommands.isEmpty {
            text += Self.section(say("COMMANDS", "コマンド"))
            for subcommand in command.subcommands {
                let page = subcommand.words.joined(separator: "-")
                text += ".TP\n.BR \(Self.quoted(page)) (1)\n\(Self.words(subcommand.abstract))\n"
            }
        }
        let options = command.arguments.filter { $0.kind != .positional }
        let positionals = command.arguments.filter { $0.kind == .positional }
        if !positionals.isEmpty {
            text += Self.section(say("ARGUMENTS", "引数"))
            text += positionals.map(Self.entry).joined()
        }
        if !options.isEmpty {
            text += Self.section(say("OPTIONS", "オプション"))
            text += options.map(Self.entry).joined()
        }
        if !examples.isEmpty { text += Self.section(say("EXAMPLES", "例")) + examples }
        return text + Self.exitStatuses + seeAlso
    }

    private var synopsis: String {
        var text = ".B \(Self.plain(command.words.joined(separator: " ")))\n"
        if !command.subcommands.isEmpty { text += ".I \(say("command", "コマンド"))\n" }
        for argument in command.arguments where argument.kind != .positional {
            if argument.isOptional { continue }
            text += Self.usage(argument) + "\n"
        }
        if command.arguments.contains(where: { $0.kind != .positional && $0.isOptional }) {
            text += "[\\fI\(say("options", "オプション"))\\fR]\n"
        }
        for argument in command.arguments where argument.kind == .positional {
            let value =
                "\\fI\(Self.plain(argument.value))\\fR" + (argument.isRepeating ? " ..." : "")
            text += (argument.isOptional ? "[\(value)]" : value) + "\n"
        }
        return text
    }

    /// The discussion: what it says, and its examples.
    private var parts: (words: String, examples: String) {
        var words: [String] = []
        var examples = ""
        for paragraph in command.discussion.split(separator: "\n\n") {
            var lines = paragraph.split(separator: "\n")
            let isExamples = ["Examples:", "例:"].contains(lines.first ?? "")
            if isExamples { lines.removeFirst() }
            if isExamples || lines.allSatisfy({ $0.hasPrefix("  ") }) {
                let block =
                    ".PP\n.nf\n"
                    + lines.map { Self.plain(String($0.drop { $0 == " " })) + "\n" }.joined()
                    + ".fi\n"
                if isExamples { examples += block } else { words.append(block) }
            } else {
                // Japanese has no spaces between the lines of a paragraph.
                let joined = lines.joined(separator: say(" ", ""))
                words.append(".PP\n" + Self.words(joined) + "\n")
            }
        }
        let text = words.joined()
        // The section is a paragraph's beginning already.
        return (
            text.hasPrefix(".PP\n") ? String(text.dropFirst(4)) : text,
            examples.hasPrefix(".PP\n") ? String(examples.dropFirst(4)) : examples
        )
    }

    private static func usage(_ argument: CommandHelp.Argument) -> String {
        let name = argument.names.last ?? ""
        let value = argument.kind == .option ? " \\fI\(plain(argument.value))\\fR" : ""
        return "\\fB\(plain(name))\\fR" + value
    }

    private static func entry(_ argument: CommandHelp.Argument) -> String {
        let value = "\\fI\(plain(argument.value))\\fR"
        var head = argument.names.map { "\\fB\(plain($0))\\fR" }.joined(separator: ", ")
        switch argument.kind {
        case .positional: head = value
        case .option: head += " " + value
        case .flag: break
        }
        var text = argument.text
        if let known = argument.defaultValue, !known.isEmpty, argument.kind == .option {
            text += say(" (default: \(known))", "（既定: \(known)）")
        }
        return ".TP\n\(head)\n\(text.isEmpty ? "\\&" : words(text))\n"
    }

    private static var exitStatuses: String {
        var text = section(say("EXIT STATUS", "終了コード"))
        text += ".TP\n.B 0\n\(plain(say("Done.", "正常終了。")))\n"
        for status in Failure.Status.allCases {
            text += ".TP\n.B \(status.rawValue)\n\(words(status.meaning))\n"
        }
        return text
    }

    private var seeAlso: String {
        var others = command.words.indices.dropLast().map {
            command.words[...$0].joined(separator: "-")
        }
        others += command.subcommands.map { $0.words.joined(separator: "-") }
        guard !others.isEmpty else { return "" }
        let names = others.enumerated().map { number, name in
            ".BR \(Self.quoted(name)) (1)" + (number + 1 < others.count ? "," : "")
        }
        return Self.section(say("SEE ALSO", "関連項目")) + names.joined(separator: "\n") + "\n"
    }

    private static func section(_ name: String) -> String { ".SH \(quoted(name))\n" }

    private static func withoutStop(_ text: String) -> String {
        text.hasSuffix(".") || text.hasSuffix("。") ? String(text.dropLast()) : text
    }

    /// Text that means itself: nothing in it is a request or an escape of roff.
    static func plain(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": out += "\\e"
            case "-": out += "\\-"
            case "'": out += "\\(aq"
            case "`": out += "\\(ga"
            case "^": out += "\\(ha"
            case "~": out += "\\(ti"
            case ".":
                // A line that begins with it would be a request.
                if out.isEmpty || out.hasSuffix("\n") { out += "\\&" }
                out += "."
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    /// The same, for lines that are filled: those of Japanese can be broken between any two
    /// characters, but not before what closes and behind what opens.
    private static func words(_ text: String) -> String {
        var out = ""
        var last: Character = " "
        for character in plain(text) {
            let isBreak = "、。".contains(last) || (!last.isASCII && !character.isASCII)
            if isBreak, !"、。）」・ー…".contains(character), !"（「".contains(last) {
                out += "\\:"
            }
            out.append(character)
            last = character
        }
        return out
    }

    /// The same as `plain`, as one argument of a macro.
    private static func quoted(_ text: String) -> String {
        "\""
            + plain(text).split(separator: "\"", omittingEmptySubsequences: false)
            .joined(separator: "\\(dq") + "\""
    }
}
