public import HisuiBytes

/// The fixed text of a record: the gaps that its slots leave, before, between and behind them.
public enum FixedText {
    private static let k0: UInt64 = 0x9E37_79B9_7F4A_7C15
    private static let k1: UInt64 = 0xD6E8_FEB8_6659_FD93

    /// A hash of the fixed text and of where in it the slots stand.
    ///
    /// Not cryptographic: who finds something by it compares with `equals`.
    ///
    /// - Parameter slots: spans of `record`, in order, not overlapping.
    /// - Complexity: O(length of the fixed text + number of slots).
    public static func hash(
        of record: Span<UInt8>, around slots: Span<ByteRange>, seed: UInt64 = 0
    ) -> UInt64 {
        unsafe record.withUnsafeBytes { bytes in
            var state = seed ^ k0
            var from = 0
            for index in slots.indices {
                let slot = slots[index]
                // Safe: slots are spans of the record, so `from...offset` lies inside it.
                unsafe fold(bytes, from, Int(slot.offset), &state)
                from = Int(slot.offset) &+ Int(slot.count)
            }
            unsafe fold(bytes, from, bytes.count, &state)
            return state ^ state >> 32
        }
    }

    /// Whether the gaps are, byte for byte, the given literals.
    ///
    /// - Parameters:
    ///   - literals: the literals one after the other, from `from` on.
    ///   - ends: where each of them ends in `literals`; one more than there are slots.
    public static func equals(
        _ record: Span<UInt8>, around slots: Span<ByteRange>, literals: Span<UInt8>,
        from: Int, ends: Span<UInt32>
    ) -> Bool {
        guard ends.count == slots.count + 1 else { return false }
        return unsafe record.withUnsafeBytes { bytes in
            unsafe literals.withUnsafeBytes { literals in
                var gap = 0
                var literal = from
                for index in slots.indices {
                    let gapEnd = Int(slots[index].offset)
                    let literalEnd = Int(ends[index])
                    // Safe: `same` reads nothing outside of either buffer.
                    guard unsafe same(bytes, gap..<gapEnd, literals, literal..<literalEnd) else {
                        return false
                    }
                    gap = gapEnd &+ Int(slots[index].count)
                    literal = literalEnd
                }
                // Safe: as above.
                return unsafe same(
                    bytes, gap..<bytes.count, literals, literal..<Int(ends[slots.count]))
            }
        }
    }

    /// Mixes the bytes from `first` up to `end`, and their number, into `state`.
    @unsafe
    @inline(__always)
    private static func fold(
        _ bytes: UnsafeRawBufferPointer, _ first: Int, _ end: Int, _ state: inout UInt64
    ) {
        var at = first
        while end &- at > 8 {
            // Safe: more than 8 bytes are left before `end`.
            state = product(state ^ (unsafe word(bytes, at)), k1)
            at &+= 8
        }
        let rest = end &- at
        // Safe: `rest` is at most 8 and ends at `end`, inside the buffer.
        let last = unsafe tail(bytes, at, rest)
        state = product(state ^ last, k0 ^ UInt64(truncatingIfNeeded: rest))
    }

    /// `count` bytes, 0 to 8, as a number.
    @unsafe
    @inline(__always)
    private static func tail(
        _ bytes: UnsafeRawBufferPointer, _ at: Int, _ count: Int
    ) -> UInt64 {
        if count == 0 { return 0 }
        if at &+ 8 <= bytes.count {
            // Safe: 8 bytes are inside the buffer; those behind `count` are shifted out.
            return unsafe word(bytes, at) &<< UInt64(truncatingIfNeeded: 64 &- count &* 8)
        }
        var value: UInt64 = 0
        for index in 0..<count {
            // Safe: the caller has `count` bytes at `at`.
            value |= UInt64(unsafe bytes[at &+ index]) &<< UInt64(truncatingIfNeeded: index &* 8)
        }
        return value &<< UInt64(truncatingIfNeeded: 64 &- count &* 8)
    }

    /// Whether the same bytes stand in both places; false if one lies outside of its buffer.
    @unsafe
    @inline(__always)
    private static func same(
        _ a: UnsafeRawBufferPointer, _ aRange: Range<Int>, _ b: UnsafeRawBufferPointer,
        _ bRange: Range<Int>
    ) -> Bool {
        let count = aRange.count
        guard count == bRange.count, aRange.upperBound <= a.count, bRange.upperBound <= b.count
        else { return false }
        var aAt = aRange.lowerBound
        var bAt = bRange.lowerBound
        while aRange.upperBound &- aAt > 8 {
            // Safe: more than 8 bytes are left of both, inside their buffers.
            if unsafe word(a, aAt) != word(b, bAt) { return false }
            aAt &+= 8
            bAt &+= 8
        }
        let rest = aRange.upperBound &- aAt
        if rest == 0 { return true }
        if aAt &+ 8 <= a.count, bAt &+ 8 <= b.count {
            // Safe: 8 bytes are inside both buffers; those behind the rest are shifted out.
            let difference = unsafe word(a, aAt) ^ word(b, bAt)
            return difference &<< UInt64(truncatingIfNeeded: 64 &- rest &* 8) == 0
        }
        // Safe: the rest is at most 8 bytes, inside both buffers.
        return unsafe tail(a, aAt, rest) == tail(b, bAt, rest)
    }

    @unsafe
    @inline(__always)
    private static func word(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> UInt64 {
        // Safe: every caller has 8 bytes at `at`.
        UInt64(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
    }

    @inline(__always)
    private static func product(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let wide = a.multipliedFullWidth(by: b)
        return wide.high ^ wide.low
    }
}
