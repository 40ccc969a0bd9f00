import HisuiProof

/// Makes a tree again from its leaves and compares it with everything that was written about it:
/// tiles, and the root of every checkpoint.
///
/// Leaves come in order. Two trees are kept: the one of the records that are there, and one in
/// which the hash of each block that differs was replaced by what the tile says. Where the first
/// does not lead to a checkpoint's root and the second does, the records of those blocks were
/// changed; where the first does, the tile was.
struct TreeCheck {
    /// What does not fit.
    enum Difference {
        /// Records of these leaves are not those that the tree was made of.
        case records(Range<UInt64>)
        /// An entry of a tile is not the hash of the records below it.
        case tile(level: Int, index: UInt64)
        /// The checkpoint's root is not that of the records below its size.
        case root(PlacedCheckpoint, since: UInt64)
    }

    /// The hash that a tile has at a place: nil where there is none.
    typealias Tile = (_ level: Int, _ index: UInt64) -> MerkleHash?

    static let blockLeaves: UInt64 = 256

    private(set) var differences: [Difference] = []
    /// One past the last leaf taken.
    private(set) var next: UInt64
    private let first: UInt64
    private let tile: Tile
    private var checkpoints: ArraySlice<PlacedCheckpoint>
    /// Trees up to the last whole block; nil where the beginning is not known.
    private var made: CompactRange?
    private var mended: CompactRange?
    /// Blocks since the last checkpoint that fitted whose hash is not the tile's.
    private var suspects: [Range<UInt64>] = []
    /// Leaves behind the last whole block.
    private(set) var block: [MerkleHash] = []
    /// Hashes of the current group of 256, by level from 1 on; those of a group that began before
    /// the first leaf are left out.
    private var groups: [[MerkleHash]] = []
    /// Size of the last checkpoint that fitted.
    private var lastGood: UInt64
    private var isRootLost = false
    /// What is gone of the first leaf's block.
    private var head: [(size: UInt64, hash: MerkleHash)] = []

    /// - Parameters:
    ///   - beginning: the tree of what is gone before the first leaf; nil if that is not known.
    ///   - first: the first leaf that will come.
    ///   - checkpoints: by size, ascending.
    init(
        beginning: CompactRange?, first: UInt64, checkpoints: [PlacedCheckpoint],
        capturing wanted: Set<UInt64>, tile: @escaping Tile
    ) {
        made = beginning
        mended = beginning
        self.wanted = wanted.sorted().drop { $0 < first }
        self.first = first
        next = first
        lastGood = first
        self.tile = tile
        // Of what is gone no root can be made again.
        self.checkpoints = checkpoints[...].drop { $0.checkpoint.size < first }
        block.reserveCapacity(Int(Self.blockLeaves))
        beginGroups()
        arrive()
    }

    /// Of what is gone, hashes come from the tiles: the deletion records vouch for them.
    private mutating func beginGroups() {
        if let made {
            for subtree in made.subtrees where subtree.size < Self.blockLeaves {
                head.append(subtree)
            }
        }
        var index = first / Self.blockLeaves
        var level = 1
        while index > 0 {
            let start = index - index % Self.blockLeaves
            let known = (start..<index).compactMap { tile(level, $0) }
            groups.append(known.count == Int(index - start) ? known : [])
            index /= Self.blockLeaves
            level += 1
        }
    }

    /// Leaves behind the last whole block at sizes that were asked for.
    private(set) var captured: [UInt64: [MerkleHash]] = [:]
    private var wanted: ArraySlice<UInt64>
    /// The next size at which there is something to do.
    private var stop: UInt64 = 0

    /// How many checkpoints wait for leaves that have not come.
    var waiting: Int { checkpoints.count }

    /// Takes the leaves from `next` on.
    mutating func append(_ leaves: ArraySlice<MerkleHash>) {
        for leaf in leaves {
            block.append(leaf)
            next += 1
            if next % Self.blockLeaves == 0 { endBlock() }
            if next == stop { arrive() }
        }
    }

    private mutating func arrive() {
        if wanted.first == next {
            wanted.removeFirst()
            if first <= next - next % Self.blockLeaves { captured[next] = block }
        }
        compare()
        stop = min(checkpoints.first?.checkpoint.size ?? .max, wanted.first ?? .max)
    }

    private mutating func endBlock() {
        defer { block.removeAll(keepingCapacity: true) }
        guard block.count == Int(Self.blockLeaves) else {
            endFirstBlock()
            return
        }
        let hash = MerkleHash.perfect(block)
        let index = next / Self.blockLeaves - 1
        let written = tile(1, index)
        made?.append(Self.blockLeaves, hash)
        mended?.append(Self.blockLeaves, written ?? hash)
        if let written, written != hash { suspects.append(next - Self.blockLeaves..<next) }
        take(hash, level: 1, index: index)
    }

    /// The block began before the first leaf: its hash is made with what is known of the rest.
    private mutating func endFirstBlock() {
        for leaf in block {
            made?.append(1, leaf)
            mended?.append(1, leaf)
        }
        guard made != nil else { return }
        var whole = CompactRange()
        for subtree in head { whole.append(subtree.size, subtree.hash) }
        for leaf in block { whole.append(1, leaf) }
        guard whole.end == Self.blockLeaves, let hash = whole.hashes.first else { return }
        let index = next / Self.blockLeaves - 1
        if let written = tile(1, index), written != hash {
            suspects.append(first..<next)
        }
        take(hash, level: 1, index: index)
    }

    /// Takes the hash of a node into its group, and at the group's end the node above.
    private mutating func take(_ hash: MerkleHash, level: Int, index: UInt64) {
        while groups.count < level { groups.append([]) }
        let place = index % Self.blockLeaves
        // A group whose beginning was missed is never whole.
        guard Int(place) == groups[level - 1].count else { return }
        groups[level - 1].append(hash)
        guard place == Self.blockLeaves - 1 else { return }
        let above = MerkleHash.perfect(groups[level - 1])
        groups[level - 1].removeAll(keepingCapacity: true)
        let aboveIndex = index / Self.blockLeaves
        if let written = tile(level + 1, aboveIndex), written != above,
            suspects.isEmpty, !isRootLost
        {
            differences.append(.tile(level: level + 1, index: aboveIndex))
        }
        take(above, level: level + 1, index: aboveIndex)
    }

    /// Compares with all checkpoints of the present size.
    private mutating func compare() {
        while let placed = checkpoints.first, placed.checkpoint.size == next {
            checkpoints.removeFirst()
            compare(placed)
        }
    }

    private mutating func compare(_ placed: PlacedCheckpoint) {
        guard let made, let mended else { return }
        let root = placed.checkpoint.root
        if root == Self.root(made, block) {
            for suspect in suspects {
                differences.append(
                    .tile(level: 1, index: suspect.lowerBound / Self.blockLeaves))
            }
            self.mended = made
        } else if root == Self.root(mended, block) {
            differences += suspects.map { .records($0) }
            self.made = mended
        } else {
            // Only the first: what is wrong there is wrong in every later tree.
            if !isRootLost {
                differences += suspects.map { .records($0) }
                differences.append(.root(placed, since: lastGood))
            }
            isRootLost = true
            suspects = []
            return
        }
        isRootLost = false
        suspects = []
        lastGood = next
    }

    private static func root(_ range: CompactRange, _ block: [MerkleHash]) -> MerkleHash {
        var range = range
        for leaf in block { range.append(1, leaf) }
        return range.root
    }
}
