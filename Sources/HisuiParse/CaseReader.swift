import HisuiEvent
import HisuiShape
import HisuiYAML

/// Constants that follow from a value, as `cases` lists them: a member's, a column's, or that of
/// what a line captures.
struct ValueCase: Sendable {
    /// What the value is called.
    var name: String
    var branches: [Branch]
    var node: YAMLNode

    struct Branch: Sendable {
        var value: ValuePattern
        var constants: [Shape.Field]
    }

    /// Whether the field is set whichever of the branches is taken.
    func sets(_ field: String) -> Bool {
        branches.allSatisfy { $0.constants.contains { $0.name == field } }
    }

    /// All fields that some branch sets.
    var fields: Set<String> { Set(branches.flatMap { $0.constants.map(\.name) }) }
}

/// Reads `cases` and the lists of values of `when`.
///
///     cases:
///       result: { ok: { event.outcome: success }, "*": { event.outcome: failure } }
struct CaseReader {
    let schema: Schema
    let log: Diagnostics

    /// - Parameter what: what the names are of, in the plural: for messages.
    func read(_ node: YAMLNode, of what: String) -> [ValueCase] {
        guard let entries = node.mapping else {
            log.report(node, "`cases` must be a mapping of \(what) to what their values mean")
            return []
        }
        let constants = ConstantReader(schema: schema, log: log)
        return entries.map { key, value in
            if value.mapping?.isEmpty ?? true {
                log.report(value, "\(key.quoted) needs a mapping of values to fields")
            }
            let given = value.mapping ?? []
            let values = check(given.map(\.key))
            let branches = zip(given, values).map { branch, value in
                ValueCase.Branch(
                    value: value, constants: constants.read(branch.value, "cases"))
            }
            return ValueCase(name: key.text ?? "", branches: branches, node: key)
        }
    }

    /// The values of a condition: one, or a list of them.
    func values(_ node: YAMLNode, of key: YAMLNode) -> [ValuePattern] {
        let nodes = node.sequence ?? [node]
        if nodes.isEmpty { log.report(node, "\(key.quoted) needs a value or a list of them") }
        return check(nodes)
    }

    private func check(_ nodes: [YAMLNode]) -> [ValuePattern] {
        let values = nodes.map { node in
            if node.text == nil { log.report(node, "a value must be a text") }
            return ValuePattern(node.text ?? "")
        }
        if values.count > Limits.valuesPerCaseMax {
            log.report(
                nodes[0], "\(values.count) values", hint: "the limit is \(Limits.valuesPerCaseMax)")
        } else if let (hidden, by) = ValueTable.firstHidden(in: values), log.isEmpty {
            log.report(
                nodes[hidden],
                "\(nodes[by].quoted) before it takes all that is \(nodes[hidden].quoted)",
                hint: "the first value that fits counts: put the more particular one first")
        }
        return values
    }
}
