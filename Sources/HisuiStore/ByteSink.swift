/// A growing buffer for loops that append many short runs: room is made once for a column, and the
/// loop writes through a pointer.
///
///     | written: `count` bytes | reserved | 16 bytes more |
///
/// Behind what is reserved there are always 16 bytes that may be written over, so that a short run
/// is copied as two words. Owned by one thread.
@safe
final class ByteSink {
    private(set) var count = 0
    private var capacity = 0
    /// Owned by this object, `capacity` bytes and the slack; nil before the first `reserve`.
    private var base: UnsafeMutablePointer<UInt8>?

    /// How many bytes may be written behind what was reserved.
    static let slack = 16

    deinit {
        // Safe: nobody else holds the pointer; nil is allowed.
        unsafe base?.deallocate()
    }

    /// Makes room for `more` bytes.
    ///
    /// - Returns: where they go. Valid until the next call to this object.
    @unsafe
    func reserve(_ more: Int) -> UnsafeMutablePointer<UInt8> {
        if let base = unsafe base, count + more <= capacity { return unsafe base + count }
        capacity = max(count + more, capacity * 2, 4096)
        let grown = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity + Self.slack)
        if let old = unsafe base {
            // Safe: both have room for `count` bytes and are apart.
            unsafe grown.update(from: old, count: count)
            unsafe old.deallocate()
        }
        unsafe base = grown
        return unsafe grown + count
    }

    /// Says that the bytes before `end`, a pointer into what was reserved, have been written.
    @unsafe
    func finish(at end: UnsafeMutablePointer<UInt8>) {
        guard let base = unsafe base else { return }
        // Safe: both point into the same memory.
        count = unsafe end - base
        precondition(count <= capacity, "no more is written than was reserved")
    }

    func append(_ bytes: [UInt8]) { append(bytes.span) }

    func append(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            // Safe: the buffer is read inside this closure, into room made for it.
            let room = unsafe reserve(buffer.count)
            if let start = buffer.baseAddress {
                unsafe room.update(from: start, count: buffer.count)
            }
            unsafe finish(at: room + buffer.count)
        }
    }

    /// A copy of what was written.
    func bytes() -> [UInt8] {
        // Safe: the memory holds `count` bytes; it is read before this returns.
        unsafe Array(UnsafeBufferPointer(start: base, count: count))
    }

    func removeAll() { count = 0 }

    /// Calls `body` with the first `end` bytes.
    func withBytes<Result>(upTo end: Int, _ body: (Span<UInt8>) -> Result) -> Result {
        precondition(end <= count, "they are there")
        let buffer = unsafe UnsafeBufferPointer(start: base, count: end)
        // Safe: the memory does not change while `body` runs, and the span does not leave it.
        return body(unsafe Span(_unsafeElements: buffer))
    }
}

/// Copies `count` bytes; where there are 16 to read and to write, short runs as two words.
@inline(__always)
@unsafe
func copyRun(
    _ from: UnsafePointer<UInt8>, _ to: UnsafeMutablePointer<UInt8>, _ count: Int, hasSlack: Bool
) {
    if count <= 16, hasSlack {
        let source = unsafe UnsafeRawPointer(from)
        let target = UnsafeMutableRawPointer(to)
        // Safe: 16 bytes may be read and written, by the caller's word.
        let low = unsafe source.loadUnaligned(as: UInt64.self)
        let high = unsafe source.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        unsafe target.storeBytes(of: low, as: UInt64.self)
        unsafe target.storeBytes(of: high, toByteOffset: 8, as: UInt64.self)
    } else {
        // Safe: `count` bytes may be read and written, by the caller's word.
        unsafe to.update(from: from, count: count)
    }
}

/// A varint, for which there is room: five bytes for 32 bits, ten for 64.
@inline(__always)
@unsafe
func appendVarint<Value: FixedWidthInteger & UnsignedInteger>(
    _ value: Value, _ end: inout UnsafeMutablePointer<UInt8>
) {
    var rest = value
    while rest >= 0x80 {
        // Safe: the caller reserved room.
        unsafe end.pointee = UInt8(truncatingIfNeeded: rest) | 0x80
        unsafe end += 1
        rest >>= 7
    }
    unsafe end.pointee = UInt8(truncatingIfNeeded: rest)
    unsafe end += 1
}
