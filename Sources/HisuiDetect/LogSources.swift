import HisuiBytes
public import HisuiYAML

/// What a site's logs look like to a rule: `logsources.yaml`.
///
///     logsources:                         which events a rule's `logsource` means
///       - { product: linux, service: sshd, when: { process.name: [sshd] } }
///       - { product: aws, only: { Channel: [] } }
///     aliases:                            a rule's field name → names in events, first one wins
///       Image: [process.executable]
///     entities:                           what a finding names → fields it is taken from
///       user.name: [TargetUserName]
///     containers: [winlog.event_data]     JSON objects whose members are reached by last name
///     times: ["@timestamp"]               where a JSON event's time stands
public struct LogSources: Sendable {
    public enum Form: String, Sendable, CaseIterable { case syslog, jsonl }

    struct Source: Sendable {
        var keys: [String: String]
        /// Nil: events of either form.
        var form: Form?
        var when: [(field: String, values: [String])]
        /// Values of fields that an event of the source need not have.
        var only: [(field: String, values: [String])]
    }

    private(set) var sources: [Source] = []
    private(set) var aliases: [String: [String]] = [:]
    private(set) var entities: [(name: String, fields: [String])] = []
    private(set) var containers: [String] = []
    private(set) var times: [String] = []
    /// SHA-256 of each file added.
    private(set) var digests: [[UInt8]] = []

    static let keys = ["product", "category", "service"]

    public init() {}

    /// Adds what `bytes` say: sources and lists to those there are; an alias or an entity of the
    /// same name is replaced.
    public mutating func add(_ bytes: [UInt8], file: String) -> [Diagnostic] {
        let log = Diagnostics { NearestName.suggestion(for: $0, in: $1) }
        digests.append(SHA256.of(bytes.span))
        do {
            let root = try YAMLDocument.parseSingle(bytes, file: file)
            guard var reader = MappingReader(root, "the file", log) else { return log.sorted }
            for node in reader.list("logsources") ?? [] { readSource(node, log) }
            for (key, names) in readLists(reader.value("aliases"), log) { aliases[key] = names }
            for (key, names) in readLists(reader.value("entities"), log) {
                entities.removeAll { $0.name == key }
                entities.append((key, names))
            }
            containers += (reader.strings("containers") ?? []).map(\.text)
            times += (reader.strings("times") ?? []).map(\.text)
            reader.finish()
        } catch {
            log.report(error.diagnostic)
        }
        return log.sorted
    }

    private mutating func readSource(_ node: YAMLNode, _ log: Diagnostics) {
        guard var reader = MappingReader(node, "log source", log) else { return }
        var keys: [String: String] = [:]
        for key in Self.keys { keys[key] = reader.string(key)?.lowercased() }
        var form: Form?
        if let input = reader.stringNode("input") {
            form = Form(rawValue: input.text)
            if form == nil {
                log.reportUnknown(input.node, "input", valid: Form.allCases.map(\.rawValue))
            }
        }
        let when = readLists(reader.value("when"), log)
        let only = readLists(reader.value("only"), log)
        reader.finish()
        sources.append(Source(keys: keys, form: form, when: when, only: only))
    }

    private func readLists(
        _ node: YAMLNode?, _ log: Diagnostics
    ) -> [(field: String, values: [String])] {
        guard let node else { return [] }
        guard let entries = node.mapping else {
            log.report(node, "a mapping of names to lists is needed, not \(node.described)")
            return []
        }
        return entries.map { key, value in
            let elements = value.sequence ?? [value]
            for element in elements where element.text == nil {
                log.report(element, "a text is needed, not \(element.described)")
            }
            return (key.text ?? "", elements.compactMap(\.text))
        }
    }

    /// The sources that a rule's `logsource` falls under: all whose keys it has. An event must
    /// satisfy every one of them.
    func matching(_ keys: [String: String]) -> [Source] {
        sources.filter { source in source.keys.allSatisfy { keys[$0.key] == $0.value } }
    }
}
