/// How many rows of each shape each run has, a run being the rows of one origin and program.
///
/// Rows of a shape are numbered in stored order, and so the rows that a run has of a shape are
/// numbered without a hole: what is asked of hosts and programs is answered for a run at once.
///
/// Immutable; made once for a block.
struct RowTallies: Sendable {
    struct Entry: Sendable {
        var origin: UInt32
        var program: UInt32
        /// The first of the rows, by its ordinal within the shape.
        var first: UInt32
        var rows: UInt32
    }

    /// Those of shape 0 first, in stored order within a shape.
    private let entries: [Entry]
    /// Where each shape begins in `entries`; one more element than there are shapes.
    private let starts: [Int]

    /// - Complexity: O(rows + runs).
    init(_ numbers: RowNumbers, shapeRows: [Int]) {
        var met: [(shape: UInt32, entry: Entry)] = []
        var next = [UInt32](repeating: 0, count: shapeRows.count)
        var lastOfShape = [Int](repeating: -1, count: shapeRows.count)
        let shapes = numbers.shapes.span
        for run in numbers.runs {
            let first = met.count
            var place = run.places.lowerBound
            while place < run.places.upperBound {
                // Neighbours often are of one shape.
                let shape = Int(shapes[place])
                let start = place
                repeat { place += 1 } while place < run.places.upperBound && shapes[place] == shape
                // Rows of a shape in a run are counted in the entry it got when it was met first.
                if lastOfShape[shape] < first {
                    lastOfShape[shape] = met.count
                    let entry = Entry(
                        origin: run.origin, program: run.program, first: next[shape], rows: 0)
                    met.append((UInt32(shape), entry))
                }
                met[lastOfShape[shape]].entry.rows += UInt32(place - start)
                next[shape] += UInt32(place - start)
            }
        }
        var starts = [Int](repeating: 0, count: shapeRows.count + 1)
        for one in met { starts[Int(one.shape) + 1] += 1 }
        for shape in shapeRows.indices { starts[shape + 1] += starts[shape] }
        var places = starts
        var entries = [Entry](
            repeating: Entry(origin: 0, program: 0, first: 0, rows: 0), count: met.count)
        for one in met {
            entries[places[Int(one.shape)]] = one.entry
            places[Int(one.shape)] += 1
        }
        self.entries = entries
        self.starts = starts
    }

    /// The runs that have rows of a shape, in stored order.
    subscript(shape: Int) -> ArraySlice<Entry> { entries[starts[shape]..<starts[shape + 1]] }

    var byteCount: Int { entries.count * MemoryLayout<Entry>.stride + starts.count * 8 }
}

/// The runs of a block, and how long each is, found by counting alone.
struct RunLengths {
    struct Run: Sendable {
        var origin: UInt32
        var program: UInt32
        /// In stored order.
        var places: Range<Int>
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
        let start = runs.last?.places.upperBound ?? 0
        runs.append(
            Run(
                origin: UInt32(pair / programCount), program: UInt32(pair % programCount),
                places: start..<start + length))
    }
}
