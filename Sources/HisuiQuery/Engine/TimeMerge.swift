import HisuiStore

/// The hits of one block in order, while their turn comes.
///
/// Handed from the thread that found the hits to the one that reads the rows; each has it alone.
final class BlockHits: @unchecked Sendable {
    let scan: BlockScan
    var hits: [Hit]
    var next = 0
    /// What the rows are read with, until there is a reader.
    private var prepared: RowReader.Prepared
    /// Owned by the thread that reads rows.
    private(set) var reader: RowReader?
    private let descending: Bool
    private let budget: MemoryBudget
    private let charged: Int

    init(
        _ scan: BlockScan, _ hits: [Hit], _ prepared: RowReader.Prepared, descending: Bool,
        _ budget: MemoryBudget
    ) throws(QueryFailure) {
        self.scan = scan
        self.hits = hits
        self.prepared = prepared
        self.descending = descending
        self.budget = budget
        charged = hits.count * MemoryLayout<Hit>.stride
        try budget.take(charged, for: "rows in order of time")
    }

    deinit { budget.give(charged) }

    var key: Int64 { hits[next].key }

    /// Makes the reader, on the thread that reads rows.
    func open(_ needs: FieldNeeds, _ names: FieldNames) {
        reader = RowReader(scan, needs, names, prepared)
        prepared = [:]
    }

    /// The event time of a hit.
    func time(of hit: Hit) -> Int64 { descending ? ~hit.key : hit.key }

    /// Whether this one's next row stands before that one's.
    func precedes(_ other: BlockHits) -> Bool {
        key != other.key ? key < other.key : scan.place < other.scan.place
    }
}

/// Blocks with hits, the one whose next row comes first on top: a binary heap.
struct MergeHeap {
    private var blocks: [BlockHits] = []

    var top: BlockHits? { blocks.first }
    var count: Int { blocks.count }

    mutating func insert(_ block: BlockHits) {
        blocks.append(block)
        var index = blocks.count - 1
        while index > 0, blocks[index].precedes(blocks[(index - 1) / 2]) {
            blocks.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    /// The block whose next row comes first but one.
    var second: BlockHits? {
        guard blocks.count > 1 else { return nil }
        return blocks.count > 2 && blocks[2].precedes(blocks[1]) ? blocks[2] : blocks[1]
    }

    /// Puts the top block, whose next row has changed, in its place; removes it if it has none.
    mutating func settle() {
        if blocks[0].next == blocks[0].hits.count {
            blocks.swapAt(0, blocks.count - 1)
            blocks.removeLast()
        }
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < blocks.count && blocks[child].precedes(blocks[least]) {
                least = child
            }
            if least == index { return }
            blocks.swapAt(index, least)
            index = least
        }
    }

    /// Lets all blocks but the top one go of their columns; they take them again when needed.
    func releaseOthers() {
        for block in blocks.dropFirst() { block.reader?.release() }
    }
}

/// Rows of blocks that overlap in time, put in order.
struct TimeMerge {
    private var heap = MergeHeap()
    private var row: ResultRow
    private let needs: FieldNeeds
    private let context: StageContext
    private let shouldStop: () -> Bool
    private var emitted = 0

    init(_ needs: FieldNeeds, _ context: StageContext, shouldStop: @escaping () -> Bool) {
        self.needs = needs
        self.context = context
        self.shouldStop = shouldStop
        row = ResultRow(names: context.names)
    }

    /// Blocks that may keep their columns while others are read.
    private static let openBlocksMax = 4

    mutating func add(_ hits: BlockHits) {
        guard !hits.hits.isEmpty else { return }
        hits.open(needs, context.names)
        if heap.count >= Self.openBlocksMax { hits.reader?.release() }
        heap.insert(hits)
    }

    /// Pushes rows whose key is less than `bound`, or all; false if no more are wanted.
    mutating func emit(
        before bound: Int64?, into stage: any PipeStage
    ) throws(QueryFailure) -> Bool {
        while let block = heap.top {
            let second = heap.second
            var pushed = 0
            while block.next < block.hits.count {
                let hit = block.hits[block.next]
                if let bound, hit.key >= bound { break }
                if let second, second.precedes(block) { break }
                try block.reader?.read(hit, time: block.time(of: hit), into: &row)
                block.next += 1
                pushed += 1
                emitted += 1
                if emitted & 0xFFF == 0, shouldStop() {
                    throw QueryRunner.stopped()
                }
                if try !stage.push(&row) { return false }
            }
            if pushed == 0 { return true }
            if block.next == block.hits.count { block.reader?.release() }
            heap.settle()
            if heap.count > Self.openBlocksMax { heap.releaseOthers() }
        }
        return true
    }
}
