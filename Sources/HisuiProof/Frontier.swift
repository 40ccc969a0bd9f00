/// The right edge of a growing tree: what has to be kept to append leaves and know the root.
///
/// One hash for each bit that is set in the size, the largest subtree first: a tree of 11 leaves
/// (binary 1011) keeps those of its first 8, the next 2, and the last one.
///
///                 root
///             ┌────┴─────┐
///             8          ●          RFC 6962 §2.1: a tree is divided at the largest power of two
///          (kept)     ┌──┴──┐       below its size, so the kept subtrees are folded from the
///                     2     1       right
///                  (kept) (kept)
public struct Frontier: Hashable, Sendable {
    /// Number of leaves.
    public private(set) var size: UInt64
    /// Hashes of the perfect subtrees that the tree consists of, from left to right.
    public private(set) var subtrees: [MerkleHash]

    /// A tree without leaves.
    public init() {
        size = 0
        subtrees = []
    }

    /// The edge of a tree with `size` leaves; nil unless there is a subtree for each bit set in it.
    public init?(size: UInt64, subtrees: [MerkleHash]) {
        guard subtrees.count == size.nonzeroBitCount else { return nil }
        self.size = size
        self.subtrees = subtrees
    }

    /// Appends the hash of a leaf.
    ///
    /// - Complexity: O(1) hashes on average, O(log n) at most.
    public mutating func append(_ leaf: MerkleHash) {
        var hash = leaf
        var rest = size
        while rest & 1 == 1 {
            hash = MerkleHash.node(subtrees.removeLast(), hash)
            rest >>= 1
        }
        subtrees.append(hash)
        size += 1
    }

    /// The root of the tree.
    ///
    /// - Complexity: O(log n) hashes.
    public var root: MerkleHash {
        guard var root = subtrees.last else { return .emptyTree }
        for subtree in subtrees.dropLast().reversed() { root = MerkleHash.node(subtree, root) }
        return root
    }
}
