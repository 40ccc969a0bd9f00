import HisuiBytes

/// What one correlation remembers: its groups, and the entries in their windows.
///
///     keys ── number of a group ──▶ groups ──▶ first … last ──▶ entries, a list in order of time
///                                   cells  (a few numbers more, where the form needs them)
///     nodes   (group, value or run) ──▶ its entry
///
/// Everything stands in pools under 32-bit numbers, without an allocation for each group: a group
/// with one entry costs about 120 bytes with its key and the entities of the event.
struct CorrelationStore {
    static let none = UInt32.max

    struct Group: BitwiseCopyable {
        var first = CorrelationStore.none
        var last = CorrelationStore.none
        var count: UInt32 = 0
        /// What is growing.
        var run = CorrelationStore.none
        /// When the last event came, by the detector's clock; `.min`: there is no such group.
        var lastClock = Int64.min
    }

    struct Entry: BitwiseCopyable {
        var time: Int64
        /// The event's index; the number of a run.
        var index: UInt64
        var place: UInt32
        /// What the event says of entities; `none` where it says nothing.
        var evidence: UInt32
        var value: UInt32
        var previous = CorrelationStore.none
        var next = CorrelationStore.none
        /// Which of the correlation's rules it satisfies.
        var stage: UInt16
        var isRun: Bool

        var event: EventNumber { EventNumber(place: place, index: index) }
        var run: UInt32 { UInt32(truncatingIfNeeded: index) }
    }

    /// Numbers of groups: of keys that a group has, or an entry that waits.
    var keys = ByteTable()
    /// Values that are counted, or numbers of 16 bytes.
    var values = ByteTable()
    var evidence = ByteHeap()
    private(set) var groups = ChunkedPool<Group>()
    private var cells = ChunkedPool<Int64>()
    private(set) var entries = ChunkedPool<Entry>()
    private var freeEntry = CorrelationStore.none
    var nodes = PairTable()
    /// Cells of a group.
    let cellCount: Int
    /// Whether values are what is counted.
    let countsValues: Bool
    private(set) var groupCount = 0
    private(set) var entryCount = 0

    init(cellCount: Int, countsValues: Bool = false) {
        self.cellCount = cellCount
        self.countsValues = countsValues
    }

    /// One of the same form, with nothing in it.
    var emptied: CorrelationStore {
        CorrelationStore(cellCount: cellCount, countsValues: countsValues)
    }

    var liveBytes: Int { keys.liveBytes + values.liveBytes + evidence.liveBytes }

    func isThere(_ group: UInt32) -> Bool {
        Int(group) < groups.count && groups[group].lastClock != .min
    }

    /// The groups there are, by number.
    var groupNumbers: [UInt32] { (0..<UInt32(groups.count)).filter { isThere($0) } }

    /// Makes a group, if there is none, which uses its key.
    mutating func open(_ group: UInt32, clock: Int64) {
        groups.grow(to: Int(group) + 1, Group())
        cells.grow(to: (Int(group) + 1) * cellCount, .min)
        if groups[group].lastClock == .min {
            keys.retain(group)
            groupCount += 1
        }
        // `.min` says that there is none.
        groups[group].lastClock = max(groups[group].lastClock, max(clock, .min + 1))
    }

    /// Lets a group go with all it has, and its key.
    mutating func forget(_ group: UInt32, _ runs: inout RunTable) {
        clear(group, &runs)
        groups[group] = Group()
        groupCount -= 1
        keys.release(group)
    }

    /// Lets go of what a group remembers, but when its last event came.
    mutating func clear(_ group: UInt32, _ runs: inout RunTable) {
        while groups[group].first != Self.none { remove(groups[group].first, of: group, &runs) }
        setRun(Self.none, of: group, &runs)
        for place in 0..<cellCount { cells[Int(group) * cellCount + place] = .min }
    }

    func cell(_ place: Int, of group: UInt32) -> Int64 { cells[Int(group) * cellCount + place] }

    mutating func setCell(_ place: Int, of group: UInt32, _ value: Int64) {
        cells[Int(group) * cellCount + place] = value
    }

    /// A number of two cells; 0 where there is none yet.
    func wideCell(_ place: Int, of group: UInt32) -> Int128 {
        let (high, low) = (cell(place, of: group), cell(place + 1, of: group))
        if high == .min, low == .min { return 0 }
        return Int128(high) << 64 | Int128(UInt64(bitPattern: low))
    }

    mutating func setWideCell(_ place: Int, of group: UInt32, _ value: Int128) {
        setCell(place, of: group, Int64(truncatingIfNeeded: value >> 64))
        setCell(place + 1, of: group, Int64(truncatingIfNeeded: value))
    }

    /// Puts a run, which may be none, in place of the one there was.
    mutating func setRun(_ run: UInt32, of group: UInt32, _ runs: inout RunTable) {
        let before = groups[group].run
        if run != Self.none { runs.retain(run) }
        groups[group].run = run
        if before != Self.none { runs.release(before) }
    }

    // MARK: - Entries

    func number(_ entry: Entry) -> Int128 {
        entry.value == Self.none ? 0 : CorrelationNumber.read(values.bytes(entry.value))
    }

    /// The entry behind which one of `time` belongs: behind those of the same time.
    func place(of time: Int64, in group: UInt32) -> UInt32 {
        var at = groups[group].last
        while at != Self.none, entries[at].time > time { at = entries[at].previous }
        return at
    }

    /// Puts an entry behind `place`, `none` for the beginning; it is used by nobody else, and a run
    /// is used by it.
    mutating func insert(
        _ entry: Entry, behind place: UInt32, of group: UInt32, _ runs: RunTable
    ) -> UInt32 {
        var entry = entry
        var window = groups[group]
        entry.previous = place
        entry.next = place == Self.none ? window.first : entries[place].next
        let number: UInt32
        if freeEntry != Self.none {
            number = freeEntry
            freeEntry = entries[number].next
            entries[number] = entry
        } else {
            number = UInt32(entries.count)
            entries.append(entry)
        }
        if entry.previous == Self.none {
            window.first = number
        } else {
            entries[entry.previous].next = number
        }
        if entry.next == Self.none {
            window.last = number
        } else {
            entries[entry.next].previous = number
        }
        window.count += 1
        groups[group] = window
        entryCount += 1
        if entry.isRun { runs.retain(entry.run) }
        return number
    }

    mutating func remove(_ number: UInt32, of group: UInt32, _ runs: inout RunTable) {
        let entry = entries[number]
        var window = groups[group]
        if entry.previous == Self.none {
            window.first = entry.next
        } else {
            entries[entry.previous].next = entry.next
        }
        if entry.next == Self.none {
            window.last = entry.previous
        } else {
            entries[entry.next].previous = entry.previous
        }
        window.count -= 1
        groups[group] = window
        entries[number].next = freeEntry
        freeEntry = number
        entryCount -= 1
        if let identity = identity(entry), nodes[group, identity] == number {
            nodes[group, identity] = nil
        }
        release(value: entry.value, evidence: entry.evidence)
        if entry.isRun { runs.release(entry.run) }
    }

    mutating func setTime(_ number: UInt32, _ time: Int64) { entries[number].time = time }

    /// What an entry is known by where each counts once: its value where values are counted, the
    /// run otherwise; nil for events, which come in order.
    func identity(_ entry: Entry) -> UInt32? {
        if entry.value != Self.none, countsValues { return entry.value }
        return entry.isRun ? entry.run : nil
    }

    mutating func release(value: UInt32, evidence: UInt32) {
        if value != Self.none { values.release(value) }
        if evidence != Self.none { self.evidence.release(evidence) }
    }

    /// The entries of a group, in order.
    func forEach(of group: UInt32, _ body: (UInt32, Entry) -> Void) {
        var at = groups[group].first
        while at != Self.none {
            let entry = entries[at]
            body(at, entry)
            at = entry.next
        }
    }
}
