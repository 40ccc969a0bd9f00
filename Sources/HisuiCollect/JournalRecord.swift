import HisuiBytes
import HisuiEvent

/// Makes the record of one journal entry: its fields in one stable order, in export format.
///
/// libsystemd hands fields over by their place in the journal's file, so entries of one kind come
/// in as many orders as there are fields written before; the order says nothing. A record has them
/// in byte order of their names (what the sender says before what journald says, because the
/// latter begins with an underscore) and those of one name as they came.
///
/// An entry that is longer than a record may be is flagged by `isWhole`; its longest fields are
/// cut first, so that one field never costs all others. One value is filled again for each entry,
/// so that none allocates.
package struct JournalRecord {
    private struct Field {
        /// In `bytes`, with the name.
        var offset: Int
        var count: Int
        var nameCount: Int
        /// The name's first 16 bytes as numbers, zeros behind it.
        var high: UInt64
        var low: UInt64
    }

    private var bytes: [UInt8] = []
    private var fields: [Field] = []
    private var order: [Int] = []
    /// What the record may still grow.
    private var room = 0
    /// Whether every field was kept, with its whole value.
    package private(set) var isWhole = true

    package init() {
        bytes.reserveCapacity(1 << 14)
        fields.reserveCapacity(64)
        order.reserveCapacity(64)
    }

    /// Bytes that it keeps of the entry.
    var heldBytes: Int { bytes.count }

    /// Begins an entry whose fields may take `room` bytes.
    package mutating func begin(room: Int) {
        bytes.removeAll(keepingCapacity: true)
        fields.removeAll(keepingCapacity: true)
        self.room = room
        isWhole = true
    }

    /// Takes one field, given as `NAME=value`.
    ///
    /// Leaves out what journalctl leaves out too: `_BOOT_ID`, which the head says already, and
    /// what has no name.
    package mutating func take(_ data: Span<UInt8>) {
        guard let field = named(data) else { return }
        guard fields.count < Limits.journalFieldsMax else {
            isWhole = false
            return
        }
        let charge = field.count + JournalExport.overheadMax
        if charge > room { return squeeze(in: field, data) }
        room -= charge
        append(field, data)
    }

    /// Appends the fields to `target`, in order.
    ///
    /// - Complexity: O(bytes, and names squared; entries have some 25 of them).
    package mutating func write(to target: inout [UInt8]) {
        sort()
        let source = bytes.span
        for number in order {
            let field = fields[number]
            JournalExport.append(
                source.extracting(field.offset..<field.offset + field.count),
                nameCount: field.nameCount, to: &target)
        }
    }

    // MARK: Names

    /// The field with its name read: 1 to 64 of `A-Z 0-9 _`, no digit first, then "=".
    private func named(_ data: Span<UInt8>) -> Field? {
        var field = Field(offset: 0, count: data.count, nameCount: 0, high: 0, low: 0)
        let end = min(data.count, Limits.journalNameBytesMax + 1)
        while field.nameCount < end {
            let (letters, count) = Self.letters(data, field.nameCount, end)
            if field.nameCount == 0 {
                field.high = letters
            } else if field.nameCount == 8 {
                field.low = letters
            }
            field.nameCount += count
            if count == 8 { continue }
            let at = field.nameCount
            guard at > 0, at < end, data[at] == UInt8(ascii: "="), data[0] > 0x39,
                at != 8 || field.high != Self.bootID
            else { return nil }
            return field
        }
        return nil
    }

    /// The letters of a name from `at` on, at most 8, as a number with the first one on top; and
    /// how many there are.
    @inline(__always)
    private static func letters(_ data: Span<UInt8>, _ at: Int, _ end: Int) -> (UInt64, Int) {
        var word: UInt64 = 0
        if at + 8 <= end {
            // Safe: 8 bytes from `at` on are within the span; integers have no invalid bits.
            word = unsafe data.bytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: at, as: UInt64.self
            ).bigEndian
        } else {
            for i in at..<end { word |= UInt64(data[i]) << UInt64(56 - 8 * (i - at)) }
        }
        // The high bit of each byte of `others` is set where there is no letter of a name. The
        // sums carry nothing from byte to byte once the high bits are off.
        let low = word & ~Self.highs
        func least(_ byte: UInt64) -> UInt64 { low &+ (0x80 - byte) &* Self.ones }
        let digit = least(0x30) & ~least(0x3A)
        let capital = least(0x41) & ~least(0x5B)
        let underscore = least(0x5F) & ~least(0x60)
        let others = (word | ~(digit | capital | underscore)) & Self.highs
        let count = others.leadingZeroBitCount / 8
        return (count == 8 ? word : word & ~(UInt64.max >> UInt64(8 * count)), count)
    }

    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highs: UInt64 = 0x8080_8080_8080_8080

    /// `_BOOT_ID` as a number.
    private static let bootID: UInt64 = 0x5F42_4F4F_545F_4944

    private mutating func append(_ field: Field, _ data: Span<UInt8>) {
        var field = field
        field.offset = bytes.count
        unsafe data.extracting(0..<field.count).withUnsafeBufferPointer { buffer in
            // Safe: the buffer is read inside this closure only.
            unsafe bytes.append(contentsOf: buffer)
        }
        fields.append(field)
    }

    // MARK: Order

    private mutating func sort() {
        order.removeAll(keepingCapacity: true)
        for number in fields.indices {
            var place = order.count
            order.append(number)
            while place > 0, isBefore(number, order[place - 1]) {
                order[place] = order[place - 1]
                place -= 1
            }
            order[place] = number
        }
    }

    /// Whether the name of field `left` is smaller than that of field `right`.
    @inline(__always)
    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        let (a, b) = (fields[left], fields[right])
        if a.high != b.high { return a.high < b.high }
        if a.low != b.low { return a.low < b.low }
        return hasSmallerEnd(a, b)
    }

    /// Compares names whose first 16 bytes are the same.
    private func hasSmallerEnd(_ a: Field, _ b: Field) -> Bool {
        var at = 16
        while at < a.nameCount, at < b.nameCount {
            let (left, right) = (bytes[a.offset + at], bytes[b.offset + at])
            if left != right { return left < right }
            at += 1
        }
        return a.nameCount < b.nameCount
    }

    // MARK: Too much

    /// Makes room for a field by cutting the longest ones, itself included.
    private mutating func squeeze(in field: Field, _ data: Span<UInt8>) {
        isWhole = false
        var field = field
        var charge = field.count + JournalExport.overheadMax
        while charge > room {
            var longest = -1
            for number in fields.indices
            where fields[number].count > (longest < 0 ? field.count : fields[longest].count) {
                longest = number
            }
            let missing = charge - room
            if longest >= 0 {
                let least = max(field.count, fields[longest].nameCount + 1)
                let cut = min(missing, fields[longest].count - least)
                guard cut > 0 else { return }
                fields[longest].count -= cut
                room += cut
            } else {
                // It is the longest itself.
                let count = max(field.nameCount + 1, field.count - missing)
                guard count + JournalExport.overheadMax <= room else { return }
                field.count = count
                charge = count + JournalExport.overheadMax
            }
        }
        room -= charge
        append(field, data)
    }
}
