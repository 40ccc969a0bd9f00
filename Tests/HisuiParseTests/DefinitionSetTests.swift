import HisuiBytes
import HisuiEvent
import HisuiShape
import Testing

@testable import HisuiParse

@Suite struct DefinitionSetTests {
    static func definition(parser: String, word: String, version: Int = 1) -> [UInt8] {
        Array(
            """
            parser: \(parser)
            version: \(version)
            match: { program: test }
            defaults: { event.action: logon, event.reason: default }
            rules:
              - { id: one, line: "\(word) {user.name:word}[[ because {event.reason:rest}]]" }
            samples:
              - { line: "\(word) you", is: { rule: one, user.name: you, event.reason: default } }
              - { line: "\(word) you because so", is: { rule: one, event.reason: so } }
              - reject: "goodbye"
            """.utf8)
    }

    @Test func laterDirectoriesOverrideAndMistakesAreLeftOut() {
        let shipped = Self.definition(parser: "a", word: "hello")
        let own = Self.definition(parser: "a", word: "hi", version: 2)
        let bad = Self.definition(parser: "a", word: "{")
        let schema = ShippedFiles.schema
        func compile(_ files: [(String, [UInt8])]) -> (DefinitionSet, Int) {
            let (set, diagnostics) = DefinitionSet.compile(
                files: files.map { (name: $0.0, bytes: $0.1) }, schema: schema)
            return (set, diagnostics.count)
        }
        let (override, none) = compile([("shipped/a.yaml", shipped), ("site/a.yaml", own)])
        #expect(none == 0)
        #expect(override.members.map(\.version) == [2])
        #expect(override.members.map(\.file) == ["site/a.yaml"])
        let (kept, some) = compile([("shipped/a.yaml", shipped), ("site/a.yaml", bad)])
        #expect(some > 0)
        #expect(kept.members.map(\.file) == ["shipped/a.yaml"])
        let (first, twice) = compile([("shipped/a.yaml", shipped), ("shipped/b.yaml", own)])
        #expect(twice == 1)
        #expect(first.members.map(\.file) == ["shipped/a.yaml"])
        #expect(override.digest != kept.digest)
        #expect(first.digest == kept.digest)
        #expect(kept.digest.count == 32)
    }

    @Test func constantsAndCapturesBecomeFields() throws {
        let (set, diagnostics) = DefinitionSet.compile(
            files: [("a.yaml", Self.definition(parser: "a.b", word: "hello"))],
            schema: ShippedFiles.schema)
        #expect(diagnostics.isEmpty)
        let record = Array("test hello you because so".utf8)
        var scratch = RowScratch()
        scratch.slots = [ByteRange(0..<4)]
        scratch.kinds = [Shape.Slot(.word, role: .program)]
        let match = try #require(
            set.match(
                record.span, message: 5..<record.count, program: 0..<4, form: .line,
                into: &scratch))
        #expect(scratch.slots.map(\.range) == [0..<4, 11..<14, 23..<25])
        let (parser, rule, fields) = set.fields(of: match, firstSlot: 1)
        #expect(parser == "a.b" && rule == "one")
        #expect(
            fields == [
                Shape.Field("event.action", .keyword, .constant(Array("logon".utf8))),
                Shape.Field("event.reason", .keyword, .slot(2, .raw)),
                Shape.Field("user.name", .keyword, .slot(1, .raw)),
            ])
    }

    @Test func aPrefixIsTakenOffOnceAndItsSlotsComeFirst() throws {
        let text = """
            parser: a
            version: 1
            match: { program: kernel }
            prefix: "[{_:blank}{_:int}.{_:int}] "
            defaults: { event.action: logon }
            rules:
              - { id: one, line: "hello {user.name:word}" }
              - { id: two, line: "{user.name:word} goes" }
            samples:
              - { line: "hello you", is: { rule: one, user.name: you } }
              - { line: "[   12.000345] hello you", is: { rule: one, user.name: you } }
              - { line: "[   12.000345] you goes", is: { rule: two, user.name: you } }
              - reject: "[   12.000345] [   12.000345] hello you"
              - reject: "[   12.000345]hello you"
            """
        let (set, diagnostics) = TestRules.compile(text)
        #expect(diagnostics.isEmpty, "\(diagnostics)")
        let outcome = SampleRunner(set: set).outcome(
            of: Array("[   12.000345] hello you".utf8), program: Array("kernel".utf8))
        let found = try #require(outcome)
        #expect(found.slots.count == 4)
        #expect(
            found.shape.literals.map { String(decoding: $0, as: UTF8.self) }
                == ["[", "", ".", "] hello ", ""])
    }

    @Test func aSetOfNothingKnowsNothing() {
        var scratch = RowScratch()
        #expect(TestRules.match(.empty, Array("hello".utf8), &scratch) == nil)
    }

    @Test func everySampleIsKnownByTheWholeSetToo() {
        let (set, _) = DefinitionSet.compile(
            files: ShippedFiles.definitions, schema: ShippedFiles.schema)
        let runner = SampleRunner(set: set)
        for (name, bytes) in ShippedFiles.definitions {
            let log = HisuiYAMLLog.make()
            guard
                let definition = DefinitionReader.read(
                    bytes, file: name, schema: ShippedFiles.schema, log)
            else { continue }
            // Delimited lines need a binding to their definition.
            if case .csv? = definition.members?.formats.first,
                definition.members?.gate.isOpen == true
            {
                continue
            }
            for sample in definition.samples {
                guard case .rule(let rule, _) = sample.expectation else { continue }
                let outcome = runner.outcome(of: sample, definition)
                #expect(outcome?.rule == rule, "\(name): \(sample.line)")
                guard let outcome else { continue }
                // Literals and slots make up the record.
                var rendered: [UInt8] = []
                outcome.shape.appendRecord(
                    slots: outcome.slots, of: outcome.record.span, to: &rendered)
                if !sample.lines.isEmpty {
                    #expect(sample.lines.contains { Array($0.utf8) == rendered })
                    continue
                }
                #expect(outcome.record.suffix(rendered.count) == rendered[...])
                // Lines before the last name the columns of a W3C log.
                let last = sample.line.split(separator: "\n").last ?? ""
                #expect(rendered.suffix(last.utf8.count) == Array(last.utf8)[...])
            }
        }
    }

    @Test func shippedRulesUseDocumentedActionsAndSayTheOutcome() {
        let actions = Set(ShippedFiles.schema.actions.map(\.name))
        for (name, bytes) in ShippedFiles.definitions {
            let log = HisuiYAMLLog.make()
            let definition = DefinitionReader.read(
                bytes, file: name, schema: ShippedFiles.schema, log)
            for rule in definition?.rules ?? [] {
                let values = Dictionary(
                    rule.constants.map { field in
                        guard case .constant(let bytes) = field.value else {
                            return (field.name, "")
                        }
                        return (field.name, String(decoding: bytes, as: UTF8.self))
                    }, uniquingKeysWith: { first, _ in first })
                #expect(actions.contains(values["event.action"] ?? ""), "\(name) \(rule.id)")
                let isDecided = rule.decisions.cases.contains { $0.sets("event.outcome") }
                #expect(values["event.outcome"] != nil || isDecided, "\(name) \(rule.id)")
                #expect(values["event.category"] != nil, "\(name) \(rule.id)")
                #expect(values["ocsf.type_uid"] != nil, "\(name) \(rule.id)")
            }
        }
    }
}
