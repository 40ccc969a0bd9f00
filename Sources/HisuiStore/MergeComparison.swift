import HisuiBytes
import HisuiEvent
import HisuiShape

/// Compares a merged segment with those it replaces, before they are let go.
///
/// Both are read through their columns, which is another way than rows go when they are copied.
/// Everything that a segment tells must be told by the merged one: of each leaf the shape, the
/// slots (and so the record), times, source, sender and flags, or that it is lost; gaps,
/// definitions, and where sources stand.
///
/// Owned by one thread. Holds one block of each side decompressed.
struct MergeComparison {
    private let merged: SegmentReader
    private var columns: [Key: SlotColumn] = [:]
    private var rows: RowColumns?
    private var number = -1

    private struct Key: Hashable {
        var shape: Int
        var slot: Int
    }

    init(_ merged: SegmentReader) { self.merged = merged }

    /// Compares with one of the segments that `merged` covers.
    ///
    /// - Parameter isStopped: asked between blocks.
    /// - Returns: false if it was stopped.
    /// - Throws: `.damaged` with the file that cannot be read, or the merged one where the two do
    ///   not agree.
    mutating func compare(
        with original: SegmentReader, isStopped: () -> Bool
    ) throws(StoreError) -> Bool {
        try compareFooters(original)
        var next = original.leaves.lowerBound
        for block in original.blocks {
            try checkLost(next..<block.firstIndex)
            guard try compare(block, isStopped) else { return false }
            block.dropCaches()
            next = block.endIndex
        }
        try checkLost(next..<original.leaves.upperBound)
        return true
    }

    private func compareFooters(_ original: SegmentReader) throws(StoreError) {
        let isLast = original.leaves.upperBound == merged.leaves.upperBound
        let states = merged.sourceStates
        let hasStates = original.sourceStates.allSatisfy { state in
            isLast ? states.contains(state) : states.contains { $0.source == state.source }
        }
        guard hasStates else { throw different("where sources stand", original.leaves.lowerBound) }
        guard original.definitions.allSatisfy(merged.definitions.contains) else {
            throw different("a definition", original.leaves.lowerBound)
        }
        let gaps = original.gaps
        let hasGaps =
            gaps.isEmpty
            || merged.gaps.indices.contains { merged.gaps[$0...].starts(with: gaps) }
        guard hasGaps else { throw different("a gap", original.leaves.lowerBound) }
    }

    /// Leaves that the original has no row for must have none here.
    private func checkLost(_ leaves: Range<UInt64>) throws(StoreError) {
        if leaves.isEmpty { return }
        let isLost = merged.blocks.allSatisfy {
            $0.endIndex <= leaves.lowerBound || $0.firstIndex >= leaves.upperBound
        }
        guard isLost else { throw different("a lost record", leaves.lowerBound) }
    }

    private mutating func compare(
        _ block: Block, _ isStopped: () -> Bool
    ) throws(StoreError) -> Bool {
        let old = try RowColumns(block)
        var next = block.firstIndex
        while next < block.endIndex {
            if isStopped() { return false }
            guard let place = merged.blocks.firstIndex(where: { $0.endIndex > next }),
                merged.blocks[place].firstIndex <= next
            else { throw different("a record that is missing", next) }
            let new = try columns(of: place)
            let end = min(block.endIndex, merged.blocks[place].endIndex)
            let ours = Int(next - block.firstIndex)..<Int(end - block.firstIndex)
            let first = merged.blocks[place].firstIndex
            let theirs = Int(next - first)..<Int(end - first)
            guard old.isEqual(ours, to: new, theirs) else { throw different("a column", next) }
            try compareSlots(block, ours, merged.blocks[place], theirs)
            next = end
        }
        return true
    }

    private mutating func columns(of place: Int) throws(StoreError) -> RowColumns {
        if number == place, let rows { return rows }
        if number >= 0 { merged.blocks[number].dropCaches() }
        columns = [:]
        let read = try RowColumns(merged.blocks[place])
        rows = read
        number = place
        return read
    }

    /// Slots by shape: each side keeps the rows of a shape in an order of its own.
    private mutating func compareSlots(
        _ block: Block, _ ours: Range<Int>, _ other: Block, _ theirs: Range<Int>
    ) throws(StoreError) {
        let old = try block.grouping()
        let new = try other.grouping()
        var pairs = [Int: (shape: Int, ordinals: [(ours: UInt32, theirs: UInt32)])]()
        for (row, otherRow) in zip(ours, theirs) {
            pairs[Int(old.shapeOfRow[row]), default: (Int(new.shapeOfRow[otherRow]), [])]
                .ordinals.append((old.ordinals[row], new.ordinals[otherRow]))
        }
        for (shape, pair) in pairs {
            for slot in block.shapes[shape].shape.slots.indices {
                let left = try block.column(shape: shape, slot: slot)
                let right = try column(of: other, Key(shape: pair.shape, slot: slot))
                guard Self.isEqual(left, right, pair.ordinals) else {
                    throw different("a record", block.firstIndex + UInt64(ours.lowerBound))
                }
            }
        }
    }

    private mutating func column(of block: Block, _ key: Key) throws(StoreError) -> SlotColumn {
        if let known = columns[key] { return known }
        let read = try block.column(shape: key.shape, slot: key.slot)
        columns[key] = read
        return read
    }

    private static func isEqual(
        _ left: SlotColumn, _ right: SlotColumn, _ ordinals: [(ours: UInt32, theirs: UInt32)]
    ) -> Bool {
        let (a, b) = (left.bytes.span, right.bytes.span)
        for pair in ordinals {
            let ours = left.ranges[Int(pair.ours)]
            let theirs = right.ranges[Int(pair.theirs)]
            guard ByteSearch.equal(a, ours.range, b.extracting(theirs.range)) else { return false }
        }
        return true
    }

    private func different(_ what: String, _ index: UInt64) -> StoreError {
        .damaged(
            "\(what) of the segments merged here, near leaf \(index), is another one",
            path: merged.path, section: nil, offset: nil)
    }
}

/// What a block has for each row, decoded.
private struct RowColumns {
    private let shapes: [Shape]
    private let rowShapes: [UInt32]
    private let times: [Int64]
    private let received: [Int64]
    private let flags: [UInt32]
    private let sources: [UInt32]
    private let sourceNames: [Source]
    private let senders: [UInt32]
    private let senderNames: [String]

    init(_ block: Block) throws(StoreError) {
        shapes = block.shapes.map(\.shape)
        rowShapes = try block.rowShapes()
        times = try block.times()
        received = try block.received()
        flags = try block.flags()
        sources = try block.sourceNumbers()
        sourceNames = block.sources
        senders = try block.senderNumbers()
        senderNames = block.senders
    }

    /// Whether rows here are those rows there.
    func isEqual(_ ours: Range<Int>, to other: RowColumns, _ theirs: Range<Int>) -> Bool {
        times[ours] == other.times[theirs] && received[ours] == other.received[theirs]
            && flags[ours] == other.flags[theirs]
            && Self.isEqual(
                rowShapes[ours], other.rowShapes[theirs],
                { shapes[Int($0)] == other.shapes[Int($1)] })
            && Self.isEqual(
                sources[ours], other.sources[theirs],
                { sourceNames[Int($0)] == other.sourceNames[Int($1)] })
            && Self.isEqual(
                senders[ours], other.senders[theirs],
                { senderNames[Int($0)] == other.senderNames[Int($1)] })
    }

    /// Whether numbers of two tables name the same things; each pair is asked for once.
    private static func isEqual(
        _ ours: ArraySlice<UInt32>, _ theirs: ArraySlice<UInt32>,
        _ isSame: (UInt32, UInt32) -> Bool
    ) -> Bool {
        var pairs: [UInt32: UInt32] = [:]
        var last: (UInt32, UInt32)?
        for (a, b) in zip(ours, theirs) {
            if let last, last == (a, b) { continue }
            if let known = pairs[a] {
                guard known == b else { return false }
            } else {
                guard isSame(a, b) else { return false }
                pairs[a] = b
            }
            last = (a, b)
        }
        return ours.count == theirs.count
    }
}
