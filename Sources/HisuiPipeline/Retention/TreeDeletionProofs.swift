public import HisuiEvent
public import HisuiFile
import HisuiProof
import HisuiShape
public import HisuiStore

/// What a deletion needs of the trees in a store.
///
/// Before anything goes, every full block of 256 records is hashed again and compared with the
/// tree: records that were changed must not be deleted unseen.
public struct TreeDeletionProofs: DeletionProofs {
    private let fileSystem: any FileSystem
    private let store: String

    public init(fileSystem: any FileSystem = RealFileSystem(), store: String) {
        self.fileSystem = fileSystem
        self.store = store
    }

    private func folder(_ zone: String, _ stream: String) -> String {
        Path.join(
            Filenames.streamPath(store: store, zone: zone, stream: stream), Filenames.tree)
    }

    /// Of the newest days only: older leaps are believed by now.
    public func checkpointTimes(zone: String, stream: String) throws(StoreError) -> [Timestamp] {
        let folder = folder(zone, stream)
        let tree = TreeReader(fileSystem: fileSystem, folder: folder)
        return try StoreError.refusing(folder) { () throws(ProofError) in
            var times: [Timestamp] = []
            for day in try tree.days().suffix(10) {
                times += try tree.checkpoints(day: day).compactMap(\.checkpoint.time)
            }
            return times
        }
    }

    /// - Complexity: O(bytes of the segments): all records are read and hashed.
    public func proof(
        of segments: [Expiry.Segment], zone: String, stream: String
    ) throws(StoreError) -> DeletionProof {
        let folder = folder(zone, stream)
        precondition(!segments.isEmpty, "a deletion has segments")
        let leaves = segments[0].leaves.lowerBound..<segments[segments.count - 1].leaves.upperBound
        let edges = try Expiry(fileSystem: fileSystem, store: store)
            .edges(zone: zone, stream: stream)
        let tree = TreeReader(fileSystem: fileSystem, folder: folder)
        let size = try StoreError.refusing(folder) { () throws(ProofError) in
            try tree.newest()?.checkpoint.size ?? 0
        }
        guard size >= leaves.upperBound else {
            throw StoreError(
                .failed, "no checkpoint covers records up to \(leaves.upperBound) yet",
                path: folder, advice: "start the daemon: it signs one within a minute")
        }
        var walk = TreeWalk(tree: tree, leaves: leaves, edges: edges)
        for segment in segments { try walk.take(segment, fileSystem) }
        return try walk.finish()
    }
}

extension StoreError {
    /// An error of a tree as a reason not to delete.
    fileprivate static func refusing<Result>(
        _ folder: String, _ body: () throws(ProofError) -> Result
    ) throws(StoreError) -> Result {
        do throws(ProofError) {
            return try body()
        } catch {
            throw StoreError(
                .damaged, "\(error)", path: folder,
                advice: "run `hisui verify`; nothing is deleted that the tree does not confirm")
        }
    }
}

/// Goes through records that are about to go, block of 256 by block, and compares them with the
/// tree.
private struct TreeWalk {
    private let tree: TreeReader
    private let leaves: Range<UInt64>
    /// Hashes of the leaves of the block that is being filled, from its beginning.
    private var block: [MerkleHash] = []
    private var blockStart: UInt64
    /// The first block, if it began before the first leaf.
    private var head: [MerkleHash] = []
    private let shapes = ShapeTable()

    private static let width = TreeReader.tileWidth

    init(tree: TreeReader, leaves: Range<UInt64>, edges: [Expiry.Edge]) {
        self.tree = tree
        self.leaves = leaves
        blockStart = leaves.lowerBound & ~(Self.width - 1)
        let before = Int(leaves.lowerBound - blockStart)
        let known = edges.first { edge in
            edge.first == blockStart && edge.end >= leaves.lowerBound
        }
        // What no edge has was lost before a checkpoint covered it, or the tree will not agree.
        block =
            known.map { $0.hashes.prefix(before).compactMap { MerkleHash($0) } }
            ?? [MerkleHash](repeating: LeafHasher.lost, count: before)
    }

    private var next: UInt64 { blockStart + UInt64(block.count) }

    mutating func take(
        _ segment: Expiry.Segment, _ fileSystem: any FileSystem
    ) throws(StoreError) {
        let reader = try SegmentReader(fileSystem: fileSystem, path: segment.path)
        var hashes: [MerkleHash] = []
        for block in reader.blocks {
            while next < block.firstIndex { try push(LeafHasher.lost, segment.path) }
            var rows = try BlockRows(block, from: next, shapes: shapes)
            while let batch = try rows.next(before: segment.leaves.upperBound) {
                hashes.removeAll(keepingCapacity: true)
                LeafHasher.appendLeaves(of: batch, to: &hashes)
                for hash in hashes { try push(hash, segment.path) }
            }
            block.dropCaches()
        }
        while next < segment.leaves.upperBound { try push(LeafHasher.lost, segment.path) }
    }

    private mutating func push(_ hash: MerkleHash, _ path: String) throws(StoreError) {
        block.append(hash)
        guard block.count == Int(Self.width) else { return }
        let number = blockStart / Self.width
        let root = MerkleHash.root(of: block)
        let stored = try StoreError.refusing(tree.folder) { () throws(ProofError) in
            try tree.hashes(level: 1, number..<number + 1)
        }
        guard stored == [root] else {
            throw StoreError(
                .damaged,
                "records \(max(blockStart, leaves.lowerBound)) to \(next - 1) are not those of "
                    + "the tree", path: path,
                advice: "run `hisui verify`; nothing is deleted that the tree does not confirm")
        }
        if blockStart < leaves.lowerBound { head = block }
        block.removeAll(keepingCapacity: true)
        blockStart += Self.width
    }

    /// The perfect subtrees of the leaves, and the edge behind them.
    mutating func finish() throws(StoreError) -> DeletionProof {
        var subtrees: [[UInt8]] = []
        var start = leaves.lowerBound
        while start < leaves.upperBound {
            var height = 63 - (leaves.upperBound - start).leadingZeroBitCount
            if start != 0 { height = min(height, start.trailingZeroBitCount) }
            let range = start..<start + 1 << UInt64(height)
            let hash = try StoreError.refusing(tree.folder) { () throws(ProofError) in
                try tree.subtree(range) { (wanted) throws(ProofError) in hashes(wanted) }
            }
            subtrees.append(hash.bytes)
            start = range.upperBound
        }
        let edge = Expiry.Edge(end: leaves.upperBound, hashes: block.map(\.bytes))
        return DeletionProof(subtrees: subtrees, edge: edge)
    }

    /// Hashes of leaves of the first or the last block.
    private func hashes(_ wanted: Range<UInt64>) -> [MerkleHash] {
        let isTail = wanted.lowerBound >= blockStart
        let first = isTail ? blockStart : leaves.lowerBound & ~(Self.width - 1)
        let block = isTail ? block : head
        return Array(block[Int(wanted.lowerBound - first)..<Int(wanted.upperBound - first)])
    }
}
