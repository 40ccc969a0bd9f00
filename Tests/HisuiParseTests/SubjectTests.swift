import HisuiBytes
import HisuiEvent
import HisuiShape
import Testing

@testable import HisuiParse

/// Whom records are about: shown as pseudonyms, everywhere.
@Suite struct SubjectTests {
    private static let digits = String(repeating: "0123456789abcdef", count: 4)
    /// Computed elsewhere.
    private static let pseudonym = "a1-tu6eh4sn3ftm7bjs6qxvcekj"

    private func keys(_ text: String = "a1 \(digits)\n") throws -> SubjectKeys {
        try SubjectKeys(Array(text.utf8))
    }

    private func resident() -> DefinitionSet {
        let files = ShippedFiles.definitions.filter {
            String(decoding: $0.bytes, as: UTF8.self).contains("parser: app.resident\n")
        }
        return DefinitionSet.compile(files: files, schema: ShippedFiles.schema).set
    }

    private func parse(
        _ texts: [String], _ set: DefinitionSet, _ keys: SubjectKeys?
    ) -> [NamedOutcome] {
        var parser = Parser(definitions: set, timeZone: .tokyo, subjects: keys)
        return NamedOutcome.parse(texts, &parser)
    }

    private func line(_ subject: String, _ operation: String = "照会") -> String {
        "2026/11/23 9:15:02,PC,u1,佐藤,課,住民記録,\(operation),\(subject),窓口,正常,1"
    }

    @Test func aNumberHasTheSamePseudonymUnderTheSameKey() throws {
        let keys = try keys()
        #expect(keys.pseudonyms(of: "9000000123") == [Self.pseudonym])
        #expect(keys.pseudonyms(of: "山田") == ["a1-iwkku6cxcku725kcaw62riak"])
        for same in [
            " 9000000123\t", "９０００００0123", "9000-000-123", "9000 0001 23", "\u{3000}9000000123",
        ] {
            #expect(keys.pseudonyms(of: same) == [Self.pseudonym], "\(same)")
        }
        for other in ["9000000124", "09000000123", "9000000123a", "９０００００0123ａ"] {
            #expect(keys.pseudonyms(of: other) != [Self.pseudonym], "\(other)")
        }
        #expect(keys.pseudonyms(of: "") == [] && keys.pseudonyms(of: " - ") == [])
        let long = String(repeating: "9", count: 100_000)
        #expect(keys.pseudonyms(of: long) != keys.pseudonyms(of: long + "9"))
        let other = try self.keys("a1 \(Self.digits.reversed().map(String.init).joined())")
        #expect(other.pseudonyms(of: "9000000123") != [Self.pseudonym])
    }

    @Test func anOlderKeyStillFindsWhatItMade() throws {
        let keys = try keys("# old\na1 \(Self.digits)\n\n" + SubjectKeys.newLine(id: "a2"))
        let both = keys.pseudonyms(of: "9000000123")
        #expect(both.count == 2 && both[0].hasPrefix("a2-") && both[1] == Self.pseudonym)
        let one = parse([line("9000000123")], resident(), keys)[0]
        #expect(one.values["hisui.subject.id"] == both[0])
    }

    @Test func filesWithoutGoodKeysAreRefused() {
        let digits = Self.digits
        for (text, line) in [
            ("", 0), ("# nothing\n", 0), ("a1\n", 1), ("a1 0123\n", 1), ("A1 \(digits)\n", 1),
            ("a-1 \(digits)\n", 1), ("a1 \(digits)0\n", 1), ("a1 \(digits) more\n", 1),
            ("a1 \(digits)\na1 \(digits)\n", 2), ("a1 " + String(repeating: "0", count: 64), 1),
            ("abcdefghijklmnopq \(digits)\n", 1),
            ((0...SubjectKeys.keysMax).map { "k\($0) \(digits)\n" }.joined(), 0),
        ] {
            do throws(SubjectKeys.Problem) {
                _ = try SubjectKeys(Array(text.utf8))
                Issue.record("accepted: \(text)")
            } catch {
                #expect(error.line == line, "\(text)")
            }
        }
    }

    @Test func theNumberIsInNoFieldAndNoMessage() throws {
        let one = parse([line("9000000123")], resident(), try keys())[0]
        #expect(one.rule == "lookup")
        #expect(one.values["hisui.subject.id"] == Self.pseudonym)
        #expect(one.values["対象者"] == Self.pseudonym)
        #expect(!one.line.contains("9000000123"))
        #expect(one.line.contains("住民記録,照会,\(Self.pseudonym),窓口"))
    }

    @Test func withoutAKeyTheNumberIsWithheld() {
        let one = parse([line("9000000123")], resident(), nil)[0]
        #expect(one.values["hisui.subject.id"] == "withheld")
        #expect(!one.line.contains("9000000123"))
    }

    /// A quote, a hyphen, an operation that no rule knows, twice the same column.
    @Test func linesThatNoRuleKnowsDoNotShowItEither() throws {
        let found = parse(
            [
                line("9000000123", "待機"), line("\"9000000123\""), line("-"), line(""),
                line("\"90\"\"00\""), line("9000000123", "9000000123"),
            ], resident(), try keys())
        #expect(found[0].rule == "" && found[0].values["対象者"] == Self.pseudonym)
        #expect(!found[0].line.contains("9000000123"))
        #expect(found[1].values["hisui.subject.id"] == Self.pseudonym)
        // Nobody is no field.
        for number in 2...3 {
            #expect(found[number].rule == "lookup")
            #expect(!found[number].line.contains("hisui.subject.id"))
        }
        #expect(found[4].values["hisui.subject.id"] == (try keys()).pseudonyms(of: "90\"00").first)
        // What stands in another column is another thing.
        #expect(found[5].values["対象者"] == Self.pseudonym)
        #expect(found[5].values["操作"] == "9000000123")
    }

    @Test func recordsInOtherEncodingsShowItAsLittle() throws {
        for encoding in TextEncoding.allCases {
            var batch = RecordBatch(source: Source(id: "t", kind: .file, form: .line))
            let before = "2026/11/23 9:15:02,PC,u1,a,b,c,e,"
            var record: [UInt8] = []
            for byte in before.utf8 + [0x39, 0x30] + ",f,g,1".utf8 {
                if encoding == .utf16BigEndian { record.append(0) }
                record.append(byte)
                if encoding == .utf16LittleEndian { record.append(0) }
            }
            // What is not ASCII, so that the record has to be decoded.
            let name = record.firstRange(of: encoding.unitBytes == 2 ? [0x61, 0] : [0x61])
            switch encoding {
            case .cp932: record.replaceSubrange(try #require(name), with: [0x95, 0x5C])
            case .eucJP: record.replaceSubrange(try #require(name), with: [0xBB, 0xB3])
            default: break
            }
            batch.encoding = encoding
            batch.append(record.span, received: noon)
            var parser = Parser(definitions: resident(), timeZone: .tokyo, subjects: try keys())
            let parsed = Parsed(rows: parser.parse(batch), shapes: parser.shapes)
            let shown = try #require(parsed.value("対象者"), "\(encoding)")
            #expect(shown.hasPrefix("a1-") && shown.utf8.count == 27, "\(encoding)")
            #expect(parsed.record(0) == record)
            #expect(parsed.message().contains(",\(shown),"))
        }
    }

    private static let json = """
        parser: site.view
        version: 1
        input: json
        match: { when: { app: view } }
        defaults: { event.category: database, event.action: subject-lookup }
        fields: { hisui.subject.id: who }
        rules:
          - id: look
            when: { op: look }
        samples:
          - line: '{"app":"view","op":"look","who":"12"}'
            is: { rule: look, hisui.subject.id: "12" }
          - line: '{"app":"view","op":"look","who":"1\\",\\"op\\":\\"other"}'
            hostile: true
            is: { rule: look }
          - reject: '{"app":"view","op":"log","who":"12"}'

        """

    @Test func membersOfObjectsAreHiddenAndTheObjectIsStillOne() throws {
        let (set, problems) = NamedOutcome.compile(Self.json)
        #expect(problems == [])
        let found = parse(
            [
                #"{"app":"view","op":"look","who":"9000000123"}"#,
                #"{"app":"view","op":"look","who":9000000123}"#,
                #"{"app":"view","op":"else","who":9000000123}"#,
                #"{"app":"other","op":"look","who":9000000123}"#,
                #"{"app":"view","op":"look","who":null}"#,
            ], set, try keys())
        for number in 0...2 {
            #expect(found[number].values["who"] == Self.pseudonym)
            #expect(!found[number].line.contains("9000000123"))
            #expect(found[number].line.contains(#"\"who\":\"\#(Self.pseudonym)\"}"#), "\(number)")
        }
        // The records of another program have nobody.
        #expect(found[3].values["who"] == "9000000123")
        #expect(found[4].rule == "look")
        #expect(!found[4].line.contains("hisui.subject.id"))
    }

    private static let text = """
        parser: site.text
        version: 1
        match: { program: app }
        input: message
        untrusted: [user.name]
        defaults: { event.category: database, event.action: subject-lookup }
        rules:
          - id: look
            line: "user {user.name:user>} looked at[[ {hisui.subject.id:int}]] now"
        samples:
          - line: "user a looked at 12 now"
            is: { rule: look, hisui.subject.id: "12" }
          - line: "user a looked at 1 now looked at 2 now"
            is: { rule: look, user.name: a looked at 1 now, hisui.subject.id: "2" }
            hostile: true
          - reject: "user a looked"

        """

    @Test func capturesOfTemplatesAreHidden() throws {
        let (set, problems) = NamedOutcome.compile(Self.text)
        #expect(problems == [])
        let found = parse(
            [
                "<13>Nov 27 10:00:00 h app[1]: user a looked at 9000000123 now",
                "<13>Nov 27 10:00:00 h app[1]: user a looked at now",
            ], set, try keys())
        #expect(found[0].values["hisui.subject.id"] == Self.pseudonym)
        #expect(!found[0].line.contains("9000000123"))
        #expect(found[1].rule == "look" && found[1].values["hisui.subject.id"] == nil)
    }

    /// The host of a record that names none stands behind the pseudonym.
    @Test func theHostByAddressStandsBehindIt() throws {
        var batch = RecordBatch(source: Source(id: "t", kind: .syslogUDP, form: .syslog))
        batch.senders = ["", "192.0.2.7"]
        let record = #"{"app":"view","op":"look","who":"9000000123"}"#
        batch.append(Array(record.utf8).span, received: noon, sender: 1)
        let (set, _) = NamedOutcome.compile(Self.json)
        var parser = Parser(definitions: set, timeZone: .tokyo, subjects: try keys())
        let parsed = Parsed(rows: parser.parse(batch), shapes: parser.shapes)
        #expect(parsed.value("hisui.subject.id") == Self.pseudonym)
        #expect(parsed.value("host.name") == "192.0.2.7")
        #expect(parsed.record(0) == Array(record.utf8))
        #expect(!parsed.message().contains("9000000123"))
    }

    @Test func whichDefinitionsNamePeopleIsKnownAndWhetherASourceMustBeBoundToThem() {
        let table = #"""
            parser: site.table
            version: 1
            input: csv
            csv: { columns: [mark, who] }
            rules:
              - id: look
                when: { who: "*" }
                set: { event.action: subject-lookup }
                fields: { hisui.subject.id: who }
            samples:
              - { line: "x,7", is: { rule: look }, hostile: true }
              - reject: "x,"

            """#
        let (set, problems) = NamedOutcome.compile(Self.json, Self.text, table)
        #expect(problems == [])
        #expect(set.naming.map(\.isForBoundSources) == [false, false, true])
        #expect(set.naming.last?.parser == "site.table")
        let marked = table.replacing("input: csv", with: "input: csv\nmatch: { first: [\"x,\"] }")
        #expect(NamedOutcome.compile(marked).set.naming.map(\.isForBoundSources) == [false])
        #expect(NamedOutcome.compile(NestedTests.door).set.naming == [])
    }
}
