import HisuiBytes
import HisuiEvent
import HisuiProof
import HisuiShape
import Logging
import Synchronization

/// Extends the trees of a zone by every durable row and signs checkpoints, on a `DurableTail`'s
/// thread.
///
/// A checkpoint of each stream is written at the start, then each interval, also when nothing came,
/// and at the stop. What the disk refuses is tried again each second: the rows stay in the trees.
final class ProofStage: TailConsumer {
    let wantsAllAtStop = true
    private let proof: ZoneProof
    private let acts: ActsProof
    private let intervalMillis: Int
    private let log: Logger

    private struct State {
        var definitions: MerkleHash?
        /// When a checkpoint is due, by `SystemClock`.
        var due = 0
        /// Whether a failure was told: of checkpoints, of the acts' tree.
        var isTold = false
        var isActsTold = false
        var refusedTold: Set<String> = []
    }
    private let state = Mutex(State())

    init(proof: ZoneProof, acts: ActsProof, intervalSeconds: Int, log: Logger) {
        self.proof = proof
        self.acts = acts
        intervalMillis = intervalSeconds * 1000
        self.log = log
        if proof.resumedAfterLoss {
            log.notice("the key of the last epoch was lost: resumed after power loss or a kill")
        }
    }

    /// Says with which definitions rows are made from now on.
    func use(definitions digest: [UInt8]) {
        state.withLock { $0.definitions = MerkleHash(digest) }
    }

    func take(_ rows: RowBatch, shapes: ShapeTable, stream: String, first: UInt64) {
        guard let tree = tree(of: stream) else { return }
        tree.appendLost(upTo: first)
        var rows = rows
        let known = tree.size - first
        if known > 0 { rows.rows.removeFirst(min(Int(known), rows.rows.count)) }
        tree.append(rows)
    }

    func skip(_ leaves: Range<UInt64>, stream: String) {
        tree(of: stream)?.appendLost(upTo: leaves.upperBound)
    }

    func tick(now: Timestamp, isCaughtUp: Bool) {
        let turn = SystemClock.monotonicMilliseconds()
        guard turn >= state.withLock({ $0.due }) else { return }
        if checkpoint(now) { state.withLock { $0.due = turn + intervalMillis } }
        extendActs()
    }

    func end(now: Timestamp, isCaughtUp: Bool) {
        _ = checkpoint(now)
        extendActs()
        do throws(ProofError) {
            try proof.handOver()
        } catch {
            log.error("the key of the epoch could not be handed over: \(error)")
        }
    }

    private func tree(of stream: String) -> TreeWriter? {
        if let tree = proof.tree(of: stream) { return tree }
        if let error = proof.refused[stream],
            state.withLock({ $0.refusedTold.insert(stream).inserted })
        {
            log.critical("stream \(stream) is stored, but proven no more: \(error)")
        }
        return nil
    }

    /// - Returns: whether every tree has one.
    private func checkpoint(_ now: Timestamp) -> Bool {
        let definitions = state.withLock { $0.definitions }
        do throws(ProofError) {
            try proof.checkpoint(now: now, definitions: definitions)
        } catch {
            let isTold = state.withLock { exchange(&$0.isTold, true) }
            if !isTold { log.critical("no checkpoint could be written; tried again: \(error)") }
            return false
        }
        if state.withLock({ exchange(&$0.isTold, false) }) {
            log.notice("checkpoints are written again")
        }
        return true
    }

    /// Covers the acts that there are now, whoever appended them.
    func extendActs() {
        do throws(ProofError) {
            try acts.extend()
            state.withLock { $0.isActsTold = false }
        } catch {
            let isTold = state.withLock { exchange(&$0.isActsTold, true) }
            if !isTold { log.error("the tree of the acts could not be extended: \(error)") }
        }
    }
}

/// Puts a new value in the place of an old one, which it returns.
private func exchange(_ value: inout Bool, _ new: Bool) -> Bool {
    defer { value = new }
    return value
}
