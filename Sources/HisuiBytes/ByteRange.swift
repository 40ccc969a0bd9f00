/// A stretch of some bytes that the context names: offset and count, 8 bytes in all.
@frozen
public struct ByteRange: Hashable, Sendable {
    public var offset: UInt32
    public var count: UInt32

    @inlinable
    public init(offset: UInt32, count: UInt32) {
        self.offset = offset
        self.count = count
    }

    @inlinable
    public init(_ range: Range<Int>) {
        offset = UInt32(range.lowerBound)
        count = UInt32(range.count)
    }

    @inlinable
    public var range: Range<Int> { Int(offset)..<Int(offset) + Int(count) }
}
