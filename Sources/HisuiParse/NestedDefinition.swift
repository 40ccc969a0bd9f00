import HisuiYAML

/// A member of a record whose text is a message of its own: what a shipper took up, as `nested` of
/// a definition says.
///
///     nested: { log: syslog }                               a line, with a header or without
///     nested: { MESSAGE: { program: SYSLOG_IDENTIFIER } }   a message; its program is a member too
struct NestedDefinition: Sendable {
    /// Names that the member may have, best first.
    var names: [String]
    /// Likewise of the member that names the program; empty: the text is a line.
    var programNames: [String] = []
    /// What the record around it says: fields of the definition, for no rule gives them.
    var fields: [MemberDefinition.Field] = []
}

/// Reads `nested` of a definition.
struct NestedReader {
    let log: Diagnostics
    /// All names that a member may have.
    let names: (String, YAMLNode) -> [String]

    /// What is read of a text is what any source's lines are read as.
    private static let line = "syslog"

    func read(_ node: YAMLNode, _ inputs: [NamedInput]) -> NestedDefinition? {
        if inputs.contains(.auditkv) {
            log.report(node, "audit records have no messages inside")
            return nil
        }
        guard let entries = node.mapping, let (key, value) = entries.first, entries.count == 1
        else {
            log.report(
                node, "`nested` must name one member",
                hint: "write `nested: { log: syslog }`, or a list of its names under `members`")
            return nil
        }
        var nested = NestedDefinition(names: names(key.text ?? "", key))
        if value.text == Self.line { return nested }
        guard var reader = MappingReader(value, "what is nested", log) else { return nil }
        guard let (program, place) = reader.stringNode("program", required: true) else {
            return nil
        }
        reader.finish()
        nested.programNames = names(program, place)
        return nested
    }
}
