import HisuiBytes
import HisuiShape
import Synchronization

/// The shapes of several segments, each kept once: segments of a stream have most of them in
/// common, and what is worked out of a shape for one holds for all.
///
/// May be used from several threads.
final class SharedShapes: Sendable {
    private let shapes = Mutex<[UInt64: Shape]>([:])

    /// More are not shared: a store that has so many different ones has nothing to share.
    private static let shapesMax = 1 << 18

    /// The shape that is kept in place of `shape`: itself, or one that is equal.
    ///
    /// - Parameter encoded: its encoding.
    func shared(_ shape: Shape, encoded: Span<UInt8>) -> Shape {
        let hash = Hash64.of(encoded)
        return shapes.withLock { shapes in
            if let known = shapes[hash] { return known == shape ? known : shape }
            if shapes.count < Self.shapesMax { shapes[hash] = shape }
            return shape
        }
    }
}
