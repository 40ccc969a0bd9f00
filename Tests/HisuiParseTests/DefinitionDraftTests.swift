import HisuiBytes
import HisuiEvent
import HisuiShape
import HisuiYAML
import Testing

@testable import HisuiParse

@Suite struct DefinitionDraftTests {
    /// What is gathered from lines that a parser without definitions has read.
    private func gather(_ lines: [String]) -> UnknownMessages {
        var parser = Parser(definitions: .empty, timeZone: .tokyo)
        var batch = RecordBatch(source: Source(id: "test", kind: .file, form: .line))
        for line in lines { batch.append(Array(line.utf8).span, received: noon) }
        let rows = parser.parse(batch)
        var messages = UnknownMessages()
        for row in rows.rows { messages.take(row, of: rows, shape: parser.shapes[row.shape]) }
        return messages
    }

    private func draft(_ lines: [String]) throws -> DefinitionDraft {
        let program = try #require(gather(lines).programs.first)
        return try #require(
            DefinitionDraft(program, schema: ShippedFiles.schema, heading: ["one", "", "two"]))
    }

    private func line(_ message: String, program: String = "valved") -> String {
        "Nov 23 10:00:00 h \(program)[7]: \(message)"
    }

    /// What `hisui check parsers` says of a definition.
    private func problems(_ text: String) -> [String] {
        let log = Diagnostics()
        _ = DefinitionSet.check(
            Array(text.utf8), file: "draft.yaml", schema: ShippedFiles.schema, log)
        return log.sorted.map(\.description)
    }

    private func finished(_ text: String) -> String {
        text.split(separator: "event.action: TODO", omittingEmptySubsequences: false)
            .joined(separator: "event.action: device-command")
    }

    @Test func aDraftIsRefusedUntilEachActionIsSaid() throws {
        let draft = try draft(
            (1...5).map { line("opened valve \($0) for 192.0.2.\($0)") }
                + [line("pressure low at unit=u7 after 300 ms")])
        #expect(draft.name == "site.valved")
        #expect(draft.ruleCount == 2)
        #expect(draft.messageCount == 6)
        let refused = problems(draft.text)
        #expect(refused.count == 2)
        for problem in refused { #expect(problem.contains("`event.action` is still TODO")) }
        #expect(problems(finished(draft.text)) == [])
        #expect(draft.text.hasPrefix("# one\n#\n# two\nparser: site.valved\n"))
    }

    @Test func templatesHaveTheTypesOfAllValuesSeen() throws {
        let draft = try draft([
            line("opened valve 4 for 192.0.2.9"), line("opened valve 5 for 2001:db8::1"),
            line("took 5 key=0123456789ab"), line("took x9 key=ba9876543210"),
        ])
        #expect(draft.text.contains(#"line: "opened valve {_:int} for {_:ip}""#), "\(draft.text)")
        #expect(draft.text.contains(#"line: "took {_:word} key={_:hex}""#), "\(draft.text)")
        #expect(draft.text.contains("# 2 messages: key=hex\n"))
    }

    @Test func charactersOfTemplatesAndOfYAMLStandForThemselves() throws {
        let draft = try draft([
            line(#"it's {odd} [[x]] (a|b) C:\temp "q" # 7: 利用者12が"#),
            line("bell \u{7} and \u{9B} 5 'x"),
        ])
        #expect(problems(finished(draft.text)) == [], "\(draft.text)")
        #expect(draft.text.contains(#"\{odd} \[\[x]] \(a|b)"#), "\(draft.text)")
        #expect(!draft.text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
        #expect(!draft.text.unicodeScalars.contains("\u{9B}"))
    }

    @Test func everyMessageIsKnownToTheDraftMadeOfIt() throws {
        let lines = [
            "a=1 b= c=x", "a=2 b=y c=", "from 192.0.2.1:5268 to 192.0.2.2:22", "5 6 7 of 8",
            #"GET "/x y" 200"#, #"GET "/" 404"#, "user@h1 did 5% of 1,5", "path /a/b c",
            "利用者1が入室", "100%", "temp -5", "id=<3>", "id=<4> [5]",
        ].map { line($0) }
        let text = finished(try draft(lines).text)
        #expect(problems(text) == [], "\(text)")
        let set = DefinitionSet.compile(
            files: [("a.yaml", Array(text.utf8))], schema: ShippedFiles.schema
        ).set
        var parser = Parser(definitions: set, timeZone: .tokyo)
        var batch = RecordBatch(source: Source(id: "test", kind: .file, form: .line))
        for line in lines { batch.append(Array(line.utf8).span, received: noon) }
        let rows = parser.parse(batch)
        let unknown = zip(lines, rows.rows).filter { parser.shapes[$1.shape].parser.isEmpty }
        // What has no word in it is not drafted: such a rule would know anything.
        #expect(unknown.map(\.0) == [line("100%")])
    }

    @Test func programsAreApartAndTheMostFrequentFirst() throws {
        let messages = gather(
            [line("x 1", program: "b"), line("x 2", program: "a"), line("x 3", program: "a")]
                + ["no header 5"])
        #expect(messages.programs.map(\.name) == ["a", nil, "b"])
        #expect(messages.programs.map(\.count) == [2, 1, 1])
        let none = try #require(
            DefinitionDraft(messages.programs[1], schema: ShippedFiles.schema, heading: []))
        #expect(none.text.contains(#"match: { program: "*" }"#))
        #expect(none.name == "site.messages")
        let other = DefinitionDraft(
            messages.programs[0], schema: ShippedFiles.schema, heading: [], taken: ["site.a"])
        #expect(other?.name == "site.a-2")
    }

    @Test func jsonAndWhatIsNoTextIsCountedAndNotDrafted() {
        var messages = gather([line(#"{"a":1}"#)])
        #expect(messages.named == 1)
        #expect(messages.programs.isEmpty)
        var parser = Parser(definitions: .empty, timeZone: .tokyo)
        var batch = RecordBatch(source: Source(id: "test", kind: .file, form: .line))
        batch.append([0x61, 0x20, 0xFF, 0x20, 0x35].span, received: noon)
        let rows = parser.parse(batch)
        messages.take(rows.rows[0], of: rows, shape: parser.shapes[rows.rows[0].shape])
        #expect(messages.notText == 1)
        #expect(messages.programs.isEmpty)
    }

    @Test func aProgramOfAnyNameGivesAFileThatIsRead() throws {
        let draft = try draft([
            line("started 5", program: #"Odd/Näme"#), line("started 6", program: #"Odd/Näme"#),
        ])
        #expect(problems(finished(draft.text)) == [], "\(draft.text)")
        #expect(draft.name.hasPrefix("site.odd-n"))
    }
}
