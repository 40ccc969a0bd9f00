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

    /// - Complexity: O(rows + origins × programs).
    init(_ numbers: RowNumbers, originCount: Int, programCount: Int, shapeRows: [Int]) {
        var met: [(shape: UInt32, entry: Entry)] = []
        var next = [UInt32](repeating: 0, count: shapeRows.count)
        var lastOfShape = [Int](repeating: -1, count: shapeRows.count)
        for run in RunLengths(numbers, originCount: originCount, programCount: programCount).runs {
            let first = met.count
            for place in run.places {
                let shape = Int(numbers.shapes[place])
                // Rows of a shape in a run are counted in the entry it got when it was met first.
                if lastOfShape[shape] < first {
                    lastOfShape[shape] = met.count
                    met.append(
                        (
                            UInt32(shape),
                            Entry(
                                origin: run.origin, program: run.program, first: next[shape],
                                rows: 0)
                        ))
                }
                met[lastOfShape[shape]].entry.rows += 1
                next[shape] += 1
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
    struct Run {
        var origin: UInt32
        var program: UInt32
        /// In stored order.
        var places: Range<Int>
    }

    /// In stored order.
    private(set) var runs: [Run] = []

    /// Pairs of origins and programs that are counted in an array.
    static let denseMax = 1 << 20

    init(_ numbers: RowNumbers, originCount: Int, programCount: Int) {
        // Runs stand in the order of their origins and programs, so their lengths say where.
        let pairs = originCount * programCount
        let rows = numbers.origins.count
        var start = 0
        func add(_ pair: Int, _ length: Int) -> Run {
            defer { start += length }
            return Run(
                origin: UInt32(pair / programCount), program: UInt32(pair % programCount),
                places: start..<start + length)
        }
        if pairs <= Self.denseMax {
            var lengths = [UInt32](repeating: 0, count: pairs)
            for row in 0..<rows {
                lengths[Int(numbers.origins[row]) * programCount + Int(numbers.programs[row])] += 1
            }
            for pair in lengths.indices where lengths[pair] > 0 {
                runs.append(add(pair, Int(lengths[pair])))
            }
        } else {
            var lengths: [Int: Int] = [:]
            for row in 0..<rows {
                let pair = Int(numbers.origins[row]) * programCount + Int(numbers.programs[row])
                lengths[pair, default: 0] += 1
            }
            for (pair, length) in lengths.sorted(by: { $0.key < $1.key }) {
                runs.append(add(pair, length))
            }
        }
    }
}
