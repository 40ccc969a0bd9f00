import HisuiBytes
import HisuiEvent
import HisuiYAML

/// Sources: what each may say. What they may not say together is in `SourceConflicts`.
extension ConfigurationReader {
    typealias Input = Configuration.Source.Input

    /// The keys of a source, by the kind to which they belong.
    private static let options: [(kind: String, keys: [String])] = [
        ("journal", ["namespace"]),
        (
            "syslog",
            ["time_zone", "encoding", "receive_buffer_bytes", "spill_class"]
                + ConfigurationReader.streamKeys
                + ConfigurationReader.quotaKeys + ["window", "tls"]
        ),
        (
            "http",
            ConfigurationReader.streamKeys + ConfigurationReader.quotaKeys + ["tokens", "tls"]
        ),
        ("files", ["time_zone", "encoding", "parser", "from", "join"]),
        (
            "csv-folder",
            [
                "time_zone", "encoding", "parser", "complete", "stable_seconds", "marker",
                "delimiter", "header",
            ]
        ),
        (
            "mail-folder",
            [
                "time_zone", "encoding", "parser", "complete", "stable_seconds", "marker",
                "delimiter", "header", "attachments",
            ]
        ),
        ("audit", []),
    ]

    func sources(_ top: inout MappingReader) -> [Configuration.Source] {
        guard let nodes = top.list("sources", required: true),
            bounded(nodes, Limits.sourcesMax, least: 1, top, "sources", "sources")
        else { return [] }
        var conflicts = SourceConflicts(log, store: store)
        return nodes.compactMap { source($0, &conflicts) }
    }

    private func source(
        _ node: YAMLNode, _ conflicts: inout SourceConflicts
    ) -> Configuration.Source? {
        guard var reader = MappingReader(node, "a source", log) else { return nil }
        let kinds = ConfigurationReader.options.map(\.kind)
        let given = reader.presentKeys.filter { kinds.contains($0.text ?? "") }
        let id = reader.stringNode("id").flatMap { sourceID($0) }
        for kind in kinds where !given.contains(where: { $0.text == kind }) {
            // Asked for, so that a misspelt kind finds its name among the valid keys.
            _ = reader.value(kind)
        }
        guard given.count == 1, let kind = given[0].text else {
            if given.isEmpty {
                log.report(
                    node,
                    "a source needs one of the keys `journal`, `syslog`, `http`, `files`, "
                        + "`csv-folder`, `mail-folder`, `audit`")
                for key in ConfigurationReader.options.flatMap(\.keys) { _ = reader.value(key) }
                reader.finish()
            } else {
                log.report(
                    given[1],
                    "a source is either \(given[0].quoted) or \(given[1].quoted), not both",
                    hint: "make it two sources")
            }
            return nil
        }
        let silence = reader.int("silence_seconds", in: 0...31_536_000)
        let classes = Configuration.Source.SpillClass.allCases.map(\.rawValue)
        let spillClass =
            kind == "syslog" ? reader.choice("spill_class", of: classes) : nil
        let input: Input?
        switch kind {
        case "journal": input = journal(&reader, &conflicts)
        case "syslog": input = syslog(&reader, &conflicts)
        case "http": input = http(&reader, &conflicts)
        case "files": input = files(&reader, &conflicts)
        case "audit": input = audit(&reader, &conflicts)
        default: input = folder(&reader, &conflicts, kind)
        }
        finish(&reader, kind)
        guard let input else { return nil }
        let source = Configuration.Source(
            id: id?.text ?? SourceID.derived(from: input), input: input, silenceSeconds: silence,
            spillClass: spillClass.flatMap(Configuration.Source.SpillClass.init) ?? .priority)
        return conflicts.isNewID(source.id, id?.node ?? node, isGiven: id != nil) ? source : nil
    }

    /// Reports keys of other kinds by the kind they belong to, and then unknown ones.
    private func finish(_ reader: inout MappingReader, _ kind: String) {
        let own = ConfigurationReader.options.first { $0.kind == kind }?.keys ?? []
        for key in reader.presentKeys {
            guard let text = key.text, !own.contains(text) else { continue }
            let owners = ConfigurationReader.options.filter { $0.keys.contains(text) }.map(\.kind)
            guard !owners.isEmpty else { continue }
            _ = reader.value(text)
            log.report(
                key, "`\(text)` is no key of \(kind == "audit" ? "an" : "a") \(kind) source",
                hint: "it belongs to \(Self.list(owners))")
        }
        reader.finish()
    }

    /// `a`, `a and b`, `a, b and c`.
    private static func list(_ words: [String]) -> String {
        guard words.count > 1, let last = words.last else { return words.joined() }
        return words.dropLast().joined(separator: ", ") + " and " + last
    }

    private func sourceID(_ given: Text) -> Text? {
        guard SourceID.isValid(given.text) else {
            log.report(
                given.node, "\(given.node.quoted) is no id for a source",
                hint: "1 to \(Limits.configuredSourceIDBytesMax) of a-z A-Z 0-9 . _ : / @ -")
            return nil
        }
        return given
    }

    private func journal(
        _ reader: inout MappingReader, _ conflicts: inout SourceConflicts
    ) -> Input? {
        let namespace = reader.stringNode("namespace")
        guard var inner = reader.mapping("journal", "`journal`", required: true) else { return nil }
        let local = inner.bool("local")
        let directory = inner.stringNode("directory")
        let files = inner.strings("files")
        inner.finish()
        guard let key = onlyKey(inner, ["local", "directory", "files"]) else { return nil }
        if let namespace, key.text != "local" {
            log.report(
                namespace.node, "`namespace` chooses among this machine's own journals",
                hint: "use it with `local: true` or remove it")
            return nil
        }
        if let namespace, !isNamespace(namespace.text) {
            log.report(
                namespace.node, "\(namespace.node.quoted) is no journal namespace",
                hint: "1 to 64 of a-z A-Z 0-9 . _ -")
            return nil
        }
        let place: Configuration.Journal.Place
        switch key.text {
        case "local":
            guard let local else { return nil }
            guard local else {
                inner.report("local", "`local` is false", hint: "remove the source")
                return nil
            }
            guard conflicts.isNewJournal(local: namespace?.text, key) else { return nil }
            place = .local
        case "directory":
            guard let directory, let path = path(directory, "the directory"),
                conflicts.isNewPath(path, directory.node)
            else { return nil }
            place = .directory(path)
        default:
            guard let files,
                bounded(files, Limits.pathsPerSourceMax, least: 1, inner, "files", "files")
            else { return nil }
            let paths = files.compactMap { given -> String? in
                guard let path = path(given, "the journal file"),
                    conflicts.isNewPath(path, given.node)
                else { return nil }
                return path
            }
            guard paths.count == files.count else { return nil }
            place = .files(paths)
        }
        return .journal(Configuration.Journal(place: place, namespace: namespace?.text))
    }

    private func audit(
        _ reader: inout MappingReader, _ conflicts: inout SourceConflicts
    ) -> Input? {
        guard var inner = reader.mapping("audit", "`audit`", required: true) else { return nil }
        let socket = inner.stringNode("socket")
        let losses = inner.bool("lost")
        inner.finish()
        guard
            let key = onlyKey(
                inner, ["socket", "lost"],
                hint: "a source with `socket` counts what the kernel lost, too")
        else { return nil }
        guard key.text == "socket" else {
            guard let losses else { return nil }
            guard losses else {
                inner.report("lost", "`lost` is false", hint: "remove the source")
                return nil
            }
            return conflicts.isOnlyAudit(key) ? .audit(.losses) : nil
        }
        guard let socket, let path = socketPath(socket), conflicts.isNewPath(path, socket.node),
            conflicts.isOnlyAudit(key)
        else { return nil }
        return .audit(.socket(path))
    }

    func encoding(_ reader: inout MappingReader) -> TextEncoding {
        guard let (text, node) = reader.stringNode("encoding") else { return .utf8 }
        if let encoding = TextEncoding(name: text) { return encoding }
        let names = TextEncoding.names.map { "`\($0)`" }.joined(separator: ", ")
        log.report(
            node,
            TextEncoding.missingNames.contains(text.lowercased())
                ? "this version does not read \(node.quoted) yet"
                : "\(node.quoted) is no encoding",
            hint: "there are \(names)")
        return .utf8
    }

    private func files(
        _ reader: inout MappingReader, _ conflicts: inout SourceConflicts
    ) -> Input? {
        let zone = reader.stringNode("time_zone").flatMap { checkedTimeZone($0) }
        let encoding = encoding(&reader)
        let starts = Configuration.Files.Start.allCases.map(\.rawValue)
        let from = reader.choice("from", of: starts)
        let parser = parserID(&reader)
        let join = join(&reader)
        guard var inner = reader.mapping("files", "`files`", required: true) else { return nil }
        let given = inner.strings("paths", required: true)
        inner.finish()
        guard let given,
            bounded(given, Limits.pathsPerSourceMax, least: 1, inner, "paths", "patterns")
        else { return nil }
        let paths = given.compactMap { given -> String? in
            guard let path = path(given, "the pattern"), conflicts.isNewPattern(path, given.node)
            else { return nil }
            return path
        }
        guard paths.count == given.count else { return nil }
        return .files(
            Configuration.Files(
                paths: paths, timeZone: zone ?? timeZone, encoding: encoding, parser: parser,
                from: from.flatMap(Configuration.Files.Start.init) ?? .start, join: join))
    }

    func parserID(_ reader: inout MappingReader) -> String? {
        let parser = reader.stringNode("parser")
        if let parser, !SourceID.isValid(parser.text) {
            log.report(
                parser.node, "\(parser.node.quoted) is no id of a parser definition",
                hint: "such as linux.sshd")
        }
        return parser?.text
    }

    /// The only key of `keys` that `reader` has; otherwise a report and nil.
    ///
    /// - Parameter hint: what to do where there are several.
    func onlyKey(
        _ reader: MappingReader, _ keys: [String], hint: String = "make it two sources"
    ) -> YAMLNode? {
        let given = reader.presentKeys.filter { keys.contains($0.text ?? "") }
        if given.count == 1 { return given[0] }
        let names = keys.map { "`\($0)`" }.joined(separator: ", ")
        if given.isEmpty {
            log.report(reader.node, "\(reader.what) needs one of the keys \(names)")
        } else {
            log.report(
                given[1], "\(reader.what) takes only one of the keys \(names)",
                hint: hint)
        }
        return nil
    }

    private func isNamespace(_ text: String) -> Bool {
        text.utf8.count <= 64 && SourceID.isValid(text)
            && !text.utf8.contains { [UInt8(ascii: ":"), 0x2F, 0x40].contains($0) }
    }
}
