import CHisui
import HisuiBytes

/// Ranges of entries by a number of 64 bits: a table that is made once and only read then.
struct Buckets {
    private struct Slot {
        var key: UInt64 = 0
        var first: UInt32 = 0
        var end: UInt32 = 0
    }

    /// Twice as many as there are keys, or more; an empty slot has an empty range.
    private var slots: [Slot] = []
    private var shift: UInt64 = 0

    init() {}

    /// - Parameter keys: each once; no range is empty.
    init(_ keys: [(UInt64, Range<Int>)]) {
        var bits: UInt64 = 2
        while 1 << bits < keys.count * 2 { bits += 1 }
        slots = [Slot](repeating: Slot(), count: 1 << Int(bits))
        shift = 64 - bits
        for (key, range) in keys {
            var at = place(key)
            while slots[at].end > slots[at].first { at = (at + 1) & (slots.count - 1) }
            slots[at] = Slot(
                key: key, first: UInt32(range.lowerBound), end: UInt32(range.upperBound))
        }
    }

    var isEmpty: Bool { slots.isEmpty }

    subscript(key: UInt64) -> Range<Int>? {
        if slots.isEmpty { return nil }
        var at = place(key)
        while true {
            let slot = slots[at]
            if slot.end == slot.first { return nil }
            if slot.key == key { return Int(slot.first)..<Int(slot.end) }
            at = (at + 1) & (slots.count - 1)
        }
    }

    private func place(_ key: UInt64) -> Int {
        Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> shift)
    }
}

/// Grams of two or four bytes that are sought in values, and what they stand for.
struct Grams {
    let buckets: Buckets
    /// A bit for each hash, some of which are set.
    private let marks: [UInt64]
    private let shift: UInt32

    /// Bits for each gram: of places that have none of them, one in so many is looked up in vain.
    private static let bitsEach = 32
    private static let bitsMax = 20

    init(_ keys: [(UInt64, Range<Int>)] = []) {
        buckets = keys.isEmpty ? Buckets() : Buckets(keys)
        var bits = 10
        while bits < Self.bitsMax, 1 << bits < keys.count * Self.bitsEach { bits += 1 }
        shift = UInt32(32 - bits)
        var marks = [UInt64](repeating: 0, count: keys.isEmpty ? 0 : 1 << (bits - 6))
        for (gram, _) in keys {
            let place = Int(hisui_gram_hash(UInt32(gram)) >> shift)
            marks[place >> 6] |= 1 << UInt64(place & 63)
        }
        self.marks = marks
    }

    var isEmpty: Bool { marks.isEmpty }

    /// Calls `body` with places from `from` on where a gram may begin that is sought, and with the
    /// gram there. Not with all of them at once: `from` is where to go on.
    @inline(__always)
    func forEachPlace(
        in text: Span<UInt8>, _ width: Int, from: inout Int, _ body: (Int, UInt32) -> Void
    ) {
        var places = InlineArray<64, UInt32>(repeating: 0)
        var next = from
        var span = places.mutableSpan
        let found = unsafe span.withUnsafeMutableBufferPointer { room in
            unsafe text.withUnsafeBufferPointer { bytes in
                unsafe marks.withUnsafeBufferPointer { marks in
                    // Safe: the function reads `count` bytes, a bit for any hash by the size of
                    // `marks`, and writes at most as many places as there is room for.
                    guard let base = bytes.baseAddress, let bits = marks.baseAddress,
                        let out = room.baseAddress
                    else { return 0 }
                    return width == 4
                        ? unsafe hisui_grams_of_four(
                            base, bytes.count, &next, bits, shift, out, room.count)
                        : unsafe hisui_grams_of_two(
                            base, bytes.count, &next, bits, shift, out, room.count)
                }
            }
        }
        from = next
        for index in 0..<found {
            let place = Int(places[index])
            body(place, Self.gram(text, at: place, width))
        }
    }

    /// The bytes at `at` as a number, the first one being the lowest.
    static func gram(_ text: Span<UInt8>, at: Int, _ width: Int) -> UInt32 {
        var gram: UInt32 = 0
        for index in 0..<width { gram |= UInt32(text[at + index]) << UInt32(8 * index) }
        return gram
    }
}

/// How common grams are: in how many of the texts sought they stand, and of what they are made.
struct GramCounts {
    private var counts: [UInt32: Int] = [:]

    init(_ triggers: some Sequence<Trigger>) {
        for trigger in triggers where trigger.place == .inside && trigger.text.count >= 4 {
            let text = trigger.text.map(ByteSearch.lowered)
            for at in 0...text.count - 4 {
                counts[Grams.gram(text.span, at: at, 4), default: 0] += 1
            }
        }
    }

    /// The gram of `text` that is met least, where in it it stands, and its width.
    func rarest(of text: [UInt8]) -> (gram: UInt32, at: Int, width: Int) {
        let width = text.count >= 4 ? 4 : 2
        var best: (gram: UInt32, at: Int, weight: Double) = (0, 0, .infinity)
        for at in 0...text.count - width {
            let gram = Grams.gram(text.span, at: at, width)
            var weight = Double(counts[gram] ?? 1)
            for byte in text[at..<at + width] { weight *= Self.weight(byte) }
            if weight < best.weight { best = (gram, at, weight) }
        }
        return (best.gram, best.at, width)
    }

    /// How common a byte is in paths and commands, roughly.
    private static func weight(_ byte: UInt8) -> Double {
        switch byte {
        case UInt8(ascii: "e"), UInt8(ascii: "s"), UInt8(ascii: "i"), UInt8(ascii: "o"),
            UInt8(ascii: "t"), UInt8(ascii: "r"), UInt8(ascii: "n"), UInt8(ascii: "a"),
            UInt8(ascii: "\\"), UInt8(ascii: " "), UInt8(ascii: "."), UInt8(ascii: "0"):
            4
        case UInt8(ascii: "j"), UInt8(ascii: "q"), UInt8(ascii: "z"): 1
        case UInt8(ascii: "a")...UInt8(ascii: "z"): 2.5
        case UInt8(ascii: "0")...UInt8(ascii: "9"): 2
        default: 1
        }
    }
}
