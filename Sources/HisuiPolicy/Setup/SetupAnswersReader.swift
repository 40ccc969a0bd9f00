import HisuiBytes
public import HisuiYAML

extension SetupInterview {
    /// Answers all questions from a YAML file; what it leaves out takes the defaults.
    ///
    ///     organisation: Hisui City
    ///     zones: own
    ///     own_zones: ["office, restricted, Office systems, 事務系"]
    ///     addresses: {office: [10.2.0.0/16]}
    ///     zone: office
    ///     syslog_udp: "514"
    ///     contacts: ["CSIRT, csirt@example.lg.jp"]
    ///
    /// - Returns: everything that is wrong, with its place; empty if all are answered.
    public mutating func answer(_ bytes: [UInt8], file: String) -> [Diagnostic] {
        let root: YAMLNode
        do {
            root = try YAMLDocument.parseSingle(bytes, file: file)
        } catch {
            return [error.diagnostic]
        }
        let log = Diagnostics { NearestName.suggestion(for: $0, in: $1) }
        guard var top = MappingReader(root, "an answers file", log) else { return log.sorted }
        for key in Self.keys { _ = top.value(key) }
        if log.isEmpty { answerAll(&top, root, log) }
        top.finish()
        return log.sorted
    }

    /// Every key that a question can have.
    static let keys = [
        "organisation", "organisation_ja", "fiscal_year_start", "time_zone", "zones", "own_zones",
        "addresses", "zone", "store", "journal", "syslog_udp", "syslog_tcp", "files",
        "retention_class", "opening_days", "opening_from", "opening_to", "contacts", "operators",
    ]

    private mutating func answerAll(
        _ top: inout MappingReader, _ root: YAMLNode, _ log: Diagnostics
    ) {
        var asked: Set<String> = []
        while let question = self.question {
            asked.insert(question.key)
            guard let node = Self.node(question.key, root) else {
                if question.preset == nil, !question.repeats {
                    log.report(root, "an answers file needs the key `\(question.key)`")
                    return
                }
                if tell(answer(""), root, log) { return }
                continue
            }
            guard let texts = Self.texts(node, log) else { return }
            if question.repeats {
                for (text, place) in texts where tell(answer(text), place, log) { return }
                if tell(answer(""), node, log) { return }
            } else {
                let text = texts.map(\.0).joined(separator: ", ")
                // An empty list is an answer, and no default.
                if tell(answer(text.isEmpty ? "none" : text), node, log) { return }
            }
        }
        for (key, _) in root["addresses"]?.mapping ?? []
        where !asked.contains("addresses.\(key.text ?? "")") {
            log.reportUnknown(key, "zone", valid: answers.zones.map(\.id))
        }
        if !asked.contains("own_zones"), let node = root["own_zones"] {
            log.report(node, "`own_zones` without `zones: own`", hint: "remove one of them")
        }
    }

    /// Whether there is a problem, which is reported.
    private func tell(_ problem: Wording?, _ node: YAMLNode, _ log: Diagnostics) -> Bool {
        guard let problem else { return false }
        log.report(node, problem.english)
        return true
    }

    private static func node(_ key: String, _ root: YAMLNode) -> YAMLNode? {
        guard key.hasPrefix("addresses.") else { return root[key] }
        return root["addresses"]?[String(key.dropFirst("addresses.".count))]
    }

    /// A scalar, or the scalars of a list.
    private static func texts(_ node: YAMLNode, _ log: Diagnostics) -> [(String, YAMLNode)]? {
        var texts: [(String, YAMLNode)] = []
        for element in node.sequence ?? [node] {
            guard let text = element.text, !element.isNull else {
                log.report(
                    element, "an answer is text or a list of texts, not \(element.described)")
                return nil
            }
            texts.append((text, element))
        }
        return texts
    }
}
