import HisuiBytes
import HisuiShape

/// What is known of columns without reading them.
extension Block {
    /// Whether `probe` may occur in a value of slot `slot` of shape `shape`, as its bytes stand in
    /// the records.
    ///
    /// False only if it does not. An answer costs some memory accesses for each four bytes of the
    /// probe, and reads the block's directory the first time.
    public func mayContain(
        _ probe: TextProbe, shape: Int, slot: Int
    ) throws(StoreError) -> Bool {
        guard case .segment(let rows) = backing else { return true }
        return try rows.mayContain(probe, shape: shape, slot: slot)
    }

    /// Whether `probe` may occur in any slot of the block: what is asked before its columns are.
    public func mayContain(_ probe: TextProbe) throws(StoreError) -> Bool {
        guard case .segment(let rows) = backing else { return true }
        return try rows.mayContain(probe)
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

    /// The numbers in slot `slot` of shape `shape`, in the order of `grouping()`, if all its values
    /// are decimal numbers without sign or leading zeros; nil if they are not, or it is not known.
    ///
    /// - Complexity: O(rows of the shape).
    public func numbers(shape: Int, slot: Int) throws(StoreError) -> [UInt64]? {
        guard case .segment(let rows) = backing else { return nil }
        return try rows.plainNumbers(shape: shape, slot: slot)
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

extension SegmentBlock {
    /// Whether the probe may occur in any slot: of all chunks, heads, hosts and programs together.
    func mayContain(_ probe: TextProbe) throws(StoreError) -> Bool {
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
        let bytes = try chunk(chunkCount - 2)
        for filter in directory.filters {
            guard let filter else { return true }
            if filter.isEmpty { continue }
            let logSize = (filter.count * 8).trailingZeroBitCount
            if probe.mayOccur(in: bytes.span.extracting(filter), logSize: logSize) { return true }
        }
        return false
    }

    func mayContain(_ probe: TextProbe, shape: Int, slot: Int) throws(StoreError) -> Bool {
        let directory = try directory()
        let column = firstColumns[shape] + slot
        let place = directory.place(of: column)
        switch place.encoding {
        case .constant: return probe.occurs(in: directory.head(of: column))
        case .host: return directory.origins.contains { probe.occurs(in: $0.host) }
        case .program: return directory.programs.contains { probe.occurs(in: $0) }
        case .pid: return probe.bytes.allSatisfy { $0 &- 0x30 <= 9 }
        case .time:
            // What times are made of: digits, punctuation, names of months, T and Z.
            if probe.bytes.allSatisfy({ TimeFormat.isOfTimes($0) }) { return true }
            return try mayBeText(probe, place, directory)
        default: break
        }
        let head = directory.head(of: column)
        if place.encoding.isNumbers || place.encoding == .patterns,
            let flags = head.first, !probe.isOfNumbers(and: head)
        {
            // The first byte of either head says whether there are exceptions.
            let hasExceptions = place.encoding.isNumbers ? flags & 2 != 0 : flags & 1 != 0
            return hasExceptions ? try mayBeText(probe, place, directory) : false
        }
        var reader = ByteReader(head.span)
        do {
            if place.encoding.isNumbers {
                let head = try NumberColumn.Head(decoding: &reader)
                if probe.mayOccur(in: head.pattern) { return true }
                if !head.hasExceptions { return false }
            }
            if place.encoding == .patterns {
                let head = try PatternColumn.Head(decoding: &reader)
                if head.kinds.contains(where: { probe.mayOccur(in: $0.pattern) }) { return true }
                if !head.hasExceptions { return false }
            }
        } catch {
            throw damaged("the head of a column", chunk: chunkCount - 1)
        }
        return try mayBeText(probe, place, directory)
    }

    /// Whether text of the chunk may have the probe.
    private func mayBeText(
        _ probe: TextProbe, _ place: BlockDirectory.Place, _ directory: BlockDirectory
    ) throws(StoreError) -> Bool {
        if place.range.isEmpty { return false }
        if probe.grams.isEmpty { return true }
        guard let filter = directory.filters[place.chunk] else { return true }
        // No filter: no value of the chunk has four bytes.
        if filter.isEmpty { return false }
        let bytes = try chunk(chunkCount - 2)
        return probe.mayOccur(
            in: bytes.span.extracting(filter), logSize: (filter.count * 8).trailingZeroBitCount)
    }

    func numberRange(shape: Int, slot: Int) throws(StoreError) -> ClosedRange<UInt64>? {
        guard let (head, _) = try plainHead(shape, slot) else { return nil }
        return head.fields[0].least...head.fields[0].greatest
    }

    func plainNumbers(shape: Int, slot: Int) throws(StoreError) -> [UInt64]? {
        guard let (head, place) = try plainHead(shape, slot) else { return nil }
        let bytes = place.range.isEmpty ? [] : try chunk(place.chunk)
        do {
            return try NumberColumn(
                head, rows: shapeRows[shape], in: bytes.span, place.range
            ).numbers
        } catch {
            throw damaged(
                "column of shape \(shape), slot \(slot): \(error.what)", chunk: place.chunk)
        }
    }

    /// The head of a column of nothing but decimal numbers.
    private func plainHead(
        _ shape: Int, _ slot: Int
    ) throws(StoreError) -> (NumberColumn.Head, BlockDirectory.Place)? {
        let directory = try directory()
        let column = firstColumns[shape] + slot
        let place = directory.place(of: column)
        guard place.encoding.isNumbers else { return nil }
        let bytes = directory.head(of: column)
        var reader = ByteReader(bytes.span)
        guard let head = try? NumberColumn.Head(decoding: &reader) else {
            throw damaged("the head of a column", chunk: chunkCount - 1)
        }
        return head.pattern.isPlainDecimal && !head.hasExceptions ? (head, place) : nil
    }
}
