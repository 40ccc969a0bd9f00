import HisuiEvent
import HisuiProof
import HisuiStore

/// Hashes the records of an import on a thread of its own, and signs for them at the end.
///
/// Segments show their records as soon as they are complete; the checkpoint comes when all are.
/// An import that ends before leaves records without one: whoever writes the zone next adds them.
final class ProofQueue: Sendable {
    let proof: ZoneProof
    private let stream: String
    private let clock: StageClock?
    private let queue = BoundedQueue<RowBatch>(weightMax: queueBytesMax)
    /// One element when all that was put is in the tree.
    private let done = BoundedQueue<Bool>(weightMax: 1)
    private static let queueBytesMax = 16 << 20

    init(proof: ZoneProof, stream: String, clock: StageClock? = nil) {
        self.proof = proof
        self.stream = stream
        self.clock = clock
    }

    /// Appends what the store has before leaf `index`; then rows from there on may be put.
    ///
    /// - Throws: that the stream's tree cannot be continued, or its rows cannot be read.
    func begin(at index: UInt64) throws(StoreError) {
        _ = try proof.leastIndex(stream)
        try proof.catchUp(stream, upTo: index)
        guard proof.tree(of: stream) == nil, let error = proof.refused[stream] else { return }
        throw StoreError(.failed, error.what, path: error.path, advice: error.advice)
    }

    /// Takes the next rows of the stream; waits for room.
    func put(_ rows: RowBatch) {
        _ = queue.put(rows, weight: Weight.of(rows))
    }

    /// The thread's loop: until `finish` or `close`.
    func run() {
        while case .element(let rows) = queue.take(waitMillis: nil) {
            clock.measure(.hash) { proof.tree(of: stream)?.append(rows) }
        }
        _ = done.put(true, weight: 1)
    }

    /// Waits for the hashes of everything put and signs. The rows must be durable.
    func finish(definitions: [UInt8]) throws(StoreError) {
        queue.close()
        _ = done.take(waitMillis: nil)
        do throws(ProofError) {
            try clock.measure(.tree) { () throws(ProofError) in
                try proof.checkpoint(now: ZoneProof.now(), definitions: MerkleHash(definitions))
            }
        } catch {
            throw StoreError(
                .failed, "the records are stored, but no checkpoint: \(error.what)",
                path: error.path, advice: "the next import or start writes it")
        }
    }

    /// Ends the thread, and leaves the epoch's key to whoever writes the zone next.
    func close() {
        queue.close()
        // A key that is not handed over is a break of the chain, which the next epoch tells.
        try? proof.handOver()
    }
}
