import HisuiBytes
import HisuiEvent
import HisuiShape
import HisuiYAML

@testable import HisuiParse

/// A generator whose numbers a seed repeats.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Hash64.mix(state, 0x2545_F491_4F6C_DD1D)
    }
}

/// Small definitions and what becomes of them.
enum TestRules {
    /// A set with one rule for any program, without checks.
    static func set(_ template: Template, program: Definition.ProgramPattern = .any)
        -> DefinitionSet
    {
        set([template], program: program)
    }

    /// A set with a rule for each template, called `0`, `1` and so on.
    static func set(_ templates: [Template], program: Definition.ProgramPattern = .any)
        -> DefinitionSet
    {
        let node = YAMLNode(kind: .scalar("", isPlain: true), file: "test", line: 1, column: 1)
        let rules = templates.enumerated().map { number, template in
            Definition.Rule(
                id: String(number), template: template, constants: [], decisions: .none,
                checks: [], node: node)
        }
        let definition = Definition(
            name: "test", version: 1, file: "test", bytes: [], programs: [program], prefix: nil,
            rules: rules, samples: [])
        return DefinitionSet([definition], schema: ShippedFiles.schema)
    }

    static func match(
        _ set: DefinitionSet, _ line: [UInt8], _ scratch: inout RowScratch
    ) -> RuleMatch? {
        set.match(
            line.span, message: 0..<line.count, program: nil, form: .line, into: &scratch)
    }

    /// The definition's text with one rule and enough samples.
    static func yaml(
        line: String, set: String = "event.action: logon", untrusted: String = "",
        samples: String
    ) -> String {
        """
        parser: test.one
        version: 1
        match: { program: test }
        untrusted: [\(untrusted)]
        rules:
          - id: one
            line: "\(line)"
            set: { \(set) }
        samples:
        \(samples)
        """
    }

    static func compile(_ text: String) -> (set: DefinitionSet, diagnostics: [Diagnostic]) {
        DefinitionSet.compile(
            files: [("test.yaml", Array(text.utf8))], schema: ShippedFiles.schema)
    }

    /// Diagnostics of a definition as text, one a line.
    static func problems(_ text: String) -> [String] {
        compile(text).diagnostics.map(\.description)
    }
}
