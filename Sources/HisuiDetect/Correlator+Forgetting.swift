// What is forgotten, and in which order.
extension Correlator {
    /// How long after its last event a group is remembered, by the clock.
    private func memory(_ plan: CorrelationPlan) -> Int64 {
        let sum = plan.timespan.addingReportingOverflow(2 * (bounds.latenessNanoseconds ?? 0))
        return sum.overflow ? .max : sum.partialValue
    }

    /// Windows that end before this will take no more events that come in time, by the clock.
    func overdue(at clock: Int64) -> Int64 {
        guard let lateness = bounds.latenessNanoseconds else { return .min }
        let wait = 2 * lateness + Self.drainNanoseconds
        let time = clock.subtractingReportingOverflow(wait)
        return time.overflow ? .min : time.partialValue
    }

    /// Whether what a group remembers is past, by the clock: what comes now has no part in it.
    func isPast(_ group: UInt32, _ number: Int, _ plan: CorrelationPlan, at clock: Int64) -> Bool {
        if plan.form == .closing {
            let end = stores[number].cell(ClosingCell.end, of: group)
            return end != .min && end < overdue(at: clock)
        }
        let lastClock = stores[number].groups[group].lastClock
        let silence = clock.subtractingReportingOverflow(lastClock)
        return !silence.overflow && silence.partialValue > memory(plan)
    }

    /// Ends what a group remembers: a window is decided, what grows is closed.
    mutating func end(
        _ group: UInt32, _ number: Int, _ plan: CorrelationPlan, _ work: inout [Match]
    ) {
        if plan.form == .closing { closeWindow(of: group, number, plan, &work) }
        close(group, number)
    }

    /// Ends what a group remembers, and forgets it.
    mutating func endAndForget(
        _ group: UInt32, _ number: Int, _ plan: CorrelationPlan, _ work: inout [Match]
    ) {
        let entries = stores[number].entryCount
        end(group, number, plan, &work)
        entryCount += stores[number].entryCount - entries
        forget(group, number)
    }

    /// Forgets a group, and what it has.
    mutating func forget(_ group: UInt32, _ number: Int) {
        let entries = stores[number].entryCount
        stores[number].forget(group, &runs)
        groupCount -= 1
        entryCount += stores[number].entryCount - entries
    }

    /// Forgets groups of a time that the clock, set back, has yet to reach: what comes now would
    /// be too late for them.
    mutating func forgetFuture() {
        for number in stores.indices {
            for group in stores[number].groupNumbers
            where stores[number].groups[group].lastClock > clock {
                close(group, number)
                forget(group, number)
            }
        }
    }

    /// Forgets groups for which nothing came for long, and decides windows that are complete.
    mutating func sweep() {
        for root in timers.indices { closeWindows(of: root, before: overdue(at: clock)) }
        for number in stores.indices {
            guard let plan = plans[number], stores[number].groupCount > 0 else { continue }
            var none: [Match] = []
            for group in stores[number].groupNumbers
            where isPast(group, number, plan, at: clock) {
                endAndForget(group, number, plan, &none)
            }
        }
    }

    var isFull: Bool {
        if groupCount > bounds.groupsMax || entryCount > bounds.entriesMax { return true }
        // Adding up takes time, so it is done now and then: as often as the rows have it.
        guard bounds.bytesMax < .max, taken & 255 == 0 else { return false }
        return stores.reduce(0) { $0 + $1.liveBytes } > bounds.bytesMax
    }

    /// Makes room where a bound was reached: forgets an eighth of the groups, those that were
    /// silent for longest. Which ones does not depend on anything but the rows. A window that is
    /// not complete is not decided.
    mutating func makeRoom() {
        var all: [(clock: Int64, number: Int, group: UInt32)] = []
        all.reserveCapacity(groupCount)
        for number in stores.indices {
            for group in stores[number].groupNumbers {
                all.append((stores[number].groups[group].lastClock, number, group))
            }
        }
        all.sort { a, b in
            if a.clock != b.clock { return a.clock < b.clock }
            if a.number != b.number { return a.number < b.number }
            return stores[a.number].keys.bytes(a.group)
                .lexicographicallyPrecedes(stores[b.number].keys.bytes(b.group))
        }
        for (_, number, group) in all.prefix(max(1, all.count / 8)) {
            close(group, number)
            forget(group, number)
            counts.evicted += 1
        }
    }
}
