import CCrypto
import CHisui
import HisuiBytes

/// Many hashes at once.
///
/// Two messages that have nothing to do with each other are hashed side by side where the processor
/// has instructions for SHA-256 (`hisui_sha256_each`), and one after the other by libcrypto where
/// it has not. The hashes are the same.
extension MerkleHash {
    /// Appends the SHA-256 of each of the messages that lie one after the other in `bytes`.
    ///
    /// - Parameter ends: where each message ends; the first begins at 0. They do not fall.
    /// - Complexity: O(n); no allocation beyond what `hashes` needs.
    static func appendDigests(
        of bytes: [UInt8], ends: [UInt32], to hashes: inout [MerkleHash]
    ) {
        precondition(Int(ends.last ?? 0) <= bytes.count, "messages lie in the bytes")
        guard hisui_sha256_is_accelerated() else {
            var start = 0
            for end in ends {
                hashes.append(digest(of: bytes.span.extracting(start..<Int(end))))
                start = Int(end)
            }
            return
        }
        // Safe: see `append`.
        unsafe append(ends.count, to: &hashes) { out in
            unsafe bytes.withUnsafeBufferPointer { bytes in
                unsafe ends.withUnsafeBufferPointer { ends in
                    // Safe: all messages lie in `bytes`; `out` has room for a digest of each.
                    unsafe hisui_sha256_each(bytes.baseAddress, ends.baseAddress, ends.count, out)
                }
            }
        }
    }

    /// Appends the leaves of entries that are a version byte and a digest, one for each digest.
    static func appendLeaves(
        version: UInt8, digests: [MerkleHash], to leaves: inout [MerkleHash]
    ) {
        guard hisui_sha256_is_accelerated() else {
            for digest in digests { leaves.append(leaf(version: version, digest: digest)) }
            return
        }
        // Safe: see `append`.
        unsafe append(digests.count, to: &leaves) { out in
            unsafe hash(digests, each: 1, prefix: (0, version), prefixCount: 2, to: out)
        }
    }

    /// The hash of a perfect subtree above `nodes`, whose number is a power of two.
    ///
    /// - Complexity: O(n) hashes.
    public static func perfect(_ nodes: [MerkleHash]) -> MerkleHash {
        precondition(nodes.count > 0 && nodes.count & (nodes.count - 1) == 0, "a power of two")
        var level = nodes
        while level.count > 1 {
            var above: [MerkleHash] = []
            if hisui_sha256_is_accelerated() {
                // Safe: see `append`.
                unsafe append(level.count / 2, to: &above) { out in
                    unsafe hash(level, each: 2, prefix: (1, 0), prefixCount: 1, to: out)
                }
            } else {
                for index in 0..<level.count / 2 {
                    above.append(node(level[2 * index], level[2 * index + 1]))
                }
            }
            level = above
        }
        return level[0]
    }

    /// Appends `count` hashes that `write` puts where it is told: there is room for all of them.
    private static func append(
        _ count: Int, to hashes: inout [MerkleHash],
        _ write: (UnsafeMutablePointer<UInt8>?) -> Void
    ) {
        let start = hashes.count
        hashes.append(contentsOf: repeatElement(MerkleHash(), count: count))
        unsafe hashes.withUnsafeMutableBytes { bytes in
            // Safe: hashes lie one after the other, 32 bytes each, and `count` follow `start`.
            let place = unsafe bytes.baseAddress?.advanced(by: start * Self.count)
            unsafe write(place?.assumingMemoryBound(to: UInt8.self))
        }
    }

    /// Hashes `prefix` and some hashes after it, again and again, until there are none left.
    private static func hash(
        _ hashes: [MerkleHash], each: Int, prefix: (UInt8, UInt8), prefixCount: Int,
        to out: UnsafeMutablePointer<UInt8>?
    ) {
        var prefix = prefix
        unsafe Swift.withUnsafeBytes(of: &prefix) { prefix in
            unsafe hashes.withUnsafeBytes { bytes in
                // Safe: each stretch has 32 bytes of each of its hashes, which are there.
                unsafe hisui_sha256_prefixed(
                    prefix.baseAddress?.assumingMemoryBound(to: UInt8.self), prefixCount,
                    bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), each * Self.count,
                    hashes.count / each, out)
            }
        }
    }
}
