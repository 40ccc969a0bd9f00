import HisuiBytes
import HisuiEvent

/// Taking the events of an event log, which are lines of the contents.
extension FileImport {
    /// Cuts the events that are there, until the batch is full.
    ///
    /// - Returns: where it stopped.
    mutating func cutEvents(_ received: Timestamp, _ batch: inout RecordBatch) -> Int {
        let bytes = contents
        var at = contentsPosition
        while at < bytes.count, !LineCutter.isFull(batch) {
            let end = ByteSearch.first(of: 0x0A, in: bytes.span, at..<bytes.count) ?? bytes.count
            let offset = contentHash.count + UInt64(at - contentsPosition)
            let flags = eventLog?.flags(at: offset) ?? []
            // Nothing, where what is known ends before a line feed.
            if end > at {
                batch.append(
                    bytes.span.extracting(at..<end), received: received, flags: flags)
            }
            at = min(end + 1, bytes.count)
        }
        return at
    }

    /// Tells what is wrong with the log, as far as it is taken.
    mutating func tellFaults(_ received: Timestamp, _ batch: inout RecordBatch) {
        guard let faults = eventLog?.faults(upTo: contentHash.count) else { return }
        batch.gaps = faults.gaps(of: source, path: path, found: received)
        batch.account.gaps = UInt64(batch.gaps.count)
    }
}
