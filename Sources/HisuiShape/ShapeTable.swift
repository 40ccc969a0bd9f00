import Synchronization

/// Shapes by number: what a parser and a store share so that a row names its shape in four bytes.
///
/// Numbers are dense, begin with 0 for `Shape.any`, and never change. A table only grows; whoever
/// fills it begins a new one when it has grown past its use. May be used from several threads:
/// looking up a number is a short lock, so hot loops keep their own copies by number.
public final class ShapeTable: Sendable {
    private struct Contents {
        var shapes: [Shape] = [.any]
        var numbers: [Shape: UInt32] = [.any: 0]
    }

    private let contents = Mutex(Contents())

    public init() {}

    public var count: Int { contents.withLock { $0.shapes.count } }

    /// The number of `shape`, a new one if it has none.
    public func intern(_ shape: Shape) -> UInt32 {
        contents.withLock { contents in
            if let number = contents.numbers[shape] { return number }
            let number = UInt32(contents.shapes.count)
            contents.shapes.append(shape)
            contents.numbers[shape] = number
            return number
        }
    }

    /// The shape with that number. The number must have come from `intern`.
    public subscript(_ number: UInt32) -> Shape {
        contents.withLock { $0.shapes[Int(number)] }
    }

    /// The shapes numbered `first` and above: what a reader of the table has not seen yet.
    public func shapes(from first: Int) -> [Shape] {
        contents.withLock { Array($0.shapes[min(first, $0.shapes.count)...]) }
    }
}
