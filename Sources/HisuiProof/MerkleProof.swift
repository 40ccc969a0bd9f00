/// Proofs about trees (RFC 6962 §2.1.1 and §2.1.2), made and checked.
///
/// A proof is made from subtree hashes that the caller looks up: a range of leaves in, its RFC 6962
/// hash out. Ranges asked for are those of nodes of the tree: perfect subtrees, or what reaches the
/// tree's right edge. A proof is checked by the algorithms of RFC 9162 §2.1.3.2 and §2.1.4.2, which
/// share no code with the making.
public enum MerkleProof {
    /// The hash of the node above `range` of a tree's leaves.
    public typealias Subtree<Failure: Error> = (Range<UInt64>) throws(Failure) -> MerkleHash

    /// Siblings on the way from leaf `index` to the root of the first `size` leaves, the lowest
    /// first.
    ///
    /// - Precondition: `index < size`.
    /// - Complexity: O(log n) subtrees asked for.
    public static func inclusion<Failure: Error>(
        index: UInt64, size: UInt64, _ subtree: Subtree<Failure>
    ) throws(Failure) -> [MerkleHash] {
        precondition(index < size, "the leaf is in the tree")
        var proof: [MerkleHash] = []
        var range = 0..<size
        // From the root downwards; the proof wants the lowest first.
        while range.upperBound - range.lowerBound > 1 {
            let middle = range.lowerBound + split(range.upperBound - range.lowerBound)
            if index < middle {
                proof.append(try subtree(middle..<range.upperBound))
                range = range.lowerBound..<middle
            } else {
                proof.append(try subtree(range.lowerBound..<middle))
                range = middle..<range.upperBound
            }
        }
        return proof.reversed()
    }

    /// What proves that the tree of the first `old` leaves is the beginning of that of the first
    /// `size`. Empty if they are the same tree, or if the old one is empty.
    ///
    /// - Precondition: `old <= size`.
    /// - Complexity: O(log n) subtrees asked for.
    public static func consistency<Failure: Error>(
        from old: UInt64, to size: UInt64, _ subtree: Subtree<Failure>
    ) throws(Failure) -> [MerkleHash] {
        precondition(old <= size, "the old tree is the smaller one")
        if old == 0 || old == size { return [] }
        var proof: [MerkleHash] = []
        var range = 0..<size
        // Whether the part left of `old` in `range` is the whole old tree, which the verifier has.
        var isWhole = true
        while old != range.upperBound {
            let middle = range.lowerBound + split(range.upperBound - range.lowerBound)
            if old <= middle {
                proof.append(try subtree(middle..<range.upperBound))
                range = range.lowerBound..<middle
            } else {
                proof.append(try subtree(range.lowerBound..<middle))
                range = middle..<range.upperBound
                isWhole = false
            }
        }
        if !isWhole { proof.append(try subtree(range)) }
        return proof.reversed()
    }

    /// Whether `proof` shows that `leaf` is number `index` of the tree of `size` leaves with that
    /// root.
    ///
    /// - Complexity: O(log n) hashes.
    public static func verifyInclusion(
        leaf: MerkleHash, index: UInt64, size: UInt64, proof: [MerkleHash], root: MerkleHash
    ) -> Bool {
        guard index < size else { return false }
        var (first, second) = (index, size - 1)
        var hash = leaf
        for sibling in proof {
            if second == 0 { return false }
            if first & 1 == 1 || first == second {
                hash = MerkleHash.node(sibling, hash)
                while first & 1 == 0 && first != 0 {
                    first >>= 1
                    second >>= 1
                }
            } else {
                hash = MerkleHash.node(hash, sibling)
            }
            first >>= 1
            second >>= 1
        }
        return second == 0 && hash == root
    }

    /// Whether `proof` shows that the tree of `old` leaves with `oldRoot` is the beginning of that
    /// of `size` leaves with `root`. Of an empty tree nothing has to be shown but its root.
    ///
    /// - Complexity: O(log n) hashes.
    public static func verifyConsistency(
        from old: UInt64, _ oldRoot: MerkleHash, to size: UInt64, _ root: MerkleHash,
        proof: [MerkleHash]
    ) -> Bool {
        if old == 0 { return proof.isEmpty && oldRoot == .emptyTree }
        if old == size { return proof.isEmpty && oldRoot == root }
        guard old < size else { return false }
        let isPerfect = old & (old - 1) == 0
        var path = proof[...]
        guard let seed = isPerfect ? oldRoot : path.popFirst() else { return false }
        var (first, second) = (old - 1, size - 1)
        while first & 1 == 1 {
            first >>= 1
            second >>= 1
        }
        var (oldHash, hash) = (seed, seed)
        for sibling in path {
            if second == 0 { return false }
            if first & 1 == 1 || first == second {
                oldHash = MerkleHash.node(sibling, oldHash)
                hash = MerkleHash.node(sibling, hash)
                while first & 1 == 0 && first != 0 {
                    first >>= 1
                    second >>= 1
                }
            } else {
                hash = MerkleHash.node(hash, sibling)
            }
            first >>= 1
            second >>= 1
        }
        return second == 0 && oldHash == oldRoot && hash == root
    }

    /// The largest power of two below `count`, which is at least 2.
    static func split(_ count: UInt64) -> UInt64 {
        1 << UInt64(63 - (count - 1).leadingZeroBitCount)
    }
}
