import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiProof
import HisuiShape
import HisuiStore

/// A store's life on a simulated disk, through the writers that `hisui` uses: the daemon of a zone,
/// other processes that append acts, keep definitions, import into another zone and let go of old
/// segments.
///
/// Everything is noted in the ledger: before it is begun, and when it returned.
///
/// Owned by one thread; what others do "at the same time" is done between two calls to the disk.
final class Life: @unchecked Sendable {
    // Safe: never leaves the thread of its explorer; the disk calls back on that thread.

    static let store = "/store"
    static let zone = "inner"
    static let bulkZone = "bulk"

    let disk: SimulatedFileSystem
    var ledger: Ledger
    var chance: Chance
    /// Nanoseconds; goes on with everything that happens.
    var clock: Int64
    /// How many rows a batch has, at most, and bytes of filling a row.
    var rowsMax = 7
    var lengthMax = 60
    /// Whether operations may fail: then they are tried again, as the daemon does.
    var isTolerant = false

    /// How often a group could not be made durable.
    private(set) var refusals = 0

    let maker = BatchMaker()
    var writer: ZoneWriter?
    var trees: ZoneTrees?
    var closedLogs: [ClosedLog] = []
    /// Batches of an import that failed.
    private var unfinishedImport: [Pending] = []
    var definitions = [UInt8](repeating: 0xD0, count: 32)
    /// Held by this process: who acts meanwhile must not wait for them.
    var holdsActs = false
    var holdsExpiry = false
    /// A reader of another process, which opened the store long ago.
    var reader: StoreReader?

    init(on disk: SimulatedFileSystem, ledger: Ledger = Ledger(), seed: UInt64, clock: Int64? = nil)
    {
        self.disk = disk
        self.ledger = ledger
        chance = Chance(seed)
        self.clock = clock ?? 1_795_000_000_000_000_000
    }

    var now: Timestamp {
        clock += 1_000_000
        return Timestamp(nanoseconds: clock)
    }

    var operation: Int { disk.operationCount }

    func note(_ stream: Ledger.Stream, _ change: (inout Ledger.Book) -> Void) {
        change(&ledger.books[stream, default: Ledger.Book()])
    }

    static func stream(_ name: String, zone: String = Life.zone) -> Ledger.Stream {
        Ledger.Stream(zone: zone, stream: name)
    }

    // MARK: The daemon

    /// Starts the daemon: keys, trees, recovery, what a deletion left, definitions, the rest of the
    /// tree.
    func start() throws {
        let life = self
        writer = try ZoneWriter.open(
            fileSystem: disk, store: Self.store, zone: Self.zone, now: { life.now },
            leastIndex: { (stream) throws(StoreError) in try life.leastIndex(stream) })
        _ = try leastIndex(ZoneWriter.defaultStream)
        _ = try Expiry(fileSystem: disk, store: Self.store)
            .completeDeletionsUnlessLocked(zone: Self.zone)
        ledger.opened.append(.init(operation: operation, value: true))
        // Recovery has made durable what it found.
        for name in writer?.streamNames ?? [] { foundIsDurable(Self.stream(name)) }
        closedLogs = writer?.takeClosedLogs() ?? []
        try keepDefinitions(new: false)
        try appendActs(.start)
        try checkpoint()
        if reader == nil { reader = try StoreReader(fileSystem: disk, path: Self.store) }
    }

    private func foundIsDurable(_ stream: Ledger.Stream, butLast missing: Int = 0) {
        guard let count = ledger.books[stream]?.batches.count else { return }
        note(stream) {
            $0.acknowledged.append(.init(operation: operation, value: count - missing))
        }
    }

    private func leastIndex(_ stream: String) throws(StoreError) -> UInt64 {
        if trees == nil { trees = try openTrees(Self.zone) }
        return trees?.size(stream) ?? 0
    }

    private func openTrees(_ zone: String) throws(StoreError) -> ZoneTrees {
        do {
            return try ZoneTrees(disk, store: Self.store, zone: zone, now: now)
        } catch {
            throw StoreError(.failed, "\(error)", path: Self.store)
        }
    }

    /// Stops the daemon as a signal does.
    func stop() throws {
        try checkpoint()
        try trees?.handOver()
        trees = nil
        try writer?.close()
        writer = nil
        try appendActs(.stop)
    }

    /// Somebody mends the disk, and makes room.
    func mend() {
        disk.clearFaults()
        disk.setCapacity(nil)
    }

    /// The process is gone; what it held is released.
    func drop() {
        writer = nil
        trees = nil
        closedLogs = []
    }

    /// Commits batches of one or more sources to one or more streams, as one group.
    func append(batches: Int) throws {
        var group: [Pending] = []
        for _ in 0..<batches {
            let stream = Self.stream(chance.once(in: 3) ? "audit" : ZoneWriter.defaultStream)
            let rows = make(for: stream)
            group.append(
                Pending(stream, rows, end: ledger.books[stream]?.records.count ?? 0))
        }
        try store(group)
    }

    private func make(for stream: Ledger.Stream, rowsMin: Int = 0) -> RowBatch {
        var book = ledger.books[stream, default: Ledger.Book()]
        defer { ledger.books[stream] = book }
        let rows = maker.make(
            max(rowsMin, chance.below(rowsMax + 1)), length: lengthMax, definitions: definitions,
            for: stream, in: &book, clock: &clock, &chance)
        book.appended.append(.init(operation: operation, value: book.batches.count))
        return rows
    }

    /// A batch of a group, and how often its stream had committed when it was appended.
    private final class Pending {
        let stream: Ledger.Stream
        let rows: RowBatch
        /// Records of the stream up to this batch.
        let end: UInt64
        var appendedAt: UInt64?

        init(_ stream: Ledger.Stream, _ rows: RowBatch, end: Int) {
            self.stream = stream
            self.rows = rows
            self.end = UInt64(end)
        }
    }

    /// Makes a group durable. Where the disk refuses, it does what the daemon's writer does: try
    /// again, after opening again what failed.
    private func store(_ group: [Pending]) throws {
        var attempts = 0
        while true {
            do {
                try attempt(group)
                break
            } catch let error as StoreError {
                guard isTolerant else { throw error }
                attempts += 1
                refusals += 1
                if attempts == 4 { mend() }
                guard attempts < 8 else {
                    throw Violation("the writer does not recover by itself: \(error)")
                }
                // What fails is tried again with the next attempt.
                try? recover(group)
            }
        }
        for stream in Set(group.map(\.stream)) {
            note(stream) { book in
                book.acknowledged.append(.init(operation: operation, value: book.batches.count))
            }
        }
    }

    private func attempt(_ group: [Pending]) throws {
        guard let writer else { throw Violation("no writer") }
        for pending in group where pending.appendedAt == nil {
            let leaves = try writer.append(
                pending.rows, to: pending.stream.stream, shapes: maker.table,
                definitions: definitions)
            let first = pending.end - UInt64(pending.rows.rows.count)
            guard leaves == first..<pending.end else {
                throw Violation("\(pending.stream) gave leaves \(leaves), not up to \(pending.end)")
            }
            pending.appendedAt = try writer.stream(pending.stream.stream).commitCount
        }
        try writer.commit()
    }

    private func recover(_ group: [Pending]) throws {
        guard let writer else { return }
        for name in writer.streamNames {
            let stream = try writer.stream(name)
            guard stream.isFailed else { continue }
            // Lost with the stream, whose last commit was before.
            for pending in group where pending.stream.stream == name {
                if pending.appendedAt == stream.commitCount { pending.appendedAt = nil }
            }
        }
        try writer.reopenFailedStreams()
    }

    /// Closes the open logs, so that they can be sealed.
    func rotate() throws {
        guard let writer else { return }
        try writer.closeOldLogs(ageSeconds: 0)
        closedLogs += writer.takeClosedLogs()
    }

    /// Seals what is closed, and records the digests of the segments.
    func seal() throws {
        while let log = closedLogs.first {
            let segment = try Sealer(fileSystem: disk, store: Self.store).seal(log)
            closedLogs.removeFirst()
            let digest = MerkleHash.digest(of: try disk.bytes(segment, from: 0, count: 1 << 26))
            try appendActs(
                .segment, zone: log.zone,
                [
                    ("stream", .text(log.stream)),
                    ("leaves.first", .integer(Int64(log.leaves.lowerBound))),
                    ("leaves.end", .integer(Int64(log.leaves.upperBound))),
                    ("sha256", .text(digest.hexadecimal)),
                ])
        }
    }

    /// Signs a checkpoint of every stream, over everything that is durable.
    func checkpoint() throws {
        guard let writer, let trees else { return }
        for name in writer.streamNames {
            try checkpoint(name, trees, end: try writer.stream(name).committedIndex)
        }
    }

    private func checkpoint(
        _ name: String, _ trees: ZoneTrees, zone: String = Life.zone, end: UInt64
    ) throws {
        let stream = Self.stream(name, zone: zone)
        try trees.extend(name, upTo: end)
        note(stream) {
            $0.checkpointsBegun.append(.init(operation: operation, value: Int(end)))
        }
        try trees.checkpoint(name, now: now)
        note(stream) { $0.checkpoints.append(.init(operation: operation, value: Int(end))) }
    }

    // MARK: Other processes

    /// Appends one or more acts, as a command does.
    func appendActs(
        _ kind: Act.Kind = .search, zone: String = Life.zone, _ fields: [Act.Field] = []
    ) throws {
        if holdsActs { return }
        holdsActs = true
        defer { holdsActs = false }
        let count = fields.isEmpty && kind == .search ? 1 + chance.below(3) : 1
        let time = now
        let first = ledger.acts.count
        for number in first..<first + count {
            var fields = fields + [("number", .integer(Int64(number)))]
            if kind == .search {
                fields.append(("query", .text(String(repeating: "あ", count: chance.below(80)))))
            }
            ledger.acts.append(
                Act(
                    kind, time: time, zone: zone, actor: Actor(.daemon, pid: 7), fields: fields))
        }
        ledger.actsBegun.append(.init(operation: operation, value: ledger.acts.count))
        let log = ActLog(fileSystem: disk, store: Self.store, now: { time })
        let indices = try log.append(Array(ledger.acts[first...]))
        guard indices.count == count else { throw Violation("\(indices) for \(count) acts") }
        ledger.actsSeenAreDurable(operation)
        for (place, index) in indices.enumerated() {
            ledger.actsReturned.append(
                .init(operation: operation, value: (index, first + place)))
        }
    }

    /// Extends the tree of the acts.
    func proveActs() throws {
        if holdsActs { return }
        holdsActs = true
        defer { holdsActs = false }
        let time = now
        let log = ActLog(fileSystem: disk, store: Self.store, now: { time })
        var failure: (any Error)?
        try log.withLock { () throws(StoreError) in
            do {
                try ActsTree.extend(disk, store: Self.store, now: time)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// Keeps definitions, those in force or others.
    func keepDefinitions(new: Bool = true) throws {
        let kept = new ? (0..<32).map { _ in UInt8(chance.below(256)) } : definitions
        try DefinitionArchive(fileSystem: disk, store: Self.store).keep(
            Self.members(of: kept), digest: kept)
        definitions = kept
        ledger.definitionsKept.append(.init(operation: operation, value: kept))
    }

    /// The definitions behind a digest.
    static func members(of digest: [UInt8]) -> [DefinitionArchive.Member] {
        (0..<2).map { number in
            let text = "parser: p\(number)\n" + HexText.text(digest) + "\n"
            return DefinitionArchive.Member(
                parser: "p\(number)", version: 1, file: "p\(number).yaml",
                bytes: Array(text.utf8))
        }
    }

    /// Imports some batches into the other zone: segments without a log, then a checkpoint. After
    /// an import that failed it reads again what the store has not, as the command does.
    func importBulk() throws {
        let stream = Self.stream(ZoneWriter.defaultStream, zone: Self.bulkZone)
        let life = self
        var opened: ZoneTrees?
        let writer = try ZoneWriter.open(
            fileSystem: disk, store: Self.store, zone: Self.bulkZone, now: { life.now },
            leastIndex: { (stream) throws(StoreError) in
                if opened == nil { opened = try life.openTrees(Self.bulkZone) }
                return opened?.size(stream) ?? 0
            })
        let state = try writer.stream(stream.stream)
        guard let trees = opened else { throw Violation("no keys") }
        unfinishedImport.removeAll { $0.end <= state.nextIndex }
        let known = ledger.books[stream]?.records.count ?? 0
        let missing = unfinishedImport.reduce(0) { $0 + $1.rows.rows.count }
        guard state.nextIndex == UInt64(known - missing) else {
            throw Violation("the import begins at \(state.nextIndex), not at \(known - missing)")
        }
        foundIsDurable(stream, butLast: unfinishedImport.count)
        var importer = try SegmentImporter(
            fileSystem: disk, store: Self.store, zone: Self.bulkZone, stream: stream.stream,
            nextIndex: state.nextIndex, states: state.sourceStates, definitions: [definitions],
            rowsMax: max(10, rowsMax * 2))
        for _ in 0..<2 + chance.below(5) {
            let rows = make(for: stream, rowsMin: 1)
            unfinishedImport.append(
                Pending(stream, rows, end: ledger.books[stream]?.records.count ?? 0))
        }
        for pending in unfinishedImport {
            try importer.append(pending.rows, shapes: maker.table)
        }
        try importer.finish()
        unfinishedImport = []
        note(stream) { book in
            book.acknowledged.append(.init(operation: operation, value: book.batches.count))
        }
        let end = UInt64(ledger.books[stream]?.records.count ?? 0)
        try checkpoint(stream.stream, trees, zone: Self.bulkZone, end: end)
        try trees.handOver()
        try writer.close()
    }
}
