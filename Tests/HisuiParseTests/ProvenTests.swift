import Testing

@testable import HisuiParse

/// Samples of files that have passed before are not run again.
@Suite struct ProvenTests {
    private static let wrong = TestRules.yaml(
        line: "hello {user.name:word}",
        samples: "  - { line: goodbye, is: { rule: one } }\n  - reject: other")

    @Test(arguments: [true, false])
    func samplesAreRunUnlessTheFileIsProven(_ isProven: Bool) {
        let bytes = Array(Self.wrong.utf8)
        var asked: [[UInt8]] = []
        let (set, diagnostics) = DefinitionSet.compile(
            files: [("a.yaml", bytes)], schema: ShippedFiles.schema
        ) { file in
            asked.append(file)
            return isProven
        }
        #expect(asked == [bytes])
        #expect(set.members.count == (isProven ? 1 : 0))
        #expect(diagnostics.isEmpty == isProven)
    }

    /// What is wrong with the rules themselves is found in any case.
    @Test func mistakesInRulesAreFoundEvenWhereItIsSaidToBeProven() {
        let text = TestRules.yaml(
            line: "hello {user.nam:word}",
            samples: "  - { line: hello x, is: { rule: one } }\n  - reject: other")
        let (set, diagnostics) = DefinitionSet.compile(
            files: [("a.yaml", Array(text.utf8))], schema: ShippedFiles.schema
        ) { _ in true }
        #expect(set.members.isEmpty)
        #expect(!diagnostics.isEmpty)
    }
}
