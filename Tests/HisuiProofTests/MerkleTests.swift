import HisuiBytes
import Testing

@testable import HisuiProof

/// The tree of RFC 6962 §2.1, against its definition and against published values.
@Suite struct MerkleTests {
    /// Entries and roots of the Certificate Transparency reference tree.
    static let entries: [[UInt8]] = [
        [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43],
        Array(0x50...0x57), Array(0x60...0x6F),
    ]
    static let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]

    @Test func rootsAreThoseOfTheReferenceTree() {
        for size in 0...8 {
            let leaves = Self.entries[..<size].map { MerkleHash.leaf($0) }
            #expect(MerkleHash.root(of: leaves).hexadecimal == Self.roots[size])
        }
    }

    /// RFC 6962 §2.1 word for word.
    static func root(_ leaves: ArraySlice<MerkleHash>) -> MerkleHash {
        if leaves.isEmpty { return .emptyTree }
        if leaves.count == 1 { return leaves[leaves.startIndex] }
        var split = 1
        while split * 2 < leaves.count { split *= 2 }
        let middle = leaves.startIndex + split
        return .node(root(leaves[..<middle]), root(leaves[middle...]))
    }

    static func leaves(_ count: Int) -> [MerkleHash] {
        (0..<count).map { MerkleHash.leaf([UInt8($0 & 255), UInt8($0 >> 8)]) }
    }

    @Test func frontierAgreesWithTheDefinition() {
        let leaves = Self.leaves(300)
        var frontier = Frontier()
        for size in 0...300 {
            #expect(frontier.root == Self.root(leaves[..<size]))
            let again = Frontier(size: UInt64(size), subtrees: frontier.subtrees)
            #expect(again == frontier)
            if size < 300 { frontier.append(leaves[size]) }
        }
    }

    /// Every leaf of every tree up to a size, and every wrong place of a proof.
    @Test func everyInclusionProofVerifies() {
        let leaves = Self.leaves(70)
        for size in 1...70 {
            let root = Self.root(leaves[..<size])
            for index in 0..<size {
                let proof = MerkleProof.inclusion(index: UInt64(index), size: UInt64(size)) {
                    Self.root(leaves[Int($0.lowerBound)..<Int($0.upperBound)])
                }
                func verifies(
                    leaf: MerkleHash = leaves[index], index: Int = index, proof: [MerkleHash],
                    size: Int = size
                ) -> Bool {
                    MerkleProof.verifyInclusion(
                        leaf: leaf, index: UInt64(index), size: UInt64(size), proof: proof,
                        root: root)
                }
                #expect(verifies(proof: proof))
                #expect(!verifies(leaf: .emptyTree, proof: proof))
                #expect(!verifies(proof: proof + [.emptyTree]))
                #expect(!verifies(index: size, proof: proof))
                if !proof.isEmpty {
                    #expect(!verifies(proof: proof.dropLast()))
                    #expect(!verifies(index: index ^ 1, proof: proof))
                    var wrong = proof
                    wrong[index % proof.count] = .emptyTree
                    #expect(!verifies(proof: wrong))
                }
            }
        }
    }

    @Test func everyConsistencyProofVerifies() {
        let leaves = Self.leaves(70)
        let other = MerkleHash.leaf([7])
        for size in 0...70 {
            let root = Self.root(leaves[..<size])
            for old in 0...size {
                let oldRoot = Self.root(leaves[..<old])
                let proof = MerkleProof.consistency(from: UInt64(old), to: UInt64(size)) {
                    Self.root(leaves[Int($0.lowerBound)..<Int($0.upperBound)])
                }
                func verifies(
                    _ oldRoot: MerkleHash, _ root: MerkleHash, _ proof: [MerkleHash]
                ) -> Bool {
                    MerkleProof.verifyConsistency(
                        from: UInt64(old), oldRoot, to: UInt64(size), root, proof: proof)
                }
                #expect(verifies(oldRoot, root, proof))
                #expect(!verifies(other, root, proof))
                #expect(!verifies(oldRoot, root, proof + [other]))
                // Of an empty tree any tree is a continuation.
                if old > 0 { #expect(!verifies(oldRoot, other, proof)) }
                if !proof.isEmpty { #expect(!verifies(oldRoot, root, proof.dropLast())) }
            }
        }
    }

    @Test func sizesOfProofsAreThoseOfTheSpecification() {
        let leaves = Self.leaves(7)
        func subtree(_ range: Range<UInt64>) -> MerkleHash {
            Self.root(leaves[Int(range.lowerBound)..<Int(range.upperBound)])
        }
        // The examples of RFC 6962 §2.1.3.
        let (a, b) = (leaves[0], leaves[1])
        let (i, j) = (subtree(4..<6), leaves[6])
        let (g, h, k, l) = (MerkleHash.node(a, b), subtree(2..<4), subtree(0..<4), subtree(4..<7))
        #expect(MerkleProof.inclusion(index: 0, size: 7, subtree) == [b, h, l])
        #expect(MerkleProof.inclusion(index: 3, size: 7, subtree) == [leaves[2], g, l])
        #expect(MerkleProof.inclusion(index: 4, size: 7, subtree) == [leaves[5], j, k])
        #expect(MerkleProof.inclusion(index: 6, size: 7, subtree) == [i, k])
        #expect(
            MerkleProof.consistency(from: 3, to: 7, subtree) == [leaves[2], leaves[3], g, l])
        #expect(MerkleProof.consistency(from: 4, to: 7, subtree) == [l])
        #expect(MerkleProof.consistency(from: 6, to: 7, subtree) == [i, j, k])
    }

    @Test func hashesReadBack() {
        let hash = MerkleHash.leaf([1, 2, 3])
        #expect(MerkleHash(hash.bytes) == hash)
        #expect(MerkleHash(base64: hash.base64) == hash)
        #expect(MerkleHash(Array(hash.bytes.dropLast())) == nil)
        #expect(MerkleHash(base64: hash.base64 + "AAAA") == nil)
        #expect(MemoryLayout<MerkleHash>.size == 32)
    }

    /// Messages of every length around the borders of blocks, side by side in any company, against
    /// each alone.
    @Test func digestsOfManyAreThoseOfEach() {
        var random = Randomness()
        for count in 0...40 {
            let messages = (0..<count).map { number in
                (0..<(number < 3 ? number : Int.random(in: 0...200, using: &random))).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
            }
            var end: UInt32 = 0
            let ends = messages.map { message -> UInt32 in
                end += UInt32(message.count)
                return end
            }
            var digests = [MerkleHash.emptyTree]
            MerkleHash.appendDigests(of: messages.flatMap(\.self), ends: ends, to: &digests)
            #expect(digests == [.emptyTree] + messages.map { MerkleHash.digest(of: $0) })
            var leaves: [MerkleHash] = []
            MerkleHash.appendLeaves(version: 7, digests: digests, to: &leaves)
            #expect(leaves == digests.map { MerkleHash.leaf([7] + $0.bytes) })
        }
        for length in 0...260 {
            let message = (0..<length).map { UInt8(truncatingIfNeeded: 7 * $0) }
            var digests: [MerkleHash] = []
            MerkleHash.appendDigests(
                of: message + message, ends: [UInt32(length), UInt32(2 * length)], to: &digests)
            #expect(digests.map(\.bytes) == Array(repeating: SHA256.of(message.span), count: 2))
        }
    }

    @Test func perfectSubtreesAreThoseOfTheDefinition() {
        for height in 0...9 {
            let leaves = Self.leaves(1 << height)
            #expect(MerkleHash.perfect(leaves) == Self.root(leaves[...]))
        }
    }
}
