import HisuiYAML

/// Writes drafts of definitions, and compiles them to be tried.
struct DraftWriter {
    /// How much the captures of a template take.
    enum Width: CaseIterable {
        /// As the values are that were seen.
        case narrow
        /// Any bytes up to the next text.
        case wide
        /// Any bytes up to the last such text.
        case last
    }

    let name: String
    let program: String?

    var programBytes: [UInt8]? { program.map { Array($0.utf8) } }

    // MARK: Templates

    func template(_ message: UnknownMessage, _ width: Width) -> String {
        var text = ""
        for (index, literal) in message.literals.enumerated() {
            text += Self.escaped(literal)
            guard index < message.kinds.count else { break }
            let isLast = index == message.kinds.count - 1 && message.literals[index + 1].isEmpty
            text += "{_:\(Self.type(message.kinds[index].narrowest, width, isLast: isLast))}"
        }
        return text
    }

    private static func type(_ narrowest: CaptureType, _ width: Width, isLast: Bool) -> String {
        if width == .narrow, narrowest != .text { return narrowest.name }
        if isLast { return CaptureType.rest.name }
        return CaptureType.text.name + (width == .last ? ">" : "")
    }

    /// Fixed text as a template has it.
    private static func escaped(_ literal: [UInt8]) -> String {
        var bytes: [UInt8] = []
        for byte in literal {
            if [0x7B, 0x5B, 0x28, 0x5C].contains(byte) { bytes.append(0x5C) }
            bytes.append(byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: Trying

    /// What one rule knows; nil if it is refused.
    func runner(id: String, line: String, _ schema: Schema) -> SampleRunner? {
        compile(rules: [(id, line)], schema)
    }

    func runner(_ rules: [DefinitionDraft.Rule], _ schema: Schema) -> SampleRunner? {
        compile(rules: rules.map { ($0.id, $0.line) }, schema)
    }

    private func compile(rules: [(id: String, line: String)], _ schema: Schema) -> SampleRunner? {
        var text = head + "rules:\n"
        for (id, line) in rules {
            text += "  - { id: \(id), line: \(Self.quoted(line)), set: { event.action: logon } }\n"
        }
        text += "samples:\n"
        for (id, _) in rules { text += "  - { line: x, is: { rule: \(id) } }\n" }
        text += "  - reject: x\n"
        let log = Diagnostics()
        guard
            let definition = DefinitionReader.read(
                Array(text.utf8), file: "draft", schema: schema, log)
        else { return nil }
        return SampleRunner(set: DefinitionSet([definition], schema: schema))
    }

    // MARK: Text

    private var head: String {
        let programs = program.map { "[\(Self.quoted($0))]" } ?? "\"*\""
        return "parser: \(name)\nversion: 1\nmatch: { program: \(programs) }\ninput: message\n"
    }

    func text(_ rules: [DefinitionDraft.Rule], reject: String, heading: [String]) -> String {
        var text = heading.map { $0.isEmpty ? "#\n" : "# \($0)\n" }.joined() + head + "rules:\n"
        for rule in rules {
            text += "  # \(rule.message.count) messages" + Self.keys(of: rule.message) + "\n"
            text += "  - id: \(rule.id)\n    line: \(Self.quoted(rule.line))\n"
            text += "    set: { event.action: \(ConstantReader.unfinished) }\n"
        }
        text += "samples:\n"
        for rule in rules {
            for sample in rule.samples {
                let line = Self.quoted(String(decoding: sample, as: UTF8.self))
                text += "  - line: \(line)\n    is: { rule: \(rule.id) }\n"
            }
        }
        return text + "  - reject: \(Self.quoted(reject))\n"
    }

    /// What stands before values that have a key: `, port=int user=word`.
    private static func keys(of message: UnknownMessage) -> String {
        let keys = message.kinds.indices.compactMap { index in
            message.key(index).map { "\($0)=\(message.kinds[index].narrowest.name)" }
        }
        return keys.isEmpty ? "" : ": " + keys.joined(separator: " ")
    }

    /// A scalar of YAML on one line: in single quotes, where a backslash is one, if it can be.
    static func quoted(_ text: String) -> String {
        let isPlain = text.unicodeScalars.allSatisfy { !isEscaped($0) }
        if isPlain, text.contains("\\") || text.contains("\"") {
            return "'"
                + text.split(separator: "'", omittingEmptySubsequences: false)
                .joined(separator: "''") + "'"
        }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" {
                quoted += "\\"
                quoted.unicodeScalars.append(scalar)
            } else if isEscaped(scalar) {
                let digits = String(scalar.value, radix: 16)
                let zeros = String(repeating: "0", count: 8 - digits.count)
                quoted += "\\U" + zeros + digits
            } else {
                quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// Whether a character does not stand for itself in a file of YAML, or on a screen.
    private static func isEscaped(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0x7E, 0xA0...0x2027, 0x2030...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD: false
        default: true
        }
    }
}
