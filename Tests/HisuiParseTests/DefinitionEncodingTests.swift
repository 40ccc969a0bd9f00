import HisuiBytes
import HisuiEvent
import HisuiShape
import HisuiYAML
import Testing

@testable import HisuiParse

@Suite struct DefinitionEncodingTests {
    static func yaml(_ encoding: String) -> String {
        TestRules.yaml(
            line: "表示 {user.name:rest}",
            samples: """
                  - line: "表示 田中"
                    is: { rule: one, user.name: 田中 }
                  - reject: "goodbye"
                """
        ).replacing("version: 1", with: "version: 1\nencoding: \(encoding)")
            .replacing("program: test", with: "program: \"*\"")
    }

    @Test func theOnlyDefinitionSaysInWhichEncodingRecordsAre() throws {
        let (set, diagnostics) = TestRules.compile(Self.yaml("cp932"))
        #expect(diagnostics.map(\.description) == [])
        // 表示 田中 in CP932; the second byte of 表 is a backslash in ASCII.
        let record: [UInt8] = [0x95, 0x5C, 0x8E, 0xA6, 0x20, 0x93, 0x63, 0x92, 0x86]
        var batch = RecordBatch(source: Source(id: "t", kind: .file, form: .line))
        batch.append(record.span, received: Timestamp(nanoseconds: 1 << 60))
        var parser = Parser(definitions: set, timeZone: .tokyo)
        let rows = parser.parse(batch)
        let shape = parser.shapes[rows.rows[0].shape]
        #expect(shape.rule == "one")
        #expect(shape.encoding == .cp932)
        let field = try #require(shape.field("user.name"))
        var out: [UInt8] = []
        shape.append(field.value, slots: rows.slots, of: record.span, to: &out)
        #expect(String(decoding: out, as: UTF8.self) == "田中")
    }

    @Test(arguments: [
        ("cp999", "test.yaml:3:11: `cp999` is no encoding (valid: utf-8, cp932"),
        ("utf-16le", "test.yaml:3:11: lines in `utf-16le` cannot be found without it"),
    ])
    func mistakesAreTold(_ encoding: String, _ expected: String) {
        let problems = TestRules.problems(Self.yaml(encoding))
        #expect(problems.contains { $0.hasPrefix(expected) }, "\(problems)")
    }
}
