import HisuiBytes
import HisuiEvent
import HisuiShape
import HisuiYAML
import Testing

@testable import HisuiDetect

/// The naive evaluator against the engine, on generated rules and events; and the engine on JSON
/// against the engine on rows, where constants of the shape decide beforehand.
@Suite struct AgreementTests {
    /// A row of a shape that has some fields as constants and the others as slots.
    static func row(
        _ event: [String: String], _ random: inout SeededRandom
    ) -> (batch: RowBatch, table: ShapeTable) {
        var literals: [[UInt8]] = [[]]
        var slots: [Shape.Slot] = []
        var fields: [Shape.Field] = []
        var bytes: [UInt8] = []
        var ranges: [ByteRange] = []
        for (name, value) in event.sorted(by: { $0.key < $1.key }) {
            let text = Array(value.utf8)
            if Bool.random(using: &random) {
                literals[literals.count - 1] += text
                bytes += text
                fields.append(Shape.Field(name, .keyword, .constant(text)))
            } else {
                ranges.append(ByteRange(bytes.count..<bytes.count + text.count))
                bytes += text
                fields.append(Shape.Field(name, .keyword, .slot(slots.count, .raw)))
                slots.append(Shape.Slot(.text))
                literals.append([])
            }
            // Keeps words from standing over two fields.
            literals[literals.count - 1] += [0x7C]
            bytes.append(0x7C)
        }
        let table = ShapeTable()
        let shape = table.intern(Shape(literals: literals, slots: slots, fields: fields))
        let source = Source(id: "t", kind: .file, form: .line)
        var batch = RowBatch(takingOver: RecordBatch(source: source))
        batch.bytes = bytes
        batch.slots = ranges
        let now = Timestamp(nanoseconds: 1)
        batch.rows = [
            RowBatch.Row(
                offset: 0, count: UInt32(bytes.count), shape: shape, firstSlot: 0, time: now,
                received: now, sender: 0, flags: [])
        ]
        return (batch, table)
    }

    /// Rules of one set, for the engine and for the naive evaluator.
    static func rules(
        _ generator: inout GeneratedRules
    ) throws -> (engine: RuleSet, naive: NaiveRules, texts: [String]) {
        var texts = (0..<45).map {
            generator.rule("r\($0 + 1000)", category: $0 % 5 == 0 ? "filtered" : "test")
        }
        texts.append(generator.filter("f1", rules: "any"))
        texts.append(generator.filter("f2", rules: "[r1000, r1003, r1005]"))
        let bytes = Array(texts.joined(separator: "\n---\n").utf8)
        var placeholders = Placeholders()
        let lines = GeneratedRules.placeholders.map { name, values in
            "\(name): [\(values.map(GeneratedRules.quoted).joined(separator: ", "))]"
        }
        let problems = placeholders.add(Array(lines.joined(separator: "\n").utf8), file: "p")
        #expect(problems.isEmpty, "\(problems)")
        let (set, refused) = RuleSet.compile(
            files: [("r.yaml", bytes)], sources: LogSources(), placeholders: placeholders)
        #expect(refused.isEmpty, "\(refused)")
        #expect(set.count == 45 && set.remarks.isEmpty, "\(set.remarks)")
        var naive = NaiveRules(data: try YAMLDocument.parseSingle(Array("{}".utf8), file: "d"))
        naive.placeholders = GeneratedRules.placeholders
        naive.add(try YAMLDocument.parse(bytes, file: "r"))
        return (set, naive, texts)
    }

    @Test func engineAgreesWithTheDefinition() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = GeneratedRules(random: SeededRandom(seed: seed))
        var (pairs, matches, rules, varying) = (0, 0, 0, 0)
        for _ in 0..<30 {
            let (set, naive, texts) = try Self.rules(&generator)
            var onLines = Detector(set)
            var onRows = Detector(set)
            var counts = [Int](repeating: 0, count: naive.rules.count)
            let events = 80
            for number in 1...UInt64(events) {
                let isFlat = number % 2 == 0
                let json = NaiveJSON.object(generator.event(isFlat: isFlat))
                let event = NaiveEvent(json, containers: [])
                let expected = naive.rules.filter { $0.holds(event) }.map(\.id)
                var findings: [Finding] = []
                onLines.takeJSON(Array(json.text.utf8).span, number: number, into: &findings)
                let wrong = Set(findings.map(\.ruleID)).symmetricDifference(expected)
                let first = texts.first { text in wrong.contains { text.contains("id: \($0)\n") } }?
                    .replacing("\n", with: " ")
                #expect(
                    wrong.isEmpty,
                    "seed \(seed), event \(json.text), \(wrong.count): \(first ?? "")")
                for (index, rule) in naive.rules.enumerated() where expected.contains(rule.id) {
                    counts[index] += 1
                }
                pairs += naive.rules.count
                guard isFlat else { continue }
                pairs += naive.rules.count
                let fields = event.values.compactMapValues { $0[0] }
                let (rows, table) = Self.row(fields, &generator.random)
                let record = NaiveEvent(
                    row: fields, record: String(decoding: rows.bytes, as: UTF8.self))
                var found: [Finding] = []
                onRows.take(rows, shapes: table, first: number, into: &found)
                #expect(
                    found.map(\.ruleID) == naive.rules.filter { $0.holds(record) }.map(\.id),
                    "seed \(seed), row of \(json.text)")
            }
            matches += counts.reduce(0, +)
            rules += counts.count
            varying += counts.count { $0 > 0 && $0 < events }
        }
        #expect(pairs >= 100_000)
        #expect(varying * 10 >= rules * 7, "seed \(seed): \(varying) of \(rules) rules vary")
        #expect(matches > 1000, "seed \(seed): the generated events have to satisfy some rules")
    }

    @Test func routesAreStrictForRowsAndLenientForJSON() {
        let text = """
            title: T
            id: r
            logsource: { product: linux, service: sshd }
            detection: { s: { a: x }, condition: s }
            """
        let (set, _) = compile(text)
        for (event, onRow, onLine) in [
            (["a": "x"], false, true), (["a": "x", "process.name": "sshd"], true, true),
            (["a": "x", "process.name": "app"], false, false),
        ] {
            for seed in UInt64(0)..<8 {
                var random = SeededRandom(seed: seed)
                let (batch, table) = Self.row(event, &random)
                var detector = Detector(set)
                var findings: [Finding] = []
                detector.take(batch, shapes: table, first: 1, into: &findings)
                #expect(findings.isEmpty != onRow, "\(event)")
            }
            let members = event.map { "\"\($0.key)\":\"\($0.value)\"" }.joined(separator: ",")
            #expect(run(text, ["{\(members)}"]).findings.isEmpty != onLine, "\(event)")
        }
        let windows =
            "title: W\nlogsource: { product: windows, service: security }\n"
            + "detection: { s: { EventID: 1102 }, condition: s }"
        #expect(run(windows, [#"{"EventID":1102,"Channel":"Security"}"#]).findings.count == 1)
        let other =
            "title: O\nlogsource: { product: other }\n"
            + "detection: { s: { a: x }, condition: s }"
        for (event, fires) in [
            (["a": "x"], true), (["a": "x", "Channel": "Own"], true),
            (["a": "x", "Channel": "System"], false),
        ] {
            for seed in UInt64(0)..<8 {
                var random = SeededRandom(seed: seed)
                let (batch, table) = Self.row(event, &random)
                var detector = Detector(compile(other).set)
                var findings: [Finding] = []
                detector.take(batch, shapes: table, first: 1, into: &findings)
                #expect(findings.isEmpty != fires, "\(event)")
            }
            let members = event.map { "\"\($0.key)\":\"\($0.value)\"" }.joined(separator: ",")
            #expect(run(other, ["{\(members)}"]).findings.isEmpty != fires, "\(event)")
        }
        #expect(run(windows, [#"{"EventID":1102,"Channel":"System"}"#]).findings.isEmpty)
        #expect(run(windows, [#"{"winlog":{"event_id":1102}}"#]).findings.count == 1)
    }
}
