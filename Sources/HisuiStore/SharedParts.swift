import HisuiEvent
import Synchronization

/// What the segments that one reader has opened keep together.
///
/// May be used from several threads.
final class SharedParts: Sendable {
    let shapes = SharedShapes()
    let patterns = PatternIndex()
    let directories = MemoryAllowance(bytes: Limits.directoryBytesMax)
    let chunks: RecentChunks
    let reads = ReadCounter()

    /// - Parameter chunkBytes: of chunks that are kept for the next search.
    init(chunkBytes: Int = 0) { chunks = RecentChunks(bytes: chunkBytes) }
}

/// Memory that may be kept until it is asked for again, counted for all who keep some.
final class MemoryAllowance: Sendable {
    private let left: Atomic<Int>

    init(bytes: Int) { left = Atomic(bytes) }

    /// Takes `bytes`; false, and nothing is taken, if so much is not left.
    func take(_ bytes: Int) -> Bool {
        if left.subtract(bytes, ordering: .relaxed).newValue >= 0 { return true }
        give(bytes)
        return false
    }

    /// Takes or gives until a holder of `held` bytes has the first of `sizes` that there is room
    /// for; none if there is room for none.
    ///
    /// - Returns: what it has then.
    func resize(_ held: Int, to sizes: [Int]) -> Int {
        for size in sizes where size <= held || take(size - held) {
            if size < held { give(held - size) }
            return size
        }
        give(held)
        return 0
    }

    func give(_ bytes: Int) { left.add(bytes, ordering: .relaxed) }
}
