import HisuiBytes
import HisuiYAML

/// A parser definition for a program's unknown messages, for a person to finish.
///
/// It is tried on the messages it was made of: what is drafted compiles, and each sample is what
/// its rule knows. Only the action of each rule is missing (`unfinished`), which is refused.
public struct DefinitionDraft: Sendable {
    /// A rule of the draft.
    struct Rule {
        var id: String
        var line: String
        var message: UnknownMessage
        /// What the rule knows by itself.
        var runner: SampleRunner
        var samples: [[UInt8]] = []
    }

    /// What stands where a person has to say something; in two parts, for it is no note to us.
    public static let unfinished = "TO" + "DO"

    /// The file, in UTF-8.
    public let text: String
    /// The definition's name, such as `site.valve`: the file's too.
    public let name: String
    public let ruleCount: Int
    /// Messages that the rules were made of.
    public let messageCount: UInt64

    /// Rules of a draft: more at once nobody finishes.
    private static let rulesMax = 50
    private static let samplesMax = 3

    /// - Parameters:
    ///   - heading: lines of comment to begin with.
    ///   - taken: names of definitions there are, which it must not have.
    /// - Returns: nil where no message has enough text for a rule.
    public init?(
        _ program: UnknownMessages.Program, schema: Schema, heading: [String],
        taken: Set<String> = []
    ) {
        name = Self.unused("site." + Self.word(program.name ?? "messages"), taken)
        let writer = DraftWriter(name: name, program: program.name)
        let candidates = Self.candidates(program.messages, writer, schema)
        var rules = Self.withoutCovered(candidates, program.name)
        // A rule without a message of its own has its messages from one before it.
        while true {
            guard !rules.isEmpty, let all = writer.runner(rules, schema) else { return nil }
            for index in rules.indices {
                let own = rules[index].message.messages.filter { message in
                    all.outcome(of: message, program: writer.programBytes)?.rule == rules[index].id
                }
                rules[index].samples = Array(own.prefix(Self.samplesMax))
            }
            if rules.allSatisfy({ !$0.samples.isEmpty }) {
                let reject = Self.reject(rules[0], all, writer.programBytes)
                text = writer.text(rules, reject: reject, heading: heading)
                break
            }
            rules.removeAll(where: \.samples.isEmpty)
        }
        ruleCount = rules.count
        messageCount = rules.reduce(0) { $0 + $1.message.count }
    }

    /// A rule for each kind of message that one can be made for.
    private static func candidates(
        _ messages: [UnknownMessage], _ writer: DraftWriter, _ schema: Schema
    ) -> [Rule] {
        var ids: Set<String> = []
        var rules: [Rule] = []
        for message in messages where message.hasWords && rules.count < rulesMax {
            let id = unused(self.id(of: message), ids)
            for width in DraftWriter.Width.allCases {
                let line = writer.template(message, width)
                guard let runner = writer.runner(id: id, line: line, schema),
                    message.messages.allSatisfy({
                        runner.outcome(of: $0, program: writer.programBytes) != nil
                    })
                else { continue }
                ids.insert(id)
                rules.append(Rule(id: id, line: line, message: message, runner: runner))
                break
            }
        }
        return rules
    }

    /// Without rules all of whose messages a wider one knows, most particular first.
    private static func withoutCovered(_ rules: [Rule], _ program: String?) -> [Rule] {
        let sorted = rules.sorted {
            ($1.message.fixedBytes, $0.id) < ($0.message.fixedBytes, $1.id)
        }
        let bytes = program.map { Array($0.utf8) }
        return sorted.enumerated().filter { index, rule in
            !sorted[(index + 1)...].contains { wider in
                rule.message.messages.allSatisfy {
                    wider.runner.outcome(of: $0, program: bytes) != nil
                }
            }
        }.map(\.element)
    }

    /// A message that looks like one of the rule's, and that no rule knows.
    private static func reject(_ rule: Rule, _ all: SampleRunner, _ program: [UInt8]?) -> String {
        let first = String(decoding: rule.samples[0].prefix { $0 != 0x20 }, as: UTF8.self)
        let texts = [first + " " + unfinished, unfinished + " " + first, unfinished]
        return texts.first { all.outcome(of: Array($0.utf8), program: program) == nil } ?? ""
    }

    // MARK: Names

    /// The first words of the fixed text: `opened-valve`.
    private static func id(of message: UnknownMessage) -> String {
        var words: [String] = []
        for literal in message.literals {
            for part in literal.split(whereSeparator: { !(0x41...0x5A).contains($0 & 0xDF) })
            where part.count > 1 && words.count < 4 {
                words.append(String(decoding: part.prefix(20).map { $0 | 0x20 }, as: UTF8.self))
            }
        }
        return words.isEmpty ? "message" : words.joined(separator: "-")
    }

    /// The text as a part of a name: small letters, digits, and hyphens for the rest.
    private static func word(_ text: String) -> String {
        let bytes = text.utf8.prefix(64).map { byte -> UInt8 in
            if (0x41...0x5A).contains(byte) { return byte | 0x20 }
            let isKept =
                (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5F
            return isKept ? byte : 0x2D
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `name`, with a number behind it if there is one of that name.
    private static func unused(_ name: String, _ taken: Set<String>) -> String {
        if !taken.contains(name) { return name }
        var number = 2
        while taken.contains("\(name)-\(number)") { number += 1 }
        return "\(name)-\(number)"
    }
}
