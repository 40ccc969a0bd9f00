import HisuiBytes
import HisuiEvent
import HisuiPolicy

/// A recipe for one configuration: addresses and ports filled in, and what is missing in the
/// configuration.
struct RecipeGuide {
    let recipe: Recipe
    /// Only ways of this kind; nil: all.
    let over: Recipe.Over?
    let configuration: Configuration
    /// Where the configuration is.
    let path: String
    /// The address that the operator chose.
    let address: IPAddress?

    var ways: [Recipe.Way] { recipe.ways.filter { over == nil || $0.over == over } }

    /// The configured sources to which such a device can send.
    var fitting: [Configuration.Source] {
        configuration.sources.filter { source in ways.contains { source.fits($0) } }
    }

    /// The source that is best for a way: one that others than this machine reach.
    private func source(for way: Recipe.Way) -> Configuration.Source? {
        let fitting = configuration.sources.filter { $0.fits(way) }
        return fitting.first { $0.endpoint?.isLoopback != true } ?? fitting.first
    }

    var text: String {
        var text = say(recipe.name, recipe.nameJapanese) + "\n"
        let usable = ways.filter { source(for: $0) != nil }
        let unmet = ways.filter { source(for: $0) == nil }
        for way in usable { text += "\n" + ready(way) }
        if usable.isEmpty, let first = unmet.first {
            text += "\n" + missing(first, isOnly: true) + "\n" + toPaste(first, nil)
        }
        let others = usable.isEmpty ? Array(unmet.dropFirst()) : unmet
        var told: Set<Recipe.Over> = Set(usable.map(\.over))
        if usable.isEmpty, let first = unmet.first { told.insert(first.over) }
        for way in others where told.insert(way.over).inserted {
            text += "\n" + missing(way, isOnly: false)
        }
        if ways.isEmpty, let over {
            text += say(
                "It cannot send over \(over.rawValue).\n", "\(over.rawValue) では送信できません。\n")
        }
        return text
    }

    // MARK: - For a program

    /// Every way, with the source that takes it or the lines that are missing in the configuration.
    var object: JSONLine {
        var line = JSONLine()
        line.add("event", "recipe")
        line.add("device", recipe.id)
        line.add("name", say(recipe.name, recipe.nameJapanese))
        line.add("ways", ways.map(object))
        return line
    }

    private func object(_ way: Recipe.Way) -> JSONLine {
        let source = source(for: way)
        let values = values(way, source)
        var object = JSONLine()
        object.add("over", way.over.rawValue)
        if let source {
            object.add("source", source.id)
        } else {
            object.add("configuration", way.configuration(values))
        }
        object.add("place", say(way.place, way.placeJapanese))
        object.add("paste", way.paste(values))
        object.add("note", Recipe.filled(say(way.note, way.noteJapanese), values))
        return object
    }

    // MARK: - A way

    private func ready(_ way: Recipe.Way) -> String {
        let source = source(for: way)
        let id = source?.id ?? ""
        var text = say(
            "== \(Self.words(way.over)), to the source \(id)\n",
            "== \(Self.words(way.over))（収集元 \(id)）\n")
        if source?.endpoint?.isLoopback == true {
            text += say(
                "Only this machine itself reaches this source: other devices need another address "
                    + "in \(path).\n",
                "この収集元に届くのはこのサーバー自身からだけです。他の機器には \(path) に別のアドレスが必要です。\n")
        }
        return text + toPaste(way, source)
    }

    private func missing(_ way: Recipe.Way, isOnly: Bool) -> String {
        let lines = way.configuration(values(way, nil)).split(separator: "\n")
            .map { "  " + $0 + "\n" }.joined()
        let head =
            isOnly
            ? say(
                "Nothing in \(path) takes records \(Self.words(way.over)) as this device sends "
                    + "them.\nAdd these lines below `sources:`, then reload the daemon:\n\n",
                "\(path) には、この機器から\(Self.words(way.over))で受け取る設定がありません。\n"
                    + "次の行を `sources:` の下に加え、デーモンに再読み込みさせてください。\n\n")
            : say(
                "Also possible \(Self.words(way.over)), with these lines below `sources:` in "
                    + "\(path):\n\n",
                "\(path) の `sources:` に次の行を加えれば、\(Self.words(way.over))でも受け取れます。\n\n")
        return head + lines
    }

    private func toPaste(_ way: Recipe.Way, _ source: Configuration.Source?) -> String {
        let values = values(way, source)
        var text = say("Where: ", "貼り付け先: ") + say(way.place, way.placeJapanese) + "\n"
        text += way.paste(values)
        let note = Recipe.filled(say(way.note, way.noteJapanese), values)
        if !note.isEmpty { text += "\n\(note)" }
        let addresses = MachineAddresses.all()
        if way.paste.contains("{address}"), isChoice(source), addresses.count > 1 {
            let names = addresses.map(\.description).joined(separator: ", ")
            text += say(
                "This machine has the addresses \(names): --address chooses one.\n",
                "このサーバーのアドレスは \(names) です。--address で選べます。\n")
        }
        return text
    }

    /// Whether the configuration leaves open which of the machine's addresses devices use.
    private func isChoice(_ source: Configuration.Source?) -> Bool {
        address == nil && (source?.endpoint?.isWildcard ?? true)
    }

    private func values(
        _ way: Recipe.Way, _ source: Configuration.Source?
    ) -> [Recipe.Placeholder: String] {
        var values: [Recipe.Placeholder: String] = [.zone: configuration.zone]
        let own = source?.endpoint.flatMap { $0.isWildcard ? nil : $0.address.description }
        values[.address] =
            address?.description ?? own ?? MachineAddresses.all().first?.description
            ?? say("ADDRESS", "アドレス")
        let port = source?.endpoint?.port ?? way.port ?? way.over.usualPort
        values[.port] = port.map { "\($0)" }
        var pattern =
            way.over == .mailFolder ? "/srv/hisui/mail/new/*" : "/srv/hisui/csv/*.csv"
        if case .folder(let folder)? = source?.input { pattern = folder.pattern }
        values[.pattern] = pattern
        values[.socket] = "/run/hisui-audit/events"
        if case .audit(.socket(let path))? = source?.input { values[.socket] = path }
        values[.folder] = Self.folder(of: pattern)
        return values
    }

    /// The directory before the first part with a wildcard.
    private static func folder(of pattern: String) -> String {
        let parts = pattern.split(separator: "/").dropLast()
            .prefix { !$0.contains { "*?[".contains($0) } }
        return "/" + parts.joined(separator: "/")
    }

    static func words(_ over: Recipe.Over) -> String {
        switch over {
        case .udp: say("over UDP", "UDP")
        case .tcp: say("over TCP", "TCP")
        case .tls: say("over TLS", "TLS")
        case .relp: say("over RELP", "RELP")
        case .relpTLS: say("over RELP with TLS", "RELP（TLS）")
        case .shippers: say("over HTTP", "HTTP")
        case .shippersTLS: say("over HTTPS", "HTTPS")
        case .journal: say("from this machine's journal", "このサーバーのジャーナル")
        case .journals: say("from journals that others send", "他のサーバーから届くジャーナル")
        case .folder: say("from a folder", "フォルダー")
        case .mailFolder: say("from a folder of mail", "メールのフォルダー")
        case .files: say("from a file", "ファイル")
        case .audit: say("from auditd's socket", "auditd のソケット")
        }
    }
}
