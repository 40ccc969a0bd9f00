/// The events behind something a correlation found; of event_count, growing while it holds.
///
/// An object, because windows of other correlations hold it while it grows.
final class Run {
    /// The events, without those beyond the bound, in the order in which they came.
    var events: [EventNumber] = []
    /// How many events there are in truth.
    var count = 0
    /// Values of each entity.
    var entities: [Set<[UInt8]>]
    /// The first event, by which the finding is known.
    var first = EventNumber(place: 0, index: 0)
    /// The one with the greatest time.
    var last = EventNumber(place: 0, index: 0)
    var firstTime = Int64.max
    var lastTime = Int64.min
    /// Whether it is of an event_count, and told when it begins and when it ends.
    var isGrowing = false
    /// Of a finding; empty for what only serves other correlations.
    var id = ""
    /// What findings are sorted by: when the condition first held, and its greatest event then.
    var start: (time: Int64, index: UInt64) = (0, 0)
    /// The events, where those of other runs join: each counts once.
    var known: Set<EventNumber>?

    init(entities: Int) { self.entities = [Set<[UInt8]>](repeating: [], count: entities) }

    /// - Parameters:
    ///   - eventsMax: how many events are remembered.
    ///   - valuesMax: how many values of an entity are.
    func add(_ entry: CorrelationEntry, eventsMax: Int, valuesMax: Int) {
        if count == 0 { first = entry.firstEvent }
        firstTime = min(firstTime, entry.run?.firstTime ?? entry.time)
        if entry.time >= lastTime {
            lastTime = entry.time
            last = entry.evidence?.event ?? entry.run?.last ?? last
        }
        if let evidence = entry.evidence {
            guard known?.insert(evidence.event).inserted ?? true else { return }
            count += 1
            if events.count < eventsMax { events.append(evidence.event) }
            for (place, value) in evidence.entities.enumerated() {
                guard let value, !value.isEmpty, entities[place].count < valuesMax else { continue }
                entities[place].insert(value)
            }
        }
        if let run = entry.run { add(run, eventsMax, valuesMax) }
    }

    private func add(_ run: Run, _ eventsMax: Int, _ valuesMax: Int) {
        var seen = known ?? Set(events)
        known = nil
        var added = 0
        for event in run.events {
            if seen.count < eventsMax {
                guard seen.insert(event).inserted else { continue }
            } else if seen.contains(event) {
                continue
            }
            added += 1
            if events.count < eventsMax { events.append(event) }
        }
        known = seen
        // What a bound took from the other run is counted when it is first met.
        count += added == run.events.count ? run.count : added
        for (place, values) in run.entities.enumerated() {
            for value in values where entities[place].count < valuesMax {
                entities[place].insert(value)
            }
        }
    }
}

/// An event in a window, or the run of another correlation.
struct CorrelationEntry {
    var time: Int64
    /// Which of the correlation's rules it satisfies.
    var stage: Int
    var evidence: Evidence?
    var run: Run?

    var firstEvent: EventNumber {
        evidence?.event ?? run?.first ?? EventNumber(place: 0, index: 0)
    }
}

/// What a correlation remembers of one group.
struct CorrelationGroup {
    var window = CorrelationWindow()
    /// Of event_count: what is growing.
    var run: Run?
    /// Of temporal_ordered: for each stage, the latest time at which a chain up to it began.
    /// Of temporal: for each stage, when it was last seen.
    var times: [Int64?] = []
    /// When the last event came, by the detector's clock.
    var lastClock = Int64.min
}

/// Entries by time.
struct CorrelationWindow {
    private var all: [CorrelationEntry] = []
    private var first = 0
    /// Whether entries were let go that are not too old.
    var isCut = false

    var entries: ArraySlice<CorrelationEntry> { all[first...] }
    var count: Int { all.count - first }
    var isEmpty: Bool { count == 0 }
    var last: CorrelationEntry? { isEmpty ? nil : all[all.count - 1] }

    /// Lets go of what is older than `time`.
    mutating func prune(before time: Int64) {
        while first < all.count, all[first].time < time { first += 1 }
        compact()
    }

    /// Lets go of the oldest entries beyond `count`.
    mutating func trim(to count: Int) {
        guard self.count > count else { return }
        first = all.count - count
        compact()
    }

    private mutating func compact() {
        if first == all.count {
            all.removeAll(keepingCapacity: false)
            first = 0
        } else if first > 64, first * 2 > all.count {
            all.removeFirst(first)
            first = 0
        }
    }

    /// Where `entry` belongs, behind those of the same time.
    func place(of time: Int64) -> Int {
        var at = all.count
        while at > first, all[at - 1].time > time { at -= 1 }
        return at
    }

    /// Whether the entry before `place` is of that event.
    func holds(_ event: EventNumber, before place: Int) -> Bool {
        place > first && all[place - 1].evidence?.event == event
    }

    mutating func insert(_ entry: CorrelationEntry, at place: Int) { all.insert(entry, at: place) }

    /// Replaces the last entry.
    mutating func replaceLast(_ entry: CorrelationEntry) { all[all.count - 1] = entry }
}
