import HisuiBytes
public import HisuiEvent
public import HisuiShape

/// Runs rules over events: rows of a parser, or lines of JSON.
///
/// A match of a rule on single events is a finding at once. Correlations look at events in the
/// order of their time, not of their arrival, so their findings come with `finish()`, and are the
/// same whatever the order was.
///
///     row ─▶ plan of its shape ─▶ tests on slots ─▶ finding
///     line ─▶ fields ─▶ tests ───────────────────┘ └▶ correlations ─▶ finding
///
/// Belongs to one thread.
public struct Detector {
    public let rules: RuleSet
    private var values: EventValues
    private var answers: [Answer]
    private var asked: [Int] = []
    private var json: JSONFields
    private var correlator: Correlator
    private var table: ShapeTable?
    private var shapes: [Shape] = []
    private var plans: [ShapePlan?] = []
    /// The time of the last event that had one: what an event without a time is taken to have.
    private var lastTime: Int64 = 0
    /// The names of the entities of findings.
    private let entityNames: [String]
    /// Lines given as JSON that were none.
    public private(set) var malformed = 0

    private enum Answer: UInt8 { case unknown, yes, no }

    public init(_ rules: RuleSet) {
        self.rules = rules
        values = EventValues(fieldCount: rules.fieldNames.count)
        answers = [Answer](repeating: .unknown, count: rules.tests.count)
        json = JSONFields(rules)
        entityNames = rules.entities.map(\.name)
        correlator = Correlator(rules.rules, entities: entityNames)
    }

    /// Evaluates rows, in order; the first one is event number `first`.
    public mutating func take(
        _ batch: RowBatch, shapes table: ShapeTable, first: UInt64, into findings: inout [Finding]
    ) {
        if self.table !== table {
            self.table = table
            shapes.removeAll()
            plans.removeAll()
        }
        shapes += table.shapes(from: shapes.count)
        while plans.count < shapes.count { plans.append(nil) }
        for (index, row) in batch.rows.enumerated() {
            let number = Int(row.shape)
            if plans[number] == nil { plans[number] = ShapePlan(shapes[number], rules) }
            guard let plan = plans[number] else { continue }
            if !row.flags.contains(.timeInferred), row.time != .none {
                lastTime = row.time.nanoseconds
            }
            if plan.rules.isEmpty { continue }
            evaluate(
                row, of: batch, shapes[number], plan, number: first + UInt64(index),
                into: &findings)
        }
    }

    private mutating func evaluate(
        _ row: RowBatch.Row, of batch: borrowing RowBatch, _ shape: Shape, _ plan: ShapePlan,
        number: UInt64, into findings: inout [Finding]
    ) {
        begin()
        let start = Int(row.firstSlot)
        let slots = batch.slots[start..<start + shape.slots.count]
        let bytes = batch.bytes.span
        func load(_ loads: [(field: Int, value: Shape.Value)], _ values: inout EventValues) {
            for (field, value) in loads {
                let range = values.append { out in
                    shape.append(value, slots: slots, of: batch.bytes.span, to: &out)
                }
                values.set(field, rank: 0, range)
            }
        }
        load(plan.loads, &values)
        if plan.needsRecord {
            let record = ByteRange(offset: row.offset, count: row.count)
            let range = values.append { $0.append(bytes, record) }
            values.addText(range)
        }
        var isLoaded = false
        for (rule, expression) in plan.rules where holds(expression) {
            if !isLoaded { load(plan.matchLoads, &values) }
            isLoaded = true
            match(rule, number, &findings)
        }
    }

    /// Evaluates one line of JSON. A line that is no JSON object satisfies no rule and is counted.
    public mutating func takeJSON(
        _ line: Span<UInt8>, number: UInt64, into findings: inout [Finding]
    ) {
        begin()
        guard json.read(line, into: &values) else {
            malformed += 1
            return
        }
        for field in rules.times {
            if let value = values.value(field), let time = Detector.time(Array(value)) {
                lastTime = time
                break
            }
        }
        for (rule, body) in rules.rules.enumerated() {
            guard case .event(let event) = body.body, event.form != .syslog, isRouted(event),
                holds(event.expression)
            else { continue }
            match(rule, number, &findings)
        }
    }

    /// Whether nothing in the event says that it is of another log source: exports leave out
    /// fields, so one that is not there says nothing.
    private mutating func isRouted(_ rule: Rule.EventRule) -> Bool {
        for test in rule.route {
            guard case .test(let number) = test, let field = rules.tests[number].field,
                values.state(field) == .present
            else { continue }
            if !answer(number) { return false }
        }
        return true
    }

    /// Ends the input: adds what correlations found, in order of time.
    public mutating func finish(into findings: inout [Finding]) {
        correlator.finish(into: &findings)
    }

    private mutating func begin() {
        values.reset()
        for test in asked { answers[test] = .unknown }
        asked.removeAll(keepingCapacity: true)
    }

    private mutating func holds(_ expression: Expression) -> Bool {
        expression.holds { answer($0) }
    }

    private mutating func answer(_ test: Int) -> Bool {
        if answers[test] != .unknown { return answers[test] == .yes }
        let value = rules.tests[test].holds(values)
        answers[test] = value ? .yes : .no
        asked.append(test)
        return value
    }

    private mutating func match(_ number: Int, _ event: UInt64, _ findings: inout [Finding]) {
        let rule = rules.rules[number]
        let evidence = Evidence(
            number: event,
            entities: rules.entities.map { values.value($0.field).map { Array($0) } })
        if rule.isFinding { findings.append(Finding(rule, [evidence], entities: entityNames)) }
        for feed in rule.feeds {
            var group: [[UInt8]] = []
            for field in feed.key {
                guard let value = values.value(field), !value.isEmpty else { break }
                group.append(Array(value))
            }
            // An event that lacks a field of the group belongs to no group.
            if group.count < feed.key.count { continue }
            correlator.add(feed, time: lastTime, group: group, evidence)
        }
    }

    /// Reads a time of a JSON event: RFC 3339, without a zone UTC, or seconds, milli- or
    /// microseconds since 1970.
    static func time(_ text: [UInt8]) -> Int64? {
        let range = 0..<text.count
        if let (end, value) = TimeText.rfc3339(text.span, range), end == text.count {
            return value.nanoseconds(zone: .utc, received: 0)
        }
        let digits = text.prefix { $0 &- 0x30 < 10 }.count
        guard digits >= 9, digits <= 19, let number = Double(String(decoding: text, as: UTF8.self))
        else { return nil }
        let scale = digits <= 11 ? 1e9 : digits <= 14 ? 1e6 : digits <= 17 ? 1e3 : 1
        return Int64(exactly: (number * scale).rounded())
    }
}
