import HisuiShape
import HisuiYAML
import Testing

@testable import HisuiParse

@Suite struct LibraryTests {
    @Test func everyShippedDefinitionIsAccepted() {
        let files = ShippedFiles.definitions
        #expect(files.count >= 9)
        let (set, diagnostics) = DefinitionSet.compile(files: files, schema: ShippedFiles.schema)
        for diagnostic in diagnostics { Issue.record("\(diagnostic)") }
        #expect(set.members.count == files.count)
        #expect(set.digest.count == 32)
        let samples = set.members.reduce(0) { $0 + $1.sampleCount }
        let rejects = set.members.reduce(0) { $0 + $1.rejectSampleCount }
        let hostile = set.members.reduce(0) { $0 + $1.hostileSampleCount }
        #expect(samples - rejects - hostile >= 90)
        #expect(rejects + hostile >= 40)
    }
}
