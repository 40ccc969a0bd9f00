import HisuiBytes
import HisuiEvent
public import HisuiYAML

/// A file of `recipes/` to a recipe.
///
///     recipe: fortigate            what an operator types
///     version: 1
///     name: …    name_ja: …
///     ways:                        in order of preference
///       - over: udp                udp, tcp, tls, relp, relp-tls, shippers, shippers-tls, journal,
///                                  journals, csv-folder, mail-folder, files, audit
///         port: 514                where the device can send to no other port
///         file: /var/log/x.log     the file that it writes, for files
///         place: …   place_ja: …   where to paste
///         paste: |                 holds {address}, {port}, {zone}, {folder}, {pattern},
///                                  {socket}
///           …
///         note: …    note_ja: …    what to know beside it
///         configuration: |         lines of `sources:` where nothing in it fits
///           - syslog: {udp: "0.0.0.0:514"}
public struct RecipeReader {
    private let log: Diagnostics
    private let texts: ConfigurationReader

    private init(_ log: Diagnostics) {
        self.log = log
        texts = ConfigurationReader(log, include: { _ in nil })
    }

    /// Reads a recipe; nil, with what is wrong, if anything is.
    public static func read(
        _ bytes: [UInt8], file: String
    ) -> (recipe: Recipe?, diagnostics: [Diagnostic]) {
        let log = Diagnostics(suggest: { NearestName.suggestion(for: $0, in: $1) })
        let recipe = RecipeReader(log).read(bytes, file: file)
        return (log.isEmpty ? recipe : nil, log.sorted)
    }

    private func read(_ bytes: [UInt8], file: String) -> Recipe? {
        let root: YAMLNode
        do throws(YAMLError) {
            root = try YAMLDocument.parseSingle(bytes, file: file)
        } catch {
            log.report(error.diagnostic)
            return nil
        }
        guard var top = MappingReader(root, "a recipe", log) else { return nil }
        let id = top.stringNode("recipe", required: true).flatMap { texts.shortID($0, "a recipe") }
        _ = top.int("version", in: 1...1_000_000, required: true)
        let names = texts.names(&top)
        let nodes = top.list("ways", required: true) ?? []
        top.finish()
        guard texts.bounded(nodes, Limits.recipeWaysMax, least: 1, top, "ways", "ways") else {
            return nil
        }
        let ways = nodes.compactMap(way)
        guard let id, let names else { return nil }
        return Recipe(id: id, name: names.0, nameJapanese: names.1, ways: ways)
    }

    private func way(_ node: YAMLNode) -> Recipe.Way? {
        guard var reader = MappingReader(node, "a way", log) else { return nil }
        let over = reader.choice(
            "over", of: Recipe.Over.allCases.map(\.rawValue), required: true
        ).flatMap(Recipe.Over.init)
        let port = reader.int("port", in: 1...65_535)
        let file = reader.stringNode("file")
        let places = pair(&reader, "place", required: true)
        let paste = text(&reader, "paste", required: true)
        let notes = pair(&reader, "note", required: false)
        let configuration = text(&reader, "configuration", required: true)
        reader.finish()
        guard let over, let places, let paste, let notes, let configuration else { return nil }
        if port != nil, over.usualPort == nil {
            reader.report("port", "a way over \(over.rawValue) has no port")
        }
        guard (over == .files) == (file != nil) else {
            log.report(
                file?.node ?? node,
                over == .files
                    ? "a way over files needs the key `file`"
                    : "a way over \(over.rawValue) has no file")
            return nil
        }
        return Recipe.Way(
            over: over, port: port.map { UInt16($0) },
            file: file.flatMap { texts.path($0, "the file") }, place: places.0,
            placeJapanese: places.1, paste: paste, note: notes.0, noteJapanese: notes.1,
            configuration: configuration)
    }

    /// A text in both languages.
    private func pair(
        _ reader: inout MappingReader, _ key: String, required: Bool
    ) -> (String, String)? {
        let english = text(&reader, key, required: required)
        let japanese = text(&reader, key + "_ja", required: required || english != nil)
        return required || english != nil || japanese != nil
            ? english.flatMap { first in japanese.map { (first, $0) } } : ("", "")
    }

    /// A text whose braces hold nothing but placeholders, with a line feed at its end.
    private func text(
        _ reader: inout MappingReader, _ key: String, required: Bool
    ) -> String? {
        guard let (text, node) = reader.stringNode(key, required: required) else { return nil }
        guard text.utf8.count <= Limits.recipeTextBytesMax else {
            log.report(
                node, "`\(key)` has \(text.utf8.count) bytes",
                hint: "at most \(Limits.recipeTextBytesMax)")
            return nil
        }
        let isPlain = text.unicodeScalars.allSatisfy {
            $0 == "\n" || ($0.value >= 0x20 && !(0x7F...0x9F).contains($0.value))
        }
        guard isPlain, !text.isEmpty else {
            log.report(node, "`\(key)` is empty or holds a control character")
            return nil
        }
        for word in Self.bracedWords(text)
        where Recipe.Placeholder(rawValue: String(word)) == nil {
            log.report(
                node, "`\(key)` holds the unknown placeholder {\(word)}",
                hint: "there are "
                    + Recipe.Placeholder.allCases.map { "{\($0.rawValue)}" }
                    .joined(separator: ", "))
        }
        return text.hasSuffix("\n") ? text : text + "\n"
    }

    /// What stands in braces and has only small letters: other braces belong to the device's own
    /// language.
    private static func bracedWords(_ text: String) -> [Substring] {
        text.split(separator: "{", omittingEmptySubsequences: false).dropFirst()
            .compactMap { rest in
                let word = rest.prefix { ("a"..."z").contains($0) }
                return !word.isEmpty && rest.dropFirst(word.count).first == "}" ? word : nil
            }
    }
}
