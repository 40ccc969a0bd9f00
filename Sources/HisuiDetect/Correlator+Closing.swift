// Windows that are decided when no more events can join them.
//
// The first event of a group that is in no earlier window opens one, which ends a timespan later.
// So every event is in exactly one window, whatever the order in which they come.
extension Correlator {
    /// Takes an entry into the window of its group.
    mutating func gather(
        _ match: Match, _ number: Int, _ plan: CorrelationPlan, _ work: inout [Match]
    ) {
        let group = match.key
        var end = stores[number].cell(ClosingCell.end, of: group)
        if end != .min, match.time > end {
            closeWindow(of: group, number, plan, &work)
            stores[number].setCell(ClosingCell.closedUntil, of: group, end)
            end = .min
        }
        let closedUntil = stores[number].cell(ClosingCell.closedUntil, of: group)
        let (start, isFirst) = end.subtractingReportingOverflow(plan.timespan)
        let isLate = end != .min && !isFirst && match.time < start
        if isLate || closedUntil != .min && match.time <= closedUntil {
            counts.late += 1
            drop(match, number)
            return
        }
        if end == .min { openWindow(match, number, plan) }
        let isSpent = stores[number].cell(ClosingCell.isSpent, of: group) != .min
        if isSpent || isCounted(match, number, plan) {
            drop(match, number)
            return
        }
        count(match, number, plan)
        if measured(group, number, plan) > plan.most {
            spend(group, number)
            drop(match, number)
        } else if isRemembered(match, number, plan) {
            let place = stores[number].place(of: match.time, in: group)
            let added = stores[number].insert(entry(match), behind: place, of: group, runs)
            if let identity = stores[number].identity(entry(match)),
                stores[number].nodes[group, identity] == nil
            {
                stores[number].nodes[group, identity] = added
            }
        } else {
            if !isSameEvent(match, number) { add(1, ClosingCell.dropped, group, number) }
            drop(match, number)
        }
        guard !match.isRun else { return }
        stores[number].setCell(ClosingCell.lastIndex, of: group, Int64(bitPattern: match.index))
        stores[number].setCell(ClosingCell.lastPlace, of: group, Int64(match.place))
    }

    private mutating func openWindow(_ match: Match, _ number: Int, _ plan: CorrelationPlan) {
        let (sum, isOver) = match.time.addingReportingOverflow(plan.timespan)
        let end = isOver ? .max : sum
        stores[number].setCell(ClosingCell.end, of: match.key, end)
        if plan.isJoint { schedule(end, match.key, number, plan) }
    }

    /// Has a window decided in its turn.
    mutating func schedule(
        _ end: Int64, _ group: UInt32, _ number: Int, _ plan: CorrelationPlan
    ) {
        stores[number].keys.retain(group)
        timers[plan.root].add(
            WindowQueue.Item(
                end: end, level: plan.level, correlation: number, group: group,
                key: Array(stores[number].keys.bytes(group))))
    }

    private mutating func add(_ count: Int64, _ cell: Int, _ group: UInt32, _ number: Int) {
        stores[number].setCell(cell, of: group, counted(cell, group, number) &+ count)
    }

    private func counted(_ cell: Int, _ group: UInt32, _ number: Int) -> Int64 {
        max(0, stores[number].cell(cell, of: group))
    }

    private func isSameEvent(_ match: Match, _ number: Int) -> Bool {
        !match.isRun
            && stores[number].cell(ClosingCell.lastPlace, of: match.key) == Int64(match.place)
            && stores[number].cell(ClosingCell.lastIndex, of: match.key)
                == Int64(bitPattern: match.index)
    }

    /// Whether the event or run is in the window already and changes nothing in it.
    private func isCounted(_ match: Match, _ number: Int, _ plan: CorrelationPlan) -> Bool {
        switch plan.kind {
        case .temporal, .temporalOrdered:
            let last = stores[number].groups[match.key].last
            guard match.isRun, last != CorrelationStore.none else { return false }
            let entry = stores[number].entries[last]
            return entry.isRun && entry.run == match.run && entry.stage == match.stage
        case .valueCount:
            guard let known = stores[number].nodes[match.key, match.value] else { return false }
            let entry = stores[number].entries[known]
            return entry.isRun == match.isRun && entry.index == match.index
                && entry.place == match.place
        default:
            return match.isRun
                ? stores[number].nodes[match.key, match.run] != nil : isSameEvent(match, number)
        }
    }

    private mutating func count(_ match: Match, _ number: Int, _ plan: CorrelationPlan) {
        let group = match.key
        switch plan.kind {
        case .temporal:
            let bit = Int64(bitPattern: 1 << UInt64(match.stage))
            // The bit of the last rule alone reads like a cell that is not set.
            let isFirst = counted(ClosingCell.total, group, number) == 0
            let rules = isFirst ? 0 : stores[number].cell(ClosingCell.rules, of: group)
            stores[number].setCell(ClosingCell.rules, of: group, rules | bit)
            stores[number].setCell(ClosingCell.total, of: group, 1)
        case .temporalOrdered:
            var longest: Int64 = 0
            for before in 0..<Int(match.stage) {
                longest = max(longest, counted(ClosingCell.lengths + before, group, number))
            }
            let cell = ClosingCell.lengths + Int(match.stage)
            let length = max(longest &+ 1, counted(cell, group, number))
            stores[number].setCell(cell, of: group, length)
            let total = max(counted(ClosingCell.total, group, number), length)
            stores[number].setCell(ClosingCell.total, of: group, total)
        case .valueCount:
            if stores[number].nodes[group, match.value] == nil {
                add(1, ClosingCell.total, group, number)
            }
        default:
            add(1, ClosingCell.total, group, number)
            guard plan.kind == .valueSum || plan.kind == .valueAverage else { return }
            let sum = stores[number].wideCell(ClosingCell.sum, of: group)
            stores[number].setWideCell(
                ClosingCell.sum, of: group, sum &+ stores[number].number(entry(match)))
        }
    }

    /// The count that a condition may bound from above; the least number where it is no count.
    private func measured(_ group: UInt32, _ number: Int, _ plan: CorrelationPlan) -> Int {
        switch plan.kind {
        case .eventCount, .valueCount, .temporalOrdered:
            Int(counted(ClosingCell.total, group, number))
        case .temporal: seen(group, number)
        default: .min
        }
    }

    private func seen(_ group: UInt32, _ number: Int) -> Int {
        if counted(ClosingCell.total, group, number) == 0 { return 0 }
        return stores[number].cell(ClosingCell.rules, of: group).nonzeroBitCount
    }

    /// Remembers of a window only that it cannot hold any more.
    private mutating func spend(_ group: UInt32, _ number: Int) {
        while case let first = stores[number].groups[group].first,
            first != CorrelationStore.none
        {
            stores[number].remove(first, of: group, &runs)
        }
        stores[number].setCell(ClosingCell.isSpent, of: group, 1)
    }

    /// Whether an entry is needed: as one of those a finding names, or for what is measured.
    private mutating func isRemembered(
        _ match: Match, _ number: Int, _ plan: CorrelationPlan
    ) -> Bool {
        let count = Int(stores[number].groups[match.key].count)
        if count < min(bounds.eventsMax, bounds.groupMax) { return true }
        let isNeeded: Bool
        switch plan.kind {
        case .valuePercentile: isNeeded = true
        case .valueCount:
            isNeeded =
                stores[number].nodes[match.key, match.value] == nil
                && measured(match.key, number, plan) <= plan.condition.decided + 1
        default: isNeeded = match.isRun
        }
        guard isNeeded else { return false }
        if count < bounds.groupMax { return true }
        counts.cut += 1
        return false
    }

    // MARK: - The end of a window

    /// Decides windows of joined correlations that end before `time`, in order, nil: all of them.
    mutating func closeWindows(of root: Int, before time: Int64?) {
        while let first = timers[root].first, time.map({ first.end < $0 }) ?? true {
            let item = timers[root].removeFirst()
            let number = item.correlation
            if let plan = plans[number], stores[number].isThere(item.group),
                stores[number].cell(ClosingCell.end, of: item.group) == item.end
            {
                var work: [Match] = []
                endAndForget(item.group, number, plan, &work)
                settle(&work)
            }
            stores[number].keys.release(item.group)
        }
    }

    /// Decides the window of a group, if there is one, and lets it go.
    mutating func closeWindow(
        of group: UInt32, _ number: Int, _ plan: CorrelationPlan, _ work: inout [Match]
    ) {
        let end = stores[number].cell(ClosingCell.end, of: group)
        if end == .min { return }
        // What is decided now is remembered from now on, not from its last event.
        let isLive = bounds.latenessNanoseconds != nil
        let clock = max(stores[number].groups[group].lastClock, isLive ? end : .min)
        if stores[number].cell(ClosingCell.isSpent, of: group) == .min,
            let run = decided(group, number, plan, at: end)
        {
            tell(run, number, .final)
            let added = runs.add(run)
            feed(added, at: end, clock, group, plan, &work)
            runs.release(added)
        }
        stores[number].clear(group, &runs)
    }

    /// The run of a window whose condition holds.
    private func decided(
        _ group: UInt32, _ number: Int, _ plan: CorrelationPlan, at end: Int64
    ) -> Run? {
        let total = counted(ClosingCell.total, group, number)
        let condition = plan.condition
        var shares: Set<UInt32>?
        switch plan.kind {
        case .eventCount, .valueCount, .temporalOrdered:
            if !condition.holds(Int128(total)) { return nil }
        case .temporal:
            if !condition.holds(Int128(seen(group, number))) { return nil }
        case .valueSum:
            let sum = stores[number].wideCell(ClosingCell.sum, of: group)
            if !condition.holds(sum) { return nil }
        case .valueAverage:
            let sum = stores[number].wideCell(ClosingCell.sum, of: group)
            if !condition.holds(sum, over: Int128(total)) { return nil }
        case .valuePercentile(let rank?):
            if !condition.holds(percentile(rank, group, number)) { return nil }
        case .valuePercentile(nil):
            shares = self.shares(group, number, condition)
            if shares?.isEmpty ?? true { return nil }
        }
        let run = begin(group, number, plan, at: end) { shares?.contains($0.value) ?? true }
        if shares == nil { run.count += Int(counted(ClosingCell.dropped, group, number)) }
        return run
    }

    /// The value at a rank: the least that so many of a hundred do not exceed (the nearest rank).
    private func percentile(_ percent: Int128, _ group: UInt32, _ number: Int) -> Int128 {
        var values: [Int128] = []
        stores[number].forEach(of: group) { _, entry in
            values.append(stores[number].number(entry))
        }
        values.sort()
        let all = 100 * CorrelationNumber.one
        let rank = (percent * Int128(values.count) + all - 1) / all
        return values.isEmpty ? 0 : values[max(0, Int(rank) - 1)]
    }

    /// Values whose share of all, in percent, satisfies the condition.
    private func shares(
        _ group: UInt32, _ number: Int, _ condition: CorrelationCondition
    ) -> Set<UInt32> {
        var counts: [UInt32: Int128] = [:]
        var total: Int128 = 0
        stores[number].forEach(of: group) { _, entry in
            counts[entry.value, default: 0] += 1
            total += 1
        }
        let all = 100 * CorrelationNumber.one
        return Set(counts.filter { condition.holds($0.value * all, over: total) }.keys)
    }
}
