import HisuiBytes
import HisuiEvent
import HisuiShape
import HisuiYAML
import Testing

@testable import HisuiDetect

/// A readable, slow evaluator against the engine, on generated rules and events; and the engine on
/// JSON against the engine on rows, where constants of the shape decide beforehand.
@Suite struct AgreementTests {
    indirect enum Naive {
        case field(String, modifier: String, values: [String], all: Bool)
        case missing(String)
        case word(String)
        case and([Naive]), or([Naive]), not(Naive)

        func holds(_ event: [String: String]) -> Bool {
            switch self {
            case .missing(let name): return event[name] == nil
            case .word(let word):
                return event.values.contains { Naive.fits("*\(word)*", $0) }
            case .and(let parts): return parts.allSatisfy { $0.holds(event) }
            case .or(let parts): return parts.contains { $0.holds(event) }
            case .not(let part): return !part.holds(event)
            case .field(let name, let modifier, let values, let all):
                guard let value = event[name] else { return false }
                let answers = values.map { wanted in
                    switch modifier {
                    case "contains": Naive.fits("*\(wanted)*", value)
                    case "startswith": Naive.fits("\(wanted)*", value)
                    case "endswith": Naive.fits("*\(wanted)", value)
                    default: Naive.fits(wanted, value)
                    }
                }
                return all ? !answers.contains(false) : answers.contains(true)
            }
        }

        /// `*` and `?` by the definition, trying everything.
        static func fits(_ pattern: String, _ value: String) -> Bool {
            guard let first = pattern.first else { return value.isEmpty }
            let rest = String(pattern.dropFirst())
            if first == "*" {
                return fits(rest, value)
                    || !value.isEmpty && fits(pattern, String(value.dropFirst()))
            }
            guard let letter = value.first else { return false }
            return (first == "?" || first.lowercased() == letter.lowercased())
                && fits(rest, String(value.dropFirst()))
        }
    }

    static let names = ["a", "b", "c", "message"]

    static func text(_ random: inout SeededRandom, wild: Bool) -> String {
        let letters = wild ? ["x", "X", "y", "*", "?", "翠"] : ["x", "X", "y", "Y", "翠"]
        return (0..<Int.random(in: 1...4, using: &random)).map { _ in
            letters.randomElement(using: &random) ?? "x"
        }.joined()
    }

    /// A selection as YAML in flow style, and what it means.
    static func selection(_ random: inout SeededRandom) -> (yaml: String, naive: Naive) {
        switch Int.random(in: 0...9, using: &random) {
        case 0:
            let word = text(&random, wild: false)
            return ("['\(word)']", .word(word))
        case 1:
            let name = names.randomElement(using: &random) ?? "a"
            return ("{ \(name): null }", .missing(name))
        case 2:
            let (one, first) = selection(&random)
            let (two, second) = selection(&random)
            guard one.hasPrefix("{"), two.hasPrefix("{") else { return (one, first) }
            return ("[\(one), \(two)]", .or([first, second]))
        default:
            var parts: [String] = []
            var naive: [Naive] = []
            for name in names.shuffled(using: &random).prefix(Int.random(in: 1...2, using: &random))
            {
                let modifier =
                    ["", "contains", "startswith", "endswith"].randomElement(using: &random) ?? ""
                let all = modifier == "contains" && Bool.random(using: &random)
                let count = Int.random(in: 1...(all ? 2 : 7), using: &random)
                let values = (0..<count).map { _ in text(&random, wild: Bool.random(using: &random))
                }
                let key = name + (modifier.isEmpty ? "" : "|" + modifier) + (all ? "|all" : "")
                parts.append("\(key): [" + values.map { "'\($0)'" }.joined(separator: ", ") + "]")
                naive.append(.field(name, modifier: modifier, values: values, all: all))
            }
            return ("{ " + parts.joined(separator: ", ") + " }", .and(naive))
        }
    }

    static func rule(_ id: Int, _ random: inout SeededRandom) -> (yaml: String, naive: Naive) {
        let parts = (0..<3).map { _ in selection(&random) }
        let n = parts.map(\.naive)
        let conditions: [(String, Naive)] = [
            ("s0 and s1 or s2", .or([.and([n[0], n[1]]), n[2]])),
            ("s0 and not (s1 or s2)", .and([n[0], .not(.or([n[1], n[2]]))])),
            ("all of s*", .and(n)), ("1 of s*", .or(n)),
            ("not s0 and s2", .and([.not(n[0]), n[2]])),
            (
                "2 of them",
                .or([.and([n[0], n[1]]), .and([n[0], n[2]]), .and([n[1], n[2]])])
            ),
        ]
        let (condition, naive) = conditions.randomElement(using: &random) ?? conditions[0]
        let yaml = """
            title: T
            id: r\(id + 1000)
            logsource: { category: test }
            detection: { s0: \(parts[0].yaml), s1: \(parts[1].yaml), s2: \(parts[2].yaml),
              condition: '\(condition)' }
            """
        return (yaml, naive)
    }

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

    @Test func engineAgreesWithTheDefinition() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        var matches = 0
        for _ in 0..<20 {
            let rules = (0..<30).map { Self.rule($0, &random) }
            let (set, refused) = compile(rules.map(\.yaml).joined(separator: "\n---\n"))
            #expect(refused.isEmpty, "seed \(seed): \(refused)")
            var onLines = Detector(set)
            var onRows = Detector(set)
            for number in 1...30 {
                var event: [String: String] = [:]
                // Rows always have a message; JSON events need not.
                for name in Self.names
                where name == "message" || Int.random(in: 0...3, using: &random) > 0 {
                    event[name] = Self.text(&random, wild: false)
                }
                let members = event.map { "\"\($0.key)\":\"\($0.value)\"" }.joined(separator: ",")
                var findings: [Finding] = []
                onLines.takeJSON(
                    Array("{\(members)}".utf8).span, number: UInt64(number), into: &findings)
                let expected = rules.indices.filter { rules[$0].naive.holds(event) }
                    .map { "r\($0 + 1000)" }
                #expect(findings.map(\.ruleID) == expected, "seed \(seed), event \(event)")
                matches += expected.count
                var (rows, found) = (Self.row(event, &random), [Finding]())
                onRows.take(rows.batch, shapes: rows.table, first: UInt64(number), into: &found)
                rows.batch.rows.removeAll()
                #expect(found.map(\.ruleID) == expected, "seed \(seed), row of \(event)")
            }
        }
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
        #expect(run(windows, [#"{"EventID":1102,"Channel":"System"}"#]).findings.isEmpty)
        #expect(run(windows, [#"{"winlog":{"event_id":1102}}"#]).findings.count == 1)
    }
}
