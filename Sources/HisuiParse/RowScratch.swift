public import HisuiBytes
public import HisuiShape

/// What is known so far of the row being made: filled from left to right by the header, the
/// matching rule or the automatic shape, emptied before the next record.
///
/// One lives as long as its parser, so that its arrays keep their storage and no record allocates.
/// Whoever appends keeps two promises:
/// - `slots` are spans of the record (0 is the record's first byte), in order, not overlapping; an
///   empty slot is allowed;
/// - `kinds` has one element for each slot of a header, and of a journal entry's fields; those of a
///   message are known by its rule, or guessed from the first record of the shape.
///
/// The literals of a shape stand nowhere here: they are the gaps between the slots in the record
/// itself, so literals and slots make up the record by construction.
public struct RowScratch: Sendable {
    public var slots: [ByteRange] = []
    public var kinds: [Shape.Slot] = []
    /// Names the shape together with the gaps: what else the row's shape depends on.
    ///
    /// Everyone who contributes mixes it in (`Hash64.mix`). It finds a shape and is never trusted.
    public var key: UInt64 = 0

    /// Room for the slots of a rule being tried.
    var trial = [ByteRange](repeating: ByteRange(offset: 0, count: 0), count: RuleSlots.max)

    /// Room for marks of `FloatingRules`.
    var marks: [UInt64] = []

    /// Room for `MessageText`.
    var text = [UInt64](repeating: 0, count: MessageText.words)

    public init() {
        slots.reserveCapacity(256)
        kinds.reserveCapacity(256)
    }

    public mutating func reset() {
        slots.removeLast(slots.count)
        kinds.removeLast(kinds.count)
        key = 0
    }

    /// Takes back all slots of a header behind the first `count`.
    mutating func truncate(to count: Int) {
        slots.removeSubrange(count...)
        kinds.removeSubrange(min(count, kinds.count)...)
    }

    /// Appends the slots of a record that begins at `offset` to those of a batch.
    @inline(__always)
    func append(to all: inout [ByteRange], at offset: UInt32) {
        let slots = slots.span
        all.append(addingCapacity: slots.count) { out in
            for index in slots.indices {
                let slot = slots[index]
                out.append(ByteRange(offset: slot.offset &+ offset, count: slot.count))
            }
        }
    }

    @inline(__always)
    mutating func append(_ range: Range<Int>, _ kind: Shape.Kind, role: Shape.Role = .none) {
        slots.append(ByteRange(range))
        kinds.append(Shape.Slot(kind, role: role))
    }
}
