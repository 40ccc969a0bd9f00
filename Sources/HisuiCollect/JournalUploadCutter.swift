import HisuiBytes
package import HisuiEvent

/// Cuts what `systemd-journal-upload` sends into entries, and makes of each the record that reading
/// the sender's journal would have made: see `JournalRecord`.
///
/// The stream is in journal export format (see `JournalEntryCutter`); each entry begins with its
/// cursor. Entries that were taken before are counted as deduplicated and not given again. An entry
/// without a cursor that can be read begins with the lines that it has in place of one.
///
/// What breaks the format ends at the next blank line: the entry has the fields before it, and at
/// the end of the stream the one that is cut off, and the flag `framingError`. Fields beyond the
/// limit are cut as `JournalRecord` cuts them, and flagged `truncated`. No memory is taken for a
/// length that is claimed, only for bytes that came. The entries do not depend on how the stream is
/// split into reads.
package struct JournalUploadCutter {
    private enum State {
        case line
        /// Bytes of the length still to come.
        case length(Int)
        case value(UInt64)
        case valueEnd
        /// A line of an entry that broke the format.
        case skip
    }

    private var state = State.line
    /// The field that is read, up to the limit; what is beyond it is passed over.
    private var field: [UInt8] = []
    /// Bytes of the line or value that have come.
    private var came = 0
    private var length: UInt64 = 0
    /// With what the entry says where it stood, and that read; nil: it cannot be.
    private var cursor: [UInt8] = []
    private var place: JournalCursor?
    /// Other lines that are no fields, for an entry without a cursor.
    private var head: [UInt8] = []
    private var record = JournalRecord()
    private var hasFields = false
    private var flags: RowFlags = []
    private let limit: Int

    /// - Parameter limit: of a record; at least `headBytesMax`.
    package init(limit: Int = Limits.recordBytesMax) {
        self.limit = limit
        record.begin(room: limit - Self.headBytesMax)
    }

    /// What it keeps of an entry that is not whole.
    var heldBytes: Int { Self.ownBytes + field.count + record.heldBytes }

    /// Takes bytes and appends the entries they end, until the batch is full.
    ///
    /// - Returns: where it stopped.
    package mutating func take(
        _ bytes: Span<UInt8>, _ range: Range<Int>, received: Timestamp, sender: UInt32,
        known: inout UploadedEntries, into batch: inout RecordBatch
    ) -> Int {
        var i = range.lowerBound
        while i < range.upperBound, !LineCutter.isFull(batch) {
            switch state {
            case .line, .skip:
                let end = ByteSearch.first(of: 0x0a, in: bytes, i..<range.upperBound)
                let stop = end ?? range.upperBound
                came += stop - i
                if case .line = state { keep(bytes, i..<stop) }
                i = stop
                guard end != nil else { break }
                i += 1
                if came == 0 {
                    endEntry(received, sender, &known, &batch)
                } else if case .line = state {
                    endLine()
                }
                came = 0
            case .length(let missing):
                length |= UInt64(bytes[i]) << UInt64(8 * (8 - missing))
                i += 1
                if missing > 1 {
                    state = .length(missing - 1)
                } else if length > UInt64(Limits.journalFieldBytesMax) {
                    breakOff()
                } else {
                    state = length > 0 ? .value(length) : .valueEnd
                }
            case .value(let left):
                let count = Int(min(left, UInt64(range.upperBound - i)))
                keep(bytes, i..<i + count)
                i += count
                state = left > UInt64(count) ? .value(left - UInt64(count)) : .valueEnd
            case .valueEnd:
                if bytes[i] == 0x0a {
                    i += 1
                    endField()
                } else {
                    breakOff()
                }
            }
        }
        return i
    }

    /// The stream is at its end, in an orderly way: an entry without its blank line counts, half a
    /// field is flagged.
    package mutating func finish(
        received: Timestamp, sender: UInt32, known: inout UploadedEntries,
        into batch: inout RecordBatch
    ) {
        switch state {
        case .skip: break
        case .line where came == 0: break
        case .length: flags.insert(.framingError)
        case .line, .value, .valueEnd:
            flags.insert(.framingError)
            if field.contains(UInt8(ascii: "=")) { endField() }
        }
        endEntry(received, sender, &known, &batch)
    }

    // MARK: Fields

    private mutating func keep(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        let room = max(0, limit - field.count)
        field.append(bytes, range.lowerBound..<range.lowerBound + min(room, range.count))
        if range.count > room { flags.insert(.truncated) }
    }

    private mutating func endLine() {
        if field.contains(UInt8(ascii: "=")) { return endField() }
        guard isName(field) else { return breakOff() }
        field.append(UInt8(ascii: "="))
        length = 0
        state = .length(8)
    }

    private mutating func endField() {
        if field.starts(with: Self.cursorName) {
            takeCursor()
        } else if field.starts(with: "__".utf8) {
            keepHead()
        } else {
            if field.starts(with: Self.bootName) { keepHead() } else { hasFields = true }
            var taken: [UInt8] = []
            swap(&taken, &field)
            record.take(taken.span)
            swap(&taken, &field)
        }
        forgetField()
    }

    private mutating func takeCursor() {
        guard cursor.isEmpty else { return }
        cursor = Array(field[Self.cursorName.count...].prefix(257))
        place = JournalCursor(cursor.span)
        guard let place, !hasFields else { return }
        // As much room as the entry has where it is read from the journal.
        var head: [UInt8] = []
        JournalExport.appendHead(place, cursor.span, to: &head)
        record.begin(room: limit - head.count)
    }

    private mutating func keepHead() {
        guard head.count + field.count < Self.headBytesMax else { return }
        head += field
        head.append(0x0a)
    }

    private mutating func forgetField() {
        field.removeAll(keepingCapacity: field.capacity <= Self.roomKept)
        state = .line
    }

    private mutating func breakOff() {
        flags.insert(.framingError)
        forgetField()
        state = .skip
        came = 1
    }

    private func isName(_ bytes: [UInt8]) -> Bool {
        bytes.count <= Limits.journalNameBytesMax
            && bytes.allSatisfy { byte in
                byte == UInt8(ascii: "_") || byte &- 0x30 <= 9 || byte &- 0x41 <= 25
            }
    }

    // MARK: Entries

    private mutating func endEntry(
        _ received: Timestamp, _ sender: UInt32, _ known: inout UploadedEntries,
        _ batch: inout RecordBatch
    ) {
        defer { beginEntry() }
        guard hasFields || !flags.isEmpty || !cursor.isEmpty else { return }
        if let place, !known.take(place) {
            batch.account.deduplicated += 1
            return
        }
        let offset = batch.bytes.count
        if let place {
            JournalExport.appendHead(place, cursor.span, to: &batch.bytes)
        } else {
            batch.bytes += head
        }
        record.write(to: &batch.bytes)
        if !record.isWhole { flags.insert(.truncated) }
        batch.entries.append(
            RecordBatch.Entry(
                offset: UInt32(offset), count: UInt32(batch.bytes.count - offset),
                received: received, sender: sender, flags: flags))
    }

    private mutating func beginEntry() {
        cursor.removeAll(keepingCapacity: true)
        place = nil
        head.removeAll(keepingCapacity: true)
        flags = []
        hasFields = false
        record.begin(room: limit - Self.headBytesMax)
        forgetField()
        came = 0
    }

    private static let cursorName = Array("__CURSOR=".utf8)
    private static let bootName = Array("_BOOT_ID=".utf8)
    /// What stands before the fields: four short lines and one of 256 bytes at most.
    private static let headBytesMax = 512
    /// What a cutter takes that has seen nothing: the room of `JournalRecord`.
    private static let ownBytes = 24 << 10
    /// Room that is kept for the next field.
    private static let roomKept = 16_384
}
