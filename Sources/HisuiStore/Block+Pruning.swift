import HisuiBytes
import HisuiShape
import Synchronization

/// What is known of columns without reading them.
extension Block {
    /// Which slots may have `probe` in a value, as its bytes stand in the records.
    ///
    /// A slot is left out only if none of its values has it. Columns are not read, only the block's
    /// directory and filters.
    public func candidates(_ probe: TextProbe) throws(StoreError) -> SlotSet {
        guard case .segment(let rows) = backing else { return SlotSet(.all) }
        return try rows.candidates(probe)
    }

    /// Rows by value of one slot of each of several shapes, as far as that is known without reading
    /// a column: hosts and programs.
    ///
    /// - Parameter slots: for each shape the slot that is asked for, or nil.
    /// - Returns: rows by value, a value perhaps more than once, and for each shape whether its rows
    ///   are among them.
    /// - Complexity: O(rows of the block) the first time.
    public func valueCounts(
        _ slots: [Int?]
    ) throws(StoreError) -> (counts: [(value: [UInt8], rows: Int)], counted: [Bool]) {
        guard case .segment(let rows) = backing else {
            return ([], [Bool](repeating: false, count: slots.count))
        }
        return try rows.valueCounts(slots)
    }

    /// Which rows of shape `shape` have a value of slot `slot` that passes, if the values are hosts
    /// or programs, which are asked once for the block; nil if they are not.
    ///
    /// - Parameter passes: asked for each host or program of the block.
    public func passing(
        shape: Int, slot: Int, _ passes: RunTest
    ) throws(StoreError) -> RunRows? {
        guard case .segment(let rows) = backing else { return nil }
        return try rows.passing(shape: shape, slot: slot, passes)
    }

    /// The value that all rows of shape `shape` have in slot `slot`; nil if there is none, or it is
    /// not known without reading the column.
    public func constant(shape: Int, slot: Int) throws(StoreError) -> [UInt8]? {
        guard case .segment(let rows) = backing else { return nil }
        return try rows.constant(shape: shape, slot: slot)
    }

    /// The least and the greatest of the numbers in slot `slot` of shape `shape`, if all its values
    /// are decimal numbers without sign or leading zeros; nil if they are not, or it is not known.
    public func numberRange(shape: Int, slot: Int) throws(StoreError) -> ClosedRange<UInt64>? {
        guard case .segment(let rows) = backing else { return nil }
        return try rows.numberRange(shape: shape, slot: slot)
    }

    /// Whole seconds of the event times since 1970, for each row: what of the times is read first
    /// and costs least.
    ///
    /// - Complexity: O(rows).
    public func seconds() throws(StoreError) -> [Int64] {
        switch backing {
        case .memory(let rows):
            rows.times.map { $0.floorDivided(by: 1_000_000_000).quotient }
        case .segment(let rows): try rows.seconds()
        }
    }
}

/// Some of the slots of a block; asked one by one.
public struct SlotSet: Sendable {
    enum Members: Sendable {
        case all
        case none
        case some(SlotCandidates)
    }

    private let members: Members

    init(_ members: Members) { self.members = members }

    public var isEmpty: Bool {
        if case .none = members { return true }
        return false
    }

    /// Whether a value of the slot may have the probe; true says little, and costs nothing.
    public func mayContain(shape: Int, slot: Int) -> Bool {
        switch members {
        case .all: true
        case .none: false
        case .some(let candidates): candidates.mayContain(shape: shape, slot: slot)
        }
    }

    /// Whether a value of the slot may have the probe, as far as it can be told without reading the
    /// column's values: the text that the slot's chunk has is looked through.
    ///
    /// - Complexity: O(bytes of the chunk) for the first slot of a chunk.
    public func contains(shape: Int, slot: Int) throws(StoreError) -> Bool {
        switch members {
        case .all: true
        case .none: false
        case .some(let candidates): try candidates.contains(shape: shape, slot: slot)
        }
    }
}

/// The slots of a block in a segment that may have a text in a value.
final class SlotCandidates: Sendable {
    private let probe: TextProbe
    private let block: SegmentBlock
    private let directory: BlockDirectory
    /// For each chunk whether its text may have the probe.
    private let chunks: [Bool]
    private let patterns: PatternTable
    /// For each of the patterns whether its numbers may spell the probe.
    private let spelling: [Bool]
    // What hosts, programs, times and process ids can have is the same for all columns of the kind.
    private let isOfHeads: Bool
    private let isOfHosts: Bool
    private let isOfPrograms: Bool
    private let isOfTimes: Bool
    private let isOfDigits: Bool
    private let found: Mutex<Found>

    /// In which columns the probe stands.
    private struct Found {
        var isSearched: [Bool]
        var columns: [Bool]
    }

    init(
        _ probe: TextProbe, _ block: SegmentBlock, _ directory: BlockDirectory,
        _ patterns: PatternTable, chunks: [Bool]
    ) {
        self.probe = probe
        self.block = block
        self.directory = directory
        self.chunks = chunks
        self.patterns = patterns
        spelling = patterns.patterns.indices.map {
            probe.mayOccur(inPattern: patterns.patterns[$0], alphabet: patterns.alphabets[$0])
        }
        isOfHeads = directory.headsMayContain(probe)
        isOfHosts = directory.origins.contains { probe.occurs(in: $0.host) }
        isOfPrograms = directory.programs.contains { probe.occurs(in: $0) }
        isOfTimes = probe.bytes.allSatisfy { TimeFormat.isOfTimes($0) }
        isOfDigits = probe.bytes.allSatisfy { $0 &- 0x30 <= 9 }
        found = Mutex(
            Found(
                isSearched: [Bool](repeating: false, count: chunks.count),
                columns: [Bool](repeating: false, count: directory.columnCount)))
    }

    /// Whether no slot of the block can have the probe.
    var isEmpty: Bool {
        !(isOfHeads || isOfHosts || isOfPrograms || isOfTimes || isOfDigits
            || chunks.contains(true) || spelling.contains(true))
    }

    func mayContain(shape: Int, slot: Int) -> Bool {
        let column = block.firstColumns[shape] + slot
        return isSpelled(column)
            || hasText(directory.encoding(of: column), column) && mayHaveText(column)
    }

    func contains(shape: Int, slot: Int) throws(StoreError) -> Bool {
        let column = block.firstColumns[shape] + slot
        if isSpelled(column) { return true }
        guard hasText(directory.encoding(of: column), column), mayHaveText(column) else {
            return false
        }
        let chunk = directory.place(of: column).chunk
        if let known = found.withLock({ $0.isSearched[chunk] ? $0.columns[column] : nil }) {
            return known
        }
        return try search(chunk, column)
    }

    /// Whether the column can spell the probe without having text.
    private func isSpelled(_ column: Int) -> Bool {
        let encoding = directory.encoding(of: column)
        switch encoding {
        case .constant: return isOfHeads && directory.head(of: column, has: probe)
        case .host: return isOfHosts
        case .program: return isOfPrograms
        case .pid: return isOfDigits
        case .time: return isOfTimes
        case .patterns: return patterns.isAny(of: column, in: spelling)
        default: return encoding.isNumbers && patterns.isAny(of: column, in: spelling)
        }
    }

    /// Whether there is text in a column's data: if it is no column of text, that of exceptions.
    private func hasText(_ encoding: ColumnEncoding, _ column: Int) -> Bool {
        // The first byte of a head says whether there are exceptions.
        if encoding.isNumbers { return directory.headFlags(of: column) & 2 != 0 }
        return encoding != .patterns || directory.headFlags(of: column) & 1 != 0
    }

    private func mayHaveText(_ column: Int) -> Bool {
        let place = directory.place(of: column)
        return !place.range.isEmpty && chunks[place.chunk]
    }

    /// Looks through a chunk as a whole, whatever the number of its columns.
    ///
    /// - Returns: whether the probe stands in `wanted`.
    private func search(_ chunk: Int, _ wanted: Int) throws(StoreError) -> Bool {
        let bytes = try block.chunk(chunk)
        var hits: [Int] = []
        var from = 0
        for column in directory.columns(ofChunk: chunk) {
            let range = directory.place(of: Int(column)).range
            if range.upperBound <= from { continue }
            guard let hit = probe.first(in: bytes, max(from, range.lowerBound)..<bytes.count)
            else { break }
            from = hit
            if hit < range.upperBound {
                hits.append(Int(column))
                from = range.upperBound
            }
        }
        let columns = hits
        return found.withLock { found in
            found.isSearched[chunk] = true
            for column in columns { found.columns[column] = true }
            return found.columns[wanted]
        }
    }
}

extension SegmentBlock {
    func candidates(_ probe: TextProbe) throws(StoreError) -> SlotSet {
        // So little is almost everywhere.
        if probe.grams.isEmpty { return SlotSet(.all) }
        let directory = try directory()
        let filters = try chunk(chunkCount - 2)
        let chunks = directory.filters.map { filter in
            guard let filter else { return true }
            // An empty one: no value of the chunk has four bytes.
            return !filter.isEmpty
                && probe.mayOccur(
                    in: filters.span.extracting(filter),
                    logSize: (filter.count * 8).trailingZeroBitCount)
        }
        let candidates = SlotCandidates(probe, self, directory, try patterns(), chunks: chunks)
        return SlotSet(candidates.isEmpty ? .none : .some(candidates))
    }

    private func patterns() throws(StoreError) -> PatternTable {
        if let known = cache.withLock({ $0.patterns }) { return known }
        let made = PatternTable(try directory())
        cache.withLock { $0.patterns = made }
        return made
    }

    func numberRange(shape: Int, slot: Int) throws(StoreError) -> ClosedRange<UInt64>? {
        let directory = try directory()
        let column = firstColumns[shape] + slot
        guard directory.place(of: column).encoding.isNumbers else { return nil }
        let heads = directory.bytes
        var reader = ByteReader(heads.span, directory.headRange(of: column))
        guard let head = try? NumberColumn.Head(decoding: &reader) else {
            throw damaged("the head of a column", chunk: chunkCount - 1)
        }
        guard head.pattern.isPlainDecimal, !head.hasExceptions else { return nil }
        return head.fields[0].least...head.fields[0].greatest
    }
}
