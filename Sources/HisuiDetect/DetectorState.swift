import HisuiBytes
import HisuiEvent

/// What a live detector remembers, as bytes. Specified in docs/format.md.
///
///     environment       32 bytes: digest of what all rules share
///     places            varint, each counted text
///     clock             i64 clock, i64 next drain, i64 next sweep
///     counts            6 varints: late, early, cut, evicted, no numbers, gone through
///     correlations      varint, each: counted id, 32 bytes digest of its meaning
///     runs              varint, each: text id, u8 growing, varint count, event first, event last,
///                       u8 latest and event where that is 1, i64 first time, i64 last time,
///                       i64 start, varint start index, events, values of each entity,
///                       u8 known, events where that is 1
///     waiting           varint, each: varint correlation, i64 time, i64 clock, varint stage,
///                       key, value, event, entities
///     groups            varint, each: varint correlation, key, i64 clock, varint run + 1 or 0,
///                       varint cells, each i64, varint entries, each: i64 time, varint stage,
///                       varint run + 1 or 0, value, and where that run is 0: event, entities
///
/// Integers are little-endian. Correlations are spoken of by their place in the list. Keys and
/// entities are counted bytes, a value u8 and counted bytes where that is 1. Events are counted
/// lists of varint place and varint index.
public struct DetectorStateError: Error, Hashable, Sendable {
    public var what: String

    init(_ what: String) { self.what = what }
}

extension Detector {
    /// Appends what is remembered.
    ///
    /// - Complexity: O(what is remembered), bounded by `Limits`.
    public func encodeState(into out: inout [UInt8]) {
        var writer = StateWriter(out: out)
        out = []
        writer.write(correlator, environment: rules.environment)
        out = writer.out
    }

    /// Takes over what `encodeState` wrote, for the correlations that mean what they meant then.
    ///
    /// - Returns: ids of correlations of which something was remembered that now mean something
    ///   else, or are not there: it is given up.
    @discardableResult
    public mutating func decodeState(
        _ bytes: Span<UInt8>
    ) throws(DetectorStateError) -> [String] {
        let decoded: Correlator
        let dropped: [String]
        do {
            var reader = StateReader(rules, ByteReader(bytes))
            (decoded, dropped) = try reader.read()
        } catch let error as DetectorStateError {
            throw error
        } catch {
            throw DetectorStateError("it ends too early")
        }
        correlator = decoded
        return dropped
    }

    /// Puts other rules into force. What is remembered for correlations that mean the same under
    /// both goes on; of the others, what is growing is closed.
    ///
    /// - Returns: ids of the others, as far as anything was remembered for them.
    public mutating func replace(
        rules next: RuleSet, into findings: inout [Finding]
    ) -> [String] {
        var kept: Set<[UInt8]> = []
        if next.environment == rules.environment {
            kept = Set(next.rules.map(\.meaning))
        }
        correlator.closeOthers { kept.contains($0.meaning) }
        correlator.takeFound(into: &findings)
        var bytes: [UInt8] = []
        encodeState(into: &bytes)
        var detector = Detector(next, mode: .live)
        detector.recallOutside(of: self)
        // What was just written can be read.
        let dropped = (try? detector.decodeState(bytes.span)) ?? []
        self = detector
        return dropped
    }
}

extension Correlator {
    /// Goes through what waits for correlations that are not kept, and ends what grows there.
    mutating func closeOthers(_ isKept: (Rule) -> Bool) {
        let ends = rules.map { !isKept($0) }
        var due = pending.filter { ends[Int($0.correlation)] }
        pending.removeAll { ends[Int($0.correlation)] }
        goThrough(&due)
        for number in stores.indices where ends[number] {
            for group in stores[number].groupNumbers { close(group, number) }
        }
    }
}

private struct StateWriter {
    var out: [UInt8]
    private var numbers: [Int: UInt64] = [:]
    private var runs: [Run] = []

    init(out: [UInt8]) { self.out = out }

    mutating func write(_ correlator: Correlator, environment: [UInt8]) {
        out += environment
        out.appendVarint(UInt64(correlator.places.count))
        for place in correlator.places { out.appendCounted(place.utf8) }
        for time in [correlator.clock, correlator.nextDrain, correlator.nextSweep] {
            out.appendLittleEndian(time)
        }
        let counts = correlator.counts
        for count in [counts.late, counts.early, counts.cut, counts.evicted, counts.unmeasured] {
            out.appendVarint(count)
        }
        out.appendVarint(correlator.taken)
        let used = correlator.plans.compactMap { $0?.number }
        var places: [Int: UInt64] = [:]
        out.appendVarint(UInt64(used.count))
        for (place, number) in used.enumerated() {
            places[number] = UInt64(place)
            out.appendCounted(correlator.rules[number].id.utf8)
            out += correlator.rules[number].meaning
        }
        for (number, run) in correlator.runs.all.enumerated() {
            guard let run else { continue }
            numbers[number] = UInt64(runs.count) + 1
            runs.append(run)
        }
        out.appendVarint(UInt64(runs.count))
        for run in runs { write(run) }
        out.appendVarint(UInt64(correlator.pending.count))
        for match in correlator.pending {
            out.appendVarint(places[Int(match.correlation)] ?? 0)
            write(match, correlator.stores[Int(match.correlation)])
        }
        out.appendVarint(UInt64(correlator.groupCount))
        for number in used {
            let store = correlator.stores[number]
            for group in store.groupNumbers {
                out.appendVarint(places[number] ?? 0)
                write(group, store)
            }
        }
    }

    private func number(_ run: UInt32) -> UInt64 { numbers[Int(run)] ?? 0 }

    private mutating func write(_ run: Run) {
        out.appendCounted(run.id.utf8)
        out.append(run.isGrowing ? 1 : 0)
        out.appendVarint(UInt64(run.count))
        write(run.first)
        write(run.last)
        out.append(run.latest == nil ? 0 : 1)
        if let latest = run.latest { write(latest) }
        for time in [run.firstTime, run.lastTime, run.start.time] { out.appendLittleEndian(time) }
        out.appendVarint(run.start.index)
        out.appendVarint(UInt64(run.events.count))
        for event in run.events { write(event) }
        for values in run.entities {
            out.appendVarint(UInt64(values.count))
            for value in values { out.appendCounted(value) }
        }
        out.append(run.known == nil ? 0 : 1)
        guard let known = run.known else { return }
        out.appendVarint(UInt64(known.count))
        for event in known { write(event) }
    }

    private mutating func write(_ match: Correlator.Match, _ store: CorrelationStore) {
        out.appendLittleEndian(match.time)
        out.appendLittleEndian(match.clock)
        out.appendVarint(UInt64(match.stage))
        out.appendCounted(store.keys.bytes(match.key))
        write(value: match.value, store)
        write(match.event)
        write(evidence: match.evidence, store)
    }

    private mutating func write(_ number: UInt32, _ store: CorrelationStore) {
        let group = store.groups[number]
        out.appendCounted(store.keys.bytes(number))
        out.appendLittleEndian(group.lastClock)
        out.appendVarint(self.number(group.run))
        out.appendVarint(UInt64(store.cellCount))
        for place in 0..<store.cellCount { out.appendLittleEndian(store.cell(place, of: number)) }
        out.appendVarint(UInt64(group.count))
        var at = group.first
        while at != CorrelationStore.none {
            let entry = store.entries[at]
            out.appendLittleEndian(entry.time)
            out.appendVarint(UInt64(entry.stage))
            out.appendVarint(entry.isRun ? self.number(entry.run) : 0)
            write(value: entry.value, store)
            if !entry.isRun {
                write(entry.event)
                write(evidence: entry.evidence, store)
            }
            at = entry.next
        }
    }

    private mutating func write(value: UInt32, _ store: CorrelationStore) {
        out.append(value == CorrelationStore.none ? 0 : 1)
        if value != CorrelationStore.none { out.appendCounted(store.values.bytes(value)) }
    }

    private mutating func write(evidence: UInt32, _ store: CorrelationStore) {
        let isThere = evidence != CorrelationStore.none
        out.appendCounted(isThere ? store.evidence.bytes(evidence) : [])
    }

    private mutating func write(_ event: EventNumber) {
        out.appendVarint(UInt64(event.place))
        out.appendVarint(event.index)
    }
}
