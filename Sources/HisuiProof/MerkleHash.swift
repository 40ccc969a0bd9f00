import CCrypto
import HisuiBytes

/// A hash of the tree: 32 bytes of SHA-256, kept in place, without heap allocation.
///
/// RFC 6962 §2.1 (the same in RFC 9162 §2.1.1):
///
///     empty tree   SHA-256()
///     leaf         SHA-256(0x00 || entry)
///     node         SHA-256(0x01 || left || right)
@frozen
public struct MerkleHash: Hashable, Sendable {
    // The bytes, in order of memory.
    private var word0: UInt64 = 0
    private var word1: UInt64 = 0
    private var word2: UInt64 = 0
    private var word3: UInt64 = 0

    /// Bytes of a hash.
    public static let count = 32

    /// All zero: no hash of anything.
    public init() {}

    /// The hash with these bytes; nil unless there are 32.
    public init?(_ bytes: Span<UInt8>) {
        guard bytes.count == Self.count else { return nil }
        unsafe Swift.withUnsafeMutableBytes(of: &self) { own in
            // Safe: `own` has the 32 bytes of the four words.
            for index in 0..<Self.count { unsafe own[index] = bytes[index] }
        }
    }

    /// The hash with these bytes; nil unless there are 32.
    public init?(_ bytes: [UInt8]) { self.init(bytes.span) }

    /// The hash whose base64 is `text`; nil if it is none.
    public init?(base64 text: String) {
        guard let bytes = Base64Text.decode(text.utf8) else { return nil }
        self.init(bytes)
    }

    public var bytes: [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(Self.count)
        append(to: &out)
        return out
    }

    public var base64: String { Base64Text.text(bytes) }

    /// 64 lower-case hexadecimal digits.
    public var hexadecimal: String { HexText.text(bytes) }

    /// Appends the 32 bytes.
    public func append(to out: inout [UInt8]) {
        unsafe Swift.withUnsafeBytes(of: self) { own in
            // Safe: the buffer is read inside this closure only.
            unsafe out.append(contentsOf: own)
        }
    }

    /// The root of a tree without leaves.
    public static let emptyTree = MerkleHash.digest(of: [])

    /// SHA-256 of `bytes`, with nothing put before them.
    ///
    /// - Complexity: O(n).
    public static func digest(of bytes: Span<UInt8>) -> MerkleHash {
        digest(of: bytes, Span<UInt8>())
    }

    public static func digest(of bytes: [UInt8]) -> MerkleHash { digest(of: bytes.span) }

    /// SHA-256 of two runs of bytes, one after the other.
    @inline(__always)
    static func digest(of first: Span<UInt8>, _ second: Span<UInt8>) -> MerkleHash {
        var hash = MerkleHash()
        unsafe first.withUnsafeBufferPointer { first in
            unsafe second.withUnsafeBufferPointer { second in
                unsafe Swift.withUnsafeMutableBytes(of: &hash) { out in
                    // Safe: counts are those of the buffers; `out` has 32 bytes.
                    unsafe hisui_sha256(
                        first.baseAddress, first.count, second.baseAddress, second.count,
                        out.baseAddress?.assumingMemoryBound(to: UInt8.self))
                }
            }
        }
        return hash
    }

    /// The hash of a leaf with that entry.
    ///
    /// - Complexity: O(n).
    public static func leaf(_ entry: Span<UInt8>) -> MerkleHash {
        let prefix: [UInt8] = [0]
        return digest(of: prefix.span, entry)
    }

    public static func leaf(_ entry: [UInt8]) -> MerkleHash { leaf(entry.span) }

    /// The hash of the leaf whose entry is a version byte and a digest: what every record has.
    @inline(__always)
    static func leaf(version: UInt8, digest: MerkleHash) -> MerkleHash {
        var entry: (UInt8, UInt8) = (0, version)
        var digest = digest
        var hash = MerkleHash()
        unsafe Swift.withUnsafeBytes(of: &entry) { entry in
            unsafe Swift.withUnsafeBytes(of: &digest) { digest in
                unsafe Swift.withUnsafeMutableBytes(of: &hash) { out in
                    // Safe: two bytes, 32 bytes, and 32 bytes to write to.
                    unsafe hisui_sha256(
                        entry.baseAddress?.assumingMemoryBound(to: UInt8.self), 2,
                        digest.baseAddress?.assumingMemoryBound(to: UInt8.self), 32,
                        out.baseAddress?.assumingMemoryBound(to: UInt8.self))
                }
            }
        }
        return hash
    }

    /// The hash of a node above `left` and `right`.
    public static func node(_ left: MerkleHash, _ right: MerkleHash) -> MerkleHash {
        var (left, right) = (left, right)
        var hash = MerkleHash()
        unsafe Swift.withUnsafeBytes(of: &left) { left in
            unsafe Swift.withUnsafeBytes(of: &right) { right in
                unsafe Swift.withUnsafeMutableBytes(of: &hash) { out in
                    // Safe: each of the three has 32 bytes.
                    unsafe hisui_sha256_node(
                        1, left.baseAddress?.assumingMemoryBound(to: UInt8.self),
                        right.baseAddress?.assumingMemoryBound(to: UInt8.self),
                        out.baseAddress?.assumingMemoryBound(to: UInt8.self))
                }
            }
        }
        return hash
    }

    /// The root of the tree with these leaves (RFC 6962 §2.1).
    ///
    /// - Complexity: O(n) hashes.
    public static func root(of leaves: some Collection<MerkleHash>) -> MerkleHash {
        var frontier = Frontier()
        for leaf in leaves { frontier.append(leaf) }
        return frontier.root
    }
}

extension MerkleHash: CustomStringConvertible {
    public var description: String { base64 }
}
