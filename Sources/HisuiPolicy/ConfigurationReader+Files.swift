import HisuiBytes
import HisuiEvent
import HisuiYAML

/// Joins of lines, and folders of tables.
extension ConfigurationReader {
    /// Reads `join`: which lines of a file are one record.
    func join(_ reader: inout MappingReader) -> Configuration.Join? {
        guard var inner = reader.mapping("join", "`join`") else { return nil }
        let start = inner.stringNode("start")
        let continues = inner.stringNode("continues")
        let lines = inner.int("lines_max", in: 2...Limits.joinedLinesMax)
        let bytes = inner.int("bytes_max", in: 1024...Limits.recordBytesMax)
        let seconds = inner.int("wait_seconds", in: 1...3600)
        inner.finish()
        guard (start == nil) != (continues == nil) else {
            log.report(
                inner.node, "`join` needs one of the keys `start`, `continues`",
                hint: "start: '^[0-9]{4}-' or continues: indented")
            return nil
        }
        let kind: Configuration.Join.Kind
        if let start {
            guard let expression = expression(start) else { return nil }
            kind = .start(expression)
        } else if let continues, continues.text != "indented" {
            guard let expression = expression(continues) else { return nil }
            kind = .continues(expression)
        } else {
            kind = .indented
        }
        return Configuration.Join(
            kind: kind, linesMax: lines ?? Limits.joinedLinesMax,
            bytesMax: bytes ?? Limits.joinedBytesMax, waitSeconds: seconds ?? 5)
    }

    private func expression(_ given: Text) -> RegularExpression? {
        do throws(RegularExpressionError) {
            let expression = try RegularExpression(given.text)
            if expression.matches([UInt8]().span, 0..<0) {
                log.report(
                    given.node, "\(given.node.quoted) fits every line",
                    hint: "begin it with ^ and say what the line begins with")
                return nil
            }
            return expression
        } catch {
            log.report(given.node, "\(given.node.quoted): \(error.reason)")
            return nil
        }
    }

    /// - Parameter kind: `csv-folder` or `mail-folder`.
    func folder(
        _ reader: inout MappingReader, _ conflicts: inout SourceConflicts, _ kind: String
    ) -> Input? {
        let isMail = kind == "mail-folder"
        let zone = reader.stringNode("time_zone").flatMap { checkedTimeZone($0) }
        let encoding = encoding(&reader)
        let parser = parserID(&reader)
        let completion = completion(&reader, usual: isMail ? "renamed" : "stable")
        let delimiters: [(name: String, byte: UInt8?)] = [
            ("auto", nil), ("comma", 0x2C), ("tab", 0x09), ("semicolon", 0x3B),
        ]
        let delimiter = reader.choice("delimiter", of: delimiters.map(\.name))
        let header = reader.choice(
            "header", of: Configuration.Folder.Header.allCases.map(\.rawValue))
        var attachments: [String]?
        if isMail {
            attachments =
                reader.strings("attachments").map { $0.map(\.text) } ?? ["*.csv", "*.tsv"]
        }
        guard var inner = reader.mapping(kind, "`\(kind)`", required: true) else { return nil }
        let given = inner.stringNode("path", required: true)
        let files = inner.stringNode("files")
        inner.finish()
        guard let given, let completion, let directory = path(given, "the folder") else {
            return nil
        }
        if let files, files.text.isEmpty || files.text.utf8.contains(0x2F) {
            log.report(
                files.node, "\(files.node.quoted) is no pattern for names of files",
                hint: "such as *.csv; the folder is `path`")
            return nil
        }
        let pattern = directory + "/" + (files?.text ?? (isMail ? "*" : "*.csv"))
        guard conflicts.isNewPattern(pattern, given.node) else { return nil }
        return .folder(
            Configuration.Folder(
                pattern: pattern, completion: completion,
                delimiter: delimiters.first { $0.name == delimiter }?.byte,
                header: header.flatMap(Configuration.Folder.Header.init) ?? .auto,
                timeZone: zone ?? timeZone, encoding: encoding, parser: parser,
                attachments: attachments))
    }

    /// What tells that a file is complete; nil, and a report, if that makes no sense.
    private func completion(
        _ reader: inout MappingReader, usual: String
    ) -> Configuration.Folder.Completion? {
        let word = reader.choice("complete", of: ["stable", "renamed", "marker"]) ?? usual
        let seconds = reader.int("stable_seconds", in: 1...86_400)
        let marker = reader.stringNode("marker")
        for (key, owner) in [("stable_seconds", "stable"), ("marker", "marker")]
        where word != owner {
            guard let node = reader.keyNode(key) else { continue }
            log.report(
                node, "`\(key)` has no meaning with `complete: \(word)`",
                hint: "it belongs to `complete: \(owner)`")
        }
        switch word {
        case "renamed": return .renamed
        case "marker":
            let suffix = marker?.text ?? ".done"
            guard !suffix.isEmpty, suffix.utf8.count <= 32, !suffix.utf8.contains(0x2F) else {
                log.report(
                    marker?.node ?? reader.node, "`marker` is no ending of a name",
                    hint: "such as .done")
                return nil
            }
            return .marker(suffix: suffix)
        default: return .stable(seconds: seconds ?? 30)
        }
    }
}
