import CHisui
import Glibc

/// Finding bytes in bytes.
///
/// Results are indices into the whole span, not into the range.
public enum ByteSearch {
    /// Index of the first `byte` in `range`.
    ///
    /// - Complexity: O(n), by vector instructions.
    public static func first(
        of byte: UInt8, in bytes: Span<UInt8>, _ range: Range<Int>
    ) -> Int? {
        let part = bytes.extracting(range)
        return unsafe part.withUnsafeBufferPointer { buffer in
            // Safe: the search reads the `count` bytes of a live buffer, and what it gives is
            // a place in it.
            guard let base = buffer.baseAddress else { return nil }
            guard let hit = unsafe memchr(base, Int32(byte), buffer.count) else { return nil }
            return unsafe range.lowerBound + (UnsafeRawPointer(hit) - UnsafeRawPointer(base))
        }
    }

    /// Index of the first `byte` in all of `bytes`.
    public static func first(of byte: UInt8, in bytes: Span<UInt8>) -> Int? {
        first(of: byte, in: bytes, 0..<bytes.count)
    }

    /// Index at which `needle` first begins, wholly inside `range`.
    ///
    /// An empty needle is found at once.
    ///
    /// - Complexity: O(n + m) for any input.
    public static func first(
        of needle: Span<UInt8>, in bytes: Span<UInt8>, _ range: Range<Int>
    ) -> Int? {
        let part = bytes.extracting(range)
        if needle.isEmpty { return range.lowerBound }
        return unsafe part.withUnsafeBufferPointer { buffer in
            unsafe needle.withUnsafeBufferPointer { wanted in
                // Safe: as for a single byte; `wanted` is not empty and lives as long.
                guard let base = buffer.baseAddress, let seek = wanted.baseAddress,
                    let hit = unsafe hisui_find(base, buffer.count, seek, wanted.count)
                else { return nil }
                return unsafe range.lowerBound + (hit - base)
            }
        }
    }

    /// Index at which `needle` first begins, wholly inside `range`.
    public static func first(
        of needle: [UInt8], in bytes: Span<UInt8>, _ range: Range<Int>
    ) -> Int? {
        first(of: needle.span, in: bytes, range)
    }

    /// Index at which `needle` first begins in all of `bytes`.
    public static func first(of needle: [UInt8], in bytes: Span<UInt8>) -> Int? {
        first(of: needle.span, in: bytes, 0..<bytes.count)
    }

    /// Index at which `needle` first begins inside `range`, the letters A to Z and a to z being
    /// equal and all other bytes themselves.
    ///
    /// - Complexity: O(n + m) for needles of up to 4 KiB; O(n · m) at worst for longer ones.
    public static func firstIgnoringCase(
        of needle: Span<UInt8>, in bytes: Span<UInt8>, _ range: Range<Int>
    ) -> Int? {
        let part = bytes.extracting(range)
        if needle.isEmpty { return range.lowerBound }
        return unsafe part.withUnsafeBufferPointer { buffer in
            unsafe needle.withUnsafeBufferPointer { wanted in
                // Safe: as for a single byte; `wanted` is not empty and lives as long.
                guard let base = buffer.baseAddress, let seek = wanted.baseAddress,
                    let hit = unsafe hisui_find_folded(base, buffer.count, seek, wanted.count)
                else { return nil }
                return unsafe range.lowerBound + (hit - base)
            }
        }
    }

    /// Index at which `needle` first begins inside `range`, ASCII letters of either case equal.
    public static func firstIgnoringCase(
        of needle: [UInt8], in bytes: Span<UInt8>, _ range: Range<Int>
    ) -> Int? {
        firstIgnoringCase(of: needle.span, in: bytes, range)
    }

    /// Whether the bytes of `range` and `other` are the same.
    public static func equal(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ other: Span<UInt8>
    ) -> Bool {
        guard range.count == other.count else { return false }
        if other.isEmpty { return true }
        let part = bytes.extracting(range)
        return unsafe part.withUnsafeBufferPointer { left in
            unsafe other.withUnsafeBufferPointer { right in
                // Safe: both live buffers have `count` bytes, and that is more than none.
                unsafe memcmp(left.baseAddress!, right.baseAddress!, left.count) == 0
            }
        }
    }

    /// Whether the bytes of `range` and `other` are the same, ASCII letters of either case equal.
    public static func equalIgnoringCase(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ other: Span<UInt8>
    ) -> Bool {
        guard range.count == other.count else { return false }
        var index = range.lowerBound
        for place in 0..<other.count {
            if lowered(bytes[index]) != lowered(other[place]) { return false }
            index += 1
        }
        return true
    }

    /// The lower-case form of an ASCII letter; every other byte as it is.
    @inlinable
    public static func lowered(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte
    }
}
