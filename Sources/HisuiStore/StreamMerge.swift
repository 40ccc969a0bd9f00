public import HisuiEvent
public import HisuiShape

/// The rows of several streams of one zone, each in order of its leaves, together about in order
/// of receipt: how a past is read that happened at once.
///
/// Owned by one thread. Holds one block of each stream decompressed.
public struct StreamMerge {
    /// Rows `first ..< first + rows.rows.count` of `stream`.
    public struct Piece {
        public var stream: String
        public var first: UInt64
        public var rows: RowBatch
    }

    private struct Cursor {
        var stream: String
        /// Blocks not begun yet, the next one last.
        var blocks: [Block]
        var rows: BlockRows?
        var next: UInt64
        let end: UInt64
    }

    private var cursors: [Cursor] = []
    private let table: ShapeTable

    /// Rows of one stream run on for so long while another one's wait: half of the time by which
    /// detection lets events be late.
    private static let slackNanoseconds: Int64 = 1_000_000_000

    /// - Parameters:
    ///   - blocks: of one zone, as a snapshot gives them.
    ///   - start: the first leaf wanted of each stream; 0 for those not named.
    ///   - ends: one past the last leaf wanted; streams not named are left out.
    ///   - table: where the shape numbers of the rows come from.
    public init(
        _ blocks: [Block], from start: [String: UInt64], ends: [String: UInt64],
        shapes table: ShapeTable
    ) {
        self.table = table
        for (stream, end) in ends.sorted(by: { $0.key < $1.key }) {
            let next = start[stream] ?? 0
            let own = blocks.filter {
                $0.stream == stream && $0.endIndex > next && $0.firstIndex < end
            }
            cursors.append(
                Cursor(stream: stream, blocks: own.reversed(), rows: nil, next: next, end: end))
        }
    }

    /// The next rows; nil when all were given. After an error the block it names is left out, and
    /// the next call goes on behind it.
    public mutating func next() throws(StoreError) -> Piece? {
        var chosen: (number: Int, received: Timestamp)?
        var other = Timestamp(nanoseconds: .max)
        for number in cursors.indices {
            guard let received = try head(number) else { continue }
            if let best = chosen, received >= best.received {
                other = min(other, received)
            } else {
                if let best = chosen { other = min(other, best.received) }
                chosen = (number, received)
            }
        }
        guard let number = chosen?.number, var rows = cursors[number].rows else { return nil }
        let limit = other.nanoseconds.addingReportingOverflow(Self.slackNanoseconds)
        let latest = Timestamp(nanoseconds: limit.overflow ? .max : limit.partialValue)
        // A place in an array must not be given back while it is lent to a call that throws.
        cursors[number].rows = nil
        let first = rows.nextIndex
        guard let batch = try rows.next(before: cursors[number].end, receivedUpTo: latest) else {
            return try next()
        }
        cursors[number].next = rows.nextIndex
        cursors[number].rows = rows
        return Piece(stream: cursors[number].stream, first: first, rows: batch)
    }

    /// Receive time of the next row of a stream, whose block is opened for it; nil at its end.
    private mutating func head(_ number: Int) throws(StoreError) -> Timestamp? {
        while true {
            if let rows = cursors[number].rows, rows.nextIndex < cursors[number].end,
                let received = rows.nextReceived
            {
                return received
            }
            cursors[number].rows?.dropCaches()
            cursors[number].rows = nil
            guard let block = cursors[number].blocks.popLast() else { return nil }
            cursors[number].rows = try BlockRows(
                block, from: cursors[number].next, shapes: table)
        }
    }
}
