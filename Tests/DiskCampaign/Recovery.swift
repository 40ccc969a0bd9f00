import HisuiEvent
import HisuiEvidence
import HisuiFile
import HisuiProof
import HisuiStore

/// Takes a disk as it was found, checks it, starts the daemon on it, and checks again.
struct Recovery {
    /// How much is done on a disk that was found.
    struct Depth {
        /// Whether more is appended, sealed and signed afterwards.
        var goesOn: Bool
        /// Whether all of the store is verified at the end.
        var verifies: Bool
    }

    private let disk: SimulatedFileSystem
    private var ledger: Ledger

    /// - Parameter ledger: what was known when power was lost.
    init(_ disk: SimulatedFileSystem, _ ledger: Ledger) {
        self.disk = disk
        self.ledger = ledger
    }

    /// - Returns: the life that goes on there.
    mutating func run(_ depth: Depth, seed: UInt64, clock: Int64) throws -> Life {
        try settle()
        let life = Life(on: disk, ledger: ledger, seed: seed, clock: clock)
        try life.start()
        try check(life)
        guard depth.goesOn else { return life }
        try life.append(batches: 2)
        try life.rotate()
        try life.append(batches: 1)
        try life.seal()
        try life.checkpoint()
        try check(life)
        if depth.verifies {
            try life.proveActs()
            // What an import left half done its zone's next writer ends.
            if try disk.exists(Filenames.zonePath(store: Life.store, zone: Life.bulkZone)) {
                try life.importBulk()
            }
            try verify()
        }
        return life
    }

    /// Before anybody has put things right: what an operator sees who searches now. What is there
    /// is what the ledger goes on with.
    private mutating func settle() throws {
        var snapshot = Snapshot()
        var list = ActList()
        do throws(StoreError) {
            snapshot = try StoreReader(fileSystem: disk, path: Life.store).snapshot()
            list = try ActReader(fileSystem: disk, store: Life.store).acts()
        } catch {
            // It need not be there before somebody was told that it is.
            guard error.code == .notAStore, ledger.opened.isEmpty else { throw error }
        }
        let found = try StoreCheck.rows(snapshot, atLeast: ledger, atMost: ledger)
        for (stream, book) in ledger.books {
            let records = found[stream]?.upperBound ?? 0
            let batches = try StoreCheck.batches(
                of: stream, book, records: records,
                states: snapshot.sourceStates[stream] ?? [])
            try StoreCheck.checkpoint(disk, stream, book, records: records)
            ledger.books[stream]?.cut(toBatches: batches)
        }
        let numbers = try StoreCheck.acts(list, ledger)
        try StoreCheck.definitions(disk, ledger)
        let moment = disk.moment
        ledger.restart(
            acts: numbers, isDurable: !moment.hasPendingBytes && !moment.hasPendingEntries)
    }

    /// While the daemon runs: everything is there, and nothing else.
    private func check(_ life: Life) throws {
        let ledger = life.ledger
        let reader = try StoreReader(fileSystem: disk, path: Life.store)
        let snapshot = try reader.snapshot()
        let found = try StoreCheck.rows(snapshot, atLeast: ledger, atMost: ledger)
        for (stream, book) in ledger.books {
            let records = found[stream]?.upperBound ?? 0
            let states = snapshot.sourceStates[stream] ?? []
            _ = try StoreCheck.batches(of: stream, book, records: records, states: states)
            try StoreCheck.checkpoint(disk, stream, book, records: records)
            if let gap = snapshot.gaps[stream]?.first { throw Violation("a gap: \(gap.cause)") }
            guard stream.zone == Life.zone else { continue }
            let writer = try life.writer?.stream(stream.stream)
            if let damage = writer?.recovery.damages.first {
                throw Violation("recovery tells of damage: \(damage)")
            }
            guard writer?.nextIndex == UInt64(records) else {
                throw Violation("\(stream): the next index is \(writer?.nextIndex ?? 0)")
            }
            let isSame =
                Set(writer?.sourceStates.map(\.position) ?? []) == Set(states.map(\.position))
            guard isSame else { throw Violation("\(stream): the writer has other states") }
        }
        let list = try ActReader(fileSystem: disk, store: Life.store).acts()
        _ = try StoreCheck.acts(list, ledger)
        try StoreCheck.definitions(disk, ledger)
    }

    /// The whole store, with the eyes of `hisui verify`.
    private func verify() throws {
        var options = StoreVerifier.Options()
        options.workers = 1
        let verdict = try StoreVerifier(
            fileSystem: disk, store: Life.store, options: options
        ).run()
        if let problem = verdict.problems.first {
            throw Violation("verification: \(problem.file): \(problem.what)")
        }
    }
}
