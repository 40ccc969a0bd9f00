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
    /// - Returns: rows by value, a value perhaps more than once, and for each shape whether its
    ///   rows are among them.
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

    /// The rows of shape `shape` in whose values of slot `slot` a text stands, by ordinal, if that
    /// can be told without writing numbers out: because such a value would be the text; nil if it
    /// cannot.
    ///
    /// - Parameter isWord: whether only occurrences count that are not surrounded by letters or
    ///   digits.
    public func rows(
        shape: Int, slot: Int, of text: [UInt8], isWord: Bool
    ) throws(StoreError) -> [Int]? {
        guard case .segment(let rows) = backing else { return nil }
        return try rows.rows(shape: shape, slot: slot, of: text, isWord: isWord)
    }

    /// The rows of shape `shape` whose value of slot `slot` begins with a text, by ordinal,
    /// ascending, if that can be told without writing numbers out; nil if it cannot.
    public func rows(
        shape: Int, slot: Int, beginningWith text: [UInt8]
    ) throws(StoreError) -> [Int]? {
        guard case .segment(let rows) = backing else { return nil }
        return try rows.rows(shape: shape, slot: slot, beginningWith: text)
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

    let members: Members

    init(_ members: Members) { self.members = members }

    /// Whether a value of the slot may have the probe; true says little, and costs nothing.
    @inline(__always)
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

extension SlotSet {
    /// Whether any of some slots may have the probe, as far as it can be told.
    ///
    /// - Complexity: O(slots) where none may; else as for each slot.
    public func contains(shape: Int, slots: [Int]) throws(StoreError) -> Bool {
        switch members {
        case .all: return !slots.isEmpty
        case .none: return false
        case .some(let candidates):
            guard candidates.mayContain(shape: shape) else { return false }
            for slot in slots where candidates.mayContain(shape: shape, slot: slot) {
                if try candidates.contains(shape: shape, slot: slot) { return true }
            }
            return false
        }
    }
}

/// The slots of a block in a segment that may have a text in a value.
final class SlotCandidates: Sendable {
    private let probe: TextProbe
    private let block: SegmentBlock
    private let directory: BlockDirectory
    private let table: TableColumns
    /// The columns of the block that may have the probe as text, as far as filters tell, and
    /// `spelled`.
    let own: ColumnSet
    /// Those that may have it in something that is not text and that the footer does not tell.
    private let spelled: ColumnSet
    /// The columns of the segment that may have it in something that the footer tells.
    let told: ColumnSet
    private let found: Mutex<Found>

    /// Chunks that were looked through, and the columns there in which the probe stands.
    private struct Found {
        var searched: ColumnSet
        var columns: ColumnSet
    }

    /// - Parameters:
    ///   - table: of the segment that the block is in.
    ///   - spelled: columns that may have the probe in something that is not text and not told.
    ///   - filters: the sets of the block's chunks.
    init(
        _ probe: TextProbe, _ block: SegmentBlock, _ directory: BlockDirectory,
        _ table: TableColumns, spelled: ColumnSet, filters: [UInt8]
    ) {
        self.probe = probe
        self.block = block
        self.directory = directory
        self.table = table
        told = table.told(probe)
        self.spelled = spelled
        var own = spelled
        directory.addText(with: probe, filters, to: &own)
        self.own = own
        found = Mutex(
            Found(
                searched: ColumnSet(count: block.chunkCount),
                columns: ColumnSet(count: directory.columnCount)))
    }

    /// Whether no column may.
    var isEmpty: Bool { own.isEmpty && told.isEmpty }

    func mayContain(shape: Int) -> Bool {
        if own.containsAny(of: block.firstColumns[shape]..<block.firstColumns[shape + 1]) {
            return true
        }
        let number = Int(block.shapes[shape])
        return told.containsAny(of: table.firstColumns[number]..<table.firstColumns[number + 1])
    }

    func mayContain(shape: Int, slot: Int) -> Bool {
        own.contains(block.firstColumns[shape] + slot) || isTold(shape, slot)
    }

    /// Whether a value that is not text may have the probe, as far as the segment's footer tells.
    private func isTold(_ shape: Int, _ slot: Int) -> Bool {
        told.contains(table.firstColumns[Int(block.shapes[shape])] + slot)
    }

    func contains(shape: Int, slot: Int) throws(StoreError) -> Bool {
        // To look for so little pays only where the whole text is asked for.
        try contains(shape, slot, searchingTextIf: !probe.grams.isEmpty)
    }

    /// Whether any slot of a shape may have the probe, as far as it can be told.
    ///
    /// - Complexity: O(slots), and the bytes of chunks not looked through before.
    func contains(shape: Int) throws(StoreError) -> Bool {
        for slot in 0..<block.firstColumns[shape + 1] - block.firstColumns[shape]
        where mayContain(shape: shape, slot: slot) {
            if try contains(shape, slot, searchingTextIf: true) { return true }
        }
        return false
    }

    private func contains(
        _ shape: Int, _ slot: Int, searchingTextIf searchesText: Bool
    ) throws(StoreError) -> Bool {
        let column = block.firstColumns[shape] + slot
        if isTold(shape, slot), directory.maySpell(probe, in: column) { return true }
        guard own.contains(column) else { return false }
        if spelled.contains(column) { return true }
        let chunk = directory.place(of: column).chunk
        let known = found.withLock { found in
            found.searched.contains(chunk) ? found.columns.contains(column) : nil
        }
        if let known { return known }
        return searchesText ? try search(chunk, column) : true
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
        if probe.folds {
            for column in directory.columns(ofChunk: chunk) {
                let range = directory.place(of: Int(column)).range
                if probe.occursFolded(in: bytes, range) { hits.append(Int(column)) }
            }
        }
        let columns = hits
        return found.withLock { found in
            found.searched.insert(chunk)
            for column in columns { found.columns.insert(column) }
            return found.columns.contains(wanted)
        }
    }
}

extension SegmentBlock {
    func candidates(_ probe: TextProbe) throws(StoreError) -> SlotSet {
        guard let table = table?.columns, !probe.bytes.isEmpty else { return SlotSet(.all) }
        let directory = try directory()
        var spelled = ColumnSet(count: directory.columnCount)
        untold(directory, table).add(
            thatMaySpell: probe, probe.patterns.answers(probe, shared.patterns), directory,
            to: &spelled)
        let candidates = SlotCandidates(
            probe, self, directory, table, spelled: spelled, filters: try filters())
        return SlotSet(candidates.isEmpty ? .none : .some(candidates))
    }

    private func untold(_ directory: BlockDirectory, _ table: TableColumns) -> UntoldColumns {
        if let known = cache.withLock({ $0.untold }) { return known }
        let made = UntoldColumns(directory, shapes, firstColumns, table, shared.patterns)
        cache.withLock { $0.untold = made }
        return made
    }

    func rows(
        shape: Int, slot: Int, of text: [UInt8], isWord: Bool
    ) throws(StoreError) -> [Int]? {
        guard let head = try numbersHead(of: firstColumns[shape] + slot),
            let wanted = head.numbers(ofValue: text, isWord: isWord)
        else { return nil }
        if wanted.isEmpty { return [] }
        return try places(shape, slot) { bytes, range in
            var numbers = NumberColumn()
            return try numbers.places(
                of: wanted, head, rows: shapeRows[shape], in: bytes.span, range)
        }
    }

    func rows(
        shape: Int, slot: Int, beginningWith text: [UInt8]
    ) throws(StoreError) -> [Int]? {
        guard let head = try numbersHead(of: firstColumns[shape] + slot), !head.hasExceptions,
            let beginning = NumberBeginning(head.pattern, text)
        else { return nil }
        switch beginning {
        case .none: return []
        case .ranges(let ranges):
            return try places(shape, slot) { bytes, range in
                var numbers = NumberColumn()
                return try numbers.places(
                    where: ranges, head, rows: shapeRows[shape], in: bytes.span, range)
            }
        }
    }

    /// What `find` finds in the bytes of a column.
    private func places(
        _ shape: Int, _ slot: Int, _ find: ([UInt8], Range<Int>) throws -> [Int]
    ) throws(StoreError) -> [Int] {
        let place = try directory().place(of: firstColumns[shape] + slot)
        let bytes = place.range.isEmpty ? [] : try chunk(place.chunk)
        do {
            return try find(bytes, place.range)
        } catch {
            throw damaged(
                "column of shape \(shape), slot \(slot): \(error)", chunk: place.chunk)
        }
    }

    /// What the directory says of a column of numbers; nil if it is no such column.
    private func numbersHead(of column: Int) throws(StoreError) -> NumberColumn.Head? {
        let directory = try directory()
        guard directory.encoding(of: column).isNumbers else { return nil }
        let heads = directory.bytes
        var reader = ByteReader(heads.span, directory.headRange(of: column))
        guard let head = try? NumberColumn.Head(decoding: &reader) else {
            throw damaged("the head of a column", chunk: chunkCount - 1)
        }
        return head
    }

    func numberRange(shape: Int, slot: Int) throws(StoreError) -> ClosedRange<UInt64>? {
        guard let head = try numbersHead(of: firstColumns[shape] + slot) else { return nil }
        guard head.pattern.isPlainDecimal, !head.hasExceptions else { return nil }
        return head.fields[0].least...head.fields[0].greatest
    }
}
