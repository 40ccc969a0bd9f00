public import HisuiParse

/// A schema for a fuzzer: its fields with their types, or with more that a schema may say of one
/// (`keyword, security: true`), and the one action `a`.
public func fuzzSchema(_ fields: KeyValuePairs<String, String>) -> Schema {
    let lines = fields.map { "  \"\($0.key)\": { type: \($0.value), en: a, ja: a }\n" }
    let text =
        "schema: fuzz\nversion: 1\nfields:\n" + lines.joined()
        + "actions: { a: { en: a, ja: a } }\n"
        + "classes: { base: { uid: 0, activities: { other: 99 } } }\n"
    guard let schema = Schema.load(Array(text.utf8), file: "schema").schema else {
        preconditionFailure("the schema of the fuzzer")
    }
    return schema
}

/// Definitions for a fuzzer, which are expected to be good.
public func fuzzDefinitions(
    _ texts: String..., fields: KeyValuePairs<String, String>
) -> DefinitionSet {
    let (set, diagnostics) = DefinitionSet.compile(
        files: texts.enumerated().map { ("\($0).yaml", Array($1.utf8)) },
        schema: fuzzSchema(fields))
    precondition(diagnostics.isEmpty, "\(diagnostics)")
    return set
}
