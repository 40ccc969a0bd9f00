import HisuiEvent
import HisuiYAML

/// Reads `match` of a definition whose records are text: which messages it looks at.
///
///     match: { program: [sshd, "postfix/*"] }         the program that the header names
///     match: { first: ["%ASA-", "%FTD-"] }            how the message begins, whoever sent it
///     match: { program: "*", first: "date=" }         both
///     match: { any: [{ program: a }, { program: b }] }
struct MatchReader {
    /// What `match` says.
    struct Result {
        var programs: [Definition.ProgramPattern] = []
        /// Texts of which one begins the message, behind the definition's `prefix` if it has one;
        /// none: it may begin anyhow.
        var firsts: [[UInt8]] = []
    }

    let log: Diagnostics

    func read(_ given: MappingReader) -> Result {
        var reader = given
        var result = Result()
        if let any = reader.list("any") {
            for element in any {
                guard var inner = MappingReader(element, "`any`", log) else { continue }
                result.programs += programs(&inner)
                if let first = inner.value("first") {
                    log.report(
                        first, "`first` holds for all of a definition",
                        hint: "write it beside `any`, or make two definitions")
                }
                later(&inner)
                inner.finish()
            }
        } else {
            result.programs = programs(&reader)
        }
        result.firsts = firsts(&reader)
        later(&reader)
        reader.finish()
        // How a message begins says enough, so its program need not be named.
        if result.programs.isEmpty, !result.firsts.isEmpty { result.programs = [.any] }
        if result.programs.isEmpty, log.isEmpty {
            log.report(
                given.node, "`match` names no program",
                hint: "write match: { program: [sshd] }, or program: \"*\" for all")
        }
        return result
    }

    private func later(_ reader: inout MappingReader) {
        for key in ["file", "journald", "listener"] {
            guard let value = reader.value(key) else { continue }
            log.report(
                value, "this version cannot match by `\(key)` yet", hint: "use `program` or `first`"
            )
        }
    }

    private func firsts(_ reader: inout MappingReader) -> [[UInt8]] {
        guard let given = reader.strings("first", orOne: true) else { return [] }
        if given.isEmpty { reader.report("first", "`first` needs a text") }
        if given.count > Limits.firstsPerDefinitionMax {
            reader.report(
                "first", "\(given.count) texts",
                hint: "the limit is \(Limits.firstsPerDefinitionMax)"
            )
        }
        return given.compactMap { text, node in
            guard !text.isEmpty else {
                log.report(
                    node, "every message begins with an empty text",
                    hint: "leave `first` away if messages begin anyhow")
                return nil
            }
            return Array(text.utf8)
        }
    }

    private func programs(_ reader: inout MappingReader) -> [Definition.ProgramPattern] {
        ProgramPatternReader(log: log).read(reader.strings("program", orOne: true) ?? [])
    }

    /// How a message can begin that a rule is to know, given how the rule's text can begin.
    ///
    /// - Returns: the longer of each two that agree; none if the rule could never know a message.
    static func beginnings(
        _ own: [(prefix: [UInt8], isLiteral: Bool)], within firsts: [[UInt8]]
    ) -> [(prefix: [UInt8], isLiteral: Bool)] {
        guard !firsts.isEmpty else { return own }
        var found: [(prefix: [UInt8], isLiteral: Bool)] = []
        for (prefix, isLiteral) in own {
            if firsts.contains(where: { prefix.starts(with: $0) }) {
                found.append((prefix, isLiteral))
            } else {
                found += firsts.filter { $0.starts(with: prefix) }.map { ($0, false) }
            }
        }
        return found
    }
}
