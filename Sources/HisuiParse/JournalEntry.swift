import HisuiBytes
import HisuiEvent
import HisuiShape

/// A journal entry in the export format, taken apart into its fields.
///
///     NAME=value LF                                  values without line feeds
///     NAME LF <length: 8 bytes, little-endian> value LF     any value
///
/// Names may repeat. Every value is a slot, and so is a length, because it varies with its value.
/// One `JournalEntry` is filled again for each record, so that none allocates.
struct JournalEntry {
    struct Field {
        var name: ByteRange
        var value: ByteRange
        /// The value's length stands before it in 8 bytes.
        var hasLength: Bool
    }

    private(set) var fields: [Field] = []
    /// Indices into `fields` of the first field of that name, or -1.
    private(set) var message = -1
    private(set) var realtime = -1
    private(set) var identifier = -1
    private(set) var comm = -1
    private(set) var host = -1
    private(set) var pid = -1
    private(set) var unit = -1
    private(set) var transport = -1
    private(set) var auditID = -1
    private(set) var sourceTime = -1
    /// Slots of all fields but the message's own.
    private(set) var slotCount = 0

    init() { fields.reserveCapacity(256) }

    /// Takes a record apart; false if it is no journal entry, or has too many fields.
    ///
    /// - Complexity: O(length of the record).
    mutating func scan(_ record: Span<UInt8>, fieldsMax: Int) -> Bool {
        fields.removeAll(keepingCapacity: true)
        (message, realtime, identifier, comm, host, pid) = (-1, -1, -1, -1, -1, -1)
        (unit, transport, auditID, sourceTime) = (-1, -1, -1, -1)
        slotCount = 0
        let end = record.count
        var at = 0
        while at < end {
            let start = at
            while at < end, isName(record[at]) { at += 1 }
            let name = start..<at
            guard !name.isEmpty, name.count <= Limits.journalNameBytesMax, at < end else {
                return false
            }
            var value: Range<Int>
            let hasLength = record[at] == 0x0A
            at += 1
            if hasLength {
                guard end - at >= 8 else { return false }
                let count = UInt64(littleEndian: record.word(at))
                at += 8
                guard count <= UInt64(end - at) else { return false }
                value = at..<at + Int(count)
            } else {
                guard record[at - 1] == 0x3D else { return false }
                value = at..<(ByteSearch.first(of: 0x0A, in: record, at..<end) ?? end)
            }
            at = value.upperBound
            if at < end {
                guard record[at] == 0x0A else { return false }
                at += 1
            }
            guard slotCount < fieldsMax else { return false }
            remember(record, name)
            slotCount += hasLength ? 2 : 1
            fields.append(
                Field(name: ByteRange(name), value: ByteRange(value), hasLength: hasLength))
        }
        return !fields.isEmpty
    }

    @inline(__always)
    private func isName(_ byte: UInt8) -> Bool {
        byte &- 0x41 <= 25 || byte == 0x5F || byte &- 0x30 <= 9 || byte &- 0x61 <= 25
    }

    @inline(__always)
    private mutating func remember(_ record: Span<UInt8>, _ name: Range<Int>) {
        let number = fields.count
        switch name.count {
        case 4:
            if pid < 0, record.holds("_PID", at: name.lowerBound) { pid = number }
        case 5:
            if comm < 0, record.holds("_COMM", at: name.lowerBound) { comm = number }
        case 7:
            if message < 0, record.holds("MESSAGE", at: name.lowerBound) { message = number }
        case 9:
            if host < 0, record.holds("_HOSTNAME", at: name.lowerBound) { host = number }
            if auditID < 0, record.holds("_AUDIT_ID", at: name.lowerBound) { auditID = number }
        case 10:
            if transport < 0, record.holds("_TRANSPORT", at: name.lowerBound) {
                transport = number
            }
        case 13:
            if unit < 0, record.holds("_SYSTEMD_UNIT", at: name.lowerBound) { unit = number }
        case 17:
            if identifier < 0, record.holds("SYSLOG_IDENTIFIER", at: name.lowerBound) {
                identifier = number
            }
        case 20:
            if realtime < 0, record.holds("__REALTIME_TIMESTAMP", at: name.lowerBound) {
                realtime = number
            }
        case 26:
            if sourceTime < 0, record.holds("_SOURCE_REALTIME_TIMESTAMP", at: name.lowerBound) {
                sourceTime = number
            }
        default: break
        }
    }

    /// Whether journald has read the message from the kernel's audit system, and says when it was
    /// and which.
    func isAudit(_ record: Span<UInt8>) -> Bool {
        guard auditID >= 0, sourceTime >= 0, transport >= 0 else { return false }
        let value = fields[transport].value.range
        return value.count == 5 && record.holds("audit", at: value.lowerBound)
    }

    /// Index of the field that names the program for the rules, or -1.
    var programField: Int { identifier >= 0 ? identifier : comm }

    /// Whether the sender is of a unit that is not the manager's own, `init.scope`.
    func isFromUnit(_ record: Span<UInt8>) -> Bool {
        guard unit >= 0 else { return false }
        let value = fields[unit].value.range
        return value.count != 10 || !record.holds("init.scope", at: value.lowerBound)
    }

    /// When the journal took the entry, by its own clock.
    func time(_ record: Span<UInt8>) -> Timestamp {
        guard realtime >= 0,
            let micros: Int64 = DecimalText.parse(record, fields[realtime].value.range),
            micros >= 0, micros <= Int64.max / 1000
        else { return .none }
        return Timestamp(nanoseconds: micros * 1000)
    }

    /// Kind and role of a field's value.
    @inline(__always)
    func slot(_ number: Int) -> Shape.Slot {
        if number == realtime { return Shape.Slot(.integer, role: .time) }
        if number == host { return Shape.Slot(.word, role: .host) }
        if number == programField { return Shape.Slot(.word, role: .program) }
        if number == pid { return Shape.Slot(.integer, role: .pid) }
        return Shape.Slot(.word)
    }
}

extension Span<UInt8> {
    /// Whether `text` stands at `at`; its bytes must lie inside the span.
    @inline(__always)
    func holds(_ text: StaticString, at: Int) -> Bool {
        let count = text.utf8CodeUnitCount
        guard at + count <= self.count else { return false }
        for index in 0..<count {
            // Safe: the literal has `count` bytes and lives for ever.
            if unsafe self[at + index] != text.utf8Start[index] { return false }
        }
        return true
    }
}
