import HisuiBytes
import HisuiEvent
import HisuiShape
import Testing

@testable import HisuiParse

/// `input: w3c`: files that name their columns themselves.
@Suite struct W3CFormatTests {
    private static let definition = #"""
        parser: site.iis
        version: 1
        input: w3c
        match: { when: { cs-method: "*" } }
        defaults: { event.category: web, event.action: file-access }
        fields: { source.ip: c-ip, user.name: cs-username, url.original: cs-uri-stem }
        rules:
          - id: request
            when: { sc-status: "*" }
            cases: { sc-status: { "4*": { event.outcome: failure }, "*": { event.outcome: \#
        success } } }
        samples:
          - line: "#Version: 1.0\n#Fields: date time cs-method cs-uri-stem cs-username c-ip \#
        cs(User-Agent) sc-status\n2026-11-27 01:00:00 GET /a+b.html - 192.0.2.1 \#
        Mozilla/5.0+(X11) 404"
            is: { rule: request, source.ip: 192.0.2.1, user.name: "", url.original: \#
        /a+b.html, event.outcome: failure }
          - line: "#Fields: date time cs-method cs-username c-ip sc-status\n2026-11-27 \#
        01:00:00 GET x+192.0.2.9+200 192.0.2.1 404"
            hostile: true
            is: { rule: request, user.name: x 192.0.2.9 200, source.ip: 192.0.2.1, \#
        event.outcome: failure }
          - reject: "#Fields: date time x\n2026-11-27 01:00:00 y"

        """#

    private var set: DefinitionSet { NamedOutcome.compile(Self.definition).set }

    @Test func theDefinitionIsRight() {
        #expect(NamedOutcome.compile(Self.definition).problems == [])
    }

    @Test func columnsChangeWhereTheFileSaysSo() {
        let outcomes = NamedOutcome.parse(
            [
                "#Software: example", "#Fields: date time cs-uri-query cs(User-Agent)",
                "2026-11-27 01:02:03 a=1+2 Mozilla/5.0+(X11)",
                "#Date: 2026-11-27 01:02:04", "#Fields: date time c-ip",
                "2026-11-27 01:02:05 192.0.2.1",
                "2026-11-27 01:02:06 192.0.2.1 more", "words that are none",
            ], .empty)
        #expect(outcomes[2].values["cs-uri-query"] == "a=1+2")
        #expect(outcomes[2].values["cs(User-Agent)"] == "Mozilla/5.0 (X11)")
        #expect(outcomes[5].values["c-ip"] == "192.0.2.1")
        let seconds = outcomes[2].row.time.nanoseconds / 1_000_000_000
        #expect(seconds == 1_795_741_323)
        #expect(outcomes[5].row.time.nanoseconds / 1_000_000_000 == seconds + 2)
        for index in [0, 1, 3, 4, 6, 7] { #expect(outcomes[index].values["c-ip"] == nil) }
    }

    @Test func tabsCommasAndQuotes() {
        let tabs = NamedOutcome.parse(
            ["#Fields: date\ttime\tname", "2026-11-27\t01:02:03\ta b"], .empty)
        #expect(tabs[1].values["name"] == "a b")
        let commas = NamedOutcome.parse(
            ["#Fields: date-time,client-ip,subject", "2026-11-27T01:02:03.5Z,,\"a, \"\"b\"\"\""],
            .empty)
        #expect(commas[1].values["subject"] == "a, \"b\"")
        #expect(commas[1].row.time.nanoseconds % 1_000_000_000 == 500_000_000)
        let quotes = NamedOutcome.parse(
            [
                "#Fields: date time cs(User-Agent) sc-status", "2026-11-27 01:02:03 \"a b\" 200",
                "2026-11-27 01:02:03 \"a 404",
            ], .empty)
        #expect(
            quotes[1].values["cs(User-Agent)"] == "a b" && quotes[1].values["sc-status"] == "200")
        // A quote that nobody closed hides nothing.
        #expect(
            quotes[2].values["cs(User-Agent)"] == "\"a" && quotes[2].values["sc-status"] == "404")
    }

    @Test func aLineInAnotherFileNamesNothing() {
        for lines in [
            ["words first", "#Fields: date time x", "2026-11-27 01:02:03 y"],
            ["#Fields: a b x", "1 2 3"], ["#Fields: date date x", "1 2 3"],
            ["#Fields: date time x", "words words words"],
            ["#Fields: date time" + String(repeating: " x", count: 300), "2026-11-27 01:02:03 y"],
        ] {
            let one = NamedOutcome.parse(lines, .empty)[lines.count - 1]
            #expect(one.values["x"] == nil && one.values["date"] == nil, "\(lines)")
        }
    }

    @Test func filesAreKeptApartAndRememberedFromBatchToBatch() {
        var parser = Parser(definitions: set, timeZone: .tokyo)
        func parse(_ records: [(String, String)]) -> [String?] {
            var batch = RecordBatch(source: Source(id: "t", kind: .file, form: .syslog))
            for (path, text) in records {
                let sender = batch.senders.firstIndex(of: path) ?? batch.senders.count
                if sender == batch.senders.count { batch.senders.append(path) }
                batch.append(
                    Array(text.utf8).span, received: Timestamp(nanoseconds: 1),
                    sender: UInt32(sender))
            }
            let rows = parser.parse(batch)
            return rows.rows.map { row in
                let shape = parser.shapes[row.shape]
                return shape.field("x") != nil ? "x" : shape.field("y") != nil ? "y" : nil
            }
        }
        let line = "2026-11-27 01:02:03 1"
        #expect(
            parse([
                ("a", "#Fields: date time x"), ("b", "#Fields: date time y"), ("a", line),
                ("b", line), ("c", line),
            ]) == [nil, nil, "x", "y", nil])
        #expect(parse([("b", line), ("c", line), ("a", line)]) == ["y", nil, "x"])
    }

    @Test func whoReadsAFileFromItsMiddleSaysItsColumns() {
        func values(
            _ columns: RecordBatch.ColumnLines, _ lines: [String], _ parser: inout Parser
        ) -> [String] {
            var batch = RecordBatch(source: Source(id: "f", kind: .file, form: .line))
            batch.columns = columns
            for line in lines {
                batch.append(Array(line.utf8).span, received: Timestamp(nanoseconds: 1))
            }
            let rows = parser.parse(batch)
            return rows.rows.map { row in
                parser.shapes[row.shape].fields.map(\.name).filter { ["x", "y"].contains($0) }
                    .joined()
            }
        }
        let x = RecordBatch.ColumnLines.named(Array("#Fields: date time x".utf8))
        let line = "2026-11-27 01:02:03 1"
        var parser = Parser(definitions: .empty, timeZone: .tokyo)
        #expect(values(x, [line, "#Fields: date time y", line], &parser) == ["x", "", "y"])
        #expect(values(.unknown, [line], &parser) == ["y"])
        #expect(values(x, [line], &parser) == ["x"])
        // The file began with a `#`, and has named nothing so far that can be used.
        for columns in [RecordBatch.ColumnLines.named([]), .named(Array("#Fields: a a".utf8))] {
            var parser = Parser(definitions: .empty, timeZone: .tokyo)
            #expect(
                values(columns, [line, "#Fields: date time y", line], &parser) == ["", "", "y"])
        }
        // It did not: a stranger's line is no line of columns, also as the first one.
        var other = Parser(definitions: .empty, timeZone: .tokyo)
        #expect(values(.plain, ["#Fields: date time y", line], &other) == ["", ""])
        #expect(values(.unknown, ["#Fields: date time y", line], &other) == ["", ""])
    }

    @Test func nobodyOnTheNetworkNamesColumns() {
        var parser = Parser(definitions: .empty, timeZone: .tokyo)
        var batch = RecordBatch(source: Source(id: "t", kind: .syslogUDP, form: .syslog))
        for text in ["#Fields: date time x", "2026-11-27 01:02:03 y"] {
            batch.append(Array(text.utf8).span, received: Timestamp(nanoseconds: 1))
        }
        let rows = parser.parse(batch)
        #expect(parser.shapes[rows.rows[1].shape].field("x") == nil)
    }

    @Test func columnSetsRememberedAreBounded() {
        var parser = Parser(definitions: .empty, timeZone: .tokyo)
        for number in 0..<2500 {
            let outcomes = NamedOutcome.parse(
                ["#Fields: date time x\(number)", "2026-11-27 01:02:03 y"], &parser)
            if number % 500 == 0 { #expect(outcomes[1].values["x\(number)"] == "y") }
        }
        #expect(parser.choices.count < 1100)
    }
}
