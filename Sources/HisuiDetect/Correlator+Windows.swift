import HisuiBytes
import HisuiEvent

// How a match joins its group.
extension Correlator {
    /// Takes a match into its group; what that completes is added to `work`, for the correlations
    /// above.
    mutating func take(_ match: Match, _ plan: CorrelationPlan, _ work: inout [Match]) {
        let number = Int(match.correlation)
        let before = (stores[number].groupCount, stores[number].entryCount)
        if stores[number].isThere(match.key), isPast(match.key, number, plan, at: match.clock) {
            end(match.key, number, plan, &work)
            stores[number].clear(match.key, &runs)
        }
        stores[number].open(match.key, clock: match.clock)
        var completed: UInt32?
        switch plan.form {
        case .sliding: completed = slide(match, number, plan)
        case .sequence: completed = order(match, number, plan)
        case .closing: gather(match, number, plan, &work)
        }
        taken &+= 1
        if let run = completed {
            feed(run, at: runs[run]?.lastTime ?? match.time, match.clock, match.key, plan, &work)
            runs.release(run)
        }
        let group = stores[number].groups[match.key]
        let isKept =
            group.count > 0 || group.run != CorrelationStore.none
            || plan.form == .closing
                && stores[number].cell(ClosingCell.end, of: match.key) != .min
        if !isKept { stores[number].forget(match.key, &runs) }
        stores[number].keys.release(match.key)
        if match.isRun { runs.release(match.run) }
        groupCount += stores[number].groupCount - before.0
        entryCount += stores[number].entryCount - before.1
        if isFull { makeRoom() }
    }

    /// Tells the correlations over one of them of a run.
    mutating func feed(
        _ run: UInt32, at time: Int64, _ clock: Int64, _ group: UInt32, _ plan: CorrelationPlan,
        _ work: inout [Match]
    ) {
        if plan.feeds.isEmpty { return }
        let parts = GroupKey.values(stores[plan.number].keys.bytes(group))
        for feed in plan.feeds {
            let key = GroupKey.encode(feed.key.map { parts[$0] })
            guard let value = take(GroupKey.encode(feed.value.map { parts[$0] }).span, feed) else {
                counts.unmeasured += 1
                continue
            }
            runs.retain(run)
            work.append(
                Match(
                    time: time, clock: clock, index: UInt64(run), place: 0,
                    evidence: CorrelationStore.none,
                    key: stores[feed.correlation].keys.take(key.span), value: value,
                    correlation: UInt32(feed.correlation), stage: UInt16(feed.stage), isRun: true))
        }
    }

    /// Lets go of what a match that does not join its group has brought.
    mutating func drop(_ match: Match, _ number: Int) {
        stores[number].release(value: match.value, evidence: match.evidence)
    }

    func entry(_ match: Match) -> CorrelationStore.Entry {
        CorrelationStore.Entry(
            time: match.time, index: match.index, place: match.place, evidence: match.evidence,
            value: match.value, stage: match.stage, isRun: match.isRun)
    }

    /// What a finding takes from an entry.
    func told(_ entry: CorrelationStore.Entry, _ number: Int) -> CorrelationEntry {
        if entry.isRun { return CorrelationEntry(time: entry.time, run: runs[entry.run]) }
        let entities =
            entry.evidence == CorrelationStore.none
            ? entityNames.map { _ in nil }
            : Evidence.decode(
                stores[number].evidence.bytes(entry.evidence), count: entityNames.count)
        return CorrelationEntry(
            time: entry.time, evidence: Evidence(event: entry.event, entities: entities))
    }

    /// How far back from its newest entry, or from `time`, a window reaches.
    private func oldest(
        _ group: UInt32, _ number: Int, _ plan: CorrelationPlan, _ time: Int64
    ) -> Int64 {
        let last = stores[number].groups[group].last
        let newest = max(
            time, last == CorrelationStore.none ? .min : stores[number].entries[last].time)
        let horizon = newest.subtractingReportingOverflow(plan.timespan)
        return horizon.overflow ? .min : horizon.partialValue
    }

    // MARK: - Windows that slide

    /// Takes an entry; gives the run, used once more, if the condition holds now.
    private mutating func slide(
        _ match: Match, _ number: Int, _ plan: CorrelationPlan
    ) -> UInt32? {
        let group = match.key
        let oldest = oldest(group, number, plan, match.time)
        shorten(group, number, plan) { $0.time < oldest }
        if stores[number].groups[group].count == 0 {
            // None came for a timespan: what grew has ended, also where one event suffices.
            close(group, number)
            stores[number].setRun(CorrelationStore.none, of: group, &runs)
        }
        if match.time < oldest {
            counts.late += 1
            drop(match, number)
            return nil
        }
        guard !isKnown(match, number, plan) else {
            drop(match, number)
            return nil
        }
        let entry = entry(match)
        let told = told(entry, number)
        if stores[number].identity(entry).map({ isNewest(entry, $0, group, number) }) ?? true {
            put(entry, group, number, plan)
        } else {
            drop(match, number)
        }
        guard holds(group, number, plan) else {
            close(group, number)
            stores[number].setRun(CorrelationStore.none, of: group, &runs)
            return nil
        }
        let known = stores[number].groups[group].run
        if known != CorrelationStore.none {
            runs[known]?.add(told, eventsMax: bounds.eventsMax, valuesMax: bounds.valuesMax)
            runs.retain(known)
            return known
        }
        let run = begin(group, number, plan, at: match.time) { _ in true }
        run.isGrowing = true
        let added = runs.add(run)
        stores[number].setRun(added, of: group, &runs)
        tell(run, number, .open)
        return added
    }

    /// Puts an entry into a window of which it is the newest of its identity.
    private mutating func put(
        _ entry: CorrelationStore.Entry, _ group: UInt32, _ number: Int, _ plan: CorrelationPlan
    ) {
        let identity = stores[number].identity(entry)
        if let identity, let before = stores[number].nodes[group, identity] {
            take(before, of: group, number, plan)
        }
        let place = stores[number].place(of: entry.time, in: group)
        let added = stores[number].insert(entry, behind: place, of: group, runs)
        if let identity { stores[number].nodes[group, identity] = added }
        if plan.kind == .valueSum {
            let sum = stores[number].wideCell(0, of: group) &+ stores[number].number(entry)
            stores[number].setWideCell(0, of: group, sum)
            while stores[number].groups[group].count > bounds.groupMax {
                counts.cut += 1
                take(stores[number].groups[group].first, of: group, number, plan)
            }
        } else {
            // The newest `least` decide, so no more are kept.
            while stores[number].groups[group].count > plan.least {
                take(stores[number].groups[group].first, of: group, number, plan)
            }
        }
    }

    /// Takes an entry out of a window that slides.
    private mutating func take(
        _ entry: UInt32, of group: UInt32, _ number: Int, _ plan: CorrelationPlan
    ) {
        if plan.kind == .valueSum {
            let value = stores[number].number(stores[number].entries[entry])
            let sum = stores[number].wideCell(0, of: group)
            stores[number].setWideCell(0, of: group, sum &- value)
        }
        stores[number].remove(entry, of: group, &runs)
    }

    /// Lets go of a window's first entries.
    private mutating func shorten(
        _ group: UInt32, _ number: Int, _ plan: CorrelationPlan,
        while isOld: (CorrelationStore.Entry) -> Bool
    ) {
        while case let first = stores[number].groups[group].first, first != CorrelationStore.none,
            isOld(stores[number].entries[first])
        { take(first, of: group, number, plan) }
    }

    private func holds(_ group: UInt32, _ number: Int, _ plan: CorrelationPlan) -> Bool {
        if plan.kind != .valueSum { return stores[number].groups[group].count >= plan.least }
        return stores[number].groups[group].count > 0
            && plan.condition.holds(stores[number].wideCell(0, of: group))
    }

    /// Whether the window has no later entry of this identity.
    private func isNewest(
        _ entry: CorrelationStore.Entry, _ identity: UInt32, _ group: UInt32, _ number: Int
    ) -> Bool {
        guard let before = stores[number].nodes[group, identity] else { return true }
        return stores[number].entries[before].time <= entry.time
    }

    /// Whether the window has the event already, from another rule: it is one event. Where values
    /// are counted, with the same value.
    private func isKnown(_ match: Match, _ number: Int, _ plan: CorrelationPlan) -> Bool {
        if match.isRun { return false }
        if plan.kind == .valueCount {
            guard let before = stores[number].nodes[match.key, match.value] else { return false }
            let entry = stores[number].entries[before]
            return !entry.isRun && entry.event == match.event
        }
        var at = stores[number].place(of: match.time, in: match.key)
        while at != CorrelationStore.none {
            let entry = stores[number].entries[at]
            if !entry.isRun || entry.time < match.time {
                return !entry.isRun && entry.event == match.event
            }
            at = entry.previous
        }
        return false
    }

    // MARK: - Findings

    /// Makes a run of the entries of a group that are wanted.
    func begin(
        _ group: UInt32, _ number: Int, _ plan: CorrelationPlan, at time: Int64,
        where isWanted: (CorrelationStore.Entry) -> Bool
    ) -> Run {
        let run = Run(entities: entityNames.count)
        stores[number].forEach(of: group) { _, entry in
            if isWanted(entry) {
                run.add(
                    told(entry, number), eventsMax: bounds.eventsMax, valuesMax: bounds.valuesMax)
            }
        }
        run.start = (time, run.events.map(\.index).max() ?? 0)
        // A sequence is complete when it is found, and a run in it may serve another one: so both
        // ends name it, and so where a sum that fell rises again over the same first event. What
        // a count ends with is not known yet, and its first event is in no other one.
        let isNamedByBoth =
            plan.form == .sequence || plan.kind == .valueSum && plan.form == .sliding
            || plan.isOverRuns
        let ends = isNamedByBoth ? [run.first, run.last] : [run.first]
        run.id = Finding.id(
            rule: rules[number].id,
            group: GroupKey.values(stores[number].keys.bytes(group)).map { Array($0) },
            events: ends.map {
                EventReference(place: places[Int($0.place)], index: $0.index)
            })
        return run
    }

    /// Ends what is growing in a group that is let go.
    mutating func close(_ group: UInt32, _ number: Int) {
        let run = stores[number].groups[group].run
        if run != CorrelationStore.none, let run = runs[run] { tell(run, number, .final) }
    }

    mutating func tell(_ run: Run, _ number: Int, _ state: Finding.State) {
        guard rules[number].isFinding, state == .final || bounds.latenessNanoseconds != nil
        else { return }
        let finding = Finding(rules[number], run, state, entities: entityNames, places: places)
        found.append((run.start.time, run.start.index, finding))
    }
}

/// The values of a group's fields, each counted, as the bytes by which the group is known.
enum GroupKey {
    static func encode(_ values: [ArraySlice<UInt8>]) -> [UInt8] {
        var bytes: [UInt8] = []
        for value in values { bytes.appendCounted(value) }
        return bytes
    }

    /// The values in `bytes`; as many as there are whole.
    static func values(_ bytes: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        var values: [ArraySlice<UInt8>] = []
        var reader = ByteReader(bytes.span)
        while reader.remaining > 0, let value = try? reader.countedBytes() {
            values.append(value[...])
        }
        return values
    }
}
