import ArgumentParser
import Glibc
import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiPipeline
import HisuiQuery
import HisuiShape
import HisuiStore

/// Completes the query of `hisui search` while it is typed: names of fields, and behind `field:` or
/// `field:=` values of the newest data.
///
/// What is handed to a shell has letters, digits and `_ . : @ / - =` behind what was typed, and
/// nothing else: a value from a record that has more is not offered.
enum QueryCompletion {
    /// How long a person waits for a list; what is found by then is shown.
    private static let millis = 300
    /// Where the store itself is slow, nothing is shown, and the shell goes on.
    private static let secondsMost: UInt32 = 1
    private static let valuesMax = 50
    private static let namesMax = 500

    /// - Parameters:
    ///   - words: of the command line, as they were typed.
    ///   - index: of the word that the cursor stands in.
    ///   - prefix: the last word up to the cursor.
    @Sendable static func complete(_ words: [String], _ index: Int, _ prefix: String) -> [String] {
        let isLast = index >= words.count - 1 || index < 0
        guard let typed = ShellWord.open(isLast ? prefix : words[index]),
            let end = QueryEnd(typed)
        else { return [] }
        endAtLast()
        let deadline = SystemClock.monotonicMicroseconds() + millis * 1000
        let store = KnownStore(words, deadline: deadline)
        let found: [String]
        switch end.kind {
        case .word(let isFilter): found = names(end.typed, store, isFilter: isFilter)
        case .value(let field): found = values(of: field, end.typed, store)
        }
        return found.map { shellForm(end.head + $0) }
    }

    private static func names(
        _ typed: String, _ store: KnownStore?, isFilter: Bool
    ) -> [String] {
        var names = Set(QueryEnd.rowFields)
        store?.forEachBlock { block in
            for shape in block.shapes { names.formUnion(shape.shape.fields.map(\.name)) }
            return names.count < namesMax
        }
        let fitting = names.filter { $0.hasPrefix(typed) && QueryEnd.isPlain($0, of: "_msg") }
        guard isFilter else { return fitting.sorted() }
        // Two ways on: a shell that finds only one takes the word for done and puts a space.
        if fitting.count == 1 { return fitting.flatMap { [$0 + ":", $0 + ":="] } }
        return fitting.sorted().map { $0 + ":" }
    }

    /// Values of a field in the newest blocks; they are data of the store, so that showing them is
    /// a search, which is recorded. Where it cannot be, none are shown.
    private static func values(of field: String, _ typed: String, _ store: KnownStore?) -> [String]
    {
        guard let store, QueryEnd.isPlain(field, of: "_msg") else { return [] }
        let text = "\(field):=\(typed.isEmpty ? "" : "\"\(typed)\"")*"
        guard
            let query = try? Query.parse(
                text + " | uniq by (\(field)) limit \(valuesMax * 4)", now: .now(), timeZone: .utc)
        else { return [] }
        var values: Set<String> = []
        var options = QueryOptions()
        options.workers = 1
        options.shouldStop = { SystemClock.monotonicMicroseconds() > store.deadline }
        store.forEachBlock { block in
            try? QueryRunner(blocks: [block], query: query, options: options).run { row in
                if let value = row.text(field), QueryEnd.isPlain(value, of: field) {
                    values.insert(value)
                }
                return values.count < valuesMax
            }
            return values.count < valuesMax
        }
        guard !values.isEmpty, store.record(text, count: values.count) else { return [] }
        return values.sorted()
    }

    /// In zsh's lists a colon parts a word from what is said of it.
    private static func shellForm(_ text: String) -> String {
        guard CompletionShell.requesting == .zsh else { return text }
        return text.split(separator: "\\", omittingEmptySubsequences: false)
            .joined(separator: "\\\\").split(separator: ":", omittingEmptySubsequences: false)
            .joined(separator: "\\:")
    }

    /// Ends the process, whatever it waits for, before the person at the shell gives up.
    private static func endAtLast() {
        // The handler ends the process and does nothing else.
        _ = signal(SIGALRM) { _ in _exit(0) }
        _ = alarm(secondsMost)
    }
}

/// The store that the words of a command line name.
private struct KnownStore {
    let deadline: Int
    private let path: String
    private let zone: String?
    private let isOfActs: Bool
    /// The newest first.
    private let blocks: [Block]

    /// Nil if none is named, or it cannot be read.
    init?(_ words: [String], deadline: Int) {
        let words = words.compactMap(ShellWord.whole)
        guard let path = Self.values("--store", words).last,
            let reader = try? StoreReader(fileSystem: RealFileSystem(), path: path)
        else { return nil }
        let zones = Self.values("--zone", words)
        isOfActs = words.contains("--acts")
        guard
            let snapshot = try? reader.snapshot(
                acts: isOfActs, zones: isOfActs || zones.isEmpty ? nil : Set(zones))
        else { return nil }
        self.path = path
        self.deadline = deadline
        zone = zones.count == 1 ? zones.first : nil
        blocks = snapshot.blocks.sorted { $0.timeRange.upperBound > $1.timeRange.upperBound }
    }

    private static func values(_ option: String, _ words: [String]) -> [String] {
        var values: [String] = []
        for (index, word) in words.enumerated() {
            if word.hasPrefix(option + "=") {
                values.append(String(word.dropFirst(option.count + 1)))
            } else if word == option, index + 1 < words.count {
                values.append(words[index + 1])
            }
        }
        return values
    }

    /// Looks at blocks until there is no more time, or nothing more is wanted.
    func forEachBlock(_ body: (Block) -> Bool) {
        for block in blocks {
            guard SystemClock.monotonicMicroseconds() < deadline, body(block) else { return }
        }
    }

    /// Records that values were shown. Says nothing on standard error, where the line is typed.
    func record(_ query: String, count: Int) -> Bool {
        var fields: [Act.Field] = [("query", .text(query)), ("command", .text("completion"))]
        if isOfActs { fields.append(("acts", .boolean(true))) }
        fields += [("outcome", .text("done")), ("rows", .integer(Int64(count)))]
        let act = Act(.search, time: .now(), zone: zone, actor: .current(), fields: fields)
        let log = ActLog(fileSystem: RealFileSystem(), store: path, now: { .now() })
        return (try? log.append([act])) != nil
    }
}

/// A word of a command line as it was typed, with the quotes of shells.
private enum ShellWord {
    /// What the word says, which may lack the end of its quotes; nil where a shell would put
    /// something else in its place.
    static func open(_ word: String) -> String? {
        // fish hands over what a word says.
        if CompletionShell.requesting == .fish, word.first != "'" { return word }
        let quote = word.first.flatMap { "'\"".contains($0) ? $0 : nil }
        let text = quote == nil ? word[...] : word.dropFirst()
        let special =
            switch quote {
            case "'": "'"
            case "\"": "\"$`\\"
            default: "'\"$`\\"
            }
        return text.contains(where: special.contains) ? nil : String(text)
    }

    /// What a finished word says.
    static func whole(_ word: String) -> String? {
        if let quote = word.first, "'\"".contains(quote), word.count > 1, word.last == quote {
            return open(String(word.dropLast()))
        }
        return open(word)
    }
}
