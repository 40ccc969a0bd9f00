import HisuiBytes

/// Reads what a detector remembered; every number is checked against what it stands for.
struct StateReader: ~Escapable {
    private let environment: [UInt8]
    private var reader: ByteReader
    private var correlator: Correlator
    /// Correlations of the state: their number now, nil where they mean something else.
    private var listed: [(id: String, number: Int?)] = []
    private var dropped: Set<String> = []
    /// Numbers of runs, by their place in the state.
    private var runs: [UInt32] = []

    /// No run has so many events, and sums of such counts stay whole numbers.
    private static let countMax: UInt64 = 1 << 40

    @_lifetime(copy reader)
    init(_ rules: RuleSet, _ reader: consuming ByteReader) {
        environment = rules.environment
        correlator = Correlator(
            rules.rules, entities: rules.entities.map(\.name), bounds: .live)
        self.reader = reader
    }

    mutating func read() throws -> (Correlator, dropped: [String]) {
        let isSame = try reader.array(32) == environment
        var places: [String] = []
        for _ in 0..<(try reader.count()) { places.append(try reader.countedText()) }
        correlator.places = places
        correlator.clock = try time()
        correlator.nextDrain = try time()
        correlator.nextSweep = try time()
        correlator.counts.late = try reader.varint()
        correlator.counts.early = try reader.varint()
        correlator.counts.cut = try reader.varint()
        correlator.counts.evicted = try reader.varint()
        correlator.counts.unmeasured = try reader.varint()
        correlator.taken = try reader.varint()
        var numbers: [[UInt8]: Int] = [:]
        for plan in correlator.plans {
            if let plan { numbers[correlator.rules[plan.number].meaning] = plan.number }
        }
        for _ in 0..<(try reader.count(ofSize: 33)) {
            let id = try reader.countedText()
            let number = numbers[try reader.array(32)]
            listed.append((id, isSame ? number : nil))
        }
        for _ in 0..<(try reader.count(ofSize: 30)) {
            runs.append(correlator.runs.add(try run()))
        }
        for _ in 0..<(try reader.count(ofSize: 20)) { try readWaiting() }
        for _ in 0..<(try reader.count(ofSize: 12)) { try readGroup() }
        guard reader.remaining == 0 else { throw DetectorStateError("bytes follow its end") }
        // Those of groups that are kept stay.
        for run in runs { correlator.runs.release(run) }
        return (correlator, dropped.sorted())
    }

    private mutating func time() throws -> Int64 { Int64(bitPattern: try reader.u64()) }

    /// The plan of a correlation; nil where what is said of it is given up.
    private mutating func plan() throws -> CorrelationPlan? {
        let place = try reader.varint()
        guard place < UInt64(listed.count) else {
            throw DetectorStateError("it names a correlation that is none")
        }
        let (id, number) = listed[Int(place)]
        guard let number, let plan = correlator.plans[number] else {
            dropped.insert(id)
            return nil
        }
        return plan
    }

    private mutating func stage(_ plan: CorrelationPlan?) throws -> UInt16 {
        let stage = try reader.varint()
        guard stage < UInt64(plan?.stages ?? Int(UInt16.max)) else {
            throw DetectorStateError("it names a stage that is none")
        }
        return UInt16(stage)
    }

    private mutating func event() throws -> EventNumber {
        let place = try reader.varint()
        guard place < UInt64(correlator.places.count) else {
            throw DetectorStateError("it names a place that is none")
        }
        return EventNumber(place: UInt32(place), index: try reader.varint())
    }

    private mutating func events() throws -> [EventNumber] {
        var events: [EventNumber] = []
        for _ in 0..<(try reader.count(ofSize: 2)) { events.append(try event()) }
        return events
    }

    private mutating func run() throws -> Run {
        let run = Run(entities: correlator.entityNames.count)
        run.id = try reader.countedText()
        run.isGrowing = try reader.u8() != 0
        let count = try reader.varint()
        guard count < Self.countMax else { throw DetectorStateError("a count is too large") }
        run.count = Int(count)
        run.first = try event()
        run.last = try event()
        if try reader.u8() != 0 { run.latest = try event() }
        run.firstTime = try time()
        run.lastTime = try time()
        run.start.time = try time()
        run.start.index = try reader.varint()
        run.events = try events()
        for place in correlator.entityNames.indices {
            for _ in 0..<(try reader.count()) {
                run.entities[place].insert(try reader.countedBytes())
            }
        }
        if try reader.u8() != 0 { run.known = Set(try events()) }
        return run
    }

    private mutating func reference() throws -> UInt32? {
        let number = try reader.varint()
        if number == 0 { return nil }
        guard number <= UInt64(runs.count) else {
            throw DetectorStateError("it names a run that is none")
        }
        return runs[Int(number) - 1]
    }

    /// A value, taken in where the correlation is kept.
    private mutating func value(_ plan: CorrelationPlan?) throws -> UInt32 {
        let isThere = try reader.u8() != 0
        let bytes = isThere ? try reader.countedBytes() : []
        guard let plan else { return CorrelationStore.none }
        guard isThere == plan.hasValues, !plan.isNumeric || bytes.count == 16 else {
            throw DetectorStateError("a value is not as its rule needs it")
        }
        if !isThere { return CorrelationStore.none }
        if plan.isNumeric, abs(CorrelationNumber.read(bytes[...])) >= CorrelationNumber.bound {
            throw DetectorStateError("a number is too large")
        }
        return correlator.stores[plan.number].values.take(bytes.span)
    }

    private mutating func evidence(_ plan: CorrelationPlan?) throws -> UInt32 {
        let bytes = try reader.countedBytes()
        guard let plan, !bytes.isEmpty else { return CorrelationStore.none }
        return correlator.stores[plan.number].evidence.add(bytes.span)
    }

    private mutating func readWaiting() throws {
        let plan = try plan()
        let (time, clock) = (try time(), try time())
        let stage = try stage(plan)
        let key = try reader.countedBytes()
        let value = try value(plan)
        let event = try event()
        let evidence = try evidence(plan)
        guard let plan else { return }
        correlator.pending.append(
            Correlator.Match(
                time: time, clock: clock, index: event.index, place: event.place,
                evidence: evidence, key: try take(key, plan), value: value,
                correlation: UInt32(plan.number), stage: stage, isRun: false))
    }

    private mutating func take(_ key: [UInt8], _ plan: CorrelationPlan) throws -> UInt32 {
        guard GroupKey.values(key[...]).count == plan.keyCount else {
            throw DetectorStateError("a group has other fields than its rule")
        }
        return correlator.stores[plan.number].keys.take(key.span)
    }

    private mutating func readGroup() throws {
        let plan = try plan()
        let key = try reader.countedBytes()
        let clock = try time()
        let run = try reference()
        var cells: [Int64] = []
        for _ in 0..<(try reader.count(ofSize: 8)) { cells.append(try time()) }
        guard let plan else {
            for _ in 0..<(try reader.count(ofSize: 10)) { _ = try entry(nil) }
            return
        }
        let number = plan.number
        let group = try take(key, plan)
        guard !correlator.stores[number].isThere(group) else {
            throw DetectorStateError("a group stands in it twice")
        }
        guard cells.count == plan.cellCount else {
            throw DetectorStateError("a group remembers other numbers than its rule")
        }
        correlator.stores[number].open(group, clock: clock)
        // The group itself uses the key now.
        correlator.stores[number].keys.release(group)
        for (place, cell) in cells.enumerated() {
            correlator.stores[number].setCell(place, of: group, cell)
        }
        correlator.stores[number].setRun(
            run ?? CorrelationStore.none, of: group, &correlator.runs)
        try readEntries(group, plan)
        try check(group, plan)
        correlator.groupCount += 1
        correlator.entryCount += Int(correlator.stores[number].groups[group].count)
        guard plan.isJoint, plan.form == .closing else { return }
        let end = correlator.stores[number].cell(ClosingCell.end, of: group)
        if end != .min { correlator.schedule(end, group, number, plan) }
    }

    private mutating func readEntries(_ group: UInt32, _ plan: CorrelationPlan) throws {
        var last = Int64.min
        var sum: Int128 = 0
        for _ in 0..<(try reader.count(ofSize: 10)) {
            let entry = try entry(plan)
            guard entry.time >= last else {
                throw DetectorStateError("a window is not in order of time")
            }
            last = entry.time
            let before = correlator.stores[plan.number].groups[group].last
            let added = correlator.stores[plan.number].insert(
                entry, behind: before, of: group, correlator.runs)
            if plan.kind == .valueSum { sum += correlator.stores[plan.number].number(entry) }
            guard plan.form != .sequence,
                let identity = correlator.stores[plan.number].identity(entry)
            else { continue }
            if correlator.stores[plan.number].nodes[group, identity] == nil {
                correlator.stores[plan.number].nodes[group, identity] = added
            } else if plan.form == .sliding {
                throw DetectorStateError("a window counts something twice")
            }
        }
        if plan.form == .sliding, plan.kind == .valueSum {
            correlator.stores[plan.number].setWideCell(0, of: group, sum)
        }
    }

    private mutating func entry(_ plan: CorrelationPlan?) throws -> CorrelationStore.Entry {
        let time = try time()
        let stage = try stage(plan)
        let run = try reference()
        let value = try value(plan)
        if let run {
            return CorrelationStore.Entry(
                time: time, index: UInt64(run), place: 0, evidence: CorrelationStore.none,
                value: value, stage: stage, isRun: true)
        }
        let event = try event()
        return CorrelationStore.Entry(
            time: time, index: event.index, place: event.place, evidence: try evidence(plan),
            value: value, stage: stage, isRun: false)
    }

    /// Checks the counts among a group's cells.
    private func check(_ group: UInt32, _ plan: CorrelationPlan) throws {
        guard plan.form == .closing else { return }
        for cell in [ClosingCell.total, ClosingCell.dropped] {
            guard correlator.stores[plan.number].cell(cell, of: group) < Int64(Self.countMax) else {
                throw DetectorStateError("a count is too large")
            }
        }
    }
}
