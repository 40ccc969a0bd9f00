import Glibc

/// The bytes of a file that does not change any more, mapped or in memory.
///
/// A mapped file that another process cuts short would end this one; so only files that are
/// written once and renamed into place are read this way, logs by `FileSystem.bytes`.
@safe
public final class FileContents: Sendable {
    /// Read only, of `count` bytes, valid as long as this object; never written through, so
    /// threads may share it.
    private nonisolated(unsafe) let base: UnsafeRawPointer?
    private let isMapped: Bool
    public let count: Int

    /// Takes over a mapping.
    init(mapping base: UnsafeRawPointer, count: Int) {
        unsafe self.base = unsafe base
        self.count = count
        isMapped = true
    }

    /// Bytes in memory.
    public init(_ bytes: [UInt8]) {
        count = bytes.count
        isMapped = false
        guard !bytes.isEmpty else {
            unsafe base = nil
            return
        }
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
        // Safe: both are `count` bytes long.
        unsafe copy.copyBytes(from: bytes)
        unsafe base = UnsafeRawPointer(copy.baseAddress)
    }

    deinit {
        guard let base = unsafe base else { return }
        // Safe: the last use of a pointer that this object alone owns.
        if isMapped {
            _ = unsafe munmap(UnsafeMutableRawPointer(mutating: base), count)
        } else {
            unsafe UnsafeMutableRawPointer(mutating: base).deallocate()
        }
    }

    /// The whole file.
    public var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            // Safe: the memory is ours, `count` bytes long and unchanged as long as `self` lives,
            // to which the span's lifetime is bound.
            let buffer = unsafe UnsafeBufferPointer(
                start: base?.assumingMemoryBound(to: UInt8.self), count: count)
            let span = unsafe Span(_unsafeElements: buffer)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Tells the system that the bytes of `range` are read soon: it may begin to, and nobody waits
    /// for it.
    public func willNeed(_ range: Range<Int>) {
        guard isMapped, let base = unsafe base, range.upperBound <= count else { return }
        let page = Int(getpagesize())
        let first = range.lowerBound / page * page
        // Safe: within the mapping, from the beginning of a page on; nothing is written. A refusal
        // costs time only.
        _ = unsafe madvise(
            UnsafeMutableRawPointer(mutating: base + first), range.upperBound - first,
            MADV_WILLNEED)
    }

    /// Calls `body` with the whole file.
    public func withBytes<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(bytes)
    }
}
