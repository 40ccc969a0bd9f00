import HisuiBytes

/// The hash of everything given so far, of 64 bits, however it was cut into pieces.
///
///     state 0 = 0;  state n+1 = Hash64(block n, seed: state n)      blocks of 16 KiB
///     value   = Hash64(the bytes behind the last full block, seed: state ^ their number)
///
/// It is stored, so it must never change. It finds accidents: who wants to can make two files that
/// have the same one.
struct PrefixHash: Sendable {
    private var state: UInt64 = 0
    private var pending: [UInt8] = []
    /// Bytes given so far.
    private(set) var count: UInt64 = 0

    private static let blockBytes = 16 << 10

    /// - Complexity: O(n); copies at most two blocks.
    mutating func update(_ bytes: Span<UInt8>) {
        count += UInt64(bytes.count)
        var at = 0
        if !pending.isEmpty {
            at = min(bytes.count, Self.blockBytes - pending.count)
            pending.append(bytes, 0..<at)
            if pending.count < Self.blockBytes { return }
            state = Hash64.of(pending.span, seed: state)
            pending.removeAll(keepingCapacity: true)
        }
        while bytes.count - at >= Self.blockBytes {
            state = Hash64.of(bytes.extracting(at..<at + Self.blockBytes), seed: state)
            at += Self.blockBytes
        }
        pending.append(bytes, at..<bytes.count)
    }

    /// - Complexity: O(16 KiB).
    var value: UInt64 {
        Hash64.of(pending.span, seed: state ^ UInt64(pending.count))
    }

    static func of(_ bytes: Span<UInt8>) -> UInt64 {
        var hash = PrefixHash()
        hash.update(bytes)
        return hash.value
    }
}
