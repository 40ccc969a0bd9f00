import ArgumentParser
import HisuiBytes

/// A command and what its help says of it, as ArgumentParser tells it in JSON.
struct CommandHelp {
    struct Argument {
        enum Kind: String {
            case positional
            case option
            case flag
        }

        var kind: Kind
        /// With their dashes, the short ones first.
        var names: [String] = []
        var value: String
        var text: String
        var defaultValue: String?
        var isOptional: Bool
        var isRepeating: Bool
    }

    /// The command and those it is a subcommand of: `hisui alerts list`.
    var words: [String]
    var abstract: String
    var discussion: String
    var isShown: Bool
    var arguments: [Argument]
    var subcommands: [CommandHelp]

    /// Everything that can be typed, in the language of this process.
    static var root: CommandHelp {
        let dump = JSONTree(Hisui._dumpHelp())
        guard let command = dump["command"] else {
            preconditionFailure("ArgumentParser tells of commands in another way than it did")
        }
        return CommandHelp(command, below: [])
    }

    private init(_ tree: JSONTree, below words: [String]) {
        self.words = words + [tree["commandName"]?.text ?? ""]
        abstract = tree["abstract"]?.text ?? ""
        discussion = tree["discussion"]?.text ?? ""
        isShown = tree["shouldDisplay"]?.isTrue ?? true
        arguments = (tree["arguments"]?.elements ?? []).compactMap(Argument.init)
        let own = self.words
        subcommands = (tree["subcommands"]?.elements ?? []).map { CommandHelp($0, below: own) }
            .filter { $0.isShown && $0.words.last != "help" }
    }

    var withSubcommands: [CommandHelp] { [self] + subcommands.flatMap(\.withSubcommands) }
}

extension CommandHelp.Argument {
    /// Nil for what help does not show.
    fileprivate init?(_ tree: JSONTree) {
        guard tree["shouldDisplay"]?.isTrue ?? true,
            let kind = tree["kind"]?.text.flatMap(Kind.init)
        else { return nil }
        self.kind = kind
        for name in tree["names"]?.elements ?? [] {
            let dashes = name["kind"]?.text == "long" ? "--" : "-"
            names.append(dashes + (name["name"]?.text ?? ""))
        }
        names.sort { ($0.utf8.count > 2 ? 1 : 0, $0) < ($1.utf8.count > 2 ? 1 : 0, $1) }
        value = tree["valueName"]?.text ?? ""
        text = tree["abstract"]?.text ?? ""
        defaultValue = tree["defaultValue"]?.text
        isOptional = tree["isOptional"]?.isTrue ?? false
        isRepeating = tree["isRepeating"]?.isTrue ?? false
    }
}

/// JSON that this program has made itself.
enum JSONTree {
    case object([String: JSONTree])
    case array([JSONTree])
    case text(String)
    case bool(Bool)
    case other

    init(_ text: String) {
        let bytes = Array(text.utf8)
        var scanner = JSONScanner(bytes.span, 0..<bytes.count, depthMax: JSONScanner.depthLimit)
        self = (try? Self.value(&scanner, bytes)) ?? .other
    }

    private static func value(
        _ scanner: inout JSONScanner, _ bytes: [UInt8]
    ) throws(JSONScanner.Failure) -> JSONTree {
        try value(from: scanner.next(), &scanner, bytes)
    }

    private static func value(
        from token: JSONScanner.Token, _ scanner: inout JSONScanner, _ bytes: [UInt8]
    ) throws(JSONScanner.Failure) -> JSONTree {
        switch token {
        case .beginObject:
            var members: [String: JSONTree] = [:]
            while case .key(let name) = try scanner.next() {
                members[text(name, bytes)] = try value(&scanner, bytes)
            }
            return .object(members)
        case .beginArray:
            var elements: [JSONTree] = []
            while true {
                let token = try scanner.next()
                if token == .endArray { return .array(elements) }
                elements.append(try value(from: token, &scanner, bytes))
            }
        case .string(let found): return .text(text(found, bytes))
        case .bool(let value): return .bool(value)
        default: return .other
        }
    }

    private static func text(_ found: JSONScanner.Text, _ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        JSONText.appendUnescaped(bytes.span, found.range, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    subscript(_ name: String) -> JSONTree? {
        if case .object(let members) = self { members[name] } else { nil }
    }

    var elements: [JSONTree] { if case .array(let elements) = self { elements } else { [] } }
    var text: String? { if case .text(let text) = self { text } else { nil } }
    var isTrue: Bool { if case .bool(let value) = self { value } else { false } }
}
