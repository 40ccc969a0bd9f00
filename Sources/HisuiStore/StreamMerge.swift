public import HisuiEvent
public import HisuiShape

/// The rows of one stream in order of its leaves, for `StreamMerge`.
public protocol StreamCursor: AnyObject {
    /// The next leaf: of the row that `head` told of, or the first not looked at.
    var nextIndex: UInt64 { get }

    /// Receive time of the next row; nil where there is none before leaf `end`.
    ///
    /// After an error what it names is left out, or tried again by the next call.
    func head(before end: UInt64) throws(StoreError) -> Timestamp?

    /// The next rows: up to leaf `end`, all of one source, within the bounds of a batch; nil where
    /// none is left, or what should have been next could not be read.
    ///
    /// - Parameter latest: a row received after it ends the batch, unless it is its first row.
    func next(
        before end: UInt64, receivedUpTo latest: Timestamp
    ) throws(StoreError) -> RowBatch?
}

/// The rows of several streams of one zone, each in order of its leaves, together about in order
/// of receipt: how a past is read that happened at once.
///
/// Owned by one thread.
public struct StreamMerge {
    /// Rows `first ..< first + rows.rows.count` of `stream`.
    public struct Piece {
        public var stream: String
        public var first: UInt64
        public var rows: RowBatch
    }

    /// A stream, its rows, and one past the last leaf wanted.
    public typealias Part = (stream: String, cursor: any StreamCursor, end: UInt64)

    private let parts: [Part]

    /// Rows of one stream run on for so long while another one's wait: half of the time by which
    /// detection lets events be late.
    private static let slackNanoseconds: Int64 = 1_000_000_000

    public init(_ parts: [Part]) { self.parts = parts }

    /// The next rows; nil when all were given. After an error what it names is left out, or tried
    /// again by the next call, as the cursor says.
    public func next() throws(StoreError) -> Piece? {
        while true {
            var chosen: (part: Part, received: Timestamp)?
            var other = Timestamp(nanoseconds: .max)
            for part in parts {
                guard let received = try part.cursor.head(before: part.end) else { continue }
                if let best = chosen, received >= best.received {
                    other = min(other, received)
                } else {
                    if let best = chosen { other = min(other, best.received) }
                    chosen = (part, received)
                }
            }
            guard let part = chosen?.part else { return nil }
            let limit = other.nanoseconds.addingReportingOverflow(Self.slackNanoseconds)
            let latest = Timestamp(nanoseconds: limit.overflow ? .max : limit.partialValue)
            let first = part.cursor.nextIndex
            if let rows = try part.cursor.next(before: part.end, receivedUpTo: latest) {
                return Piece(stream: part.stream, first: first, rows: rows)
            }
        }
    }
}

/// The rows of a stream's blocks, as a snapshot gives them.
///
/// Holds one block decompressed. Owned by one thread.
public final class BlockCursor: StreamCursor {
    public private(set) var nextIndex: UInt64 = 0
    /// Blocks not begun yet, the next one last.
    private var blocks: [Block]
    private var rows: BlockRows?
    private let table: ShapeTable
    private let need: BlockRows.Need?

    /// - Parameters:
    ///   - blocks: of one stream, in order.
    ///   - table: where the rows' shape numbers come from.
    ///   - need: of which shapes rows are read; see `BlockRows`.
    public init(
        _ blocks: [Block], shapes table: ShapeTable, need: BlockRows.Need? = nil
    ) {
        self.blocks = blocks.reversed()
        self.table = table
        self.need = need
    }

    /// After an error the block it names is left out.
    public func head(before end: UInt64) throws(StoreError) -> Timestamp? {
        while true {
            if let rows, let received = rows.nextReceived {
                return nextIndex < end ? received : nil
            }
            rows?.dropCaches()
            rows = nil
            guard let block = blocks.popLast() else { return nil }
            let opened = try BlockRows(
                block, from: nextIndex, shapes: table, need: need)
            nextIndex = opened.nextIndex
            rows = opened
        }
    }

    public func next(
        before end: UInt64, receivedUpTo latest: Timestamp
    ) throws(StoreError) -> RowBatch? {
        // After an error the block is left out.
        guard var rows = self.rows else { return nil }
        self.rows = nil
        let batch = try rows.next(before: end, receivedUpTo: latest)
        nextIndex = rows.nextIndex
        self.rows = rows
        return batch
    }
}
