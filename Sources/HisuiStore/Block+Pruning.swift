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

    public func contains(shape: Int, slot: Int) -> Bool {
        switch members {
        case .all: true
        case .none: false
        case .some(let candidates): candidates.contains(shape: shape, slot: slot)
        }
    }
}

/// The slots of a block in a segment that may have a text in a value.
final class SlotCandidates: Sendable {
    private let probe: TextProbe
    private let directory: BlockDirectory
    /// First column of each shape.
    private let firstColumns: [Int]
    /// For each chunk whether its text may have the probe.
    private let texts: [Bool]
    private let patterns: PatternTable
    /// For each of the patterns whether its numbers may spell the probe.
    private let spelling: [Bool]
    // What hosts, programs, times and process ids can have is the same for all columns of the kind.
    private let isOfHeads: Bool
    private let isOfHosts: Bool
    private let isOfPrograms: Bool
    private let isOfTimes: Bool
    private let isOfDigits: Bool

    init(
        _ probe: TextProbe, _ directory: BlockDirectory, _ patterns: PatternTable,
        firstColumns: [Int], texts: [Bool]
    ) {
        self.probe = probe
        self.directory = directory
        self.firstColumns = firstColumns
        self.texts = texts
        self.patterns = patterns
        spelling = patterns.patterns.map { probe.mayOccur(inPattern: $0) }
        isOfHeads = directory.headsMayContain(probe)
        isOfHosts = directory.origins.contains { probe.occurs(in: $0.host) }
        isOfPrograms = directory.programs.contains { probe.occurs(in: $0) }
        isOfTimes = probe.bytes.allSatisfy { TimeFormat.isOfTimes($0) }
        isOfDigits = probe.bytes.allSatisfy { $0 &- 0x30 <= 9 }
    }

    /// Whether no slot of the block can have the probe.
    var isEmpty: Bool {
        !(isOfHeads || isOfHosts || isOfPrograms || isOfTimes || isOfDigits
            || texts.contains(true) || spelling.contains(true))
    }

    func contains(shape: Int, slot: Int) -> Bool {
        let column = firstColumns[shape] + slot
        let encoding = directory.encoding(of: column)
        switch encoding {
        case .constant: return isOfHeads && directory.head(of: column, has: probe)
        case .host: return isOfHosts
        case .program: return isOfPrograms
        case .pid: return isOfDigits
        case .time: return isOfTimes || hasText(column)
        case .patterns: return mayBeNumbers(column, mark: 1)
        case let encoding where encoding.isNumbers: return mayBeNumbers(column, mark: 2)
        default: return hasText(column)
        }
    }

    /// Whether the column has text in a chunk whose text may have the probe.
    private func hasText(_ column: Int) -> Bool {
        let place = directory.place(of: column)
        return !place.range.isEmpty && texts[place.chunk]
    }

    /// Whether numbers by the column's patterns may spell the probe, or its exceptions have it.
    ///
    /// - Parameter mark: the bit of the head's first byte that says whether there are exceptions.
    private func mayBeNumbers(_ column: Int, mark: UInt8) -> Bool {
        patterns.isAny(of: column, in: spelling)
            || directory.headFlags(of: column) & mark != 0 && hasText(column)
    }
}

extension SegmentBlock {
    func candidates(_ probe: TextProbe) throws(StoreError) -> SlotSet {
        // So little is almost everywhere.
        if probe.grams.isEmpty { return SlotSet(.all) }
        let directory = try directory()
        let candidates = SlotCandidates(
            probe, directory, try patterns(), firstColumns: firstColumns,
            texts: try chunksWithText(of: probe, directory))
        return SlotSet(candidates.isEmpty ? .none : .some(candidates))
    }

    /// For each chunk whether its text may have the probe.
    private func chunksWithText(
        of probe: TextProbe, _ directory: BlockDirectory
    ) throws(StoreError) -> [Bool] {
        let bytes = try chunk(chunkCount - 2)
        return directory.filters.map { filter in
            guard let filter else { return true }
            // No filter: no value of the chunk has four bytes.
            if filter.isEmpty { return false }
            return probe.mayOccur(
                in: bytes.span.extracting(filter),
                logSize: (filter.count * 8).trailingZeroBitCount)
        }
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
