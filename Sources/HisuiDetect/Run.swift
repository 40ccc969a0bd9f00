import HisuiBytes

/// The events behind something a correlation found; growing while the condition holds.
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
    /// The one that was added last: an event that satisfies several rules is one.
    var latest: EventNumber?
    var firstTime = Int64.max
    var lastTime = Int64.min
    /// Whether it is told when it begins and when it ends.
    var isGrowing = false
    /// Of a finding; empty for what only serves other correlations.
    var id = ""
    /// What findings are sorted by: when the condition first held, and its greatest event then.
    var start: (time: Int64, index: UInt64) = (0, 0)
    /// The events, where those of other runs join: each counts once.
    var known: Set<EventNumber>?
    /// How many groups and entries hold it.
    var uses = 0

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
        if let evidence = entry.evidence { add(evidence, eventsMax, valuesMax) }
        if let run = entry.run { add(run, eventsMax, valuesMax) }
    }

    private func add(_ evidence: Evidence, _ eventsMax: Int, _ valuesMax: Int) {
        let isNew = known?.insert(evidence.event).inserted ?? (latest != evidence.event)
        latest = evidence.event
        if isNew {
            count += 1
            if events.count < eventsMax { events.append(evidence.event) }
        }
        for (place, value) in evidence.entities.enumerated() {
            guard let value, !value.isEmpty, entities[place].count < valuesMax else { continue }
            entities[place].insert(value)
        }
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
    var evidence: Evidence?
    var run: Run?

    var firstEvent: EventNumber {
        evidence?.event ?? run?.first ?? EventNumber(place: 0, index: 0)
    }
}

extension Evidence {
    /// The values of entities as bytes: each 0, or 1 and the value counted; nothing if there is
    /// none at all.
    static func encode(_ entities: [ArraySlice<UInt8>?], into out: inout [UInt8]) {
        if entities.allSatisfy({ $0 == nil }) { return }
        for value in entities {
            out.append(value == nil ? 0 : 1)
            if let value { out.appendCounted(value) }
        }
    }

    /// What `encode` wrote; what is not there is nil.
    static func decode(_ bytes: ArraySlice<UInt8>, count: Int) -> [[UInt8]?] {
        var entities = [[UInt8]?](repeating: nil, count: count)
        var reader = ByteReader(bytes.span)
        for place in 0..<count {
            guard let isThere = try? reader.u8() else { break }
            if isThere != 0 { entities[place] = try? reader.countedBytes() }
        }
        return entities
    }
}

/// Runs under numbers, each for as long as it is used.
struct RunTable {
    private(set) var all: [Run?] = []
    private var free: [UInt32] = []

    subscript(number: UInt32) -> Run? { all[Int(number)] }

    /// Takes a run in, used once.
    mutating func add(_ run: Run) -> UInt32 {
        run.uses = 1
        if let number = free.popLast() {
            all[Int(number)] = run
            return number
        }
        all.append(run)
        return UInt32(all.count - 1)
    }

    func retain(_ number: UInt32) { all[Int(number)]?.uses += 1 }

    mutating func release(_ number: UInt32) {
        guard let run = all[Int(number)] else { return }
        run.uses -= 1
        if run.uses > 0 { return }
        all[Int(number)] = nil
        free.append(number)
    }
}
