import HisuiBytes
import Synchronization

/// What is kept of all rows of a block in a segment by number.
///
/// Immutable; made once for a block.
struct RowNumbers: Sendable {
    /// For each row, in order of arrival, the number of its origin.
    let origins: [UInt32]
    /// For each row, in order of arrival, the number of its program.
    let programs: [UInt32]
    /// For each row in stored order its shape.
    let shapes: [UInt32]
}

/// The rows of a block in a segment: their order, and of which shape each is.
///
/// Immutable; made once for a block.
struct StoredRows: Sendable {
    let order: RowOrder
    /// The rows by shape.
    let grouping: ShapeGrouping
    let numbers: RowNumbers
}

// Columns that every row has.
extension SegmentBlock {
    func rowNumbers() throws(StoreError) -> RowNumbers {
        if let known = cache.withLock({ $0.numbers }) { return known }
        let directory = try directory()
        let origins = try originNumbers()
        let programs = try numbers(
            .program, count: rows, below: UInt64(directory.programs.count), directory)
        let shapes = try numbers(.shape, count: rows, below: UInt64(shapeRows.count), directory)
        // Everything by shape relies on these counts.
        var counts = [Int](repeating: 0, count: shapeRows.count)
        for number in shapes { counts[Int(number)] += 1 }
        guard counts == shapeRows else {
            throw damaged(
                "rows of shapes differ from the footer", chunk: RowColumn.shape.rawValue)
        }
        let made = RowNumbers(origins: origins, programs: programs, shapes: shapes)
        cache.withLock { cache in
            cache.numbers = made
            cache.bytes += rows * 12
        }
        return made
    }

    /// For each row, in order of arrival, the number of its origin.
    func originNumbers() throws(StoreError) -> [UInt32] {
        if let known = cache.withLock({ $0.numbers }) { return known.origins }
        let directory = try directory()
        return try numbers(
            .origin, count: rows, below: UInt64(directory.origins.count), directory)
    }

    func storedRows() throws(StoreError) -> StoredRows {
        if let known = cache.withLock({ $0.rows }) { return known }
        let directory = try directory()
        let numbers = try rowNumbers()
        let order = RowOrder(
            origins: numbers.origins, originCount: directory.origins.count,
            programs: numbers.programs, programCount: directory.programs.count)
        let made = StoredRows(
            order: order,
            grouping: ShapeGrouping(
                storedShapes: numbers.shapes, rows: order.rows, shapeRows: shapeRows),
            numbers: numbers)
        cache.withLock { cache in
            cache.rows = made
            cache.bytes += rows * 20
        }
        return made
    }

    private func numbers(
        _ column: RowColumn, count: Int, below limit: UInt64, _ directory: BlockDirectory
    ) throws(StoreError) -> [UInt32] {
        let place = directory.rowColumns[column.rawValue]
        let bytes = try chunk(place.chunk)
        do {
            return try RowColumnDecoder.numbers(
                place.encoding, count: count, below: limit, in: bytes.span, place.range)
        } catch {
            throw damaged("column of \(column) numbers: \(error.what)", chunk: place.chunk)
        }
    }

    private func differences(_ column: RowColumn) throws(StoreError) -> [Int64] {
        let place = try directory().rowColumns[column.rawValue]
        let bytes = try chunk(place.chunk)
        do {
            return try RowColumnDecoder.differences(
                place.encoding, count: rows, in: bytes.span, place.range)
        } catch {
            throw damaged("column of \(column) times: \(error.what)", chunk: place.chunk)
        }
    }

    /// Receive times, in order of arrival.
    func received() throws(StoreError) -> [Int64] { try differences(.received) }

    /// Whole seconds of the event times, in order of arrival.
    func seconds() throws(StoreError) -> [Int64] {
        let seconds = try differences(.second)
        // What a time in nanoseconds can be: whoever counts with them need not ask again.
        let least = Int64.min.floorDivided(by: 1_000_000_000).quotient
        guard seconds.allSatisfy({ $0 >= least && $0 <= Int64.max / 1_000_000_000 }) else {
            throw damaged("a time beyond all times", chunk: RowColumn.second.rawValue)
        }
        return seconds
    }

    /// Event times, in order of arrival.
    func times() throws(StoreError) -> [Int64] {
        if let known = cache.withLock({ $0.times }) { return known }
        let directory = try directory()
        var times = try seconds()
        for row in times.indices { times[row] = times[row] &* 1_000_000_000 }
        if directory.fractionDigits.contains(where: { $0 > 0 }) {
            let stored = try storedRows()
            for (column, digits, unit) in Self.fractions
            where directory.fractionDigits.contains(digits) {
                let isOfShape = directory.fractionDigits.map { $0 == digits }
                var count = 0
                for shape in shapeRows.indices where isOfShape[shape] { count += shapeRows[shape] }
                let fractions = try numbers(
                    column, count: count, below: UInt64(1_000_000_000 / unit), directory)
                var next = 0
                for (place, row) in stored.order.rows.enumerated()
                where isOfShape[Int(stored.numbers.shapes[place])] {
                    times[Int(row)] = times[Int(row)] &+ Int64(fractions[next]) &* unit
                    next += 1
                }
            }
        }
        cache.withLock { cache in
            cache.times = times
            cache.bytes += rows * 8
        }
        return times
    }

    private static let fractions: [(RowColumn, UInt8, Int64)] = [
        (.milli, 3, 1_000_000), (.micro, 6, 1000), (.nano, 9, 1),
    ]

    /// Flags, in order of arrival.
    func flags() throws(StoreError) -> [UInt32] {
        let stored = try storedRows()
        let kept = try numbers(.flags, count: rows, below: 1 << 32, try directory())
        var flags = [UInt32](repeating: 0, count: rows)
        for (place, row) in stored.order.rows.enumerated() { flags[Int(row)] = kept[place] }
        return flags
    }

    /// For each row in order of arrival the number of its source.
    func sourceNumbers() throws(StoreError) -> [UInt32] {
        let sources = try directory().origins.map(\.source)
        return try originNumbers().map { sources[Int($0)] }
    }

    /// For each row in order of arrival the number of its sender.
    func senderNumbers() throws(StoreError) -> [UInt32] {
        let senders = try directory().origins.map(\.sender)
        return try originNumbers().map { senders[Int($0)] }
    }

    /// Process ids of the rows whose shapes have them there: by place in stored order.
    func pids() throws(StoreError) -> [UInt64] {
        if let known = cache.withLock({ $0.pids }) { return known }
        let directory = try directory()
        let stored = try storedRows()
        var hasPid = [Bool](repeating: false, count: shapeRows.count)
        for shape in shapeRows.indices {
            for column in firstColumns[shape]..<firstColumns[shape + 1]
            where directory.place(of: column).encoding == .pid {
                if hasPid[shape] { throw damaged("two process ids", chunk: chunkCount - 1) }
                hasPid[shape] = true
            }
        }
        var places: [Int] = []
        var starts: [Bool] = []
        var from = 0
        for run in stored.order.runs {
            var isStart = true
            for place in from..<run.end where hasPid[Int(stored.numbers.shapes[place])] {
                places.append(place)
                starts.append(isStart)
                isStart = false
            }
            from = run.end
        }
        let place = directory.rowColumns[RowColumn.pid.rawValue]
        let bytes = try chunk(place.chunk)
        var pids = [UInt64](repeating: 0, count: rows)
        do {
            let values = try RowColumnDecoder.runs(
                place.encoding, starts: starts, in: bytes.span, place.range)
            for (value, place) in zip(values, places) { pids[place] = value }
        } catch {
            throw damaged("column of process ids: \(error.what)", chunk: place.chunk)
        }
        let made = pids
        cache.withLock { cache in
            cache.pids = made
            cache.bytes += made.count * 8
        }
        return made
    }

    /// How many rows of each shape each run has.
    func tallies() throws(StoreError) -> RowTallies {
        if let known = cache.withLock({ $0.tallies }) { return known }
        let directory = try directory()
        let made = RowTallies(
            try rowNumbers(), originCount: directory.origins.count,
            programCount: directory.programs.count, shapeRows: shapeRows)
        cache.withLock { cache in
            cache.tallies = made
            cache.bytes += made.byteCount
        }
        return made
    }
}
