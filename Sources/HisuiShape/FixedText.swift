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
    ///   - literals: the literals one after the other.
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
                for index in ends.indices {
                    let isLast = index == slots.count
                    let gapEnd = isLast ? bytes.count : Int(slots[index].offset)
                    let literalEnd = Int(ends[index])
                    let count = gapEnd &- gap
                    guard count == literalEnd &- literal else { return false }
                    guard literalEnd <= literals.count, gapEnd <= bytes.count else { return false }
                    // Safe: both stretches were just seen to lie inside their buffers.
                    guard unsafe same(bytes, gap, literals, literal, count) else { return false }
                    if !isLast { gap = gapEnd &+ Int(slots[index].count) }
                    literal = literalEnd
                }
                return true
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

    @unsafe
    @inline(__always)
    private static func same(
        _ a: UnsafeRawBufferPointer, _ aAt: Int, _ b: UnsafeRawBufferPointer, _ bAt: Int,
        _ count: Int
    ) -> Bool {
        var done = 0
        while count &- done > 8 {
            // Safe: more than 8 of the `count` bytes that the caller vouches for are left.
            if unsafe word(a, aAt &+ done) != word(b, bAt &+ done) { return false }
            done &+= 8
        }
        // Safe: the rest is at most 8 bytes, all of them vouched for.
        return unsafe tail(a, aAt &+ done, count &- done) == tail(b, bAt &+ done, count &- done)
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
