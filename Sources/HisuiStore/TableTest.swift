/// What must be in slots for rows of a segment's shapes to pass, in a form that a block answers for
/// all its shapes at once.
///
/// Immutable; may be used from several threads.
public final class TableTest: Sendable {
    /// A probe in a slot, and perhaps another one in another: both must be.
    public struct Term: Sendable {
        /// A number in the probes.
        var probe: Int32
        /// Any slot of the shape if negative.
        var slot: Int32
        /// None if negative.
        var otherProbe: Int32
        var otherSlot: Int32

        public init(probe: Int, slot: Int?, other: (probe: Int, slot: Int)? = nil) {
            self.probe = Int32(probe)
            self.slot = slot.map { Int32($0) } ?? -1
            otherProbe = other.map { Int32($0.probe) } ?? -1
            otherSlot = other.map { Int32($0.slot) } ?? -1
        }
    }

    let probes: [TextProbe]
    let columns: TableColumns
    /// For each shape of the table whether its terms are all that is asked; rows of others may pass
    /// whatever they are.
    let isAsked: [Bool]
    /// Where the terms of each shape begin; one more element than shapes.
    let starts: [UInt32]
    let terms: [Term]
    /// For each probe in turn a bit for each column of the table: whether what the footer tells of
    /// the column in detail may have the probe.
    let told: [UInt64]
    /// Words of a probe in `told`.
    let words: Int

    /// - Parameters:
    ///   - terms: for each shape of the table those of which one must hold; nil: nothing is asked.
    public init(_ table: ShapesInTable.Table, probes: [TextProbe], terms: [[Term]?]) {
        self.probes = probes
        columns = table.columns
        isAsked = terms.map { $0 != nil }
        var starts: [UInt32] = [0]
        var all: [Term] = []
        for terms in terms {
            all += terms ?? []
            starts.append(UInt32(all.count))
        }
        self.starts = starts
        self.terms = all
        var told: [UInt64] = []
        for probe in probes { told += columns.told(probe).bits }
        self.told = told
        words = probes.isEmpty ? 0 : told.count / probes.count
    }
}

extension Block {
    /// Whether rows of each shape may pass, as far as directory and filters tell.
    ///
    /// - Parameter test: of the table that the block's shapes come from.
    /// - Complexity: O(terms of the block's shapes), and O(bytes of the filters) for each probe.
    public func mayPass(_ test: TableTest) throws(StoreError) -> [Bool] {
        guard case .segment(let rows) = backing, let table else {
            return [Bool](repeating: true, count: shapes.count)
        }
        return try rows.mayPass(test, table.numbers)
    }
}

extension SegmentBlock {
    /// - Parameter numbers: of the block's shapes in the table.
    fileprivate func mayPass(
        _ test: TableTest, _ numbers: [UInt32]
    ) throws(StoreError) -> [Bool] {
        var text = TextPlaces(
            test.probes, try directory(), filters: try chunk(chunkCount - 2))
        var result = [Bool](repeating: true, count: numbers.count)
        let tableFirst = test.columns.firstColumns
        for shape in numbers.indices {
            let number = Int(numbers[shape])
            guard test.isAsked[number] else { continue }
            let first = firstColumns[shape]
            let slots = firstColumns[shape + 1] - first
            func may(_ probe: Int32, _ slot: Int32) -> Bool {
                let probe = Int(probe)
                let from = slot < 0 ? 0 : Int(slot)
                let end = slot < 0 ? slots : from + 1
                let told = test.told.hasAny(
                    tableFirst[number] + from, tableFirst[number] + end, at: probe * test.words)
                return told || text.hasAny(probe, first + from, first + end)
            }
            var isPossible = false
            for index in Int(test.starts[number])..<Int(test.starts[number + 1])
            where !isPossible {
                let term = test.terms[index]
                // Of two, the other is the one that says more.
                isPossible =
                    (term.otherProbe < 0 || may(term.otherProbe, term.otherSlot))
                    && may(term.probe, term.slot)
            }
            result[shape] = isPossible
        }
        return result
    }
}

/// In which columns of a block with text each probe may stand; asked when it is needed.
private struct TextPlaces {
    private let probes: [TextProbe]
    private let directory: BlockDirectory
    private let filters: [UInt8]
    /// For each probe: not asked yet, nowhere, or somewhere.
    private var states: [UInt8]
    /// For each probe a bit for each column.
    private var bits: [UInt64]
    private let words: Int

    init(_ probes: [TextProbe], _ directory: BlockDirectory, filters: [UInt8]) {
        self.probes = probes
        self.directory = directory
        self.filters = filters
        states = [UInt8](repeating: 0, count: probes.count)
        words = directory.columnCount / 64 + 1
        bits = [UInt64](repeating: 0, count: probes.count * words)
    }

    @inline(__always)
    mutating func hasAny(_ probe: Int, _ first: Int, _ end: Int) -> Bool {
        if states[probe] == 0 { ask(probe) }
        return states[probe] == 2 && bits.hasAny(first, end, at: probe * words)
    }

    private mutating func ask(_ probe: Int) {
        states[probe] = 1
        for (chunk, filter) in directory.filters.enumerated()
        where probes[probe].mayOccur(inChunkOf: filter, filters) {
            for column in directory.columns(ofChunk: chunk) where directory.hasText(Int(column)) {
                bits[probe * words + Int(column) >> 6] |= 1 << UInt64(column & 63)
                states[probe] = 2
            }
        }
    }
}

extension TextProbe {
    /// Whether the text may occur in a chunk.
    ///
    /// - Parameter filter: that of the chunk, as a directory has it.
    func mayOccur(inChunkOf filter: Range<Int>?, _ filters: [UInt8]) -> Bool {
        // So little text is almost everywhere, and in values of less than four bytes too.
        guard let filter, !grams.isEmpty else { return true }
        // An empty one: no value of the chunk has four bytes.
        return !filter.isEmpty
            && mayOccur(
                in: filters.span.extracting(filter),
                logSize: (filter.count * 8).trailingZeroBitCount)
    }
}

extension [UInt64] {
    /// Whether one of the bits `first..<end` is set, counted from the word `start`.
    @inline(__always)
    fileprivate func hasAny(_ first: Int, _ end: Int, at start: Int) -> Bool {
        if end == first + 1 {
            return self[start + first >> 6] >> UInt64(first & 63) & 1 == 1
        }
        for bit in first..<end where self[start + bit >> 6] >> UInt64(bit & 63) & 1 == 1 {
            return true
        }
        return false
    }
}
