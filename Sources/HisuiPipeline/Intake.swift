import HisuiCollect
import HisuiEvent
import Synchronization

/// The way from all collectors into the parser: one bounded queue, weighed in bytes.
///
/// Also remembers how far each source has come, for collectors that start again within the life of
/// the daemon: what is in the queue will be stored, so they go on after it. At the daemon's own
/// start the positions are those the store has made durable.
final class Intake: RecordSink {
    let queue: BoundedQueue<RecordBatch>
    private let positions: Mutex<[String: [UInt8]]>

    /// - Parameters:
    ///   - bytesMax: how many bytes of records may wait.
    ///   - positions: the durable position of each source.
    init(bytesMax: Int, positions: [String: [UInt8]]) {
        queue = BoundedQueue(weightMax: bytesMax)
        self.positions = Mutex(positions)
    }

    func put(_ batch: consuming RecordBatch) -> Bool {
        let weight = Weight.of(batch)
        let (source, position) = (batch.source.id, batch.position)
        guard queue.put(batch, weight: weight) else { return false }
        remember(position, of: source)
        return true
    }

    /// Takes a batch if there is room now. False if there was none; the batch was not taken then.
    func offer(_ batch: RecordBatch) -> Bool {
        guard queue.offer(batch, weight: Weight.of(batch)) else { return false }
        remember(batch.position, of: batch.source.id)
        return true
    }

    /// Where a collector goes on: after the last batch of the source that was taken.
    func position(of source: String) -> [UInt8]? {
        positions.withLock { $0[source] }
    }

    private func remember(_ position: [UInt8], of source: String) {
        if !position.isEmpty { positions.withLock { $0[source] = position } }
    }
}
