import CHisui

/// CRC-32C (Castagnoli, RFC 3720 §12.1): the checksum of log frames and segment sections.
///
/// It finds accidents; seals find intent.
public enum CRC32C {
    /// The checksum of `bytes`, going on from `seed`: the checksum of the bytes before, if any, so
    /// that `of(b, seed: of(a))` is the checksum of `a` and `b` in a row.
    ///
    /// - Complexity: O(n); eight bytes for each instruction where the processor has one.
    public static func of(_ bytes: Span<UInt8>, seed: UInt32 = 0) -> UInt32 {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            // Safe: the kernel reads `count` bytes from the base of a live buffer, none if empty.
            unsafe hisui_crc32c(seed, buffer.baseAddress, buffer.count)
        }
    }

    /// The same without the processor's instruction; for tests.
    static func portable(_ bytes: Span<UInt8>, seed: UInt32 = 0) -> UInt32 {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            // Safe: as above.
            unsafe hisui_crc32c_portable(seed, buffer.baseAddress, buffer.count)
        }
    }

    /// Whether `of` uses the processor's instruction on this machine.
    public static var isAccelerated: Bool { hisui_crc32c_is_accelerated() }
}
