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
    /// The newest receive time.
    var received = Timestamp.none

    mutating func add(_ other: Seen) {
        records += other.records
        known += other.known
        timed += other.timed
        lead = max(lead, other.lead)
        received = max(received, other.received)
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
        /// When its newest record was received, by the wall clock of then.
        var received = Timestamp.none

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
    ///   - isHeldUp: nothing could be stored meanwhile: no source is to blame for its silence.
    ///   - wanted: when the silence of a source is told; nil for one that is not collected any
    ///     more.
    /// - Complexity: O(sources).
    mutating func look(
        _ now: Moment, seen: [String: Seen], isHeldUp: Bool, wanted: (String) -> Silence?
    ) -> [Noticed] {
        var noticed: [Noticed] = []
        if let step = clock.look(now) { noticed.append(.clockStep(step)) }
        if isHeldUp {
            for key in entries.keys { entries[key]?.silence.skip(now.elapsed - last.elapsed) }
        }
        last = now
        for (key, seen) in seen.sorted(by: { $0.key < $1.key }) {
            guard seen.records > 0, var entry = entry(key, now) else { continue }
            noticed += Self.take(seen, key, &entry, now)
            entries[key] = entry
        }
        for key in entries.keys.sorted() {
            guard let wanted = wanted(key), var entry = entries[key] else { continue }
            guard entry.silence.fellSilent(by: now.elapsed, wanted) else { continue }
            entries[key] = entry
            noticed.append(
                .fellSilent(
                    source: key, last: entry.received,
                    milliseconds: now.elapsed - entry.silence.last,
                    interval: entry.silence.interval))
        }
        return noticed
    }

    /// The entry of a key, a new one while there is room.
    private func entry(_ key: String, _ now: Moment) -> Entry? {
        entries[key] ?? (entries.count < Limits.watchedSourcesMax ? Entry(at: now) : nil)
    }

    private static func take(
        _ seen: Seen, _ key: String, _ entry: inout Entry, _ now: Moment
    ) -> [Noticed] {
        var noticed: [Noticed] = []
        entry.received = max(entry.received, seen.received)
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
