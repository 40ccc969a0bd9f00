import HisuiBytes
import Synchronization

/// Where the rows of a block in a segment come from.
///
/// Immutable; made once for a block.
struct RowArrivals: Sendable {
    /// For each row, in order of arrival, the number of its origin.
    let origins: [UInt16]
    /// For each row, in order of arrival, the number of its program.
    let programs: [UInt16]
}

/// What is kept of all rows of a block in a segment by number.
///
/// Immutable; made once for a block.
struct RowNumbers: Sendable {
    let arrivals: RowArrivals
    /// For each row in stored order its shape.
    let shapes: [UInt32]
    /// In stored order.
    let runs: [RunLengths.Run]
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

/// The process ids of a block, by shape.
struct ProcessIDs: Sendable {
    /// Those of shape 0 first, in stored order within a shape.
    let values: [UInt64]
    /// Where each shape's begin, and one more; a shape without has none.
    let starts: [Int]
}

/// The fractions of the event times of the rows whose shapes have a number of digits.
struct Fractions: Sendable {
    let digits: UInt8
    /// What a value counts, in nanoseconds.
    let unit: Int64
    /// In stored order of those rows.
    let values: NumberPlanes

    func nanoseconds(_ index: Int) throws(ColumnDecoder.Malformed) -> Int64 {
        Int64(try values.number(index)) &* unit
    }
}

// Columns that every row has.
extension SegmentBlock {
    func rowNumbers() throws(StoreError) -> RowNumbers {
        if let known = cache.withLock({ $0.numbers }) { return known }
        let directory = try directory()
        let arrivals = try arrivals()
        let runs =
            cache.withLock { $0.tallies?.runs }
            ?? RunLengths(
                origins: arrivals.origins, originCount: directory.origins.count,
                programs: arrivals.programs, programCount: directory.programs.count
            ).runs
        let made = RowNumbers(arrivals: arrivals, shapes: try storedShapes(), runs: runs)
        cache.withLock { $0.numbers = made }
        return made
    }

    func arrivals() throws(StoreError) -> RowArrivals {
        if let known = cache.withLock({ $0.arrivals }) { return known }
        let directory = try directory()
        let programs: [UInt16] = try numbers(
            .program, count: rows, below: UInt64(directory.programs.count), directory)
        let made = RowArrivals(origins: try originNumbers(), programs: programs)
        cache.withLock { cache in
            cache.arrivals = made
            cache.bytes += rows * 4
        }
        return made
    }

    /// For each row in stored order its shape.
    func storedShapes() throws(StoreError) -> [UInt32] {
        if let known = cache.withLock({ $0.storedShapes }) { return known }
        let shapes: [UInt32] = try numbers(
            .shape, count: rows, below: UInt64(shapeRows.count), try directory())
        // Everything by shape relies on these counts.
        guard Self.tally(shapes, below: shapeRows.count) == shapeRows else {
            throw damaged(
                "rows of shapes differ from the footer", chunk: RowColumn.shape.rawValue)
        }
        cache.withLock { cache in
            cache.storedShapes = shapes
            cache.bytes += rows * 4
        }
        return shapes
    }

    /// For each row in stored order its shape, of which only some are read.
    ///
    /// That rows are those of the footer is known where tallies were made.
    func storedShapePlanes() throws(StoreError) -> NumberPlanes {
        try planes(.shape, count: rows, below: UInt64(shapeRows.count), try directory())
    }

    /// For each row, in order of arrival, the number of its origin.
    func originNumbers() throws(StoreError) -> [UInt16] {
        if let known = cache.withLock({ $0.arrivals }) { return known.origins }
        let directory = try directory()
        return try numbers(
            .origin, count: rows, below: UInt64(directory.origins.count), directory)
    }

    func storedRows() throws(StoreError) -> StoredRows {
        if let known = cache.withLock({ $0.rows }) { return known }
        let directory = try directory()
        let numbers = try rowNumbers()
        let order = RowOrder(
            origins: numbers.arrivals.origins, originCount: directory.origins.count,
            programs: numbers.arrivals.programs, programCount: directory.programs.count)
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

    private func numbers<Number: FixedWidthInteger & UnsignedInteger>(
        _ column: RowColumn, count: Int, below limit: UInt64, _ directory: BlockDirectory
    ) throws(StoreError) -> [Number] {
        let place = directory.rowColumns[column.rawValue]
        let bytes = try chunk(place.chunk)
        do {
            return try RowColumnDecoder.numbers(
                place.encoding, count: count, below: limit, in: bytes, place.range)
        } catch {
            throw damaged("column of \(column) numbers: \(error.what)", chunk: place.chunk)
        }
    }

    /// A column of numbers of which only some are read.
    private func planes(
        _ column: RowColumn, count: Int, below limit: UInt64, _ directory: BlockDirectory
    ) throws(StoreError) -> NumberPlanes {
        let place = directory.rowColumns[column.rawValue]
        let bytes = try chunk(place.chunk)
        do {
            return try RowColumnDecoder.planes(
                place.encoding, count: count, below: limit, in: bytes, place.range)
        } catch {
            throw damaged("column of \(column) numbers: \(error.what)", chunk: place.chunk)
        }
    }

    /// For each row, in order of arrival, the number of its origin, of which only some are read.
    func originPlanes() throws(StoreError) -> NumberPlanes {
        let directory = try directory()
        return try planes(.origin, count: rows, below: UInt64(directory.origins.count), directory)
    }

    /// For each row, in order of arrival, the number of its program, of which only some are read.
    func programPlanes() throws(StoreError) -> NumberPlanes {
        let directory = try directory()
        return try planes(
            .program, count: rows, below: UInt64(directory.programs.count), directory)
    }

    /// Flags in stored order, of which only some are read.
    func flagPlanes() throws(StoreError) -> NumberPlanes {
        try planes(.flags, count: rows, below: 1 << 32, try directory())
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

    /// A column of times, for some rows of it.
    func walk(_ column: RowColumn) throws(StoreError) -> TimeWalk {
        let place = try directory().rowColumns[column.rawValue]
        let bytes = try chunk(place.chunk)
        do {
            return try TimeWalk(place.encoding, count: rows, in: bytes, place.range)
        } catch {
            throw damaged("column of \(column) times: \(error.what)", chunk: place.chunk)
        }
    }

    /// Receive times of some rows, which are in order of arrival, as they are.
    func received(of wanted: [UInt32]) throws(StoreError) -> [Int64] {
        var walk = try walk(.received)
        var times: [Int64] = []
        times.reserveCapacity(wanted.count)
        for row in wanted {
            do {
                times.append(try walk.time(of: Int(row)))
            } catch {
                throw damaged(
                    "column of receive times: \(error.what)", chunk: RowColumn.received.rawValue)
            }
        }
        return times
    }

    /// Receive times, in order of arrival.
    func received() throws(StoreError) -> [Int64] { try differences(.received) }

    /// Whole seconds of the event times, in order of arrival.
    func seconds() throws(StoreError) -> [Int64] {
        let seconds = try differences(.second)
        // Whoever counts with them need not ask again.
        var (first, last) = (Int64.max, Int64.min)
        for second in seconds { (first, last) = (min(first, second), max(last, second)) }
        guard seconds.isEmpty || Self.times.contains(first) && Self.times.contains(last) else {
            throw damaged("a time beyond all times", chunk: RowColumn.second.rawValue)
        }
        return seconds
    }

    /// What whole seconds of a time in nanoseconds can be.
    static let times =
        Int64.min.floorDivided(by: 1_000_000_000).quotient...Int64.max / 1_000_000_000

    /// Event times, in order of arrival.
    func times() throws(StoreError) -> [Int64] {
        if let known = cache.withLock({ $0.times }) { return known }
        let directory = try directory()
        var times = try seconds()
        for row in times.indices { times[row] = times[row] &* 1_000_000_000 }
        for fractions in try fractions() where fractions.values.count > 0 {
            let stored = try storedRows()
            let isOfShape = directory.fractionDigits.map { $0 == fractions.digits }
            var next = 0
            for (place, row) in stored.order.rows.enumerated()
            where isOfShape[Int(stored.numbers.shapes[place])] {
                do {
                    times[Int(row)] &+= try fractions.nanoseconds(next)
                } catch {
                    throw damaged(
                        "fractions of times: \(error.what)", chunk: RowColumn.milli.rawValue)
                }
                next += 1
            }
        }
        cache.withLock { cache in
            cache.times = times
            cache.bytes += rows * 8
        }
        return times
    }

    private static let fractionKinds: [(RowColumn, UInt8, Int64)] = [
        (.milli, 3, 1_000_000), (.micro, 6, 1000), (.nano, 9, 1),
    ]

    /// The fractions of the event times, of 3, 6 and 9 digits.
    func fractions() throws(StoreError) -> [Fractions] {
        let directory = try directory()
        var made: [Fractions] = []
        for (column, digits, unit) in Self.fractionKinds {
            var count = 0
            for shape in shapeRows.indices where directory.fractionDigits[shape] == digits {
                count += shapeRows[shape]
            }
            let values = try planes(
                column, count: count, below: UInt64(1_000_000_000 / unit), directory)
            made.append(Fractions(digits: digits, unit: unit, values: values))
        }
        return made
    }

    /// Flags, in order of arrival.
    func flags() throws(StoreError) -> [UInt32] {
        let stored = try storedRows()
        let kept: [UInt32] = try numbers(.flags, count: rows, below: 1 << 32, try directory())
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

    /// Process ids of the rows of shape `shape`, which has them in a slot of their own.
    func pids(of shape: Int) throws(StoreError) -> ArraySlice<UInt64> {
        let pids = try pids()
        return pids.values[pids.starts[shape]..<pids.starts[shape + 1]]
    }

    private func pids() throws(StoreError) -> ProcessIDs {
        if let known = cache.withLock({ $0.pids }) { return known }
        let directory = try directory()
        let numbers = try rowNumbers()
        var starts = [0]
        for shape in shapeRows.indices {
            var slots = 0
            for column in firstColumns[shape]..<firstColumns[shape + 1]
            where directory.encoding(of: column) == .pid { slots += 1 }
            if slots > 1 { throw damaged("two process ids", chunk: chunkCount - 1) }
            starts.append(starts[shape] + (slots == 1 ? shapeRows[shape] : 0))
        }
        let place = directory.rowColumns[RowColumn.pid.rawValue]
        let bytes = try chunk(place.chunk)
        let made: ProcessIDs
        do {
            let values = try RowColumnDecoder.runs(
                place.encoding, numbers.runs.map(\.places.upperBound), groups: numbers.shapes,
                starts: starts, in: bytes.span, place.range)
            made = ProcessIDs(values: values, starts: starts)
        } catch {
            throw damaged("column of process ids: \(error.what)", chunk: place.chunk)
        }
        cache.withLock { cache in
            cache.pids = made
            cache.bytes += made.values.count * 8
        }
        return made
    }

    /// How many rows of each shape each run has.
    func tallies() throws(StoreError) -> RowTallies {
        if let known = cache.withLock({ $0.tallies }) { return known }
        let numbers = try rowNumbers()
        let made = RowTallies(numbers.shapes, numbers.runs, shapeRows: shapeRows)
        cache.withLock { $0.tallies = made }
        return made
    }

    /// How many rows each origin has.
    func originRows() throws(StoreError) -> [Int] {
        if let known = cache.withLock({ $0.originRows }) { return known }
        let made = Self.tally(try originNumbers(), below: try directory().origins.count)
        cache.withLock { $0.originRows = made }
        return made
    }
}
