import HisuiBytes
import HisuiShape

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

    /// How many rows of shape `shape` have each value of slot `slot`, if that is known without
    /// reading the column: hosts and programs. Nil if it is not.
    ///
    /// A value may come more than once. Complexity: O(rows of the block) the first time.
    public func valueCounts(
        shape: Int, slot: Int
    ) throws(StoreError) -> [(value: [UInt8], rows: Int)]? {
        guard case .segment(let rows) = backing else { return nil }
        return try rows.valueCounts(shape: shape, slot: slot)
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
    // What hosts, programs, times and process ids can have is the same for all columns of the kind.
    private let isOfHosts: Bool
    private let isOfPrograms: Bool
    private let isOfTimes: Bool
    private let isOfDigits: Bool

    init(
        _ probe: TextProbe, _ directory: BlockDirectory, firstColumns: [Int], texts: [Bool]
    ) {
        self.probe = probe
        self.directory = directory
        self.firstColumns = firstColumns
        self.texts = texts
        isOfHosts = directory.origins.contains { probe.occurs(in: $0.host) }
        isOfPrograms = directory.programs.contains { probe.occurs(in: $0) }
        isOfTimes = probe.bytes.allSatisfy { TimeFormat.isOfTimes($0) }
        isOfDigits = probe.bytes.allSatisfy { $0 &- 0x30 <= 9 }
    }

    func contains(shape: Int, slot: Int) -> Bool {
        let column = firstColumns[shape] + slot
        let place = directory.place(of: column)
        let hasText = !place.range.isEmpty && texts[place.chunk]
        switch place.encoding {
        case .constant: return directory.head(of: column, has: probe)
        case .host: return isOfHosts
        case .program: return isOfPrograms
        case .pid: return isOfDigits
        case .time: return isOfTimes || hasText
        case .patterns: return mayBeNumbers(column, place, hasText)
        case let encoding where encoding.isNumbers: return mayBeNumbers(column, place, hasText)
        default: return hasText
        }
    }

    /// Whether numbers by the column's patterns may spell the probe, or its exceptions have it.
    private func mayBeNumbers(
        _ column: Int, _ place: BlockDirectory.Place, _ hasText: Bool
    ) -> Bool {
        // The first byte of either head says whether there are exceptions.
        let mark: UInt8 = place.encoding == .patterns ? 1 : 2
        if directory.headFlags(of: column) & mark != 0, hasText { return true }
        guard directory.head(of: column, couldSpell: probe) else { return false }
        let heads = directory.bytes
        var reader = ByteReader(heads.span, directory.headRange(of: column))
        if place.encoding == .patterns {
            // Of a head that cannot be read, whoever reads the column tells.
            guard let head = try? PatternColumn.Head(decoding: &reader) else { return true }
            return head.kinds.contains { probe.mayOccur(in: $0.pattern) }
        }
        guard let head = try? NumberColumn.Head(decoding: &reader) else { return true }
        return probe.mayOccur(in: head.pattern)
    }
}

extension SegmentBlock {
    func candidates(_ probe: TextProbe) throws(StoreError) -> SlotSet {
        // So little is almost everywhere.
        if probe.grams.isEmpty { return SlotSet(.all) }
        guard try mayContain(probe) else { return SlotSet(.none) }
        let directory = try directory()
        return SlotSet(
            .some(
                SlotCandidates(
                    probe, directory, firstColumns: firstColumns,
                    texts: try chunksWithText(of: probe, directory))))
    }

    /// For each chunk whether its text may have the probe.
    private func chunksWithText(
        of probe: TextProbe, _ directory: BlockDirectory
    ) throws(StoreError) -> [Bool] {
        let bytes = probe.grams.isEmpty ? [] : try chunk(chunkCount - 2)
        return directory.filters.map { filter in
            guard !probe.grams.isEmpty, let filter else { return true }
            // No filter: no value of the chunk has four bytes.
            if filter.isEmpty { return false }
            return probe.mayOccur(
                in: bytes.span.extracting(filter),
                logSize: (filter.count * 8).trailingZeroBitCount)
        }
    }

    /// Whether the probe may occur in any slot: of all chunks, heads, hosts and programs together.
    private func mayContain(_ probe: TextProbe) throws(StoreError) -> Bool {
        let directory = try directory()
        // What numbers, process ids or times could spell is asked column by column.
        if probe.unspellable.isEmpty || probe.grams.isEmpty
            || probe.bytes.allSatisfy({ TimeFormat.isOfTimes($0) })
            || directory.headsMayContain(probe.unspellable, ignoresCase: probe.ignoresCase)
            || directory.origins.contains(where: { probe.occurs(in: $0.host) })
            || directory.programs.contains(where: { probe.occurs(in: $0) })
        {
            return true
        }
        return try chunksWithText(of: probe, directory).contains(true)
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
