import HisuiBytes
import HisuiEvent
import HisuiShape

/// A parser's own copy of what it needs of the shapes it has met: finds the number of a record's
/// shape without a lock, an allocation or a look at the shape itself.
///
/// A table with open addressing by key; an entry names its literals, which all stand in one array.
/// What the key finds is compared in full before it is believed. Belongs to one parser.
struct ShapeCache {
    private struct Entry {
        var key: UInt64 = 0
        var layout = RowLayout(form: .syslog)
        var shape: UInt32 = 0
        /// In `literals`.
        var firstByte: UInt32 = 0
        /// In `ends`; there are as many as slots, and one more.
        var firstEnd: UInt32 = 0
        var slotCount: UInt16 = 0
        var isUsed = false
    }

    private var entries: [Entry]
    private var mask: Int
    private(set) var count = 0
    private var literals: [UInt8] = []
    private var ends: [UInt32] = []

    init() {
        entries = Array(repeating: Entry(), count: 1024)
        mask = 1023
    }

    /// The number of the shape of a record that is made up so, if it is known.
    ///
    /// - Parameters:
    ///   - record: up to the message where the layout says what its text is, and so `slots`.
    /// - Complexity: O(length of the fixed text).
    @inline(__always)
    func find(
        _ record: Span<UInt8>, _ slots: Span<ByteRange>, _ layout: RowLayout, key: UInt64
    ) -> UInt32? {
        var place = Int(truncatingIfNeeded: key) & mask
        while entries[place].isUsed {
            if entries[place].key == key, entries[place].layout == layout,
                Int(entries[place].slotCount) == slots.count
            {
                let first = Int(entries[place].firstEnd)
                if FixedText.equals(
                    record, around: slots, literals: literals.span,
                    from: Int(entries[place].firstByte),
                    ends: ends.span.extracting(first..<first + slots.count + 1))
                {
                    return entries[place].shape
                }
            }
            place = (place + 1) & mask
        }
        return nil
    }

    /// Remembers the shape of a record that was not found.
    mutating func insert(_ shape: Shape, _ number: UInt32, _ layout: RowLayout, key: UInt64) {
        if (count + 1) * 2 > entries.count { grow() }
        var entry = Entry()
        entry.key = key
        entry.layout = layout
        entry.shape = number
        entry.firstByte = UInt32(literals.count)
        entry.firstEnd = UInt32(ends.count)
        let first = Int(layout.bodyFirst)
        entry.slotCount = UInt16(layout.isTextKnown ? first : shape.slots.count)
        entry.isUsed = true
        for (number, literal) in shape.literals.enumerated() {
            let isLast = layout.isTextKnown && number == first
            literals.append(
                contentsOf: isLast ? literal.prefix(Int(layout.messageFirstByte)) : literal[...])
            ends.append(UInt32(literals.count))
            if isLast { break }
        }
        place(entry)
        count += 1
    }

    private mutating func place(_ entry: Entry) {
        var place = Int(truncatingIfNeeded: entry.key) & mask
        while entries[place].isUsed { place = (place + 1) & mask }
        entries[place] = entry
    }

    private mutating func grow() {
        let old = entries
        entries = Array(repeating: Entry(), count: old.count * 2)
        mask = entries.count - 1
        for entry in old where entry.isUsed { place(entry) }
    }
}
