import HisuiBytes
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
/// A window is closed at both ends: events exactly a timespan apart are within it. What is asked of
/// it, and when, is the correlation's form: see `Correlation.Form`.
struct Correlator {
    /// How much is remembered.
    struct Bounds: Sendable {
        /// How long a match waits; nil: until the end.
        var latenessNanoseconds: Int64?
        var eventsMax = Int.max
        var valuesMax = Int.max
        /// Events of an unfinished sequence; of a window whose values are added up or ranked.
        var windowMax = Int.max
        var groupMax = Int.max
        /// Of all windows: groups, events and bytes of their texts.
        var groupsMax = Int.max
        var entriesMax = Int.max
        var bytesMax = Int.max
        var pendingMax = Int.max

        static let files = Bounds(latenessNanoseconds: nil)
        static let live = Bounds(
            latenessNanoseconds: Limits.eventLatenessNanoseconds,
            eventsMax: Limits.findingEventsMax, valuesMax: Limits.findingEntityValuesMax,
            windowMax: Limits.correlationWindowMax, groupMax: Limits.correlationCountMax,
            groupsMax: Limits.correlationGroupsMax, entriesMax: Limits.correlationEntriesMax,
            bytesMax: Limits.correlationBytesMax, pendingMax: Limits.correlationPendingMax)
    }

    /// An event, or the run of another correlation, on its way to a group. It uses its key, value,
    /// evidence and run.
    struct Match: BitwiseCopyable {
        var time: Int64
        /// The clock when it came.
        var clock: Int64
        /// The event's index; the number of a run.
        var index: UInt64
        var place: UInt32
        var evidence: UInt32
        var key: UInt32
        var value: UInt32
        var correlation: UInt32
        var stage: UInt16
        var isRun: Bool

        var event: EventNumber { EventNumber(place: place, index: index) }
        var run: UInt32 { UInt32(truncatingIfNeeded: index) }
    }

    typealias Found = (time: Int64, index: UInt64, finding: Finding)

    let rules: [Rule]
    let plans: [CorrelationPlan?]
    let entityNames: [String]
    let bounds: Bounds
    /// Where events are from, by number.
    var places: [String] = [] {
        didSet {
            let order = places.indices.sorted { places[$0] < places[$1] }
            ranks = places.map { _ in 0 }
            for (rank, place) in order.enumerated() { ranks[place] = rank }
        }
    }
    /// The order of `places` by name.
    private var ranks: [Int] = []
    var pending: [Match] = []
    /// By number of the rule.
    var stores: [CorrelationStore]
    var runs = RunTable()
    /// By number of the root: windows of correlations over which there are others, by their end.
    var timers: [WindowQueue]
    var found: [Found] = []
    var counts = DetectionCounts()
    /// Groups and entries in all windows.
    var groupCount = 0
    var entryCount = 0
    /// How many matches were gone through.
    var taken: UInt64 = 0
    var clock = Int64.min
    /// When matches, and when groups, are looked at again.
    var nextDrain = Int64.min
    var nextSweep = Int64.min

    /// How far the clock goes on before waiting matches are looked at again.
    static let drainNanoseconds: Int64 = 250_000_000
    private static let sweepNanoseconds: Int64 = 5_000_000_000
    /// A receive time so far behind the clock means that the clock of the machine was set back.
    private static let resetNanoseconds: Int64 = 60_000_000_000

    init(_ rules: [Rule], entities: [String], bounds: Bounds) {
        self.rules = rules
        self.bounds = bounds
        entityNames = entities
        plans = CorrelationPlan.all(rules)
        stores = plans.map { plan in
            CorrelationStore(
                cellCount: plan?.cellCount ?? 0, countsValues: plan?.kind == .valueCount)
        }
        timers = plans.map { _ in WindowQueue() }
    }

    /// Adds an event that satisfies a rule.
    ///
    /// - Parameters:
    ///   - key: the values of the group's fields, each counted.
    ///   - value: those of the correlation's own fields, each counted; empty if it has none.
    ///   - entities: what `Evidence.encode` makes of them.
    mutating func add(
        _ feed: Rule.Feed, time: Int64, key: Span<UInt8>, value: Span<UInt8>,
        _ event: EventNumber, entities: Span<UInt8>
    ) {
        let number = feed.correlation
        guard let value = take(value, feed) else {
            counts.unmeasured += 1
            return
        }
        let evidence =
            entities.isEmpty ? CorrelationStore.none : stores[number].evidence.add(entities)
        pending.append(
            Match(
                time: time, clock: clock, index: event.index, place: event.place,
                evidence: evidence, key: stores[number].keys.take(key), value: value,
                correlation: UInt32(number), stage: UInt16(feed.stage), isRun: false))
        if pending.count > bounds.pendingMax {
            counts.early += UInt64(pending.count / 2)
            drain(pending.count / 2)
        }
    }

    /// Takes note of what is counted or added up; nil for what is no number and should be.
    mutating func take(_ value: Span<UInt8>, _ feed: Rule.Feed) -> UInt32? {
        if feed.value.isEmpty { return CorrelationStore.none }
        guard feed.isNumeric else { return stores[feed.correlation].values.take(value) }
        var reader = ByteReader(value)
        guard let text = try? reader.countedBytes(), let number = CorrelationNumber.parse(text)
        else { return nil }
        var bytes: [UInt8] = []
        CorrelationNumber.append(number, to: &bytes)
        return stores[feed.correlation].values.take(bytes.span)
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
            var places = PairTable()
            var latest: [Int64] = []
            for match in due {
                let (root, key) = joint(match)
                if let place = places[root, key] {
                    latest[Int(place)] = max(latest[Int(place)], match.time)
                } else {
                    places[root, key] = UInt32(latest.count)
                    latest.append(match.time)
                }
            }
            rest.reserveCapacity(pending.count - count)
            for match in pending[count...] {
                let (root, key) = joint(match)
                if let place = places[root, key], match.time <= latest[Int(place)] {
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
    private func joint(_ match: Match) -> (UInt32, UInt32) {
        guard let plan = plans[Int(match.correlation)] else { return (0, 0) }
        return (UInt32(plan.root), plan.isJoint ? 0 : match.key)
    }

    mutating func goThrough(_ matches: inout [Match]) {
        let ranks = ranks
        // Later stages first: one event is never two steps of a sequence.
        matches.sort { a, b in
            if a.time != b.time { return a.time < b.time }
            if a.place != b.place { return ranks[Int(a.place)] < ranks[Int(b.place)] }
            if a.index != b.index { return a.index < b.index }
            return (a.correlation, b.stage) < (b.correlation, a.stage)
        }
        var work: [Match] = []
        for (index, match) in matches.enumerated() {
            guard let plan = plans[Int(match.correlation)] else { continue }
            if plan.isJoint {
                let before = max(match.time, overdue(at: match.clock))
                closeWindows(of: plan.root, before: before)
                work.append(match)
            } else {
                var none: [Match] = []
                take(match, plan, &none)
            }
            let next = index + 1
            if !work.isEmpty, next == matches.count || !isOneEvent(match, matches[next]) {
                settle(&work)
            }
        }
    }

    private func isOneEvent(_ a: Match, _ b: Match) -> Bool {
        a.time == b.time && a.event == b.event
    }

    /// Goes through what one event, or the end of a window, gives to correlations that are parts of
    /// one another: inner ones first, and of each its later stages first.
    mutating func settle(_ work: inout [Match]) {
        while !work.isEmpty {
            var least = 0
            for place in work.indices.dropFirst() where isBefore(work[place], work[least]) {
                least = place
            }
            let match = work.remove(at: least)
            if let plan = plans[Int(match.correlation)] { take(match, plan, &work) }
        }
    }

    private func isBefore(_ a: Match, _ b: Match) -> Bool {
        let (x, y) = (plans[Int(a.correlation)]?.level ?? 0, plans[Int(b.correlation)]?.level ?? 0)
        if x != y { return x < y }
        return (a.correlation, b.stage) < (b.correlation, a.stage)
    }

    /// Ends the input: goes through what waits, decides what is open and closes what grows.
    mutating func finish() {
        var all = pending
        pending = []
        goThrough(&all)
        for root in timers.indices { closeWindows(of: root, before: nil) }
        for number in stores.indices {
            guard let plan = plans[number] else { continue }
            var none: [Match] = []
            for group in stores[number].groupNumbers {
                if plan.form == .closing { closeWindow(of: group, number, plan, &none) }
                close(group, number)
            }
            stores[number] = stores[number].emptied
        }
        runs = RunTable()
        groupCount = 0
        entryCount = 0
    }

    /// What was found since the last call, in order of the time at which it was complete.
    mutating func takeFound(into findings: inout [Finding]) {
        if found.isEmpty { return }
        found.sort { a, b in
            if a.time != b.time { return a.time < b.time }
            if a.index != b.index { return a.index < b.index }
            if a.finding.ruleID != b.finding.ruleID { return a.finding.ruleID < b.finding.ruleID }
            if a.finding.state != b.finding.state { return a.finding.state == .open }
            return a.finding.id < b.finding.id
        }
        findings += found.map(\.finding)
        found.removeAll()
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
    /// Matches left out of a sum, an average or a percentile because their value is no number.
    public var unmeasured: UInt64 = 0

    public init() {}

    public var isZero: Bool { self == DetectionCounts() }

    public mutating func add(_ other: DetectionCounts) {
        late += other.late
        early += other.early
        cut += other.cut
        evicted += other.evicted
        unmeasured += other.unmeasured
    }
}
