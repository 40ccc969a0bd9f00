import HisuiBytes
import HisuiShape

/// A test on hosts or programs, whose answers a block is told once.
///
/// Belongs to one block and one thread at a time.
public final class RunTest {
    private let test: (Span<UInt8>) -> Bool
    private var hosts: Answers?
    private var programs: Answers?

    /// For each host or program whether it passes, and whether all or none do.
    fileprivate final class Answers {
        let passes: [Bool]
        let areNone: Bool
        let areAll: Bool
        /// The rows of each shape that pass, as stretches of ordinals; found when they are asked
        /// for.
        private var stretches: [[Range<Int>]]?

        init(_ passes: [Bool]) {
            self.passes = passes
            areNone = !passes.contains(true)
            areAll = !passes.contains(false)
        }

        /// - Parameter number: of a run's host or program.
        func stretches(
            _ tallies: RowTallies, shapes: Int, _ number: (RunLengths.Run) -> UInt16
        ) -> [[Range<Int>]] {
            if let stretches { return stretches }
            var made = [[Range<Int>]](repeating: [], count: shapes)
            for run in tallies.runs.indices where passes[Int(number(tallies.runs[run]))] {
                for entry in tallies.entries(ofRun: run) {
                    let shape = Int(entry.shape)
                    let (first, end) = (Int(entry.first), Int(entry.first + entry.rows))
                    if let last = made[shape].last, last.upperBound == first {
                        made[shape][made[shape].count - 1] = last.lowerBound..<end
                    } else {
                        made[shape].append(first..<end)
                    }
                }
            }
            stretches = made
            return made
        }
    }

    /// - Parameter test: whether a value passes.
    public init(_ test: @escaping (Span<UInt8>) -> Bool) { self.test = test }

    fileprivate func ofHosts(_ directory: BlockDirectory) -> Answers {
        if let hosts { return hosts }
        let made = Answers(directory.origins.map { test($0.host.span) })
        hosts = made
        return made
    }

    fileprivate func ofPrograms(_ directory: BlockDirectory) -> Answers {
        if let programs { return programs }
        let made = Answers(directory.programs.map { test($0.span) })
        programs = made
        return made
    }
}

/// Some of the rows of a shape.
public enum RunRows: Sendable {
    case none
    case all
    /// Stretches of ordinals, ascending.
    case some([Range<Int>])
}

extension SegmentBlock {
    func constant(shape: Int, slot: Int) throws(StoreError) -> [UInt8]? {
        let directory = try directory()
        let column = firstColumns[shape] + slot
        return directory.encoding(of: column) == .constant ? directory.head(of: column) : nil
    }

    func passing(shape: Int, slot: Int, _ test: RunTest) throws(StoreError) -> RunRows? {
        let directory = try directory()
        let encoding = directory.encoding(of: firstColumns[shape] + slot)
        let answers: RunTest.Answers
        switch encoding {
        case .host: answers = test.ofHosts(directory)
        case .program: answers = test.ofPrograms(directory)
        default: return nil
        }
        // Nothing is counted where all or none pass.
        if answers.areNone { return RunRows.none }
        if answers.areAll { return .all }
        let stretches = answers.stretches(try tallies(), shapes: shapeRows.count) {
            encoding == .host ? $0.origin : $0.program
        }[shape]
        if stretches.isEmpty { return RunRows.none }
        return stretches == [0..<shapeRows[shape]] ? .all : .some(stretches)
    }

    func valueCounts(
        _ slots: [Int?]
    ) throws(StoreError) -> (counts: [(value: [UInt8], rows: Int)], counted: [Bool]) {
        let directory = try directory()
        let encodings = slots.enumerated().map { shape, slot in
            slot.map { directory.encoding(of: firstColumns[shape] + $0) }
        }
        var hosts = [Int](repeating: 0, count: directory.origins.count)
        var programs = [Int](repeating: 0, count: directory.programs.count)
        if encodings.allSatisfy({ $0 == .host }) {
            hosts = try originRows()
        } else if encodings.contains(where: { $0 == .host || $0 == .program }) {
            let tallies = try tallies()
            for (shape, encoding) in encodings.enumerated() {
                if encoding == .host {
                    tallies.forEach(ofShape: shape) { hosts[Int($0.origin)] += Int($1.rows) }
                } else if encoding == .program {
                    tallies.forEach(ofShape: shape) { programs[Int($0.program)] += Int($1.rows) }
                }
            }
        }
        var counts: [(value: [UInt8], rows: Int)] = []
        for (origin, rows) in hosts.enumerated() where rows > 0 {
            counts.append((directory.origins[origin].host, rows))
        }
        for (program, rows) in programs.enumerated() where rows > 0 {
            counts.append((directory.programs[program], rows))
        }
        return (counts, encodings.map { $0 == .host || $0 == .program })
    }
}

extension SegmentBlock {
    /// How often each number occurs.
    ///
    /// Neighbours are often the same and are counted in different places: a count need not wait for
    /// the one before it.
    static func tally(
        _ numbers: [some FixedWidthInteger], below count: Int
    ) -> [Int] {
        let ways = 4
        var counts = [UInt32](repeating: 0, count: ways * count)
        let span = numbers.span
        var tallies = counts.mutableSpan
        var way = 0
        for index in 0..<span.count {
            tallies[way + Int(span[index])] += 1
            way += count
            if way == ways * count { way = 0 }
        }
        return (0..<count).map { number in
            (0..<ways).reduce(0) { $0 + Int(counts[$1 * count + number]) }
        }
    }
}

// Rows in order of arrival.
extension Block {
    /// Calls `body` with the rows of some shapes, in order of arrival, without putting the others
    /// in order.
    ///
    /// - Parameters:
    ///   - chosen: for each shape whether its rows are wanted.
    ///   - withOrdinals: whether ordinals are wanted, too; they are 0 if not.
    ///   - body: takes the row, the number of its shape, and its ordinal within the shape.
    /// - Complexity: O(rows of the block).
    public func forEachRow(
        of chosen: [Bool], withOrdinals: Bool = true,
        _ body: (_ row: Int, _ shape: Int, _ ordinal: Int) -> Void
    ) throws(StoreError) {
        switch backing {
        case .memory(let arena):
            var next = [Int](repeating: 0, count: chosen.count)
            for row in 0..<count {
                let shape = Int(arena.shapes[row])
                if chosen[shape] { body(row, shape, next[shape]) }
                if withOrdinals { next[shape] += 1 }
            }
        case .segment(let segment): try segment.forEachRow(of: chosen, withOrdinals, body)
        }
    }
}

extension SegmentBlock {
    func forEachRow(
        of chosen: [Bool], _ withOrdinals: Bool, _ body: (Int, Int, Int) -> Void
    ) throws(StoreError) {
        let numbers = try rowNumbers()
        let directory = try directory()
        let programCount = directory.programs.count
        let pairs = directory.origins.count * programCount
        guard pairs <= RunLengths.denseMax else {
            let grouping = try storedRows().grouping
            for row in 0..<rows where chosen[Int(grouping.shapeOfRow[row])] {
                let ordinal = withOrdinals ? Int(grouping.ordinals[row]) : 0
                body(row, Int(grouping.shapeOfRow[row]), ordinal)
            }
            return
        }
        let ordinals = withOrdinals ? ordinals(numbers) : []
        // Rows of a run stand in order of arrival: each run goes on where its last row was.
        var places = [UInt32](repeating: 0, count: pairs)
        for run in numbers.runs {
            places[Int(run.origin) * programCount + Int(run.program)] = run.first
        }
        let (origins, programs) = (numbers.arrivals.origins.span, numbers.arrivals.programs.span)
        let (shapes, isChosen) = (numbers.shapes.span, chosen.span)
        var next = places.mutableSpan
        for row in 0..<rows {
            let pair = Int(origins[row]) * programCount + Int(programs[row])
            let place = Int(next[pair])
            next[pair] = UInt32(truncatingIfNeeded: place + 1)
            let shape = Int(shapes[place])
            if isChosen[shape] { body(row, shape, withOrdinals ? Int(ordinals[place]) : 0) }
        }
    }

    /// For each row in stored order its ordinal within its shape.
    private func ordinals(_ numbers: RowNumbers) -> [UInt32] {
        var ordinals = [UInt32](repeating: 0, count: rows)
        var next = [UInt32](repeating: 0, count: shapeRows.count)
        for place in 0..<rows {
            let shape = Int(numbers.shapes[place])
            ordinals[place] = next[shape]
            next[shape] += 1
        }
        return ordinals
    }
}
