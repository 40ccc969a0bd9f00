import HisuiBytes
import HisuiShape
import HisuiYAML

/// Reads `defaults` and `set`: fields that are the same for all messages of a rule.
struct ConstantReader {
    let schema: Schema
    let log: Diagnostics

    /// What drafts have where a person has to say something.
    static let unfinished = DefinitionDraft.unfinished

    func read(_ node: YAMLNode, _ what: String) -> [Shape.Field] {
        guard let entries = node.mapping else {
            log.report(node, "`\(what)` must be a mapping of fields to values")
            return []
        }
        return entries.flatMap { key, value in
            guard let name = key.text else { return [Shape.Field]() }
            guard let text = value.text, !value.isNull, !text.isEmpty else {
                log.report(value, "`\(name)` needs one value")
                return []
            }
            return name == "class" ? `class`(text, value) : field(name, key, text, value)
        }
    }

    private func field(
        _ name: String, _ key: YAMLNode, _ text: String, _ value: YAMLNode
    ) -> [Shape.Field] {
        guard let field = schema[name] else {
            log.report(key, "unknown field \(key.quoted)", hint: schema.hint(for: name))
            return []
        }
        if text == Self.unfinished {
            log.report(
                value, "`\(name)` is still \(text)",
                hint: name == "event.action"
                    ? "say what happened: a word of `actions` in schema.yaml, or your own"
                    : "write its value")
        } else if !field.values.isEmpty, !field.values.contains(text) {
            log.reportUnknown(value, name, valid: field.values)
            return []
        } else if !fits(text, field.type) {
            log.report(value, "\(value.quoted) is not \(field.type.described), as `\(name)` is")
            return []
        }
        return [Shape.Field(name, field.type, .constant(Array(text.utf8)))]
    }

    private func fits(_ text: String, _ type: Shape.FieldType) -> Bool {
        switch type {
        case .keyword, .text: return true
        case .integer: return Int64(text) != nil
        case .boolean: return text == "true" || text == "false"
        case .ip:
            let bytes = Array(text.utf8)
            return IPAddress.parse(bytes.span, 0..<bytes.count) != nil
        case .time: return false
        }
    }

    /// `class: authentication/logon` to the three OCSF numbers.
    private func `class`(_ text: String, _ value: YAMLNode) -> [Shape.Field] {
        guard let found = schema.classes[text] else {
            log.reportUnknown(value, "class", valid: schema.classes.keys.sorted())
            return []
        }
        return [
            ("ocsf.class_uid", found.classUID), ("ocsf.activity_id", found.activityID),
            ("ocsf.type_uid", found.typeUID),
        ].map { Shape.Field($0, .integer, .constant(Array(String($1).utf8))) }
    }
}
