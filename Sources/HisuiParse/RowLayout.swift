import HisuiBytes
import HisuiEvent
import HisuiShape

/// How a row is made up, apart from its fixed text: what two records of one shape share beside it.
///
/// Layout and fixed text together fix the shape. Layouts are compared and never only hashed: a
/// message may hold any text, also one that looks like the header or the fields of another record,
/// and must not be taken for it.
struct RowLayout: Equatable {
    /// Kinds and roles of the header's first slots.
    var header: UInt64 = 0
    /// Rule and choices, for a message that a rule knows.
    var choices: UInt64 = 0
    var rule: UInt32 = RowLayout.automatic
    /// Where the message begins in the literal before its first slot.
    var messageFirstByte: UInt32 = 0
    /// Where it ends in the literal after its last slot; without slots that is the same literal.
    var messageLastByte: UInt32 = 0
    /// The message's slots.
    var bodyFirst: UInt16 = 0
    var bodyCount: UInt16 = 0
    var form: RecordForm
    var variant: SyslogHeader.Variant = []
    var structure: Shape.Structure = .text
    var encoding: TextEncoding = .utf8
    /// The rules saw other bytes in front of the message than those of the record.
    var isReworded = false
    /// A journal entry of a unit other than the manager's own: see `JournalFields`.
    var isFromUnit = false
    /// The last of the message's slots are values of pairs behind what a template takes.
    var hasPairs = false
    /// How named values are read: one more than the number in `Parser.choices`; 0 where there are
    /// none.
    var choice: UInt16 = 0

    /// The rule number of messages that no rule knows.
    static let automatic = UInt32.max

    init(form: RecordForm) { self.form = form }

    var isAutomatic: Bool { rule == RowLayout.automatic }

    /// Whether the layout fixes all text from the beginning of the message on: rule and choices do,
    /// where the message is the end of the record and the rule has seen the record's own bytes.
    var isTextKnown: Bool {
        !isAutomatic && form != .journal && encoding == .utf8 && !hasPairs && !isReworded
    }

    /// Takes down the header's slots.
    @inline(__always)
    mutating func takeHeader(_ kinds: [Shape.Slot]) {
        var header: UInt64 = 1
        for index in 0..<min(kinds.count, 9) {
            let slot = kinds[index]
            header = header << 7 | UInt64(slot.kind.rawValue) << 3 | UInt64(slot.role.rawValue)
        }
        self.header = header
    }

    /// Takes down where the message and its slots stand, which are all those from `first` on.
    @inline(__always)
    mutating func takeBody(_ slots: [ByteRange], first: Int, message: Range<Int>) {
        takeBody(slots, first: first, count: slots.count - first, message: message)
    }

    @inline(__always)
    mutating func takeBody(_ slots: [ByteRange], first: Int, count: Int, message: Range<Int>) {
        let before = first > 0 ? slots[first - 1].range.upperBound : 0
        let last = count > 0 ? slots[first + count - 1].range.upperBound : before
        bodyFirst = UInt16(truncatingIfNeeded: first)
        bodyCount = UInt16(truncatingIfNeeded: count)
        messageFirstByte = UInt32(truncatingIfNeeded: message.lowerBound - before)
        messageLastByte = UInt32(truncatingIfNeeded: message.upperBound - last)
    }

    /// The layout as one number, to look for it.
    @inline(__always)
    var hash: UInt64 {
        let places = UInt64(messageFirstByte) << 32 | UInt64(messageLastByte)
        let kind =
            (isReworded ? 1 << 13 : 0) | (isFromUnit ? 1 << 12 : 0) | UInt64(structure.rawValue)
            << 4
            | UInt64(encoding.rawValue)
        let counts =
            kind << 48 | UInt64(bodyFirst) << 32 | UInt64(bodyCount) << 16
            | UInt64(form.rawValue) << 8 | UInt64(variant.rawValue)
        return header &* 0x9E37_79B9_7F4A_7C15 ^ places &* 0xC2B2_AE3D_27D4_EB4F
            ^ counts &* 0x1656_67B1_9E37_79F9 ^ UInt64(choice) &* 0xD6E8_FEB8_6659_FD93
    }

    /// The part of the record that is the message.
    var message: Shape.Stretch {
        Shape.Stretch(
            first: Int(bodyFirst), firstByte: Int(messageFirstByte),
            last: Int(bodyFirst) + Int(bodyCount), lastByte: Int(messageLastByte))
    }
}
