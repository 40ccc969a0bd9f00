import HisuiBytes
import HisuiEvent

/// One chunk of an event log: its records as lines, and what is wrong with it.
struct EventLogChunk {
    private var xml: BinaryXML
    private let isDirty: Bool
    /// Where its records end, as its head says; the whole chunk where that cannot be.
    private let free: Int
    /// Something about the chunk is wrong, so that its records may be.
    private var isSuspect = false

    private(set) var faults = EventLogFaults()
    /// Lines that have flags, by where they begin in `text`.
    private(set) var flagged: [(offset: Int, flags: RowFlags)] = []
    /// The number behind that of its last record; nil if it has none.
    private(set) var nextNumber: UInt64?

    /// The events, each with a line feed.
    var text: [UInt8] { xml.text }

    /// - Parameters:
    ///   - bytes: all of the chunk.
    ///   - isDirty: its head may be older than its records.
    init(_ bytes: [UInt8], encoding: TextEncoding, isDirty: Bool) {
        precondition(bytes.count == EventLogFormat.chunkBytes)
        xml = BinaryXML(chunk: bytes, encoding: encoding)
        let isWhole =
            bytes.starts(with: EventLogFormat.chunkMagic)
            && xml.u32(124) == EventLogFormat.checksum(bytes, 0..<120, 128..<512)
        let free = Int(xml.u32(48))
        let isPlace = free >= EventLogFormat.chunkHeaderBytes && free <= bytes.count
        self.isDirty = isDirty || !isWhole || !isPlace
        self.free = isPlace ? free : bytes.count
        let records = EventLogFormat.chunkHeaderBytes..<self.free
        let isIntact =
            isWhole && isPlace && xml.u32(52) == EventLogFormat.checksum(bytes, records)
        isSuspect = !isIntact
        if isSuspect { faults.damagedChunks = 1 }
    }

    /// Reads the records.
    ///
    /// - Parameter expected: the number behind that of the record before.
    mutating func read(after expected: UInt64?) {
        var at = EventLogFormat.chunkHeaderBytes
        var expected = expected
        while let size = nextRecord(&at, expected) {
            let number = xml.u64(at + 8)
            // Numbers that begin anew are those of a log that goes round.
            if let expected, number > expected { faults.missing &+= number - expected }
            render(at, size)
            expected = number &+ 1
            nextNumber = expected
            at += size
        }
    }

    /// Finds the next record; nil if there is none.
    ///
    /// - Parameters:
    ///   - at: where the last one ended; moves on to the record.
    ///   - expected: its number, as far as known.
    /// - Complexity: O(bytes passed over).
    private mutating func nextRecord(_ at: inout Int, _ expected: UInt64?) -> Int? {
        let start = at
        while at < free {
            if let size = recordSize(at, end: free, expected) {
                if at > start { tellBytes(start..<at) }
                return size
            }
            at += 1
        }
        if start < free { tellBytes(start..<free) }
        // Behind what the head knows of, a record is one only if it goes on with the number:
        // otherwise it is what an earlier use of the chunk has left.
        guard isDirty, at == max(start, free),
            let size = recordSize(at, end: xml.chunk.count, expected),
            let expected, xml.u64(at + 8) == expected
        else { return nil }
        return size
    }

    /// Tells of bytes that are no record, unless there are none in them.
    private mutating func tellBytes(_ range: Range<Int>) {
        guard range.contains(where: { xml.chunk[$0] != 0 }) else { return }
        faults.damagedChunks = 1
        isSuspect = true
    }

    /// The size of the record at a place, which says it twice; nil if there is none.
    ///
    /// The last record of a log that was copied while it was written may have no second size yet:
    /// it is one if it has the number that is due, and nothing but another record behind it.
    private func recordSize(_ at: Int, end: Int, _ expected: UInt64?) -> Int? {
        let least = EventLogFormat.recordHeaderBytes + EventLogFormat.recordTrailerBytes
        guard end - at >= least, xml.u32(at) == EventLogFormat.recordMagic else { return nil }
        let size = Int(xml.u32(at + 4))
        guard size >= least, size <= end - at else { return nil }
        if Int(xml.u32(at + size - 4)) == size { return size }
        let next = at + size <= end - 4 ? xml.u32(at + size) : 0
        let isDue = isSuspect && xml.u64(at + 8) == expected
        return isDue && (next == 0 || next == EventLogFormat.recordMagic) ? size : nil
    }

    private mutating func render(_ at: Int, _ size: Int) {
        let start = xml.text.count
        if start >= Limits.eventLogChunkTextMax {
            faults.lostRecords += 1
            return
        }
        let body =
            at + EventLogFormat.recordHeaderBytes..<at + size - EventLogFormat.recordTrailerBytes
        let fault = xml.render(body)
        if xml.text.count == start {
            faults.lostRecords += 1
            return
        }
        var flags = xml.flags
        if fault != nil {
            faults.damagedRecords += 1
            flags.insert(fault == .text ? .truncated : .framingError)
        }
        if isSuspect { flags.insert(.framingError) }
        if !flags.isEmpty { flagged.append((start, flags)) }
        xml.text.append(0x0A)
    }
}
