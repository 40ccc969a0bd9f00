import HisuiBytes
import HisuiEvent

/// What a live detector remembers, as bytes. Specified in docs/format.md.
///
///     places            varint, each counted text
///     clock             i64 clock, i64 next drain, i64 next sweep
///     counts            4 varints
///     runs              varint, each: text id, u8 growing, varint count, event first, event last,
///                       i64 first time, i64 last time, i64 start, varint start index, events,
///                       values of each entity, u8 known, events where that is 1
///     waiting           varint, each: i64 time, i64 clock, varint correlation, varint stage,
///                       key, evidence
///     groups            varint, each: varint correlation, key, i64 clock, u8 cut,
///                       varint run + 1 or 0, varint times, each u8 and i64,
///                       varint entries, each: i64 time, varint stage, varint run + 1 or 0,
///                       evidence where that is 0
///
/// Integers are little-endian. Events, keys and values are counted lists. The rules must be those
/// that the state was made with: it speaks of them by number.
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
        writer.write(correlator)
        out = writer.out
    }

    /// Takes over what `encodeState` wrote, of a detector with the same rules.
    public mutating func decodeState(_ bytes: Span<UInt8>) throws(DetectorStateError) {
        var reader = ByteReader(bytes)
        var decoded = Correlator(
            rules.rules, entities: rules.entities.map(\.name), bounds: .live)
        do {
            try StateReader.read(&decoded, &reader)
        } catch let error as DetectorStateError {
            throw error
        } catch {
            throw DetectorStateError("it ends too early")
        }
        guard reader.remaining == 0 else { throw DetectorStateError("bytes follow its end") }
        correlator = decoded
    }
}

private struct StateWriter {
    var out: [UInt8]
    private var numbers: [ObjectIdentifier: Int] = [:]
    private var runs: [Run] = []

    init(out: [UInt8]) { self.out = out }

    mutating func write(_ correlator: Correlator) {
        out.appendVarint(UInt64(correlator.places.count))
        for place in correlator.places { out.appendCounted(place.utf8) }
        for time in [correlator.clock, correlator.nextDrain, correlator.nextSweep] {
            out.appendLittleEndian(time)
        }
        let counts = correlator.counts
        for count in [counts.late, counts.early, counts.cut, counts.evicted] {
            out.appendVarint(count)
        }
        for groups in correlator.groups {
            for group in groups.values {
                if let run = group.run { note(run) }
                for entry in group.window.entries { if let run = entry.run { note(run) } }
            }
        }
        out.appendVarint(UInt64(runs.count))
        for run in runs { write(run) }
        out.appendVarint(UInt64(correlator.pending.count))
        for match in correlator.pending {
            out.appendLittleEndian(match.time)
            out.appendLittleEndian(match.clock)
            out.appendVarint(UInt64(match.feed.correlation))
            out.appendVarint(UInt64(match.feed.stage))
            write(match.group)
            write(match.evidence)
        }
        out.appendVarint(UInt64(correlator.groups.reduce(0) { $0 + $1.count }))
        for (number, groups) in correlator.groups.enumerated() {
            for (key, group) in groups { write(group, number, key) }
        }
    }

    private mutating func note(_ run: Run) {
        guard numbers[ObjectIdentifier(run)] == nil else { return }
        numbers[ObjectIdentifier(run)] = runs.count
        runs.append(run)
    }

    private func number(_ run: Run?) -> UInt64 {
        guard let run, let number = numbers[ObjectIdentifier(run)] else { return 0 }
        return UInt64(number) + 1
    }

    private mutating func write(_ run: Run) {
        out.appendCounted(run.id.utf8)
        out.append(run.isGrowing ? 1 : 0)
        out.appendVarint(UInt64(run.count))
        write(run.first)
        write(run.last)
        for time in [run.firstTime, run.lastTime, run.start.time] { out.appendLittleEndian(time) }
        out.appendVarint(run.start.index)
        out.appendVarint(UInt64(run.events.count))
        for event in run.events { write(event) }
        for values in run.entities { write(Array(values)) }
        out.append(run.known == nil ? 0 : 1)
        guard let known = run.known else { return }
        out.appendVarint(UInt64(known.count))
        for event in known { write(event) }
    }

    private mutating func write(
        _ group: CorrelationGroup, _ number: Int, _ key: [[UInt8]]
    ) {
        out.appendVarint(UInt64(number))
        write(key)
        out.appendLittleEndian(group.lastClock)
        out.append(group.window.isCut ? 1 : 0)
        out.appendVarint(self.number(group.run))
        out.appendVarint(UInt64(group.times.count))
        for time in group.times {
            out.append(time == nil ? 0 : 1)
            out.appendLittleEndian(time ?? 0)
        }
        out.appendVarint(UInt64(group.window.count))
        for entry in group.window.entries {
            out.appendLittleEndian(entry.time)
            out.appendVarint(UInt64(entry.stage))
            out.appendVarint(self.number(entry.run))
            if let evidence = entry.evidence { write(evidence) }
        }
    }

    private mutating func write(_ values: [[UInt8]]) {
        out.appendVarint(UInt64(values.count))
        for value in values { out.appendCounted(value) }
    }

    private mutating func write(_ event: EventNumber) {
        out.appendVarint(UInt64(event.place))
        out.appendVarint(event.index)
    }

    private mutating func write(_ evidence: Evidence) {
        write(evidence.event)
        for value in evidence.entities {
            out.append(value == nil ? 0 : 1)
            if let value { out.appendCounted(value) }
        }
    }
}

/// Reads what `StateWriter` wrote; every number is checked against what it stands for.
private enum StateReader {
    static func read(_ correlator: inout Correlator, _ reader: inout ByteReader) throws {
        for _ in 0..<(try reader.count()) { correlator.places.append(try reader.countedText()) }
        correlator.clock = try time(&reader)
        correlator.nextDrain = try time(&reader)
        correlator.nextSweep = try time(&reader)
        correlator.counts.late = try reader.varint()
        correlator.counts.early = try reader.varint()
        correlator.counts.cut = try reader.varint()
        correlator.counts.evicted = try reader.varint()
        var runs: [Run] = []
        for _ in 0..<(try reader.count(ofSize: 30)) { runs.append(try run(correlator, &reader)) }
        for _ in 0..<(try reader.count(ofSize: 20)) {
            let (time, clock) = (try time(&reader), try time(&reader))
            let (number, correlation) = try self.correlation(correlator, &reader)
            let stage = try self.stage(correlation, &reader)
            correlator.pending.append(
                Correlator.Match(
                    time: time, clock: clock,
                    feed: Rule.Feed(correlation: number, stage: stage, key: []),
                    group: try values(&reader), evidence: try evidence(correlator, &reader)))
        }
        for _ in 0..<(try reader.count(ofSize: 12)) {
            let (number, correlation) = try self.correlation(correlator, &reader)
            let key = try values(&reader)
            let group = try self.group(correlator, correlation, runs, &reader)
            guard correlator.groups[number].updateValue(group, forKey: key) == nil else {
                throw DetectorStateError("a group stands in it twice")
            }
            correlator.groupCount += 1
            correlator.entryCount += group.window.count
        }
    }

    private static func time(_ reader: inout ByteReader) throws -> Int64 {
        Int64(bitPattern: try reader.u64())
    }

    private static func correlation(
        _ correlator: Correlator, _ reader: inout ByteReader
    ) throws -> (Int, Correlation) {
        let number = try reader.varint()
        guard number < UInt64(correlator.rules.count),
            case .correlation(let correlation) = correlator.rules[Int(number)].body
        else { throw DetectorStateError("it names a correlation that is none") }
        return (Int(number), correlation)
    }

    private static func stage(
        _ correlation: Correlation, _ reader: inout ByteReader
    ) throws -> Int {
        let stage = try reader.varint()
        guard stage < UInt64(correlation.stages) else {
            throw DetectorStateError("it names a stage that is none")
        }
        return Int(stage)
    }

    private static func values(_ reader: inout ByteReader) throws -> [[UInt8]] {
        var values: [[UInt8]] = []
        for _ in 0..<(try reader.count()) { values.append(try reader.countedBytes()) }
        return values
    }

    private static func event(
        _ correlator: Correlator, _ reader: inout ByteReader
    ) throws -> EventNumber {
        let place = try reader.varint()
        guard place < UInt64(correlator.places.count) else {
            throw DetectorStateError("it names a place that is none")
        }
        return EventNumber(place: UInt32(place), index: try reader.varint())
    }

    private static func evidence(
        _ correlator: Correlator, _ reader: inout ByteReader
    ) throws -> Evidence {
        let event = try event(correlator, &reader)
        var entities: [[UInt8]?] = []
        for _ in correlator.entityNames {
            entities.append(try reader.u8() == 0 ? nil : try reader.countedBytes())
        }
        return Evidence(event: event, entities: entities)
    }

    private static func events(
        _ correlator: Correlator, _ reader: inout ByteReader
    ) throws -> [EventNumber] {
        var events: [EventNumber] = []
        for _ in 0..<(try reader.count(ofSize: 2)) { events.append(try event(correlator, &reader)) }
        return events
    }

    private static func run(_ correlator: Correlator, _ reader: inout ByteReader) throws -> Run {
        let run = Run(entities: correlator.entityNames.count)
        run.id = try reader.countedText()
        run.isGrowing = try reader.u8() != 0
        guard let count = Int(exactly: try reader.varint()), count < Int.max / 2 else {
            throw DetectorStateError("a count is too large")
        }
        run.count = count
        run.first = try event(correlator, &reader)
        run.last = try event(correlator, &reader)
        run.firstTime = try time(&reader)
        run.lastTime = try time(&reader)
        run.start.time = try time(&reader)
        run.start.index = try reader.varint()
        run.events = try events(correlator, &reader)
        for place in correlator.entityNames.indices {
            run.entities[place] = Set(try values(&reader))
        }
        if try reader.u8() != 0 { run.known = Set(try events(correlator, &reader)) }
        return run
    }

    private static func reference(_ runs: [Run], _ reader: inout ByteReader) throws -> Run? {
        let number = try reader.varint()
        if number == 0 { return nil }
        guard number <= UInt64(runs.count) else {
            throw DetectorStateError("it names a run that is none")
        }
        return runs[Int(number) - 1]
    }

    private static func group(
        _ correlator: Correlator, _ correlation: Correlation, _ runs: [Run],
        _ reader: inout ByteReader
    ) throws -> CorrelationGroup {
        var group = CorrelationGroup()
        group.lastClock = try time(&reader)
        group.window.isCut = try reader.u8() != 0
        group.run = try reference(runs, &reader)
        for _ in 0..<(try reader.count(ofSize: 9)) {
            let isThere = try reader.u8() != 0
            let time = try time(&reader)
            group.times.append(isThere ? time : nil)
        }
        guard group.times.isEmpty || group.times.count == correlation.stages else {
            throw DetectorStateError("a sequence has other stages than its rule")
        }
        for _ in 0..<(try reader.count(ofSize: 10)) {
            let time = try time(&reader)
            let stage = try stage(correlation, &reader)
            let run = try reference(runs, &reader)
            let evidence = run == nil ? try evidence(correlator, &reader) : nil
            guard time >= group.window.last?.time ?? .min else {
                throw DetectorStateError("a window is not in order of time")
            }
            let place = group.window.place(of: time)
            group.window.insert(
                CorrelationEntry(time: time, stage: stage, evidence: evidence, run: run), at: place)
        }
        return group
    }
}
