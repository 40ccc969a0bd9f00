import HisuiBytes
import HisuiEvent
import HisuiShape
import Testing

@testable import HisuiDetect

/// Each type and form by example, the parts they are made of, and the daemon's side of them.
@Suite struct CorrelationTypeTests {
    static func rules(_ rest: String, bases: [String] = ["f"]) -> String {
        (bases.map { CorrelationTests.base($0) } + [CorrelationTests.correlation("c", rest)])
            .joined(separator: "\n---\n")
    }

    /// Values of `v` by second.
    static func lines(_ values: [(Int, String)]) -> [String] {
        values.map { #"{"kind":"f","v":"\#($0.1)","t":\#(1_700_000_000 + $0.0)}"# }
    }

    @Test(
        arguments: [
            // Ten seconds from the first event; then from the first one after it.
            ("event_count", "lte: 2", [(0, "x"), (5, "x")], [[1, 2]]),
            ("event_count", "lte: 2", [(0, "x"), (5, "x"), (10, "x"), (11, "x")], [[4]]),
            ("event_count", "eq: 2", [(0, "x"), (10, "x"), (11, "x")], [[1, 2]]),
            ("event_count", "gt: 1, lt: 3", [(0, "x"), (3, "x"), (20, "x")], [[1, 2]]),
            ("event_count", "neq: 1", [(0, "x"), (20, "x"), (21, "x")], [[2, 3]]),
            // The newest event of each value, while there are enough of them.
            ("value_count", "field: v, gte: 2", [(0, "x"), (1, "x"), (2, "y")], [[2, 3]]),
            ("value_count", "field: v, gte: 2", [(0, "x"), (11, "y")], []),
            ("value_count", "field: v, lt: 2", [(0, "x"), (1, "x")], [[1, 2]]),
            ("value_sum", "field: v, gt: 10", [(0, "6"), (1, "none"), (2, "4.5")], [[1, 3]]),
            ("value_sum", "field: v, gt: 10", [(0, "6"), (11, "5")], []),
            ("value_sum", "field: v, lt: 0", [(0, "1"), (2, "-1.5")], [[1, 2]]),
            // Of one loud event the average is high, until the window is complete.
            ("value_avg", "field: v, gt: 5", [(0, "9"), (1, "1"), (2, "1")], []),
            ("value_avg", "field: v, gte: 5", [(0, "9"), (1, "1")], [[1, 2]]),
            (
                "value_percentile", "field: v, percentile: 50, gt: 2",
                [(0, "1"), (1, "2"), (2, "9")], []
            ),
            (
                "value_percentile", "field: v, percentile: 67, gt: 2",
                [(0, "1"), (1, "2"), (2, "9")], [[1, 2, 3]]
            ),
            (
                "value_percentile", "field: v, lte: 34", [(0, "x"), (1, "x"), (2, "y")], [[3]]
            ),
        ] as [(String, String, [(Int, String)], [[UInt64]])])
    func types(
        type: String, condition: String, values: [(Int, String)], expected: [[UInt64]]
    ) {
        let text = Self.rules(
            "type: \(type), rules: [f], timespan: 10s, condition: { \(condition) }")
        let result = run(text, Self.lines(values))
        #expect(result.refused.isEmpty, "\(result.refused)")
        #expect((result.events["c"] ?? []) == expected)
    }

    @Test func whatWasNotFollowedIsFound() {
        let text = Self.rules(
            "type: temporal, rules: [f, s], group-by: [h], timespan: 10s, condition: { eq: 1 }",
            bases: ["f", "s"])
        let lines = [("f", 0), ("s", 5), ("f", 20), ("s", 31)].map {
            CorrelationTests.event($0.0, $0.1)
        }
        #expect(run(text, lines).events["c"] == [[3], [4]])
    }

    /// The specification's samples, with the rules they refer to.
    @Test(
        arguments: [
            "type: event_count, rules: [r], group-by: [ComputerName], timespan: 1h, "
                + "condition: { gte: 100 }",
            "type: event_count, rules: [r], group-by: [dns.question.name], timespan: 1h, "
                + "condition: { gte: 100 }",
            "type: temporal, rules: [r, s, t], group-by: [ComputerName, User], timespan: 5m",
            "type: temporal_ordered, rules: [r, s, t], group-by: [ComputerName, User], "
                + "timespan: 5m",
            "type: value_avg, rules: [r], group-by: [SourceIP, User], timespan: 24h, "
                + "condition: { field: BytesOut, gt: 500 }",
            "type: value_count, rules: [r], group-by: [ComputerName, WorkstationName], "
                + "timespan: 1d, condition: { field: User, gte: 100 }",
            "type: value_percentile, rules: [r], group-by: [ComputerName], timespan: 24h, "
                + "condition: { field: Image, lte: 1 }",
            "type: value_sum, rules: [r], group-by: [SourceIP, User], timespan: 1h, "
                + "condition: { field: bytes_sent, gt: 1000000 }",
        ])
    func samplesOfTheSpecificationLoad(body: String) {
        let (set, refused) = compile(Self.rules(body, bases: ["r", "s", "t"]))
        #expect(refused.isEmpty, "\(refused)")
        #expect(set.count == 4)
    }

    @Test(
        arguments: [
            ("0", 0), ("-1", -1_000_000_000), ("+2", 2_000_000_000), ("0.5", 500_000_000),
            ("1e3", 1_000_000_000_000), ("1.5E-1", 150_000_000), ("0.0000000005", 1),
            ("0.00000000049", 0), ("007", 7_000_000_000), ("-0.1e1", -1_000_000_000),
            ("", nil), ("-", nil), (".5", nil), ("1.", 1_000_000_000), ("1..2", nil),
            ("1e", nil), ("1e999", nil), ("0x10", nil), ("1 ", nil), ("１", nil),
            ("1000000000000000000", nil), ("1e-99", 0),
            ("1234567890123456789012345678901234567", nil),
        ] as [(String, Int?)])
    func numbers(text: String, expected: Int?) {
        let number = CorrelationNumber.parse(text.utf8)
        #expect(number == expected.map { Int128($0) })
        guard let number else { return }
        var bytes: [UInt8] = []
        CorrelationNumber.append(number, to: &bytes)
        #expect(bytes.count == 16 && CorrelationNumber.read(bytes[...]) == number)
    }

    @Test func tablesHoldWhatASetHolds() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        var table = ByteTable()
        var known: [[UInt8]: (number: UInt32, uses: Int)] = [:]
        var pairs = PairTable()
        var numbers: [UInt64: UInt32] = [:]
        for _ in 0..<20_000 {
            let key = Array("\(Int.random(in: 0...400, using: &random))".utf8)
            if Bool.random(using: &random) {
                let number = table.take(key.span)
                if let entry = known[key] { #expect(entry.number == number, "seed \(seed)") }
                known[key] = (number, (known[key]?.uses ?? 0) + 1)
                #expect(Array(table.bytes(number)) == key, "seed \(seed)")
            } else if let entry = known[key] {
                let isLast = table.release(entry.number)
                #expect(isLast == (entry.uses == 1), "seed \(seed)")
                known[key] = isLast ? nil : (entry.number, entry.uses - 1)
            }
            let (a, b) = (
                UInt32.random(in: 0...20, using: &random), UInt32.random(in: 0...20, using: &random)
            )
            let pair = UInt64(a) << 32 | UInt64(b)
            #expect(pairs[a, b] == numbers[pair], "seed \(seed)")
            let value = Bool.random(using: &random) ? UInt32.random(in: 0...9, using: &random) : nil
            pairs[a, b] = value
            numbers[pair] = value
        }
        #expect(table.count == known.count && pairs.count == numbers.count, "seed \(seed)")
        #expect(table.liveBytes == known.keys.reduce(0) { $0 + $1.count }, "seed \(seed)")
    }

    // MARK: - In the daemon

    /// Rows of lines of JSON, each received so long after it happened.
    static func rows(_ events: [(line: String, second: Double, delay: Double)]) throws -> RowBatch {
        var batch = RowBatch(
            source: Source(id: "test", kind: .syslogTCP, form: .syslog), senders: [""])
        for event in events {
            let line = Array(event.line.utf8)
            guard let (shape, slots) = JSONShape.make(line.span) else { throw Live.NoObject() }
            let (offset, first) = (UInt32(batch.bytes.count), UInt32(batch.slots.count))
            batch.bytes += line
            for var slot in slots {
                slot.offset += offset
                batch.slots.append(slot)
            }
            batch.rows.append(
                RowBatch.Row(
                    offset: offset, count: UInt32(line.count), shape: Live.table.intern(shape),
                    firstSlot: first, time: Live.nanoseconds(event.second),
                    received: Live.nanoseconds(event.second + event.delay), sender: 0, flags: []))
        }
        return batch
    }

    /// Any order within the lateness, in any batches, with a saved state between: the same final
    /// findings as those of files.
    @Test func liveFindsWhatFilesFindWithinTheLateness() throws {
        let (set, _) = compile(CorrelationAgreementTests.text(CorrelationAgreementTests.rules))
        for _ in 0..<12 {
            let seed = UInt64.random(in: 0...UInt64.max)
            var random = SeededRandom(seed: seed)
            let events = CorrelationAgreementTests.events(20, &random)
            let files = CorrelationAgreementTests.found(events, Detector(set)).map(\.key).sorted()
            let late = events.map { ($0, Double.random(in: 0...1.9, using: &random)) }
                .sorted { Double($0.0.second) + $0.1 < Double($1.0.second) + $1.1 }
            var detector = Detector(set, mode: .live)
            var findings: [Finding] = []
            for (place, (event, delay)) in late.enumerated() {
                let rows = try Self.rows([(event.json, Double(event.second), delay)])
                detector.take(
                    rows, shapes: Live.table, place: "", first: event.index, into: &findings)
                guard place % 5 == 4 else { continue }
                var bytes: [UInt8] = []
                detector.encodeState(into: &bytes)
                detector = Detector(set, mode: .live)
                #expect(try detector.decodeState(bytes.span) == [])
            }
            detector.tick(now: Live.nanoseconds(500), into: &findings)
            detector.finish(into: &findings)
            let correlated = findings.filter { $0.state == .final && !"fsuw".contains($0.ruleID) }
            let live = correlated.map(\.key).sorted()
            #expect(
                live == files,
                """
                seed \(seed): \(Set(live).subtracting(files).sorted()) \
                for \(Set(files).subtracting(live).sorted()); \(detector.counts)
                """)
        }
    }

    @Test func aWindowThatClosesIsDecidedInSilence() throws {
        let text = Self.rules("type: event_count, rules: [f], timespan: 10s, condition: { lt: 3 }")
        var detector = Live.detector(text)
        var findings: [Finding] = []
        var random = SeededRandom(seed: 1)
        try Live.feed([LiveEvent("f", 0), LiveEvent("f", 4)], &detector, &findings, &random)
        detector.tick(now: Live.nanoseconds(12), into: &findings)
        #expect(findings.isEmpty)
        detector.tick(now: Live.nanoseconds(30), into: &findings)
        #expect(findings.map(\.state) == [.final])
        #expect(findings.map(\.eventCount) == [2])
        #expect(detector.correlator.groupCount == 0 && detector.correlator.entryCount == 0)
        // A flood is known to break it at its third event, and is not remembered.
        try Live.feed(
            (0..<500).map { LiveEvent("f", 40 + Double($0) / 100) } + [LiveEvent("o", 49)],
            &detector, &findings, &random)
        #expect(detector.correlator.groupCount == 1 && detector.correlator.entryCount == 0)
        detector.tick(now: Live.nanoseconds(90), into: &findings)
        #expect(findings.count == 1)
    }

    @Test func valuesAreRememberedNoMoreThanAsked() throws {
        let text = Self.rules(
            "type: value_count, rules: [f], timespan: 1h, condition: { field: h, gte: 50 }")
        var detector = Live.detector(text)
        var findings: [Finding] = []
        var random = SeededRandom(seed: 1)
        try Live.feed(
            (0..<2000).map { LiveEvent("f", Double($0) / 50, host: "h\($0 % 60)") }
                + [LiveEvent("o", 60)],
            &detector, &findings, &random)
        #expect(detector.correlator.entryCount == 50)
        #expect(findings.map(\.state) == [.open])
    }

    @Test func editsThatChangeNothingKeepWhatIsRemembered() throws {
        let other = CorrelationTests.correlation(
            "d", "type: event_count, rules: [f], timespan: 1h, condition: { gte: 2 }")
        let before = CorrelationTests.count + "\n---\n" + other
        var detector = Live.detector(before)
        var findings: [Finding] = []
        var random = SeededRandom(seed: 1)
        let events = (0..<5).map { LiveEvent("f", Double($0)) }
        try Live.feed(Array(events[..<2]) + [LiveEvent("o", 2)], &detector, &findings, &random)
        // Another order, title and level; `d` asks for more now.
        let edited = [
            CorrelationTests.correlation(
                "d", "type: event_count, rules: [f], timespan: 1h, condition: { gte: 3 }"),
            CorrelationTests.count.replacing("title: C", with: "description: new\ntitle: New")
                .replacing("level: high", with: "level: low # lower"),
        ].joined(separator: "\n---\n")
        var bytes: [UInt8] = []
        detector.encodeState(into: &bytes)
        var restarted = Live.detector(edited)
        #expect(try restarted.decodeState(bytes.span) == ["d"])
        let (set, _) = compile(edited)
        #expect(detector.replace(rules: set, into: &findings) == ["d"])
        for var next in [detector, restarted] {
            var found: [Finding] = []
            next.take(
                try Live.batch(events[2..<3]), shapes: Live.table, place: "z/default", first: 3,
                into: &found)
            next.tick(now: Live.nanoseconds(60), into: &found)
            #expect(found.filter { $0.state == .final }.map(\.ruleTitle) == ["New"])
            #expect(found.first?.events.map(\.index) == [0, 1, 3])
        }
        // An entity more, and nothing fits any longer.
        var sources = LogSources()
        _ = sources.add(Array("entities: { host.name: [h] }".utf8), file: "logsources.yaml")
        let (changed, _) = RuleSet.compile(
            files: [("r.yaml", Array(before.utf8))], sources: sources)
        var emptied = Detector(changed, mode: .live)
        #expect(try emptied.decodeState(bytes.span) == ["c", "d"])
        #expect(emptied.correlator.pending.isEmpty && emptied.correlator.groupCount == 0)
    }

    /// Rows are read only as far as they are asked for, and what is counted is asked for.
    @Test func whatNoRuleAsksForIsCountedInRows() {
        let (set, refused) = compile(
            """
            title: F
            id: f
            logsource: { category: test }
            detection: { selection: { kind: f }, condition: selection }
            ---
            title: V
            id: v
            correlation:
              type: value_count
              rules: [f]
              group-by: [h]
              timespan: 1h
              condition: { field: counted, gte: 3 }
            """)
        #expect(refused.isEmpty, "\(refused)")
        var random = SeededRandom(seed: 1)
        var detector = Detector(set)
        var findings: [Finding] = []
        for number in 1...4 {
            let (batch, table) = AgreementTests.row(
                ["kind": "f", "h": "a", "counted": "\(number)"], &random)
            detector.take(batch, shapes: table, first: UInt64(number), into: &findings)
        }
        detector.finish(into: &findings)
        #expect(findings.map(\.ruleID) == ["v"])
        #expect(findings.first?.events.count == 4)
    }
}
