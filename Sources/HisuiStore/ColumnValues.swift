import Glibc
import HisuiBytes

/// The values of one column while it is encoded: spans of the arena's bytes.
///
/// The loops work on pointers: this is the hottest code of the write path. What makes it safe is
/// `init`: every value lies in the arena, and indices are below `count`.
@safe
struct ColumnValues {
    /// The arena's bytes.
    private let base: UnsafePointer<UInt8>
    private let byteCount: Int
    private let ranges: UnsafePointer<ByteRange>
    let count: Int

    /// - Parameters:
    ///   - base: `byteCount` bytes that live as long as this does.
    ///   - ranges: `count` ranges of them, at least one, that live as long.
    @unsafe
    init(
        base: UnsafePointer<UInt8>, byteCount: Int, ranges: UnsafePointer<ByteRange>, count: Int
    ) {
        unsafe self.base = base
        self.byteCount = byteCount
        unsafe self.ranges = ranges
        self.count = count
    }

    @inline(__always)
    func range(_ index: Int) -> ByteRange {
        assert(index < count)
        // Safe: below `count`.
        return unsafe ranges[index]
    }

    /// Calls `body` with the bytes of a value.
    @inline(__always)
    func withValue(_ range: ByteRange, _ body: (UnsafePointer<UInt8>, Int) -> Void) {
        // Safe: the value lies in the arena.
        unsafe body(base + Int(range.offset), Int(range.count))
    }

    /// Calls `body` with the bytes of the first value.
    func withFirst<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        // Safe: there is a value, and it lies in the arena; the span does not leave `body`.
        body(
            unsafe Span(
                _unsafeElements: UnsafeBufferPointer(start: pointer(0), count: length(0))))
    }

    @inline(__always)
    func pointer(_ index: Int) -> UnsafePointer<UInt8> {
        // Safe: below `count`; the value lies in the arena.
        unsafe base + Int(ranges[index].offset)
    }

    @inline(__always)
    func length(_ index: Int) -> Int {
        // Safe: below `count`.
        unsafe Int(ranges[index].count)
    }

    @inline(__always)
    func copy(_ range: ByteRange, _ end: inout UnsafeMutablePointer<UInt8>) {
        let offset = Int(range.offset)
        let length = Int(range.count)
        // Safe: the value lies in the arena; room for it, and the sink's slack, is reserved.
        unsafe copyRun(base + offset, end, length, hasSlack: offset + ByteSink.slack <= byteCount)
        unsafe end += length
    }

    @inline(__always)
    func isEqual(_ a: ByteRange, _ b: ByteRange) -> Bool {
        guard a.count == b.count else { return false }
        let (first, second) = (Int(a.offset), Int(b.offset))
        let count = Int(a.count)
        if count <= 16, max(first, second) + 16 <= byteCount {
            // Safe: 16 bytes of each are in the arena.
            return unsafe Self.isShortEqual(base + first, base + second, count)
        }
        // Safe: both values lie in the arena.
        return unsafe memcmp(base + first, base + second, count) == 0
    }

    /// Whether the first `count` of 16 bytes are the same.
    @inline(__always)
    static func isShortEqual(
        _ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ count: Int
    ) -> Bool {
        let (a, b) = unsafe (UnsafeRawPointer(a), UnsafeRawPointer(b))
        // Safe: 16 bytes may be read of both, by the caller's word.
        let low = unsafe a.loadUnaligned(as: UInt64.self) ^ b.loadUnaligned(as: UInt64.self)
        if count <= 8 { return low & mask(count) == 0 }
        let high =
            unsafe a.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            ^ b.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        return low | high & mask(count - 8) == 0
    }

    /// The low `count` bytes of a word, 0 to 8.
    @inline(__always)
    static func mask(_ count: Int) -> UInt64 {
        count == 0 ? 0 : UInt64.max &>> UInt64(truncatingIfNeeded: 64 - 8 * count)
    }

    /// A hash of the value, for a table of this process only.
    @inline(__always)
    func hash(_ value: ByteRange) -> UInt64 {
        let length = Int(value.count)
        let offset = Int(value.offset)
        let raw = unsafe UnsafeRawPointer(base + offset)
        if length <= 16, offset + 16 <= byteCount {
            // Safe: 16 bytes are in the arena.
            let low = unsafe raw.loadUnaligned(as: UInt64.self) & Self.mask(min(length, 8))
            let high = unsafe raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            return Hash64.mix(low, high & Self.mask(max(length, 8) - 8) ^ UInt64(length) &<< 56)
        }
        // Safe: the value lies in the arena.
        let bytes = unsafe Span(
            _unsafeElements: UnsafeBufferPointer(start: base + offset, count: length))
        return Hash64.of(bytes)
    }

    /// Whether all values are the same.
    func isConstant() -> Bool {
        let first = range(0)
        for index in 1..<max(count, 1) where !isEqual(first, range(index)) { return false }
        return true
    }
}
