import HisuiEvent
import Synchronization

/// What the segments that one reader has opened keep together.
///
/// May be used from several threads.
final class SharedParts: Sendable {
    let shapes = SharedShapes()
    let patterns = PatternIndex()
    let directories = MemoryAllowance(bytes: Limits.directoryBytesMax)
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

    func give(_ bytes: Int) { left.add(bytes, ordering: .relaxed) }
}
