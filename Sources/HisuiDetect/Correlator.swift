import HisuiEvent

/// Joins matches of rules into findings of correlations, by the events' own time.
///
/// One machine for files and for a daemon; they differ in when a match is gone through:
///
///     files    all matches are held, sorted by (time, event) and gone through by `finish`
///     daemon   a match waits until the clock has gone on by `lateness`, so that what comes in the
///              wrong order is put right, then is gone through with those of its group before it
///
/// The clock is the greatest receive time of any row given so far. It depends on the rows and
/// their order and on nothing else, and neither on where one batch ends, so that rows that are
/// gone through again after a crash give the same findings with the same ids. (In silence `tick`
/// moves it, well behind the time of day.) An event that comes later still joins its window as
/// long as the window reaches back to it, and is counted otherwise.
///
/// A window is closed at both ends: events exactly a timespan apart are within it. A group is
/// forgotten when nothing came for it for a timespan, by the clock.
struct Correlator {
    /// How much is remembered.
    struct Bounds: Sendable {
        /// How long a match waits; nil: until the end.
        var latenessNanoseconds: Int64?
        var eventsMax = Int.max
        var valuesMax = Int.max
        var windowMax = Int.max
        var groupsMax = Int.max
        var entriesMax = Int.max
        var pendingMax = Int.max

        static let files = Bounds(latenessNanoseconds: nil)
        static let live = Bounds(
            latenessNanoseconds: Limits.eventLatenessNanoseconds,
            eventsMax: Limits.findingEventsMax, valuesMax: Limits.findingEntityValuesMax,
            windowMax: Limits.correlationWindowMax, groupsMax: Limits.correlationGroupsMax,
            entriesMax: Limits.correlationEntriesMax, pendingMax: Limits.correlationPendingMax)
    }

    struct Match {
        var time: Int64
        /// The clock when it came.
        var clock: Int64
        var feed: Rule.Feed
        var group: [[UInt8]]
        var evidence: Evidence
    }

    struct GroupKey: Hashable {
        var correlation: Int
        var values: [[UInt8]]
    }

    typealias Found = (time: Int64, index: UInt64, finding: Finding)

    let rules: [Rule]
    let entityNames: [String]
    let bounds: Bounds
    private let roots: [Int]
    private let isJoint: [Bool]
    /// Where events are from, by number.
    var places: [String] = []
    var pending: [Match] = []
    var groups: [[[[UInt8]]: CorrelationGroup]]
    var found: [Found] = []
    var counts = DetectionCounts()
    /// Groups and entries in all windows.
    var groupCount = 0
    var entryCount = 0
    var clock = Int64.min
    /// When matches, and when groups, are looked at again.
    var nextDrain = Int64.min
    var nextSweep = Int64.min

    /// How far the clock goes on before waiting matches are looked at again.
    private static let drainNanoseconds: Int64 = 250_000_000
    private static let sweepNanoseconds: Int64 = 5_000_000_000
    /// A receive time so far behind the clock means that the clock of the machine was set back.
    private static let resetNanoseconds: Int64 = 60_000_000_000

    init(_ rules: [Rule], entities: [String], bounds: Bounds) {
        self.rules = rules
        self.bounds = bounds
        entityNames = entities
        (roots, isJoint) = Self.joints(rules)
        groups = [[[[UInt8]]: CorrelationGroup]](repeating: [:], count: rules.count)
    }

    mutating func add(_ feed: Rule.Feed, time: Int64, group: [[UInt8]], _ evidence: Evidence) {
        pending.append(
            Match(time: time, clock: clock, feed: feed, group: group, evidence: evidence))
        if pending.count > bounds.pendingMax {
            counts.early += UInt64(pending.count / 2)
            drain(pending.count / 2)
        }
    }

    /// Takes note that a row came that was received at `received`.
    mutating func advance(to received: Int64) {
        guard let lateness = bounds.latenessNanoseconds else { return }
        if received >= nextDrain {
            clock = received
            drainDue(lateness)
        } else if received > clock {
            clock = received
        } else if received < clock, clock &- received > Self.resetNanoseconds {
            drain(pending.count)
            clock = received
            forgetFuture()
            drainDue(lateness)
            nextSweep = clock &+ Self.sweepNanoseconds
        }
    }

    /// Lets time go on in silence.
    mutating func tick(_ time: Int64) {
        guard let lateness = bounds.latenessNanoseconds, time > clock else { return }
        clock = time
        drainDue(lateness)
    }

    private mutating func drainDue(_ lateness: Int64) {
        nextDrain = clock &+ Self.drainNanoseconds
        var due = 0
        while due < pending.count, pending[due].clock <= clock &- lateness { due += 1 }
        if due > 0 { drain(due) }
        if clock >= nextSweep {
            sweep()
            nextSweep = clock &+ Self.sweepNanoseconds
        }
    }

    /// Goes through the first `count` matches that wait, and those of their groups that stand
    /// before them in time.
    private mutating func drain(_ count: Int) {
        guard count > 0 else { return }
        var due = Array(pending[..<count])
        var rest: [Match] = []
        if count < pending.count {
            var latest: [GroupKey: Int64] = [:]
            for match in due {
                let key = joint(match)
                latest[key] = max(latest[key] ?? .min, match.time)
            }
            for match in pending[count...] {
                let key = joint(match)
                if match.time <= latest[key] ?? .min {
                    due.append(match)
                } else {
                    rest.append(match)
                }
            }
        }
        pending = rest
        goThrough(&due)
    }

    /// What has to be gone through in one order: a group; all groups of correlations that are
    /// parts of one another.
    private func joint(_ match: Match) -> GroupKey {
        let root = roots[match.feed.correlation]
        return GroupKey(correlation: root, values: isJoint[root] ? [] : match.group)
    }

    /// For each rule the least of those it is joined with by correlations of correlations, and
    /// whether there are any.
    private static func joints(_ rules: [Rule]) -> (roots: [Int], isJoint: [Bool]) {
        var roots = Array(rules.indices)
        var isJoint = [Bool](repeating: false, count: rules.count)
        for (number, rule) in rules.enumerated() {
            guard case .correlation = rule.body else { continue }
            for feed in rule.feeds {
                let (one, other) = (roots[number], roots[feed.correlation])
                let root = min(one, other)
                for place in roots.indices where roots[place] == one || roots[place] == other {
                    roots[place] = root
                }
                isJoint[root] = true
            }
        }
        return (roots, isJoint)
    }

    private mutating func goThrough(_ matches: inout [Match]) {
        // Later stages first: one event is never two steps of a sequence.
        matches.sort { a, b in
            if a.time != b.time { return a.time < b.time }
            let (x, y) = (a.evidence.event, b.evidence.event)
            if x.place != y.place { return places[Int(x.place)] < places[Int(y.place)] }
            return (x.index, a.feed.correlation, b.feed.stage)
                < (y.index, b.feed.correlation, a.feed.stage)
        }
        for match in matches {
            let entry = CorrelationEntry(
                time: match.time, stage: match.feed.stage, evidence: match.evidence)
            take(entry, match.feed.correlation, match.group, match.clock)
        }
    }

    /// Ends the input: goes through what waits and closes what is open.
    mutating func finish() {
        var all = pending
        pending = []
        goThrough(&all)
        for (number, groups) in groups.enumerated() {
            for group in groups.values { close(group, number) }
        }
        groups = groups.map { _ in [:] }
        groupCount = 0
        entryCount = 0
    }

    /// What was found since the last call, in order of the time at which it was complete.
    mutating func takeFound(into findings: inout [Finding]) {
        if found.isEmpty { return }
        found.sort {
            ($0.time, $0.index, $0.finding.ruleID, $0.finding.state == .open ? 0 : 1)
                < ($1.time, $1.index, $1.finding.ruleID, $1.finding.state == .open ? 0 : 1)
        }
        findings += found.map(\.finding)
        found.removeAll()
    }

    // MARK: - What is forgotten

    /// How long after its last event a group is remembered, by the clock.
    func memory(_ correlation: Correlation) -> Int64 {
        let sum = correlation.timespanNanoseconds.addingReportingOverflow(
            2 * (bounds.latenessNanoseconds ?? 0))
        return sum.overflow ? .max : sum.partialValue
    }

    func isIdle(_ group: CorrelationGroup, _ correlation: Correlation, at clock: Int64) -> Bool {
        let silence = clock.subtractingReportingOverflow(group.lastClock)
        return !silence.overflow && silence.partialValue > memory(correlation)
    }

    /// Forgets groups of a time that the clock, set back, has yet to reach: what comes now would
    /// be too late for them.
    private mutating func forgetFuture() {
        for number in groups.indices {
            for (key, group) in groups[number] where group.lastClock > clock {
                forget(group, number, key)
            }
        }
    }

    /// Forgets groups for which nothing came for long.
    private mutating func sweep() {
        for number in groups.indices where !groups[number].isEmpty {
            guard case .correlation(let correlation) = rules[number].body else { continue }
            let idle = groups[number].filter { isIdle($0.value, correlation, at: clock) }
            for (key, group) in idle { forget(group, number, key) }
        }
    }

    mutating func forget(_ group: CorrelationGroup, _ number: Int, _ key: [[UInt8]]) {
        close(group, number)
        groups[number].removeValue(forKey: key)
        groupCount -= 1
        entryCount -= group.window.count
    }

    /// Makes room where a bound was reached: forgets an eighth of the groups, those that were
    /// silent for longest. Which ones does not depend on anything but the rows.
    mutating func makeRoom() {
        var all: [(clock: Int64, key: GroupKey)] = []
        all.reserveCapacity(groupCount)
        for number in groups.indices {
            for (key, group) in groups[number] {
                all.append((group.lastClock, GroupKey(correlation: number, values: key)))
            }
        }
        all.sort { a, b in
            if a.clock != b.clock { return a.clock < b.clock }
            if a.key.correlation != b.key.correlation {
                return a.key.correlation < b.key.correlation
            }
            return a.key.values.lexicographicallyPrecedes(b.key.values) {
                $0.lexicographicallyPrecedes($1)
            }
        }
        for (_, key) in all.prefix(max(1, all.count / 8)) {
            guard let group = groups[key.correlation][key.values] else { continue }
            forget(group, key.correlation, key.values)
            counts.evicted += 1
        }
    }
}

/// What detection could not do as it should, since it began; all 0 in nearly all networks.
public struct DetectionCounts: Hashable, Sendable {
    /// Matches that came after the window they belong to was closed.
    public var late: UInt64 = 0
    /// Matches that were not waited with as long as they should, because too many did.
    public var early: UInt64 = 0
    /// Events taken out of a window because it was full; sequences they began are still seen.
    public var cut: UInt64 = 0
    /// Groups forgotten because there were too many.
    public var evicted: UInt64 = 0

    public init() {}

    public var isZero: Bool { self == DetectionCounts() }

    public mutating func add(_ other: DetectionCounts) {
        late += other.late
        early += other.early
        cut += other.cut
        evicted += other.evicted
    }
}
