import HisuiBytes

/// What became of a row of the store in a search: each has exactly one fate, so that they add up to
/// all rows.
///
/// In the order in which they are found out, from what costs nothing to what costs most.
public enum RowFate: String, CaseIterable, Sendable {
    /// Its block has no event of the time that is asked for.
    case outsideTime
    /// Enough rows were found before its block was looked at.
    case notNeeded
    /// The fixed text and the constant fields of its shape rule it out.
    case shape
    /// What the segment's footer tells of the columns of its shape rules it out.
    case footer
    /// The block's filters of text rule it out.
    case filters
    /// What the block's directory tells of the values of its columns rules it out.
    case columns
    /// It passes the filter, which was known without a look at it.
    case known
    /// Values of its columns were looked at.
    case read
}

/// Rows by their fate.
struct RowFates: Sendable {
    private var counts: [RowFate: Int] = [:]

    subscript(fate: RowFate) -> Int {
        get { counts[fate, default: 0] }
        set { counts[fate] = newValue }
    }

    var total: Int { counts.values.reduce(0, +) }

    mutating func add(_ other: RowFates) { counts.merge(other.counts, uniquingKeysWith: +) }
}

/// What is counted while a query looks at one block.
struct BlockTally: Sendable {
    var fates = RowFates()
    /// The shapes whose columns were looked at, by number in the block.
    var readShapes: [Int] = []
    /// Rows that were found, in the time that is asked for.
    var found = 0
    /// Microseconds that the filter took, and all of the block.
    var filterMicroseconds = 0
    var microseconds = 0

    mutating func add(_ fate: RowFate, shape: Int, rows: Int) {
        fates[fate] += rows
        if fate == .read { readShapes.append(shape) }
    }
}

extension BlockScan {
    /// Hands in what was counted of the look at the block, and counts no more.
    ///
    /// - Parameter started: when it began, in microseconds.
    func finishTally(_ trace: QueryTrace, _ plans: BlockPlans, since started: Int) {
        guard var tally else { return }
        self.tally = nil
        tally.microseconds = SystemClock.monotonicMicroseconds() - started
        trace.opened(block, tally, plans)
    }
}
