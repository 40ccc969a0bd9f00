package import HisuiBytes
import HisuiEvent

/// Turns the bytes of an event log (`.evtx`) into its events, one on a line: see `BinaryXML`.
///
/// Bytes come in pieces of any size and in order; memory is that of a chunk and of the text of the
/// events in it. The lines do not depend on how the bytes are cut into pieces.
///
/// Nothing stops it. A chunk whose checksum is wrong is read and its records are flagged; between
/// records, bytes that are none are passed over up to the next record; a record that breaks off is
/// kept up to there. Records that a number says there were, and are not there, are counted. All
/// chunks of a file are read, also those its head does not know of: the head of a log that was
/// copied while it was written is older than they are.
package struct EventLogReader {
    /// A line that has flags: where it begins in the text of all events.
    struct Flagged: Hashable, Sendable {
        var offset: UInt64
        var flags: RowFlags
    }

    /// What is wrong, and how far the text reaches with which it is to be told.
    struct Fault: Hashable, Sendable {
        var offset: UInt64
        var faults: EventLogFaults
    }

    private let encoding: TextEncoding
    private var pending: [UInt8] = []
    private var isHeadRead = false
    private var isFinished = false
    /// The file was not closed, so that heads are older than records.
    private var isDirty = false
    /// The number behind that of the last record.
    private var nextNumber: UInt64?
    /// Bytes of text given so far.
    private var textBytes: UInt64 = 0
    private var flagged: [Flagged] = []
    private var faults: [Fault] = []

    /// - Parameter encoding: of the strings that are not UTF-16, which old programs write.
    package init(encoding: TextEncoding) { self.encoding = encoding }

    /// Back to before the first byte.
    mutating func restart() { self = EventLogReader(encoding: encoding) }

    /// Whether a file that begins like this is an event log.
    static func begins(_ bytes: Span<UInt8>) -> Bool {
        let magic = EventLogFormat.fileMagic
        return bytes.count >= magic.count
            && ByteSearch.equal(bytes, 0..<magic.count, magic.span)
    }

    /// Takes bytes and appends the events that they complete, each with a line feed.
    ///
    /// - Complexity: O(bytes), with what `Limits` allows for each chunk as its factor.
    package mutating func take(_ bytes: Span<UInt8>, into text: inout [UInt8]) {
        var at = 0
        while at < bytes.count {
            let size = isHeadRead ? EventLogFormat.chunkBytes : EventLogFormat.fileHeaderBytes
            let end = min(bytes.count, at + size - pending.count)
            pending.append(bytes, at..<end)
            at = end
            if pending.count == size { takePending(into: &text) }
        }
    }

    /// Nothing follows: half a chunk gives what it has.
    package mutating func finish(into text: inout [UInt8]) {
        if isFinished || pending.isEmpty && isHeadRead { return }
        isFinished = true
        tell { $0.isCut = true }
        if isHeadRead, pending.count > EventLogFormat.chunkHeaderBytes {
            pending += repeatElement(0, count: EventLogFormat.chunkBytes - pending.count)
            takePending(into: &text)
        }
        pending = []
    }

    /// The flags of the line that begins at a place; forgets those before it.
    mutating func flags(at offset: UInt64) -> RowFlags {
        let passed = flagged.prefix { $0.offset < offset }.count
        if passed > 0 { flagged.removeFirst(passed) }
        return flagged.first.flatMap { $0.offset == offset ? $0.flags : nil } ?? []
    }

    /// What is to be told once the text is taken up to a place; told once.
    mutating func faults(upTo offset: UInt64) -> EventLogFaults {
        var told = EventLogFaults()
        let passed = faults.prefix { $0.offset <= offset }.count
        for fault in faults.prefix(passed) { told.add(fault.faults) }
        if passed > 0 { faults.removeFirst(passed) }
        return told
    }

    private mutating func takePending(into text: inout [UInt8]) {
        if isHeadRead {
            takeChunk(into: &text)
        } else {
            takeHead()
        }
        pending.removeAll(keepingCapacity: true)
    }

    private mutating func takeHead() {
        isHeadRead = true
        let fields = BinaryXML(chunk: pending, encoding: encoding)
        isDirty = fields.u32(120) & EventLogFormat.dirty != 0
        let isWhole = fields.u32(124) == EventLogFormat.checksum(pending, 0..<120)
        if !isWhole || fields.u16(38) != 3 {
            isDirty = true
            tell { $0.isHeadDamaged = true }
        }
    }

    private mutating func takeChunk(into text: inout [UInt8]) {
        // What is set aside for more of them, and not written yet.
        if pending.allSatisfy({ $0 == 0 }) { return }
        var chunk = EventLogChunk(pending, encoding: encoding, isDirty: isDirty)
        chunk.read(after: nextNumber)
        nextNumber = chunk.nextNumber ?? nextNumber
        for (offset, flags) in chunk.flagged {
            flagged.append(Flagged(offset: textBytes + UInt64(offset), flags: flags))
        }
        text += chunk.text
        textBytes += UInt64(chunk.text.count)
        let found = chunk.faults
        if !found.isEmpty { tell { $0.add(found) } }
    }

    private mutating func tell(_ change: (inout EventLogFaults) -> Void) {
        if faults.last?.offset != textBytes {
            faults.append(Fault(offset: textBytes, faults: EventLogFaults()))
        }
        change(&faults[faults.count - 1].faults)
    }
}
