import Glibc
import HisuiBytes
import HisuiEvent
import HisuiPolicy
import HisuiShape
import HisuiStore
import Logging
import Synchronization

/// The writer's thread: appends rows to the log and makes them durable in groups.
///
/// A group is closed when its oldest row has waited `commitMillis`, when it has grown large, or as
/// soon as nothing more waits behind a batch whose sender waits for its receipt. While the disk is
/// busy with one group the next one gathers, so the cost of a sync is shared by all that came
/// meanwhile. Only after the sync are rows shown to anyone, and receipts given.
///
/// When the disk is full or refuses a write nothing is lost: what was taken stays in memory,
/// reception stops because the queues fill, and the group is tried again every second. A log that
/// failed to sync is never trusted again: the store goes on in a new one.
final class WriteStage: Sendable {
    /// A group is committed at once when its records have so many bytes.
    private static let groupBytesMax = 4 << 20
    /// How long the loop waits at most for a batch: closing old logs is looked at so often.
    private static let idleMillis = 1000
    /// How long it waits for room before it looks again.
    private static let roomMicros: UInt32 = 10_000

    private let input: BoundedQueue<ParsedBatch>
    private let commitMillis: Int
    private let segmentRows: Int
    private let segmentAgeSeconds: Int
    private let retryMillis: Int
    private let log: Logger
    /// Called on the writer's thread with rows that have just become durable; must not wait.
    private let observers: [@Sendable (DurableRows) -> Void]
    private let onClosedLogs: @Sendable ([ClosedLog]) -> Void
    /// Called with what became of files, before it is durable that they were taken.
    private let onNotes: @Sendable ([FileNote]) -> Void
    private let hasRoom: @Sendable () -> Bool
    /// Called with every batch that has become durable, those without rows too; must not wait.
    private let onDurable: @Sendable (RowBatch) -> Void
    private let turn = Atomic<Int>(SystemClock.monotonicMilliseconds())
    private let giveUp = Atomic<Bool>(false)
    private let gaveUp = Atomic<Bool>(false)
    private let leftovers = Mutex<[RowBatch]>([])
    /// Whether the loop waits for the sealer or for a disk that refuses.
    private let isWaiting = Atomic<Bool>(false)

    /// - Parameters:
    ///   - retryMillis: how long to wait before a group that was refused is tried again.
    ///   - onClosedLogs: called with logs that can be sealed; must not wait.
    ///   - onNotes: called on the writer's thread with what became of files: once or, where a crash
    ///     comes between, twice.
    ///   - hasRoom: whether another log may be filled: while not, nothing is taken from the input.
    ///   - onDurable: called with every batch that has become durable; must not wait.
    init(
        input: BoundedQueue<ParsedBatch>, service: Configuration.Service,
        retryMillis: Int = 1000, log: Logger,
        observers: [@Sendable (DurableRows) -> Void],
        onClosedLogs: @escaping @Sendable ([ClosedLog]) -> Void,
        onNotes: @escaping @Sendable ([FileNote]) -> Void = { _ in },
        hasRoom: @escaping @Sendable () -> Bool,
        onDurable: @escaping @Sendable (RowBatch) -> Void = { _ in }
    ) {
        self.input = input
        commitMillis = service.commitMilliseconds
        segmentRows = service.segmentRows
        segmentAgeSeconds = service.segmentAgeSeconds
        self.retryMillis = retryMillis
        self.log = log
        self.observers = observers
        self.onClosedLogs = onClosedLogs
        self.onNotes = onNotes
        self.hasRoom = hasRoom
        self.onDurable = onDurable
    }

    /// When the loop last came round, by `SystemClock`: what the watchdog looks at.
    var lastTurnMillis: Int { turn.load(ordering: .relaxed) }

    /// How long ago the loop came round.
    var millisSinceTurn: Int { SystemClock.monotonicMilliseconds() - lastTurnMillis }

    /// Whether records that come cannot be stored now: the loop waits, or has not come round for
    /// longer than any group takes.
    var isHeldUp: Bool {
        isWaiting.load(ordering: .relaxed) || millisSinceTurn > 10 * Self.idleMillis
    }

    /// Ends a wait for the disk or for the sealer: what is not durable then is given up, and was
    /// never acknowledged.
    func stopWaiting() { giveUp.store(true, ordering: .relaxed) }

    /// Whether the loop ended with records that the store had not taken.
    var lostRecords: Bool { gaveUp.load(ordering: .relaxed) }

    /// A batch of a group, and how often its stream had committed when it was appended; nil: it was
    /// not, or was lost with a stream that failed.
    private struct Pending {
        var batch: ParsedBatch
        var appendedAt: UInt64?
        /// Leaf index of its first row, where it was appended.
        var first: UInt64 = 0
    }

    /// Runs until the input has ended and everything is durable.
    func run(_ writer: ZoneWriter) {
        onClosedLogs(writer.takeClosedLogs())
        var group: [Pending] = []
        var groupBytes = 0
        var groupStarted = 0
        var someoneWaits = false
        var isOpen = true
        while isOpen {
            turn.store(SystemClock.monotonicMilliseconds(), ordering: .relaxed)
            if group.isEmpty { waitForRoom() }
            let waited = group.isEmpty ? 0 : SystemClock.monotonicMilliseconds() - groupStarted
            let wait = group.isEmpty ? Self.idleMillis : max(0, commitMillis - waited)
            switch input.take(waitMillis: someoneWaits ? 0 : wait) {
            case .element(let batch):
                if group.isEmpty { groupStarted = SystemClock.monotonicMilliseconds() }
                groupBytes += batch.rows.bytes.count
                someoneWaits = someoneWaits || batch.rows.receipt != nil
                group.append(Pending(batch: batch))
                if groupBytes < Self.groupBytesMax && wait > 0 { continue }
            case .nothing:
                break
            case .end:
                isOpen = false
            }
            guard store(&group, writer) else { break }
            for pending in group { onDurable(pending.batch.rows) }
            group.removeAll(keepingCapacity: true)
            groupBytes = 0
            someoneWaits = false
        }
        // Whoever waits to put more in must not wait for ever.
        input.close()
        do throws(StoreError) {
            try writer.close()
        } catch {
            log.error("closing the store: \(error)")
        }
        keepLeftovers(of: group, writer)
    }

    /// Batches that were taken and not stored, in order, once `run` has ended; each is given once.
    func takeLeftovers() -> [RowBatch] {
        leftovers.withLock { leftovers in
            defer { leftovers = [] }
            return leftovers
        }
    }

    /// Keeps what was given up: of the group, what closing the store has not made durable after
    /// all, and what was still to be taken.
    private func keepLeftovers(of group: [Pending], _ writer: ZoneWriter) {
        var left = group.filter { pending in
            guard let appendedAt = pending.appendedAt else { return true }
            let stream = try? writer.stream(pending.batch.stream)
            return stream.map { $0.commitCount == appendedAt } ?? true
        }.map(\.batch.rows)
        while case .element(let batch) = input.take(waitMillis: 0) { left.append(batch.rows) }
        leftovers.withLock { $0 = left }
    }

    private func waitForRoom() {
        defer { isWaiting.store(false, ordering: .relaxed) }
        while !hasRoom(), !giveUp.load(ordering: .relaxed) {
            isWaiting.store(true, ordering: .relaxed)
            turn.store(SystemClock.monotonicMilliseconds(), ordering: .relaxed)
            usleep(Self.roomMicros)
        }
    }

    /// Makes a group durable, however long the disk refuses. False when it was given up.
    private func store(_ group: inout [Pending], _ writer: ZoneWriter) -> Bool {
        var told = false
        defer { isWaiting.store(false, ordering: .relaxed) }
        while true {
            do throws(StoreError) {
                try attempt(&group, writer)
                if told { log.notice("the store takes records again") }
                break
            } catch {
                if !told { log.critical("the store refuses; collection waits: \(error)") }
                told = true
                isWaiting.store(true, ordering: .relaxed)
                if giveUp.load(ordering: .relaxed) {
                    gaveUp.store(true, ordering: .relaxed)
                    return false
                }
                turn.store(SystemClock.monotonicMilliseconds(), ordering: .relaxed)
                usleep(UInt32(retryMillis) * 1000)
                recover(&group, writer)
            }
        }
        for pending in group { pending.batch.rows.receipt?.give() }
        for pending in group where !pending.batch.rows.rows.isEmpty {
            let rows = DurableRows(
                rows: pending.batch.rows, shapes: pending.batch.shapes,
                stream: pending.batch.stream, first: pending.first)
            for observe in observers { observe(rows) }
        }
        onClosedLogs(writer.takeClosedLogs())
        return true
    }

    private func attempt(_ group: inout [Pending], _ writer: ZoneWriter) throws(StoreError) {
        for number in group.indices where group[number].appendedAt == nil {
            let batch = group[number].batch
            group[number].first = try writer.append(
                batch.rows, to: batch.stream, shapes: batch.shapes,
                definitions: batch.definitions
            ).lowerBound
            group[number].appendedAt = try writer.stream(batch.stream).commitCount
            if !batch.rows.notes.isEmpty {
                onNotes(batch.rows.notes)
                group[number].batch.rows.notes = []
            }
        }
        try writer.commit()
        try writer.closeOldLogs(ageSeconds: segmentAgeSeconds, rowsMax: segmentRows)
    }

    /// Opens failed streams again and notes which batches of the group have to be appended anew:
    /// those that were not durable when their stream failed.
    private func recover(_ group: inout [Pending], _ writer: ZoneWriter) {
        do throws(StoreError) {
            for name in writer.streamNames {
                let stream = try writer.stream(name)
                guard stream.isFailed else { continue }
                for number in group.indices
                where group[number].batch.stream == name
                    && group[number].appendedAt == stream.commitCount
                {
                    group[number].appendedAt = nil
                }
            }
            try writer.reopenFailedStreams()
        } catch {
            log.error("the store cannot be opened again yet: \(error)")
        }
    }
}
