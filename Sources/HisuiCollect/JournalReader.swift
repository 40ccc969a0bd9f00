import CSystemd
import Glibc
import HisuiEvent

/// The work of a `JournalCollector`, on the one thread that may touch the libsystemd handle.
///
/// Three things go wrong with journals, and each has its place here:
/// - the saved entry is gone or is none (`JournalReader+Position.swift`);
/// - numbers are skipped while reading (`JournalReader+Holes.swift`);
/// - files are damaged or removed under the reader: `recover` opens them again and goes on after
///   the last entry taken.
struct JournalReader: ~Copyable {
    let source: Source
    let place: JournalPlace
    let sink: any RecordSink
    let stop: StopSignal

    var handle: JournalHandle?
    var batch: RecordBatch
    /// The last entry taken: where reading goes on.
    var last: JournalCursor?
    /// How far the numbers of each writer were reached, to see skipped ones.
    var writers = JournalWriters()
    /// Whether every writer that was seen is among them.
    var knowsEachWriter = true
    /// What the headers of the files say.
    var files: JournalFiles
    /// Set while no entry has followed a saved position that could not be found.
    var expected: JournalCursor?
    /// The handle stands on an entry that has not been taken.
    var isOnEntry = false
    /// The sink refused: the pipeline is stopping.
    var isRefused = false

    private var sinceProcess = 0
    /// Bytes of records taken since the journal was opened.
    private var sinceOpen = 0
    private var received = Clock.now()
    private var cursorText: [UInt8] = []
    private var record = JournalRecord()
    /// Recoveries since an entry was last taken.
    private var failures = 0

    init(source: Source, place: JournalPlace, sink: any RecordSink, stop: StopSignal) {
        self.source = source
        self.place = place
        self.sink = sink
        self.stop = stop
        batch = RecordBatch(source: source)
        files = JournalFiles(place)
    }

    mutating func run(from saved: [UInt8]?) throws(CollectError) {
        handle = try JournalHandle(place)
        let status = seek(to: saved)
        if status < 0 { recover(status) }
        while !stop.isRaised && !isRefused { step() }
        handOver()
    }

    /// Takes one entry, or waits for one.
    private mutating func step() {
        // It could not be opened again; recovering waits before it tries.
        if handle?.descriptor == nil { return recover(-ENOENT) }
        if sinceProcess >= Self.processEvery { process() }
        let moved = isOnEntry ? 1 : handle?.next() ?? 0
        isOnEntry = false
        if moved > 0 {
            sinceProcess += 1
            let status = takeEntry()
            if status < 0 { recover(status) }
            if isFull { handOver() }
            if sinceOpen >= Limits.journalMappedBytesMax { openAgain() }
        } else if moved == 0 {
            handOver()
            compareWithFiles()
            wait()
            process()
        } else {
            recover(moved)
        }
    }

    private var isFull: Bool {
        batch.entries.count >= Limits.batchRecordsMax
            || batch.bytes.count > Limits.batchBytesMax - Limits.recordBytesMax
    }

    // MARK: Entries

    /// Takes the entry the handle stands on, after whatever was skipped before it.
    ///
    /// - Returns: 0 or more, or a negative errno.
    private mutating func takeEntry() -> Int32 {
        var text: [UInt8] = []
        swap(&text, &cursorText)
        defer { swap(&text, &cursorText) }
        guard let cursor = readCursor(&text) else { return -EBADMSG }
        let before = writers[cursor.writer] ?? beginning(of: cursor.writer)
        let isKnown = before?.isTaken ?? false
        if let before, isKnown || cursor.number > before.number {
            // Seen already: files that come and go make libsystemd step back at times.
            if cursor.number <= before.number { return 0 }
            if cursor.number > before.number + 1, place.isComplete {
                let status = fillHole(after: before, before: cursor)
                if status < 0 { return status }
            }
        }
        if !isKnown, let saved = expected, !saved.isSameEntry(as: cursor), !filesTell(of: saved) {
            reportGap(nil, "the entry at the saved position is gone, and with it an unknown number")
        }
        expected = nil
        let status = appendEntry(cursor, text)
        if status < 0 { return status }
        remember(cursor)
        return 0
    }

    /// Appends the current entry as a record.
    mutating func appendEntry(_ cursor: JournalCursor, _ text: [UInt8]) -> Int32 {
        if batch.bytes.capacity == 0 { batch.bytes.reserveCapacity(1 << 18) }
        if sinceProcess % 64 == 1 || batch.entries.isEmpty { received = Clock.now() }
        let offset = batch.bytes.count
        JournalExport.appendHead(cursor, text.span, to: &batch.bytes)
        let head = batch.bytes.count - offset
        record.begin(room: Limits.recordBytesMax - head)
        let status = handle?.takeFields(into: &record) ?? 0
        if status < 0 {
            batch.bytes.removeLast(head)
            return status
        }
        record.write(to: &batch.bytes)
        sinceOpen += batch.bytes.count - offset
        batch.entries.append(
            RecordBatch.Entry(
                offset: UInt32(offset), count: UInt32(batch.bytes.count - offset),
                received: received, sender: 0, flags: record.isWhole ? [] : .truncated))
        failures = 0
        return 0
    }

    /// The current entry's cursor and its text; nil if it cannot be read.
    mutating func readCursor(_ text: inout [UInt8]) -> JournalCursor? {
        guard let status = handle?.cursor(&text), status >= 0 else { return nil }
        return JournalCursor(text.span)
    }

    mutating func remember(_ entry: JournalCursor) {
        reach(entry)
        last = entry
    }

    /// The numbers of a writer were taken, or counted as missing, up to an entry.
    mutating func reach(_ entry: JournalCursor) {
        if writers.reach(entry) { return }
        writers = JournalWriters()
        _ = writers.reach(entry)
        knowsEachWriter = false
    }

    // MARK: Handing over

    /// Gives the batch to the sink with the position it reaches.
    ///
    /// - Parameter positionOnly: even if there is nothing but the position.
    mutating func handOver(positionOnly: Bool = false) {
        guard positionOnly || !batch.isEmpty, !isRefused else { return }
        if last != nil || !writers.isEmpty { batch.position = position.encoded }
        var full = RecordBatch(source: source)
        swap(&full, &batch)
        if !sink.put(full) { isRefused = true }
    }

    /// Says in the batch that entries are missing.
    ///
    /// - Parameter span: within which they were written; nil: not known.
    mutating func reportGap(_ count: UInt64?, _ cause: String, within span: MomentSpan? = nil) {
        if let i = batch.gaps.indices.last, batch.gaps[i].cause == cause,
            let sum = batch.gaps[i].count, let count
        {
            batch.gaps[i].count = sum + count
        } else {
            batch.gaps.append(
                Gap(source: source.id, detected: Clock.now(), count: count, cause: cause))
            batch.account.gaps += 1
        }
        guard let count else { return }
        batch.account[.lostBeforeRead] += count
        if let span { batch.account.cover(.lostBeforeRead, span) }
    }

    // MARK: Waiting and recovering

    /// Sleeps until the journal changes, the stop is raised, or a second is over.
    private mutating func wait() {
        guard let descriptor = handle?.descriptor else { return }
        var entries = [
            pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
        ]
        // Safe: the array outlives the call. Without a usable descriptor poll only sleeps.
        unsafe poll(&entries, 2, Self.recheckMilliseconds)
    }

    /// Lets libsystemd take up new, changed and removed files.
    @discardableResult
    mutating func process() -> Int32 {
        sinceProcess = 0
        let status = handle?.process() ?? 0
        if status < 0 { recover(status) }
        return status
    }

    /// Opens the journal again where it stands, so that what was read of it is no longer mapped,
    /// and all that is there now is found.
    ///
    /// Files that cannot be opened any more are read on as they are.
    mutating func openAgain() {
        sinceOpen = 0
        guard let fresh = try? JournalHandle(place) else { return }
        handle = consume fresh
        sinceProcess = 0
        let status = go(to: position)
        if status < 0 { recover(status) }
    }

    /// Opens the journal again and goes on after the last entry taken.
    ///
    /// What libsystemd says when files are damaged, removed or replaced under it (EBADMSG, EIDRM,
    /// EADDRNOTAVAIL, ESTALE, …) is not told apart: all of it is cured by opening again, or by
    /// waiting, or by stepping over an entry. What is stepped over is missing in the numbers and
    /// counted by them.
    mutating func recover(_ status: Int32) {
        failures += 1
        sinceProcess = 0
        isOnEntry = false
        if failures > 1 {
            handOver()
            if stop.wait(milliseconds: failures == 2 ? 100 : Self.recheckMilliseconds) { return }
        }
        if failures == Self.failuresBeforeGap {
            reportGap(nil, "journal unreadable: \(CollectError.message(-status))")
        }
        handle = nil
        do throws(CollectError) {
            handle = try JournalHandle(place)
        } catch {
            stop.wait(milliseconds: Self.recheckMilliseconds)
            return
        }
        if last == nil, writers.isEmpty { return }
        _ = go(to: position)
        if failures > 2, isOnEntry || (handle?.next() ?? 0) > 0 {
            isOnEntry = false
            if !place.isComplete { reportGap(1, "journal entry damaged") }
        }
    }

    /// Entries between two looks at what has changed on disk (journalctl does the same).
    private static let processEvery = 1024
    private static let failuresBeforeGap = 5
    /// How often to look without being told.
    private static let recheckMilliseconds: Int32 = 1000
}
