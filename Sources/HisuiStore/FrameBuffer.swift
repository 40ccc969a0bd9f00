import Glibc
import HisuiBytes

/// A buffer that grows and is used again: where frames wait for their commit.
///
/// The loop over rows writes through a pointer, having made room for a whole row once; that is
/// several times faster than appending bytes to an array one by one. Owned by one encoder.
@safe
struct FrameBuffer: ~Copyable {
    private var base: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private(set) var count = 0

    init() {
        capacity = 1 << 16
        unsafe base = .allocate(capacity: capacity)
    }

    deinit { unsafe base.deallocate() }

    var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            // Safe: the first `count` bytes are initialised, and the span is bound to `self`.
            let buffer = unsafe UnsafeBufferPointer(start: base, count: count)
            let span = unsafe Span(_unsafeElements: buffer)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Makes room for `extra` more bytes.
    @inline(__always)
    mutating func reserve(_ extra: Int) {
        if count + extra > capacity { grow(to: count + extra) }
    }

    private mutating func grow(to least: Int) {
        let larger = max(least, capacity * 2)
        // Safe: `larger` is above `count`; the old memory is not used after this.
        let new = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        unsafe new.update(from: base, count: count)
        unsafe base.deallocate()
        unsafe base = new
        capacity = larger
    }

    mutating func removeAll() { count = 0 }

    /// Forgets what was appended after the first `count` bytes.
    mutating func truncate(to count: Int) {
        precondition(count <= self.count, "a buffer is only ever cut")
        self.count = count
    }

    mutating func append(_ bytes: Span<UInt8>) {
        reserve(bytes.count)
        unsafe bytes.withUnsafeBufferPointer { buffer in
            // Safe: room was made; the buffer is read inside this closure only.
            if let from = buffer.baseAddress { unsafe putUnchecked(from, buffer.count) }
        }
    }

    mutating func append(_ bytes: [UInt8]) { append(bytes.span) }

    mutating func appendVarint(_ value: UInt64) {
        reserve(10)
        // Safe: room was made.
        unsafe putVarintUnchecked(value)
    }

    mutating func appendLittleEndian<T: FixedWidthInteger>(_ value: T) {
        reserve(MemoryLayout<T>.size)
        for byte in 0..<MemoryLayout<T>.size {
            unsafe base[count] = UInt8(truncatingIfNeeded: value >> T(byte * 8))
            count += 1
        }
    }

    mutating func replaceLittleEndian<T: FixedWidthInteger>(_ value: T, at offset: Int) {
        precondition(offset >= 0 && offset + MemoryLayout<T>.size <= count, "inside the buffer")
        for byte in 0..<MemoryLayout<T>.size {
            unsafe base[offset + byte] = UInt8(truncatingIfNeeded: value >> T(byte * 8))
        }
    }

    // MARK: For callers that have made room

    @inline(__always)
    @unsafe
    mutating func putVarintUnchecked(_ value: UInt64) {
        var rest = value
        var at = count
        while rest >= 0x80 {
            unsafe base[at] = UInt8(truncatingIfNeeded: rest) | 0x80
            at += 1
            rest >>= 7
        }
        unsafe base[at] = UInt8(truncatingIfNeeded: rest)
        count = at + 1
    }

    @inline(__always)
    @unsafe
    mutating func putSignedVarintUnchecked(_ value: Int64) {
        unsafe putVarintUnchecked(UInt64(bitPattern: value &<< 1 ^ value &>> 63))
    }

    @inline(__always)
    @unsafe
    mutating func putUnchecked(_ bytes: UnsafePointer<UInt8>, _ length: Int) {
        unsafe memcpy(base + count, bytes, length)
        count += length
    }
}
