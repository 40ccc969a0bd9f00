import HisuiEvent

// How an entry joins the window of its group.
extension Correlator {
    /// Takes an entry into its group, and what that completes into the correlations above.
    mutating func take(
        _ entry: CorrelationEntry, _ number: Int, _ key: [[UInt8]], _ clock: Int64
    ) {
        guard case .correlation(let correlation) = rules[number].body else { return }
        var group = groups[number].removeValue(forKey: key) ?? CorrelationGroup()
        let (hadGroup, hadEntries) = (group.lastClock != .min, group.window.count)
        if hadGroup, isIdle(group, correlation, at: clock) {
            close(group, number)
            group = CorrelationGroup()
        }
        group.lastClock = max(group.lastClock, max(clock, .min + 1))
        let newest = max(entry.time, group.window.last?.time ?? .min)
        let horizon = newest.subtractingReportingOverflow(correlation.timespanNanoseconds)
        let oldest = horizon.overflow ? Int64.min : horizon.partialValue
        group.window.prune(before: oldest)
        var completed: Run?
        if entry.time < oldest {
            counts.late += 1
        } else {
            switch correlation.kind {
            case .eventCount(let least): completed = count(entry, least, number, key, &group)
            case .temporal, .temporalOrdered:
                completed = order(entry, correlation, oldest, number, key, &group)
            }
        }
        let isKept = !group.window.isEmpty || group.run != nil
        if isKept { groups[number][key] = group }
        groupCount += (isKept ? 1 : 0) - (hadGroup ? 1 : 0)
        entryCount += (isKept ? group.window.count : 0) - hadEntries
        if groupCount > bounds.groupsMax || entryCount > bounds.entriesMax { makeRoom() }
        guard let completed else { return }
        for feed in rules[number].feeds {
            let next = CorrelationEntry(
                time: completed.lastTime, stage: feed.stage, evidence: nil, run: completed)
            take(next, feed.correlation, feed.key.map { key[$0] }, clock)
        }
    }

    /// Counts an event; gives the run if there are enough.
    ///
    /// The newest `least` entries decide, so no more are kept.
    private mutating func count(
        _ entry: CorrelationEntry, _ least: Int, _ number: Int, _ key: [[UInt8]],
        _ group: inout CorrelationGroup
    ) -> Run? {
        let place = group.window.place(of: entry.time)
        // An event that satisfies several of the rules is one event.
        if let event = entry.evidence?.event, group.window.holds(event, before: place) {
            return nil
        }
        group.window.insert(entry, at: place)
        group.window.trim(to: least)
        guard group.window.count >= least else {
            close(group, number)
            group.run = nil
            return nil
        }
        if let run = group.run {
            run.add(entry, eventsMax: bounds.eventsMax, valuesMax: bounds.valuesMax)
            return run
        }
        let run = begin(group.window.entries, number, key, at: entry.time, isGrowing: true)
        group.run = run
        tell(run, number, .open)
        return run
    }

    /// Takes an event into a sequence; gives the run of it and those before if it is complete.
    private mutating func order(
        _ entry: CorrelationEntry, _ correlation: Correlation, _ oldest: Int64, _ number: Int,
        _ key: [[UInt8]], _ group: inout CorrelationGroup
    ) -> Run? {
        let place = group.window.place(of: entry.time)
        let isLast = entry.time >= group.window.last?.time ?? .min
        var isComplete = false
        if isLast {
            isComplete = step(entry, correlation, oldest, &group.times)
        }
        if isLast, let run = entry.run, let last = group.window.last, last.run === run,
            last.stage == entry.stage
        {
            group.window.replaceLast(entry)
        } else {
            group.window.insert(entry, at: place)
        }
        if !isLast {
            // It came late: what was seen before is gone through again with it.
            if !group.window.isCut { group.times = [] }
            for known in group.window.entries {
                isComplete = step(known, correlation, oldest, &group.times) || isComplete
            }
        }
        guard isComplete else {
            if group.window.count > bounds.windowMax {
                counts.cut += UInt64(group.window.count - bounds.windowMax)
                group.window.trim(to: bounds.windowMax)
                group.window.isCut = true
            }
            return nil
        }
        var entries = group.window.entries
        if correlation.kind == .temporalOrdered { entries = entries.drop { $0.stage != 0 } }
        if entries.isEmpty { entries = group.window.entries }
        let run = begin(entries, number, key, at: entry.time)
        let clock = group.lastClock
        group = CorrelationGroup()
        group.lastClock = clock
        tell(run, number, .final)
        return run
    }

    /// One entry of a sequence; whether it completes it.
    private func step(
        _ entry: CorrelationEntry, _ correlation: Correlation, _ oldest: Int64,
        _ times: inout [Int64?]
    ) -> Bool {
        if times.isEmpty { times = [Int64?](repeating: nil, count: correlation.stages) }
        let stage = entry.stage
        if correlation.kind == .temporal {
            times[stage] = max(times[stage] ?? entry.time, entry.time)
            return times.allSatisfy { ($0 ?? .min) >= oldest && $0 != nil }
        }
        if stage == 0 {
            times[0] = max(times[0] ?? entry.time, entry.time)
        } else if let start = times[stage - 1], start >= oldest {
            times[stage] = max(times[stage] ?? start, start)
        }
        return stage == correlation.stages - 1 && (times[stage].map { $0 >= oldest } ?? false)
    }

    private func begin(
        _ entries: ArraySlice<CorrelationEntry>, _ number: Int, _ key: [[UInt8]], at time: Int64,
        isGrowing: Bool = false
    ) -> Run {
        let run = Run(entities: entityNames.count)
        run.isGrowing = isGrowing
        for entry in entries {
            run.add(entry, eventsMax: bounds.eventsMax, valuesMax: bounds.valuesMax)
        }
        run.start = (time, run.events.map(\.index).max() ?? 0)
        if rules[number].isFinding {
            // A sequence is complete when it is found, and a run in it may serve another one: so
            // both ends name it. What an event_count ends with is not known yet.
            let ends = run.isGrowing ? [run.first] : [run.first, run.last]
            run.id = Finding.id(
                rule: rules[number].id, group: key,
                events: ends.map {
                    EventReference(place: places[Int($0.place)], index: $0.index)
                })
        }
        return run
    }

    /// Ends what is growing in a group that is let go.
    mutating func close(_ group: CorrelationGroup, _ number: Int) {
        if let run = group.run { tell(run, number, .final) }
    }

    private mutating func tell(_ run: Run, _ number: Int, _ state: Finding.State) {
        guard !run.id.isEmpty, state == .final || bounds.latenessNanoseconds != nil else { return }
        let finding = Finding(rules[number], run, state, entities: entityNames, places: places)
        found.append((run.start.time, run.start.index, finding))
    }
}
