import HisuiBytes
import HisuiEvent
import Synchronization

/// How many rows of each shape of a block lie in each quarter of an hour: so a histogram of whole
/// shapes needs none of the rows.
///
/// Immutable; made once for a block.
public struct ShapeTimes: Sendable {
    /// Seconds of a stretch: every zone of civil time is whole quarters of an hour ahead of UTC.
    public static let seconds: Int64 = 900

    /// Where the first stretch begins, in stretches since 1970.
    public let first: Int64
    /// Where the entries of each stretch begin, and one more.
    private var starts: [UInt32] = [0]
    private var entries: [(shape: UInt32, rows: UInt32)] = []

    /// Counters while rows are counted.
    static let countersMax = 1 << 20

    /// Number of stretches.
    public var count: Int { starts.count - 1 }

    /// Calls `body` with each shape that has rows in stretch number `stretch`.
    public func forEach(in stretch: Int, _ body: (_ shape: Int, _ rows: Int) -> Void) {
        for entry in entries[Int(starts[stretch])..<Int(starts[stretch + 1])] {
            body(Int(entry.shape), Int(entry.rows))
        }
    }

    var byteCount: Int { entries.count * 8 + starts.count * 4 }

    /// - Parameter counts: for each stretch in turn the rows of each of `shapes` shapes.
    init(first: Int64, counts: [UInt32], shapes: Int) {
        self.first = first
        for index in counts.indices {
            if counts[index] > 0 { entries.append((UInt32(index % shapes), counts[index])) }
            if index % shapes == shapes - 1 { starts.append(UInt32(entries.count)) }
        }
    }
}

extension Block {
    /// Rows of each shape by quarters of an hour; nil if these are too many, or the block is in
    /// memory.
    ///
    /// - Complexity: O(rows) the first time.
    public func shapeTimes() throws(StoreError) -> ShapeTimes? {
        guard case .segment(let rows) = backing else { return nil }
        return try rows.shapeTimes(
            timeRange.lowerBound.nanoseconds.floorDivided(by: 1_000_000_000)
                .quotient...timeRange.upperBound.nanoseconds.floorDivided(by: 1_000_000_000)
                .quotient)
    }
}

extension SegmentBlock {
    /// - Parameter range: of the whole seconds of all rows.
    fileprivate func shapeTimes(_ range: ClosedRange<Int64>) throws(StoreError) -> ShapeTimes? {
        if let known = cache.withLock({ $0.shapeTimes }) { return known }
        let first = range.lowerBound.floorDivided(by: ShapeTimes.seconds).quotient
        let last = range.upperBound.floorDivided(by: ShapeTimes.seconds).quotient
        let shapes = shapeRows.count
        guard last - first < Int64(ShapeTimes.countersMax / shapes) else { return nil }
        let seconds = try seconds()
        var counts = [UInt32](repeating: 0, count: Int(last - first + 1) * shapes)
        var counters = counts.mutableSpan
        // Most rows lie in the stretch of the row before.
        var base = 0
        var current: Range<Int64> = 0..<0
        var areInside = true
        try forEachRow(of: [Bool](repeating: true, count: shapes), false) { row, shape, _ in
            let second = seconds[row]
            if !current.contains(second) {
                guard range.contains(second) else {
                    areInside = false
                    return
                }
                let stretch = second.floorDivided(by: ShapeTimes.seconds).quotient
                let start = stretch * ShapeTimes.seconds
                current = start..<start + ShapeTimes.seconds
                base = Int(stretch - first) * shapes
            }
            counters[base + shape] += 1
        }
        guard areInside else {
            throw damaged("times beyond the block's", chunk: RowColumn.second.rawValue)
        }
        let made = ShapeTimes(first: first, counts: counts, shapes: shapes)
        cache.withLock { $0.shapeTimes = made }
        return made
    }
}
