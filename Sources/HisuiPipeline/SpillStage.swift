import HisuiBytes
import HisuiCollect
import HisuiEvent
import HisuiFile
import HisuiStore
import Logging
import Synchronization

/// Stands between the collectors and the intake, and keeps on a disk what cannot wait while the
/// store takes nothing.
///
///     TCP, journals, files ─────────────────────▶ Intake      wait for room
///     UDP, Unix datagrams  ──▶ SpillStage ──────▶ Intake      as long as it takes
///                        spill, │   ▲ drain
///                        copies ▼   │
///                               SpillRing
///
/// What went into the intake and is not durable after a second, or when the writer is held up, is
/// copied into the ring: a kill at any moment costs what came in the last `Limits.takenMillisMax`
/// milliseconds at most. The copy goes when the store has its original.
///
/// Records are spilled when the writer is held up, or the intake has no room for a while; and, once
/// there are such, all that come after them, until the ring has been drained: so the order of a
/// source's records stays. What the ring drops it counts, and the counts are stored like those of
/// the kernel.
final class SpillStage: RecordSink {
    /// How long a batch waits for room before it is spilled: the kernel's buffer, which holds what
    /// comes meanwhile, is full after a tenth of a second of datagrams at full speed.
    private static let roomMillis = 20
    /// How often what was spilled is synced, and how often an idle drain looks.
    private static let syncMillis = 200

    /// After so long what is not durable is copied; each `syncMillis` is looked.
    private static let copyMillis = 1000

    /// A batch that went directly into the intake and is neither durable nor copied.
    private struct Underway {
        var batch: RecordBatch
        var since: Int
        /// The ring had no room for all of its copy. Not tried again: part of it may be there.
        var isRefused = false
    }

    private struct State {
        var ring: SpillRing
        /// By position.
        var underway: [[UInt8]: Underway] = [:]
        /// A frame was taken out that has not reached the intake.
        var isInHand = false
        /// Since when records are spilled; nil: none are.
        var begun: Timestamp?
        var spilled: UInt64 = 0
        var droppedBefore: UInt64 = 0
        var damagesTold = 0
        /// The ring had no room for copies, and has not taken any since.
        var isRoomlessTold = false
    }

    private let intake: Intake
    private let spillClass: @Sendable (Source) -> SpillClass?
    private let state: Mutex<State>
    private let stop = StopSignal()
    private let surroundings = Mutex<Surroundings?>(nil)
    private let log: Logger

    private struct Surroundings: Sendable {
        var isHeldUp: @Sendable () -> Bool
        var onEnd: @Sendable (Episode) -> Void
    }

    /// A time of spilling that is over: the store has everything that was not dropped.
    struct Episode: Sendable {
        var begun: Timestamp
        var spilled: UInt64
        var dropped: UInt64
    }

    /// - Parameters:
    ///   - ring: opened; it is closed by `close`.
    ///   - spillClass: of a source's records; nil: that of their priority.
    init(
        ring: SpillRing, intake: Intake,
        spillClass: @escaping @Sendable (Source) -> SpillClass? = { _ in nil }, log: Logger
    ) {
        self.intake = intake
        self.spillClass = spillClass
        self.log = log
        var state = State(ring: ring)
        if !ring.isEmpty {
            state.begun = Timestamp(nanoseconds: SystemClock.nanoseconds())
            state.spilled = ring.pendingRecords
            log.notice("\(state.spilled) records wait in the spill ring")
        }
        self.state = Mutex(state)
    }

    /// - Parameters:
    ///   - isHeldUp: whether the store takes nothing now.
    ///   - onEnd: called when everything that was spilled is stored.
    func begin(
        isHeldUp: @escaping @Sendable () -> Bool, onEnd: @escaping @Sendable (Episode) -> Void
    ) {
        surroundings.withLock { $0 = Surroundings(isHeldUp: isHeldUp, onEnd: onEnd) }
    }

    /// When the newest record came that waited in the ring when it was opened.
    var newestFound: Timestamp { state.withLock { $0.ring.newestFound } }

    /// Records that wait in the ring, and how many it has dropped since it was opened.
    var load: (waiting: UInt64, dropped: UInt64) {
        state.withLock { ($0.ring.pendingRecords, $0.ring.dropped) }
    }

    private func isHeldUp() -> Bool { surroundings.withLock { $0 }?.isHeldUp() ?? false }

    func put(_ batch: consuming RecordBatch) -> Bool {
        guard SpillClass.isUnstoppable(batch.source.kind) else { return intake.put(batch) }
        var batch = batch
        let deadline = SystemClock.monotonicMilliseconds() + Self.roomMillis
        while true {
            switch number(&batch) {
            case .taken: return true
            case .othersWait: break
            case .full:
                let left = deadline - SystemClock.monotonicMilliseconds()
                if left > 0, !intake.queue.isEnded {
                    intake.queue.waitForRoom(Weight.of(batch), waitMillis: left)
                    continue
                }
            }
            batch.position = []
            spill([batch])
            return true
        }
    }

    /// Takes a batch of a source that could wait, if there is room now.
    func offer(_ batch: RecordBatch) -> Bool { intake.offer(batch) }

    private enum Offered { case taken, full, othersWait }

    /// Puts a batch into the intake, if there is room and nothing that came before it is spilled.
    ///
    /// Its number is given while nothing else can be spilled or put in: so numbers are in the order
    /// in which batches come.
    private func number(_ batch: inout RecordBatch) -> Offered {
        state.withLock { state in
            guard state.ring.isEmpty, !state.isInHand, !isHeldUp() else { return .othersWait }
            batch.position = state.ring.reserve()
            guard intake.offer(batch) else { return .full }
            state.underway[batch.position] = Underway(
                batch: batch, since: SystemClock.monotonicMilliseconds())
            return .taken
        }
    }

    private func spill(_ batches: [RecordBatch]) {
        state.withLock { state in
            begin(&state)
            copy(&state)
            let before = state.ring.dropped
            for batch in batches {
                state.spilled += UInt64(batch.entries.count)
                guard var failed = state.ring.append(batch, as: spillClass(batch.source)) else {
                    continue
                }
                state.spilled -= UInt64(failed.entries.count)
                // What the ring's disk refuses waits in memory, as long as that keeps the order.
                let isFirst = state.ring.isEmpty && !state.isInHand
                if isFirst { failed.position = state.ring.reserve() }
                if isFirst, intake.offer(failed) {
                    state.underway[failed.position] = Underway(
                        batch: failed, since: SystemClock.monotonicMilliseconds())
                } else {
                    state.ring.refuse(failed)
                }
            }
            if before == state.droppedBefore, state.ring.dropped > before {
                log.critical("the spill ring is full or fails; the lowest class is dropped")
            }
        }
    }

    /// Notes that records are spilled from now on.
    private func begin(_ state: inout State) {
        guard state.begun == nil else { return }
        state.begun = Timestamp(nanoseconds: SystemClock.nanoseconds())
        state.spilled = 0
        state.droppedBefore = state.ring.dropped
        log.critical("the store takes nothing; what cannot wait goes to the spill ring")
    }

    /// Copies into the ring what is on its way into the store.
    private func copy(_ state: inout State) {
        let fresh = state.underway.filter { !$0.value.isRefused }
        if fresh.isEmpty { return }
        let batches = fresh.values.map { ($0.batch, spillClass($0.batch.source)) }
        guard state.ring.keep(batches) else {
            if !state.isRoomlessTold {
                log.critical("what waits in memory for the store finds no room in the spill ring")
            }
            state.isRoomlessTold = true
            for position in fresh.keys { state.underway[position]?.isRefused = true }
            return
        }
        state.isRoomlessTold = false
        for position in fresh.keys { state.underway[position] = nil }
        guard state.begun != nil else { return }
        state.spilled += batches.reduce(0) { $0 + UInt64($1.0.entries.count) }
    }

    /// Copies what should be durable and is not.
    private func look(_ state: inout State) {
        let waiting = state.underway.values.filter { !$0.isRefused }
        guard let oldest = waiting.map(\.since).min() else { return }
        if isHeldUp() {
            begin(&state)
            copy(&state)
        } else if SystemClock.monotonicMilliseconds() - oldest >= Self.copyMillis {
            copy(&state)
        }
    }

    /// The drain as a service; stops after the collectors and before the parser.
    var service: ThreadService {
        ThreadService(
            description: "spill", body: { self.run() }, requestStop: { self.stop.raise() })
    }

    /// Notes that a batch is durable.
    func settle(_ rows: RowBatch) {
        guard SpillClass.isUnstoppable(rows.source.kind), !rows.position.isEmpty else { return }
        state.withLock { state in
            state.underway[rows.position] = nil
            state.ring.settled(rows.source.id, rows.position)
        }
    }

    /// Drains the ring into the intake, until stopped; what is in it then stays there.
    func run() {
        while !stop.isRaised {
            guard !isHeldUp(), let batches = next() else {
                idle()
                continue
            }
            for (number, batch) in batches.enumerated() where !intake.put(batch) {
                // The pipeline ends. A frame is still in the ring; counts go back to it.
                giveBack(batches[number...])
                return
            }
            state.withLock { $0.isInHand = false }
        }
    }

    private func giveBack(_ batches: ArraySlice<RecordBatch>) {
        state.withLock { state in
            for batch in batches where batch.position.isEmpty { _ = state.ring.append(batch) }
        }
    }

    private func next() -> [RecordBatch]? {
        state.withLock { state in
            let batches = state.ring.take()
            state.isInHand = batches != nil
            return batches
        }
    }

    private func idle() {
        let ended = state.withLock { state -> Episode? in
            look(&state)
            state.ring.sync()
            for damage in state.ring.damages.dropFirst(state.damagesTold) {
                log.error("spill ring: \(damage)")
            }
            state.damagesTold = state.ring.damages.count
            guard let begun = state.begun, !isHeldUp(), state.ring.bytes == 0, !state.ring.owes
            else { return nil }
            state.begun = nil
            return Episode(
                begun: begun, spilled: state.spilled,
                dropped: state.ring.dropped - state.droppedBefore)
        }
        if let ended {
            log.notice(
                "what was spilled is stored: \(ended.spilled) records, \(ended.dropped) dropped")
            surroundings.withLock { $0 }?.onEnd(ended)
        }
        stop.wait(milliseconds: Int32(Self.syncMillis))
    }

    /// Keeps what a pipeline that gave up had taken and not stored, and closes the ring.
    ///
    /// - Returns: whether nothing of it is lost.
    func close(keeping leftovers: [RecordBatch]) -> Bool {
        let kept = leftovers.filter {
            SpillClass.isUnstoppable($0.source.kind) && $0.position.isEmpty
        }
        if !kept.isEmpty { spill(kept) }
        let isCopied = state.withLock { state in
            copy(&state)
            state.ring.close()
            return state.underway.isEmpty
        }
        // What has a position is read again: from its source, or from the ring.
        return isCopied
            && leftovers.allSatisfy {
                SpillClass.isUnstoppable($0.source.kind) || !$0.position.isEmpty
            }
    }
}

extension RecordBatch {
    /// The batch that rows were made of; what the parser noted of them it will note again.
    init(givingBack rows: RowBatch) {
        self.init(source: rows.source)
        bytes = rows.bytes
        senders = rows.senders
        position = rows.position
        account = rows.account
        gaps = rows.gaps
        let collected: RowFlags = [.truncated, .framingError, .maybeDuplicate]
        entries = rows.rows.map {
            Entry(
                offset: $0.offset, count: $0.count, received: $0.received, sender: $0.sender,
                flags: $0.flags.intersection(collected))
        }
    }
}
