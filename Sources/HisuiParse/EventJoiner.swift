import HisuiBytes
import HisuiEvent
import HisuiShape

/// The events of a source of which not all records have come, or may not have.
///
/// Belongs to one parser. Holds `openMax` events and `textBytesMax` bytes of each; what is more is
/// let go, the oldest first, and counted. No record waits here: rows go on as they come, and an
/// event stands at the row of its last record.
///
/// Where rows are kept until nothing can change them (`SettledParser`), events end by what stands
/// in the log alone, whatever the batches: see `isSettled`.
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
        /// The last record among those of the source, and what had passed by it.
        var lastPosition: UInt64 = 0
        var lastPassed: UInt64 = 0
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
    /// Events that ended last, the newest at the end: auditd's plug-ins write a second end, EOE,
    /// behind PROCTITLE, and it may be in the next batch.
    private var ended: [Key] = []
    private static let endedMax = 256
    /// Where rows are kept: how long the log is waited with for a record of an event. Nil where
    /// they are not.
    private(set) var settledAfter: Int64?
    /// Events of kept rows that are over, and not placed yet.
    private(set) var settled: [Open] = []
    /// Bytes of the source's records, and `passedByRecord` for each.
    private(set) var passed: UInt64 = 0
    static let passedByRecord: UInt64 = 64
    /// What may come behind the last record of an event until it is over in any case: this bounds
    /// the rows that are kept.
    static let passedMax: UInt64 = 32 << 20

    init() {}

    /// - Parameter settledAfter: rows are kept, and events are over by so much time of the log.
    init(settledAfter: Int64) { self.settledAfter = settledAfter }

    /// Takes a record.
    mutating func add(
        _ record: Span<UInt8>, _ key: Key, row: Int, time: Int64, received: Int64,
        isBegin: Bool, isEnd: Bool
    ) {
        newest = max(newest, time)
        newestReceived = max(newestReceived, received)
        if let open = opens[key], isSettled(open) { settle(open) }
        if isEnd, opens[key] == nil, ended.contains(key) { return }
        if opens[key] == nil { begin(key, time: time, received: received) }
        let position = count + UInt64(row)
        let isFirst = opens[key]?.lastRow == -1
        if isFirst { touched.append(key) }
        opens[key]?.take(
            record, row: row, position, passed: passed, isBegin: isBegin, isEnd: isEnd)
        if isEnd { withoutEnd = 0 }
    }

    private mutating func begin(_ key: Key, time: Int64, received: Int64) {
        if settledAfter != nil, opens.count >= EventJoiner.openMax { settleOldest() }
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
    mutating func end(_ key: Key) {
        opens[key] = nil
        if ended.count >= 2 * Self.endedMax { ended.removeFirst(Self.endedMax) }
        ended.append(key)
    }

    mutating func noteWithoutEnd() { withoutEnd += 1 }
    mutating func noteLost() { lost += 1 }

    /// Goes on by a record of so many bytes, of whatever kind.
    mutating func pass(bytes: UInt32) { passed += UInt64(bytes) + Self.passedByRecord }

    /// Whether nothing more belongs to an event, by what stands in the log: `settledAfter` has gone
    /// by in it, or `passedMax`.
    private func isSettled(_ open: Open) -> Bool {
        guard let settledAfter else { return false }
        return newest.subtractingReportingOverflow(open.time).partialValue > settledAfter
            || passed - open.lastPassed > Self.passedMax
    }

    private mutating func settle(_ open: Open) {
        opens[open.key] = nil
        settled.append(open)
    }

    /// Ends the events that are over.
    ///
    /// - Parameter isLast: nothing follows, so that all are.
    mutating func settleAll(isLast: Bool) {
        for open in opens.values where isLast || isSettled(open) { settle(open) }
    }

    /// Makes room: for half of all where none is over, so that this costs little for each.
    private mutating func settleOldest() {
        settleAll(isLast: false)
        guard opens.count >= Self.openMax else { return }
        let oldest = order.compactMap { opens[$0] }.prefix(Self.openMax / 2)
        for open in oldest { settle(open) }
    }

    /// The events that are over, by their last records, which are not among these any more.
    mutating func takeSettled() -> [Open] {
        defer { settled.removeAll(keepingCapacity: true) }
        return settled.sorted { $0.lastPosition < $1.lastPosition }
    }

    /// The first record that may become the last one of an event: rows from there on are kept.
    var firstKept: UInt64 { opens.values.reduce(.max) { min($0, $1.lastPosition) } }

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
        _ record: Span<UInt8>, row: Int, _ position: UInt64, passed: UInt64, isBegin: Bool,
        isEnd: Bool
    ) {
        lastRow = row
        lastPosition = position
        lastPassed = passed
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
