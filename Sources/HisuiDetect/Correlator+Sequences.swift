// Sequences: found when they are complete, and then everything begins anew.
//
// Cell 0 of a group says whether entries were let go that are not too old. Of `temporal`, the cell
// of each stage has the time at which it was last seen; of `temporal_ordered`, the latest time at
// which a chain up to it began, and where not all rules are asked for, one such time for each
// length of a chain.
extension Correlator {
    /// Takes an entry into a sequence; gives the run of it and those before, used once, if it is
    /// complete.
    mutating func order(_ match: Match, _ number: Int, _ plan: CorrelationPlan) -> UInt32? {
        let group = match.key
        let last = stores[number].groups[group].last
        let lastTime = last == CorrelationStore.none ? .min : stores[number].entries[last].time
        let horizon = max(match.time, lastTime).subtractingReportingOverflow(plan.timespan)
        let oldest = horizon.overflow ? .min : horizon.partialValue
        while case let first = stores[number].groups[group].first,
            first != CorrelationStore.none, stores[number].entries[first].time < oldest
        {
            stores[number].remove(first, of: group, &runs)
        }
        if match.time < oldest {
            counts.late += 1
            drop(match, number)
            return nil
        }
        let isLast = match.time >= lastTime
        var isComplete = false
        if isLast {
            isComplete = step(Int(match.stage), match.time, oldest, group, number, plan)
        }
        put(match, number, isLast: isLast)
        if !isLast {
            // It came late: what was seen before is gone through again with it.
            if stores[number].cell(0, of: group) == .min { clearCells(group, number, plan) }
            var steps: [(stage: Int, time: Int64)] = []
            stores[number].forEach(of: group) { _, entry in
                steps.append((Int(entry.stage), entry.time))
            }
            for (stage, time) in steps {
                isComplete = step(stage, time, oldest, group, number, plan) || isComplete
            }
        }
        guard isComplete else {
            trim(group, number)
            return nil
        }
        return complete(match, number, plan)
    }

    private mutating func put(_ match: Match, _ number: Int, isLast: Bool) {
        let group = match.key
        let last = stores[number].groups[group].last
        if isLast, match.isRun, last != CorrelationStore.none,
            case let entry = stores[number].entries[last],
            entry.isRun, entry.run == match.run, entry.stage == match.stage
        {
            stores[number].setTime(last, match.time)
            drop(match, number)
            return
        }
        let place = stores[number].place(of: match.time, in: group)
        _ = stores[number].insert(entry(match), behind: place, of: group, runs)
    }

    private mutating func trim(_ group: UInt32, _ number: Int) {
        while stores[number].groups[group].count > bounds.windowMax {
            stores[number].remove(stores[number].groups[group].first, of: group, &runs)
            stores[number].setCell(0, of: group, 1)
            counts.cut += 1
        }
    }

    private mutating func complete(
        _ match: Match, _ number: Int, _ plan: CorrelationPlan
    ) -> UInt32 {
        // A chain begins with a rule behind which there are enough others.
        var hasBegun = plan.kind == .temporal
        if !hasBegun {
            var isPossible = false
            stores[number].forEach(of: match.key) { _, entry in
                isPossible = isPossible || Int(entry.stage) <= plan.stages - plan.least
            }
            hasBegun = !isPossible
        }
        let run = begin(match.key, number, plan, at: match.time) { entry in
            hasBegun = hasBegun || Int(entry.stage) <= plan.stages - plan.least
            return hasBegun
        }
        stores[number].clear(match.key, &runs)
        tell(run, number, .final)
        return runs.add(run)
    }

    private mutating func clearCells(_ group: UInt32, _ number: Int, _ plan: CorrelationPlan) {
        for place in 0..<plan.cellCount { stores[number].setCell(place, of: group, .min) }
    }

    /// One entry of a sequence; whether it completes it.
    private mutating func step(
        _ stage: Int, _ time: Int64, _ oldest: Int64, _ group: UInt32, _ number: Int,
        _ plan: CorrelationPlan
    ) -> Bool {
        if plan.isPartOrdered { return partStep(stage, time, oldest, group, number, plan) }
        let own = stores[number].cell(stage + 1, of: group)
        if plan.kind == .temporal {
            stores[number].setCell(stage + 1, of: group, max(own, time))
            var seen = 0
            for place in 1...plan.stages {
                let time = stores[number].cell(place, of: group)
                if time != .min, time >= oldest { seen += 1 }
            }
            return seen >= plan.least
        }
        if stage == 0 {
            stores[number].setCell(1, of: group, max(own, time))
        } else if case let start = stores[number].cell(stage, of: group), start != .min,
            start >= oldest
        {
            stores[number].setCell(stage + 1, of: group, max(own, start))
        }
        let start = stores[number].cell(stage + 1, of: group)
        return stage == plan.stages - 1 && start != .min && start >= oldest
    }

    /// The same where only some of the rules have to be satisfied, in their order.
    private mutating func partStep(
        _ stage: Int, _ time: Int64, _ oldest: Int64, _ group: UInt32, _ number: Int,
        _ plan: CorrelationPlan
    ) -> Bool {
        for length in 0..<plan.least {
            var start = length == 0 ? time : Int64.min
            if length > 0 {
                for before in 0..<stage {
                    let cell = 1 + before * plan.least + length - 1
                    start = max(start, stores[number].cell(cell, of: group))
                }
                if start == .min || start < oldest { continue }
            }
            let cell = 1 + stage * plan.least + length
            let own = stores[number].cell(cell, of: group)
            stores[number].setCell(cell, of: group, max(own, start))
        }
        let start = stores[number].cell(1 + stage * plan.least + plan.least - 1, of: group)
        return start != .min && start >= oldest
    }
}
