import HisuiBytes
import HisuiEvent
import HisuiShape

/// The events of a source of which not all records have come, or may not have.
///
/// Belongs to one parser. Holds `openMax` events and `textBytesMax` bytes of each; what is more is
/// let go, the oldest first, and counted. No record waits here: rows go on as they come, and an
/// event stands at the row of its last record.
struct EventJoiner {
    /// An event: what its records share.
    struct Key: Hashable {
        /// The machine by the record, and by the header before it.
        var node: [UInt8]
        var sender: UInt32
        /// Seconds and milliseconds as written.
        var time: [UInt8]
        var serial: [UInt8]
    }

    struct Open {
        var key: Key
        /// The records one after the other.
        var text: [UInt8] = []
        var members: [Range<Int>] = []
        /// Numbers of the records among those of the source.
        var positions: [UInt64] = []
        var time: Int64
        var received: Int64
        /// Row of the last record in the batch at hand; -1 if it came before.
        var lastRow = -1
        var hasBegin = false
        var hasEnd = false
        /// Not all of its records are here.
        var isCut = false
    }

    static let openMax = 4096
    static let textBytesMax = 64 << 10
    static let membersMax = 512

    private(set) var opens: [Key: Open] = [:]
    /// Keys in the order in which their events began, among them such that have ended.
    private var order: [Key] = []
    /// Those with a record in the batch at hand.
    private(set) var touched: [Key] = []
    /// Records of the source before the batch at hand.
    private(set) var count: UInt64 = 0
    /// The latest time of a record, and of a receipt.
    private(set) var newest = Int64.min
    private(set) var newestReceived = Int64.min
    /// Events that were let go with records that told nothing of an event.
    private(set) var lost: UInt64 = 0
    /// How many events in a row had all their objects and no end: then none is waited for.
    private(set) var withoutEnd = 0
    static let withoutEndMin = 4

    /// Takes a record.
    mutating func add(
        _ record: Span<UInt8>, _ key: Key, row: Int, time: Int64, received: Int64,
        isBegin: Bool, isEnd: Bool
    ) {
        newest = max(newest, time)
        newestReceived = max(newestReceived, received)
        if opens[key] == nil { begin(key, time: time, received: received) }
        let position = count + UInt64(row)
        let isFirst = opens[key]?.lastRow == -1
        if isFirst { touched.append(key) }
        opens[key]?.take(record, row: row, position, isBegin: isBegin, isEnd: isEnd)
        if isEnd { withoutEnd = 0 }
    }

    private mutating func begin(_ key: Key, time: Int64, received: Int64) {
        if opens.count >= EventJoiner.openMax {
            // Ended ones are passed over; there is an open one, so the loop ends.
            while let oldest = order.first {
                order.removeFirst()
                if opens.removeValue(forKey: oldest) != nil {
                    lost += 1
                    break
                }
            }
        }
        opens[key] = Open(key: key, time: time, received: received)
        order.append(key)
        if order.count > 2 * EventJoiner.openMax { order.removeAll { opens[$0] == nil } }
    }

    /// Lets an event go, which has ended.
    mutating func end(_ key: Key) { opens[key] = nil }

    mutating func noteWithoutEnd() { withoutEnd += 1 }
    mutating func noteLost() { lost += 1 }

    /// Goes on to the next batch.
    mutating func endBatch(records: Int) {
        for key in touched { opens[key]?.lastRow = -1 }
        touched.removeAll(keepingCapacity: true)
        count += UInt64(records)
    }

    /// Whether nothing more of an event is expected.
    func isOverdue(_ open: Open, wait: Int64) -> Bool {
        // Clocks may stand still or be set back; what was received long ago is over in any case.
        newest.subtractingReportingOverflow(open.time).partialValue > wait
            || newestReceived.subtractingReportingOverflow(open.received).partialValue
                > 10 * wait
    }
}

extension EventJoiner.Open {
    fileprivate mutating func take(
        _ record: Span<UInt8>, row: Int, _ position: UInt64, isBegin: Bool, isEnd: Bool
    ) {
        lastRow = row
        hasBegin = hasBegin || isBegin
        hasEnd = hasEnd || isEnd
        guard members.count < EventJoiner.membersMax,
            text.count + record.count <= EventJoiner.textBytesMax
        else {
            isCut = true
            return
        }
        let start = text.count
        text.append(record, ByteRange(0..<record.count))
        members.append(start..<text.count)
        positions.append(position)
    }
}
