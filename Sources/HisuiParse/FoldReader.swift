import HisuiShape
import HisuiYAML

/// Reads `fold` and the events of it; see `FoldDefinition`.
struct FoldReader {
    let schema: Schema
    let log: Diagnostics
    /// All names that a member may have.
    let names: (String, YAMLNode) -> FoldDefinition.Names
    let conditions: (YAMLNode) -> [MemberDefinition.Condition]

    func read(_ given: MappingReader) -> FoldDefinition {
        var reader = given
        var fold = FoldDefinition()
        fold.objects = (reader.strings("object", required: true, orOne: true) ?? []).map { one in
            one.text.split(separator: "+").map { names(String($0), one.node) }
        }
        fold.process = reader.stringNode("process").map { names($0.text, $0.node) } ?? []
        fold.handle =
            reader.stringNode("handle", required: true).map { names($0.text, $0.node) } ?? []
        fold.access = (reader.strings("access", required: true, orOne: true) ?? []).map {
            names($0.text, $0.node)
        }
        fold.conditions = reader.value("when").map(conditions) ?? []
        let seconds = reader.int("window_seconds", in: 1...3600) ?? 60
        fold.windowNanoseconds = Int64(seconds) * 1_000_000_000
        if let kinds = reader.mapping("kinds", required: true) { fold.bits = bits(kinds) }
        if let fields = reader.value("fields", required: true) { fold.fields = read(fields) }
        reader.finish()
        return fold
    }

    private func bits(_ given: MappingReader) -> FoldDefinition.Bits {
        var reader = given
        func mask(_ key: String) -> UInt32 {
            guard let (text, node) = reader.stringNode(key, required: true) else { return 0 }
            guard text.hasPrefix("0x"), let mask = UInt32(text.dropFirst(2), radix: 16) else {
                log.report(
                    node, "\(node.quoted) is no mask of rights", hint: "write it like \"0x10000\"")
                return 0
            }
            return mask
        }
        let bits = FoldDefinition.Bits(
            read: mask("read"), write: mask("write"), delete: mask("delete"),
            permission: mask("permission"))
        reader.finish()
        return bits
    }

    private func read(
        _ node: YAMLNode
    ) -> [(name: String, type: Shape.FieldType, value: FoldDefinition.Value)] {
        guard let entries = node.mapping else {
            log.report(node, "`fields` must be a mapping of fields to values of the event")
            return []
        }
        return entries.compactMap { key, value in
            guard let name = key.text, let field = schema[name] else {
                log.report(
                    key, "unknown field \(key.quoted)", hint: schema.hint(for: key.text ?? ""))
                return nil
            }
            guard let known = FoldDefinition.Value(rawValue: value.text ?? "") else {
                log.reportUnknown(
                    value, name, valid: FoldDefinition.Value.allCases.map(\.rawValue))
                return nil
            }
            return (name, field.type, known)
        }
    }

    /// Adds an event, for the kinds that `when: { fold: … }` lists.
    func add(_ rule: MemberDefinition.Rule, _ kinds: YAMLNode, to fold: inout FoldDefinition) {
        for node in kinds.sequence ?? [kinds] {
            guard let kind = FoldDefinition.Kind.allCases.first(where: { $0.name == node.text })
            else {
                log.reportUnknown(
                    node, "fold", valid: FoldDefinition.Kind.allCases.map(\.name))
                continue
            }
            if fold.eventOfKind.updateValue(fold.events.count, forKey: kind) != nil {
                log.report(node, "a second event for `\(kind.name)`")
            }
        }
        fold.events.append(FoldDefinition.Event(id: rule.id, constants: rule.constants))
    }

    /// Every kind needs an event, for what is folded loses the action of its own rule.
    func check(_ fold: FoldDefinition, _ node: YAMLNode) {
        let missing = FoldDefinition.Kind.allCases.filter { fold.eventOfKind[$0] == nil }
        if missing.isEmpty { return }
        log.report(
            node, "no event for \(missing.map { "`\($0.name)`" }.joined(separator: ", "))",
            hint: "add - { id: …, when: { fold: \(missing[0].name) }, set: { event.action: … } }")
    }
}
