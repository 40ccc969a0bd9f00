import HisuiEvent

/// What was stored of a source since the last look.
struct Seen: Hashable, Sendable {
    var records = 0
    /// Records that a parser rule knows.
    var known = 0
    /// Records that carry a time of their own, and the greatest lead of such a time over the
    /// receipt, in milliseconds. Only of sources that pass on what happens now.
    var timed = 0
    var lead = Int64.min
    /// The receive time of the newest record, and its own time; `.none` if it carries none.
    var received = Timestamp.none
    var event = Timestamp.none

    mutating func add(_ other: Seen) {
        records += other.records
        known += other.known
        timed += other.timed
        lead = max(lead, other.lead)
        if other.received >= received { (received, event) = (other.received, other.event) }
    }
}

/// Something that was noticed of a source or of the machine's clock; `source` is its key.
enum Noticed: Hashable, Sendable {
    /// Nothing comes any more, since `last`, `milliseconds` ago; usual is `interval`.
    case fellSilent(source: String, last: Timestamp, milliseconds: Int64, interval: Int64?)
    case speaksAgain(source: String, milliseconds: Int64)
    case clockDiffers(source: String, milliseconds: Int64)
    case clockAgrees(source: String, milliseconds: Int64)
    case coverageFell(source: String, to: Int64, from: Int64)
    case coverageRose(source: String, to: Int64, usual: Int64)
    case clockStep(ClockWatch.Step)
}

/// The sources of a zone under watch: what they taught, and what is noticed of them.
///
/// A value without clock, disk or thread: it is given moments, and gives what it noticed.
struct ZoneWatch: Sendable {
    struct Entry: Hashable, Sendable {
        var silence: SilenceWatch
        var offset: OffsetWatch
        var coverage: CoverageWatch
        /// When its newest record was received, by the wall clock of then, and that record's own
        /// time; `.none` if it carries none.
        var received = Timestamp.none
        var event = Timestamp.none
        var rate = RateHistory()

        init(at now: Moment) {
            silence = SilenceWatch(now: now.elapsed)
            offset = OffsetWatch(now: now.elapsed)
            coverage = CoverageWatch(now: now.elapsed)
        }
    }

    /// By key: the id of a source, or of the configured one that follows many files.
    private(set) var entries: [String: Entry]
    private var clock: ClockWatch
    private var last: Moment
    /// Whether a source found no room.
    private(set) var isFull = false

    /// - Parameter entries: what was remembered, with `now` as the time of the last arrival.
    init(at now: Moment, remembering entries: [String: Entry] = [:]) {
        self.entries = entries
        clock = ClockWatch(now)
        last = now
    }

    var silentCount: Int { entries.values.reduce(0) { $0 + ($1.silence.isSilent ? 1 : 0) } }

    /// Looks at what came since the last time.
    ///
    /// - Parameters:
    ///   - seen: by key.
    ///   - expected: keys that are watched even if nothing ever came.
    ///   - isHeldUp: nothing could be stored meanwhile: no source is to blame for its silence.
    ///   - wanted: when the silence of a source is told; nil for one that is not collected any
    ///     more: it is forgotten.
    /// - Complexity: O(sources).
    mutating func look(
        _ now: Moment, seen: [String: Seen], expected: [String] = [], isHeldUp: Bool,
        wanted: (String) -> Silence?
    ) -> [Noticed] {
        var noticed: [Noticed] = []
        if let step = clock.look(now) { noticed.append(.clockStep(step)) }
        if isHeldUp {
            for key in entries.keys { entries[key]?.silence.skip(now.elapsed - last.elapsed) }
        }
        last = now
        var strangers: [String]?
        for key in expected where entries[key] == nil { entries[key] = newEntry(now, &strangers) }
        for (key, seen) in seen.sorted(by: { $0.key < $1.key }) {
            guard seen.records > 0, var entry = entries[key] ?? newEntry(now, &strangers)
            else { continue }
            noticed += Self.take(seen, key, &entry, now)
            entries[key] = entry
        }
        return noticed + missing(now, wanted)
    }

    /// Sources of which nothing comes.
    private mutating func missing(
        _ now: Moment, _ wanted: (String) -> Silence?
    ) -> [Noticed] {
        var gone: [String] = []
        var fallen: [String] = []
        for (key, entry) in entries {
            guard let wanted = wanted(key) else {
                gone.append(key)
                continue
            }
            var silence = entry.silence
            if silence.fellSilent(by: now.elapsed, wanted) { fallen.append(key) }
        }
        for key in gone { entries[key] = nil }
        return fallen.sorted().compactMap { key in
            guard let wanted = wanted(key), var entry = entries[key],
                entry.silence.fellSilent(by: now.elapsed, wanted)
            else { return nil }
            entries[key] = entry
            return .fellSilent(
                source: key, last: entry.received,
                milliseconds: now.elapsed - entry.silence.last,
                interval: entry.silence.interval)
        }
    }

    /// A new entry while there is room. Where there is none, the source that was heard least
    /// recently among those that taught nothing yet makes room: addresses somebody invented must
    /// not keep out a new device, nor drive out one that is known.
    ///
    /// - Parameter strangers: those, the least recent last; nil until they are first asked for.
    private mutating func newEntry(_ now: Moment, _ strangers: inout [String]?) -> Entry? {
        if entries.count < Limits.watchedSourcesMax { return Entry(at: now) }
        isFull = true
        if strangers == nil {
            let found = entries.filter {
                $0.value.silence.interval == nil && $0.value.silence.last < now.elapsed
            }
            strangers = found.sorted {
                ($0.value.silence.last, $0.key) > ($1.value.silence.last, $1.key)
            }.map(\.key)
        }
        while let stranger = strangers?.popLast() {
            // One that spoke in this look is none to go.
            guard let entry = entries[stranger], entry.silence.last < now.elapsed else { continue }
            entries[stranger] = nil
            return Entry(at: now)
        }
        return nil
    }

    private static func take(
        _ seen: Seen, _ key: String, _ entry: inout Entry, _ now: Moment
    ) -> [Noticed] {
        var noticed: [Noticed] = []
        if seen.received >= entry.received {
            (entry.received, entry.event) = (seen.received, seen.event)
        }
        entry.rate.took(seen.records, at: now.wall)
        if let silent = entry.silence.arrived(at: now.elapsed) {
            noticed.append(.speaksAgain(source: key, milliseconds: silent))
        }
        if seen.timed > 0 {
            switch entry.offset.took(seen.timed, lead: seen.lead, at: now.elapsed) {
            case .differs(let offset)?:
                noticed.append(.clockDiffers(source: key, milliseconds: offset))
            case .agrees(let offset)?:
                noticed.append(.clockAgrees(source: key, milliseconds: offset))
            case nil: break
            }
        }
        switch entry.coverage.took(seen.records, known: seen.known, at: now.elapsed) {
        case .fell(let share, let usual)?:
            noticed.append(.coverageFell(source: key, to: share, from: usual))
        case .rose(let share, let usual)?:
            noticed.append(.coverageRose(source: key, to: share, usual: usual))
        case nil: break
        }
        return noticed
    }
}
