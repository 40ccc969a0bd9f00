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
///                                  │   ▲ drain
///                                  ▼   │
///                               SpillRing
///
/// Records are spilled when the writer is held up, or the intake has no room for a while; and, once
/// there are such, all that come after them, until the ring has been drained: so the order of a
/// source's records stays. What the ring drops it counts, and the counts are stored like those of
/// the kernel.
final class SpillStage: RecordSink {
    /// How long a batch waits for room before it is spilled; the kernel's buffer holds what comes.
    private static let roomMillis = 200
    /// How often what was spilled is synced, and how often an idle drain looks.
    private static let syncMillis = 200

    private struct State {
        var ring: SpillRing
        /// A frame was taken out that has not reached the intake.
        var isInHand = false
        /// Since when records are spilled; nil: none are.
        var begun: Timestamp?
        var spilled: UInt64 = 0
        var droppedBefore: UInt64 = 0
        var damagesTold = 0
    }

    private let intake: Intake
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

    /// - Parameter ring: opened; it is closed by `close`.
    init(ring: SpillRing, intake: Intake, log: Logger) {
        self.intake = intake
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

    private func isHeldUp() -> Bool { surroundings.withLock { $0 }?.isHeldUp() ?? false }

    func put(_ batch: consuming RecordBatch) -> Bool {
        guard SpillClass.isUnstoppable(batch.source.kind) else { return intake.put(batch) }
        let batch = batch
        let isDirect = state.withLock { $0.ring.isEmpty && !$0.isInHand } && !isHeldUp()
        if isDirect, intake.put(batch, waitMillis: Self.roomMillis) { return true }
        spill([batch])
        return true
    }

    private func spill(_ batches: [RecordBatch]) {
        state.withLock { state in
            if state.begun == nil {
                state.begun = Timestamp(nanoseconds: SystemClock.nanoseconds())
                state.spilled = 0
                state.droppedBefore = state.ring.dropped
                log.critical("the store takes nothing; what cannot wait goes to the spill ring")
            }
            let before = state.ring.dropped
            for batch in batches {
                state.spilled += UInt64(batch.entries.count)
                guard let failed = state.ring.append(batch) else { continue }
                state.spilled -= UInt64(failed.entries.count)
                // What the ring's disk refuses waits in memory, as long as that keeps the order.
                let isFirst = state.ring.isEmpty && !state.isInHand
                if !isFirst || !intake.put(failed, waitMillis: 0) { state.ring.refuse(failed) }
            }
            if before == state.droppedBefore, state.ring.dropped > before {
                log.critical("the spill ring is full or fails; the lowest class is dropped")
            }
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
        state.withLock { $0.ring.settled(rows.source.id, rows.position) }
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
            state.ring.sync()
            for damage in state.ring.damages.dropFirst(state.damagesTold) {
                log.error("spill ring: \(damage)")
            }
            state.damagesTold = state.ring.damages.count
            guard let begun = state.begun, state.ring.bytes == 0, !state.ring.owes else {
                return nil
            }
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
        state.withLock { $0.ring.close() }
        // What has a position is read again: from its source, or from the ring.
        return leftovers.allSatisfy {
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
