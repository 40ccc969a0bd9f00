/// How many rows of each shape each run has, a run being the rows of one origin and program.
///
/// Rows of a shape are numbered in stored order, and so the rows that a run has of a shape are
/// numbered without a hole: what is asked of hosts and programs is answered for a run at once, and
/// rows are found without those of other runs.
///
/// Immutable; made once for a block.
struct RowTallies: Sendable {
    struct Entry: Sendable {
        /// The number of the run.
        var run: UInt32
        var shape: UInt32
        /// The first of the rows, by its ordinal within the shape.
        var first: UInt32
        var rows: UInt32

        /// The rows, by their ordinals within the shape.
        var ordinals: Range<Int> { Int(first)..<Int(first) + Int(rows) }
    }

    let runs: [RunLengths.Run]
    /// Those of the first run first.
    private let entries: [Entry]
    /// Where each run begins in `entries`; one more element than there are runs.
    private let runStarts: [UInt32]
    /// Places in `entries`, those of shape 0 first.
    private let ofShapes: [UInt32]
    /// Where each shape begins in `ofShapes`; one more element than there are shapes.
    private let shapeStarts: [UInt32]

    /// - Parameter shapes: for each row in stored order its shape.
    /// - Complexity: O(rows + runs).
    init(_ shapes: [UInt32], _ runs: [RunLengths.Run], shapeRows: [Int]) {
        var entries: [Entry] = []
        var runStarts: [UInt32] = [0]
        runStarts.reserveCapacity(runs.count + 1)
        var next = [UInt32](repeating: 0, count: shapeRows.count)
        var lastOfShape = [Int](repeating: -1, count: shapeRows.count)
        let shapes = shapes.span
        for (number, run) in runs.enumerated() {
            let first = entries.count
            var place = run.places.lowerBound
            while place < run.places.upperBound {
                // Neighbours often are of one shape.
                let shape = Int(shapes[place])
                let start = place
                repeat { place += 1 } while place < run.places.upperBound && shapes[place] == shape
                // Rows of a shape in a run are counted in the entry it got when it was met first.
                if lastOfShape[shape] < first {
                    lastOfShape[shape] = entries.count
                    entries.append(
                        Entry(
                            run: UInt32(number), shape: UInt32(shape), first: next[shape],
                            rows: 0))
                }
                entries[lastOfShape[shape]].rows += UInt32(place - start)
                next[shape] += UInt32(place - start)
            }
            runStarts.append(UInt32(entries.count))
        }
        var starts = [UInt32](repeating: 0, count: shapeRows.count + 1)
        for entry in entries { starts[Int(entry.shape) + 1] += 1 }
        for shape in shapeRows.indices { starts[shape + 1] += starts[shape] }
        var places = starts
        var ofShapes = [UInt32](repeating: 0, count: entries.count)
        for (number, entry) in entries.enumerated() {
            ofShapes[Int(places[Int(entry.shape)])] = UInt32(number)
            places[Int(entry.shape)] += 1
        }
        self.runs = runs
        self.entries = entries
        self.runStarts = runStarts
        self.ofShapes = ofShapes
        shapeStarts = starts
    }

    /// What a run has of each shape.
    func entries(ofRun run: Int) -> ArraySlice<Entry> {
        entries[Int(runStarts[run])..<Int(runStarts[run + 1])]
    }

    /// What each run that has rows of a shape has of it, in stored order.
    func entries(ofShape shape: Int) -> some Sequence<Entry> {
        ofShapes[Int(shapeStarts[shape])..<Int(shapeStarts[shape + 1])].lazy.map {
            entries[Int($0)]
        }
    }

    /// Calls `body` with each run that has rows of a shape, in stored order, and what it has.
    @inline(__always)
    func forEach(ofShape shape: Int, _ body: (RunLengths.Run, Entry) -> Void) {
        for index in Int(shapeStarts[shape])..<Int(shapeStarts[shape + 1]) {
            let entry = entries[Int(ofShapes[index])]
            body(runs[Int(entry.run)], entry)
        }
    }

    var byteCount: Int {
        runs.count * MemoryLayout<RunLengths.Run>.stride
            + entries.count * (MemoryLayout<Entry>.stride + 4)
            + (runStarts.count + shapeStarts.count) * 4
    }
}

/// The runs of a block, and how long each is, found by counting alone.
struct RunLengths {
    struct Run: Sendable {
        var origin: UInt16
        var program: UInt16
        var first: UInt32
        var end: UInt32

        /// In stored order.
        var places: Range<Int> { Int(first)..<Int(end) }
    }

    /// In stored order.
    private(set) var runs: [Run] = []

    /// Pairs of origins and programs that are counted in an array.
    static let denseMax = 1 << 20

    /// - Parameters:
    ///   - origins: for each row, in order of arrival, the number of its origin.
    ///   - programs: for each row the number of its program.
    init(origins: [UInt16], originCount: Int, programs: [UInt16], programCount: Int) {
        // Runs stand in the order of their origins and programs, so their lengths say where.
        let pairs = originCount * programCount
        let (origins, programs) = (origins.span, programs.span)
        if pairs <= Self.denseMax {
            var counts = [UInt32](repeating: 0, count: pairs)
            var lengths = counts.mutableSpan
            for row in 0..<origins.count {
                lengths[Int(origins[row]) * programCount + Int(programs[row])] += 1
            }
            for pair in 0..<pairs where lengths[pair] > 0 {
                append(pair, Int(lengths[pair]), programCount)
            }
        } else {
            var lengths: [Int: Int] = [:]
            for row in 0..<origins.count {
                let pair = Int(origins[row]) * programCount + Int(programs[row])
                lengths[pair, default: 0] += 1
            }
            for (pair, length) in lengths.sorted(by: { $0.key < $1.key }) {
                append(pair, length, programCount)
            }
        }
    }

    private mutating func append(_ pair: Int, _ length: Int, _ programCount: Int) {
        let start = runs.last?.end ?? 0
        runs.append(
            Run(
                origin: UInt16(pair / programCount), program: UInt16(pair % programCount),
                first: start, end: start + UInt32(length)))
    }
}
