import HisuiBytes

/// A row of a block that was looked for.
public struct FoundRow: Equatable, Sendable {
    /// The row's number in the block.
    public var row: UInt32
    /// The number of its shape in the block.
    public var shape: UInt32
    /// Its place among the rows of its shape: the index into its slot columns.
    public var ordinal: UInt32
    /// The event time in nanoseconds UTC.
    public var time: Int64
    /// The raw value of its `RowFlags`; 0 where they were not asked for.
    public var flags: UInt32
}

// Some rows, without putting all others in order.
extension Block {
    /// Calls `body` with the rows that are wanted, in order of arrival.
    ///
    /// - Parameters:
    ///   - chosen: for each shape whether any of its rows is wanted.
    ///   - isWanted: whether the row of a chosen shape with that ordinal is wanted; asked once at
    ///     most for each of its rows.
    ///   - mayBeAny: whether any of some neighbouring rows of a chosen shape may be wanted.
    ///   - withFlags: whether flags are asked for.
    /// - Complexity: O(rows of the block), little for those that are not wanted.
    public func find(
        of chosen: [Bool], where isWanted: (_ shape: Int, _ ordinal: Int) -> Bool,
        mayBeAny: (_ shape: Int, _ ordinals: Range<Int>) -> Bool = { _, _ in true },
        withFlags: Bool, _ body: (FoundRow) -> Void
    ) throws(StoreError) {
        switch backing {
        case .memory(let arena):
            var next = [UInt32](repeating: 0, count: chosen.count)
            for row in 0..<count {
                let shape = Int(arena.shapes[row])
                let ordinal = next[shape]
                next[shape] += 1
                guard chosen[shape], isWanted(shape, Int(ordinal)) else { continue }
                body(
                    FoundRow(
                        row: UInt32(row), shape: UInt32(shape), ordinal: ordinal,
                        time: arena.times[row], flags: withFlags ? arena.flags[row] : 0))
            }
        case .segment(let segment):
            try segment.find(of: chosen, where: isWanted, mayBeAny, withFlags, body)
        }
    }
}

/// A wanted row, before it is known where it stands in order of arrival.
private struct WantedPlace {
    /// In stored order.
    var place: UInt32
    var shape: UInt32
    var ordinal: UInt32
    /// Its place in the column of fractions that it has one in.
    var fraction: UInt32
}

/// The walk in order of arrival along the runs with wanted rows.
private struct RunWalk {
    /// How far it has come in a run.
    private struct Cursor {
        /// The place of the run's next row.
        var place: UInt32
        /// The next wanted row, and one past the run's last.
        var next: Int
        var end: Int
    }

    /// The different origins with such a run, and programs.
    private(set) var origins: [UInt32] = []
    private(set) var programs: [UInt32] = []
    private var cursors: [Cursor] = []
    /// For each origin where its programs begin in `cursorOf`, or -1.
    private var starts: [Int32]
    private var cursorOf: [Int32] = []

    init(_ wanted: [WantedPlace], _ tallies: RowTallies, _ directory: BlockDirectory) {
        let programCount = directory.programs.count
        starts = [Int32](repeating: -1, count: directory.origins.count)
        var isMet = [Bool](repeating: false, count: programCount)
        var first = 0
        for run in tallies.runs {
            var end = first
            while end < wanted.count, Int(wanted[end].place) < run.places.upperBound { end += 1 }
            if end == first { continue }
            let origin = Int(run.origin)
            if starts[origin] < 0 {
                starts[origin] = Int32(cursorOf.count)
                cursorOf.append(contentsOf: repeatElement(-1, count: programCount))
                origins.append(UInt32(origin))
            }
            if !isMet[Int(run.program)] { programs.append(UInt32(run.program)) }
            isMet[Int(run.program)] = true
            cursorOf[Int(starts[origin]) + Int(run.program)] = Int32(cursors.count)
            cursors.append(Cursor(place: run.first, next: first, end: end))
            first = end
        }
    }

    /// Goes on to the next row, whose origin and program are known.
    ///
    /// - Returns: its number among the wanted rows if it is one.
    @inline(__always)
    mutating func take(_ origin: Int, _ program: Int, _ wanted: [WantedPlace]) -> Int? {
        let base = starts[origin]
        guard base >= 0 else { return nil }
        let number = Int(cursorOf[Int(base) + program])
        guard number >= 0 else { return nil }
        let one = cursors[number]
        cursors[number].place += 1
        guard one.next < one.end, wanted[one.next].place == one.place else { return nil }
        cursors[number].next += 1
        return one.next
    }
}

extension SegmentBlock {
    fileprivate func find(
        of chosen: [Bool], where isWanted: (Int, Int) -> Bool,
        _ mayBeAny: (Int, Range<Int>) -> Bool, _ withFlags: Bool,
        _ body: (FoundRow) -> Void
    ) throws(StoreError) {
        let wanted = try places(chosen, isWanted, mayBeAny)
        if wanted.isEmpty { return }
        var seconds = try walk(.second)
        let fractions = try fractions()
        let directory = try directory()
        let flags = withFlags ? try flagPlanes() : nil
        try arrivals(of: wanted, directory) { (row, found) throws(StoreError) in
            do throws(ColumnDecoder.Malformed) {
                let second = try seconds.time(of: row)
                guard Self.times.contains(second) else {
                    throw ColumnDecoder.Malformed(what: "a time beyond all times")
                }
                var time = second &* 1_000_000_000
                let digits = Int(directory.fractionDigits[Int(found.shape)])
                if digits > 0 {
                    time &+= try fractions[digits / 3 - 1].nanoseconds(Int(found.fraction))
                }
                body(
                    FoundRow(
                        row: UInt32(row), shape: found.shape, ordinal: found.ordinal, time: time,
                        flags: try flags?.number(Int(found.place)) ?? 0))
            } catch {
                throw damaged("times: \(error.what)", chunk: RowColumn.second.rawValue)
            }
        }
    }

    /// The wanted rows in stored order.
    private func places(
        _ chosen: [Bool], _ isWanted: (Int, Int) -> Bool, _ mayBeAny: (Int, Range<Int>) -> Bool
    ) throws(StoreError) -> [WantedPlace] {
        // Rows of each number of digits are counted in 21 bits each, all in one addition: a block
        // has fewer.
        var steps = [UInt64](repeating: 0, count: shapeRows.count)
        var shifts = [UInt64](repeating: 0, count: shapeRows.count)
        for (shape, digits) in try directory().fractionDigits.enumerated() where digits > 0 {
            shifts[shape] = UInt64(digits / 3 - 1) * 21
            steps[shape] = 1 << shifts[shape]
        }
        let tallies = try tallies()
        let stored = try storedShapePlanes()
        var shapes: [UInt32] = []
        var wanted: [WantedPlace] = []
        var next = [UInt32](repeating: 0, count: shapeRows.count)
        var counted: UInt64 = 0
        for run in tallies.runs.indices {
            let entries = tallies.entries(ofRun: run)
            let isAsked = entries.contains { entry in
                chosen[Int(entry.shape)]
                    && mayBeAny(Int(entry.shape), Int(entry.first)..<Int(entry.first + entry.rows))
            }
            guard isAsked else {
                for entry in entries { counted &+= steps[Int(entry.shape)] &* UInt64(entry.rows) }
                continue
            }
            for entry in entries { next[Int(entry.shape)] = entry.first }
            let places = tallies.runs[run].places
            do {
                try stored.read(places, into: &shapes)
            } catch {
                throw damaged("column of shapes: \(error.what)", chunk: RowColumn.shape.rawValue)
            }
            for place in places {
                let shape = Int(shapes[place - places.lowerBound])
                if chosen[shape] {
                    let ordinal = next[shape]
                    next[shape] = ordinal &+ 1
                    if isWanted(shape, Int(ordinal)) {
                        let fraction = counted >> shifts[shape] & (1 << 21 - 1)
                        wanted.append(
                            WantedPlace(
                                place: UInt32(place), shape: UInt32(shape), ordinal: ordinal,
                                fraction: UInt32(fraction)))
                    }
                }
                counted &+= steps[shape]
            }
        }
        return wanted
    }

    /// Calls `body` with the wanted rows and their numbers, in order of arrival.
    private func arrivals(
        of wanted: [WantedPlace], _ directory: BlockDirectory,
        _ body: (_ row: Int, WantedPlace) throws(StoreError) -> Void
    ) throws(StoreError) {
        let pairs = directory.origins.count * directory.programs.count
        guard pairs <= RunLengths.denseMax else {
            let rows = try storedRows().order.rows
            let sorted = wanted.sorted { rows[Int($0.place)] < rows[Int($1.place)] }
            for one in sorted { try body(Int(rows[Int(one.place)]), one) }
            return
        }
        var walk = RunWalk(wanted, try tallies(), directory)
        var left = wanted.count
        if let (column, sought) = try seldom(walk) {
            let (origins, programs) = (try originPlanes(), try programPlanes())
            var row = column.next(of: sought, from: 0)
            while row < rows, left > 0 {
                let place: Int?
                do {
                    place = walk.take(
                        Int(try origins.number(row)), Int(try programs.number(row)), wanted)
                } catch {
                    throw damaged("origins: \(error.what)", chunk: RowColumn.origin.rawValue)
                }
                if let place {
                    left -= 1
                    try body(row, wanted[place])
                }
                row = column.next(of: sought, from: row + 1)
            }
            return
        }
        let arrivals = try arrivals()
        let (origins, programs) = (arrivals.origins.span, arrivals.programs.span)
        for row in 0..<rows where left > 0 {
            guard let place = walk.take(Int(origins[row]), Int(programs[row]), wanted) else {
                continue
            }
            left -= 1
            try body(row, wanted[place])
        }
    }

    /// The column of origins or of programs, if rows that are looked for have one or two of its
    /// numbers, and few rows have these: then others are passed over.
    private func seldom(
        _ walk: RunWalk
    ) throws(StoreError) -> (NumberPlanes, (UInt32, UInt32))? {
        let runs = try tallies().runs
        if walk.origins.count <= 2, let last = walk.origins.last {
            let sought = (walk.origins[0], last)
            if isSeldom(runs, sought, { $0.origin }) { return (try originPlanes(), sought) }
        }
        if walk.programs.count <= 2, let last = walk.programs.last {
            let sought = (walk.programs[0], last)
            if isSeldom(runs, sought, { $0.program }) { return (try programPlanes(), sought) }
        }
        return nil
    }

    private func isSeldom(
        _ runs: [RunLengths.Run], _ sought: (UInt32, UInt32),
        _ number: (RunLengths.Run) -> UInt16
    ) -> Bool {
        var count = 0
        for run in runs {
            let number = UInt32(number(run))
            if number == sought.0 || number == sought.1 { count += run.places.count }
        }
        return count <= rows / 4
    }
}
