import HisuiBytes
public import HisuiEvent
public import HisuiShape

/// Runs rules over events: rows of a parser, or lines of JSON.
///
/// A match of a rule on single events is a finding at once. Correlations look at events in the
/// order of their time, not of their arrival; see `Correlator`.
///
///     row ─▶ plan of its shape ─▶ tests on slots ─▶ finding
///     line ─▶ fields ─▶ tests ───────────────────┘ └▶ correlations ─▶ finding
///
/// Belongs to one thread.
public struct Detector {
    /// What events come from, and so when correlations speak.
    public enum Mode: Sendable {
        /// Files: findings of correlations come with `finish()`, and are the same whatever the
        /// order was. Nothing is bounded but by the files.
        case files
        /// Rows of a store in order of their leaves, for ever: findings come as soon as may be,
        /// and everything remembered is bounded.
        case live
    }

    public let rules: RuleSet
    private let mode: Mode
    private var values: EventValues
    /// The rules that the event at hand satisfies.
    private var matched: [Int] = []
    private var json: JSONFields
    var correlator: Correlator
    private var plans: ShapePlans
    private var jsonPlans: JSONPlans
    private var run: RuleRun
    /// The time of the last event that had one: what an event of a file without a time is taken
    /// to have.
    var lastTime = Timestamp.none.nanoseconds
    /// Alerts of outside detectors that were told.
    var toldOutside = ToldAlerts()
    /// The names of the entities of findings.
    private let entityNames: [String]
    /// Lines given as JSON that were none.
    public private(set) var malformed = 0

    public init(_ rules: RuleSet, mode: Mode = .files) {
        self.rules = rules
        self.mode = mode
        values = EventValues(fieldCount: rules.fieldNames.count)
        json = JSONFields(rules)
        plans = ShapePlans(rules)
        jsonPlans = JSONPlans(rules)
        run = RuleRun(tests: rules.tests.count)
        entityNames = rules.entities.map(\.name)
        correlator = Correlator(
            rules.rules, entities: entityNames, bounds: mode == .files ? .files : .live)
    }

    /// What could not be done as it should.
    public var counts: DetectionCounts { correlator.counts }

    /// Evaluates rows, in order; the first one is event number `first` of `place`.
    ///
    /// - Parameter place: where the rows are, `zone/stream`; empty for files.
    public mutating func take(
        _ batch: RowBatch, shapes table: ShapeTable, place: String = "", first: UInt64,
        into findings: inout [Finding]
    ) {
        plans.open(table)
        let place = number(of: place)
        for (index, row) in batch.rows.enumerated() {
            let plan = plans.plan(row.shape, rules)
            note(row)
            // It was looked at when it came the first time: what counts would count it twice.
            if row.flags.contains(.maybeDuplicate) { continue }
            // No rule has anything to say of it: see `RowInterest`.
            if row.isUnread { continue }
            if plan.group == nil, !plan.isJSON { continue }
            let event = EventNumber(place: place, index: first + UInt64(index))
            if plan.isJSON {
                evaluateJSON(row, of: batch, plan, event, &findings)
            } else {
                evaluate(row, of: batch, plan, event, &findings)
            }
        }
        correlator.takeFound(into: &findings)
    }

    /// Lets time go on where no rows come: what waits for others is gone through when `now` is
    /// well past it. Only for `.live`.
    ///
    /// - Parameter now: the time of day; rows received before it have all been given.
    public mutating func tick(now: Timestamp, into findings: inout [Finding]) {
        let behind = now.nanoseconds &- Limits.eventLatenessNanoseconds
        correlator.tick(behind)
        correlator.takeFound(into: &findings)
    }

    private mutating func number(of place: String) -> UInt32 {
        if let known = correlator.places.firstIndex(of: place) { return UInt32(known) }
        correlator.places.append(place)
        return UInt32(correlator.places.count - 1)
    }

    /// Takes the row's times: its own, not later than it was received.
    @inline(__always)
    private mutating func note(_ row: RowBatch.Row) {
        switch mode {
        case .files:
            if !row.flags.contains(.timeInferred), row.time != .none {
                lastTime = row.time.nanoseconds
            }
        case .live:
            correlator.advance(to: row.received.nanoseconds)
            lastTime = clamped(row.time, row)
        }
    }

    private func clamped(_ time: Timestamp, _ row: RowBatch.Row) -> Int64 {
        if time == .none { return row.received.nanoseconds }
        // A time in the future, of a wrong clock or a forged line, would push what is true out of
        // the window.
        return min(time.nanoseconds, row.received.nanoseconds)
    }

    private mutating func evaluate(
        _ row: RowBatch.Row, of batch: borrowing RowBatch, _ plan: ShapePlan,
        _ event: EventNumber, _ findings: inout [Finding]
    ) {
        guard let group = plan.group else { return }
        values.reset()
        load(plan.loads, row, of: batch, plan.shape)
        if group.needsText {
            let start = Int(row.firstSlot)
            let slots = batch.slots[start..<start + plan.shape.slots.count]
            let range = values.append { out in
                plan.shape.append(
                    .stretch(plan.shape.record), slots: slots, of: batch.bytes.span,
                    to: &out)
            }
            values.addText(range)
        }
        run.match(group, values, into: &matched)
        if matched.isEmpty { return }
        load(plan.matchLoads, row, of: batch, plan.shape)
        for rule in matched { match(rule, event, &findings) }
        matched.removeAll(keepingCapacity: true)
    }

    private mutating func load(
        _ loads: [(field: Int, value: Shape.Value)], _ row: RowBatch.Row,
        of batch: borrowing RowBatch, _ shape: Shape
    ) {
        let start = Int(row.firstSlot)
        let slots = batch.slots[start..<start + shape.slots.count]
        for (field, value) in loads {
            let range = values.append { out in
                shape.append(value, slots: slots, of: batch.bytes.span, to: &out)
            }
            values.set(field, rank: 0, range)
        }
    }

    /// Evaluates one line of JSON. A line that is no JSON object satisfies no rule and is counted.
    public mutating func takeJSON(
        _ line: Span<UInt8>, number index: UInt64, into findings: inout [Finding]
    ) {
        let event = EventNumber(place: number(of: ""), index: index)
        values.reset()
        guard json.read(line, into: &values) else {
            malformed += 1
            return
        }
        if let time = timeOfJSON() { lastTime = time }
        evaluateJSON(line, event, &findings)
    }

    /// Evaluates a row whose message is a JSON object, as a line of JSON. What stands around the
    /// object (the header of syslog), and what a definition calls its members, fills fields that
    /// the object does not have.
    private mutating func evaluateJSON(
        _ row: RowBatch.Row, of batch: borrowing RowBatch, _ plan: ShapePlan,
        _ event: EventNumber, _ findings: inout [Finding]
    ) {
        values.reset()
        let start = Int(row.firstSlot)
        let slots = batch.slots[start..<start + plan.shape.slots.count]
        let text = values.append { out in
            plan.shape.append(
                .stretch(plan.shape.message), slots: slots, of: batch.bytes.span, to: &out)
        }
        let line = Array(values.bytes[text.range])
        guard json.read(line.span, into: &values) else {
            malformed += 1
            return
        }
        if let time = timeOfJSON() {
            lastTime =
                mode == .live ? clamped(Timestamp(nanoseconds: time), row) : time
        }
        for (field, value) in plan.besideLoads where values.state(field) == .absent {
            let range = values.append { out in
                plan.shape.append(value, slots: slots, of: batch.bytes.span, to: &out)
            }
            values.set(field, rank: Int.max - 1, range)
        }
        evaluateJSON(line.span, event, &findings)
    }

    private func timeOfJSON() -> Int64? {
        for field in rules.times {
            if let value = values.value(field), let time = Detector.time(Array(value)) {
                return time
            }
        }
        return nil
    }

    private mutating func evaluateJSON(
        _ line: Span<UInt8>, _ event: EventNumber, _ findings: inout [Finding]
    ) {
        let group = jsonPlans.group(values, rules)
        if group.needsText { json.addTexts(line, to: &values) }
        run.match(group, values, into: &matched)
        for rule in matched { match(rule, event, &findings) }
        matched.removeAll(keepingCapacity: true)
    }

    /// Ends the input, or a stretch of it that has nothing to do with what follows: adds what
    /// correlations found, in order of time.
    public mutating func finish(into findings: inout [Finding]) {
        correlator.finish()
        correlator.takeFound(into: &findings)
    }

    private mutating func match(
        _ number: Int, _ event: EventNumber, _ findings: inout [Finding]
    ) {
        let rule = rules.rules[number]
        let evidence = Evidence(
            event: event,
            entities: rules.entities.map { values.value($0.field).map { entityValue($0) } })
        if rule.isFinding {
            if case .event(let events) = rule.body, let fields = events.outside {
                if let finding = outside(rule, fields, evidence) { findings.append(finding) }
            } else {
                findings.append(single(rule, evidence))
            }
        }
        if rule.feeds.isEmpty { return }
        let time = lastTime == Timestamp.none.nanoseconds ? 0 : lastTime
        var entities: [UInt8] = []
        Evidence.encode(evidence.entities.map { $0?[...] }, into: &entities)
        for feed in rule.feeds {
            // An event that lacks a field of the group belongs to no group, and one that lacks what
            // is counted is not counted.
            guard let key = gathered(feed.key), let value = gathered(feed.value) else { continue }
            correlator.add(
                feed, time: time, key: key.span, value: value.span, event, entities: entities.span)
        }
    }

    /// The values of fields, each counted; nil if the event lacks one.
    private func gathered(_ fields: [Int]) -> [UInt8]? {
        var bytes: [UInt8] = []
        for field in fields {
            guard let value = values.value(field), !value.isEmpty else { return nil }
            bytes.appendCounted(Detector.groupValue(value))
        }
        return bytes
    }

    /// The value of a field of the event at hand.
    func value(_ field: Int) -> ArraySlice<UInt8>? { values.value(field) }

    private func entityValue(_ value: ArraySlice<UInt8>) -> [UInt8] {
        if mode == .files || value.count <= Limits.findingValueBytesMax { return Array(value) }
        var end = value.startIndex + Limits.findingValueBytesMax
        // Not within a character.
        while end > value.startIndex, value[end] & 0xC0 == 0x80 { end -= 1 }
        return Array(value[..<end])
    }

    /// A value by which events are grouped: long ones are known by their beginning and digest.
    private static func groupValue(_ value: ArraySlice<UInt8>) -> [UInt8] {
        if value.count <= Limits.findingValueBytesMax { return Array(value) }
        let whole = Array(value)
        return whole.prefix(Limits.findingValueBytesMax) + SHA256.of(whole.span)
    }

    func single(_ rule: Rule, _ evidence: Evidence) -> Finding {
        let run = Run(entities: entityNames.count)
        let entry = CorrelationEntry(time: lastTime, evidence: evidence)
        run.add(entry, eventsMax: .max, valuesMax: .max)
        let first = EventReference(
            place: correlator.places[Int(evidence.event.place)], index: evidence.event.index)
        run.id = Finding.id(rule: rule.id, group: [], events: [first])
        return Finding(rule, run, .final, entities: entityNames, places: correlator.places)
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
