import HisuiBytes

/// One pass over one JSON object: the work of `JSONShape.appendSlots`.
///
/// Accepts what `JSONScanner` accepts; a test holds them together. Bytes are read without a check
/// of each index. The rule that makes it safe: an index that is read is below `end`, and not below
/// where the scan began.
@safe struct JSONScan {
    private let record: UnsafePointer<UInt8>
    private let end: Int
    private let slotsMax: Int
    private var at: Int

    private enum Expect { case key, keyOrEnd, value, valueOrEnd, commaOrEnd }

    /// - Parameter record: bytes that live as long as the scan, `range` among them.
    @unsafe
    init(_ record: UnsafePointer<UInt8>, _ range: Range<Int>, slotsMax: Int) {
        unsafe self.record = record
        at = range.lowerBound
        end = range.upperBound
        self.slotsMax = slotsMax
    }

    @inline(__always)
    private func byte(_ at: Int) -> UInt8 {
        assert(at < end)
        // Safe: by the rule above.
        return unsafe record[at]
    }

    /// The next byte, or 0 at the end: no token begins with it.
    @inline(__always)
    private var peek: UInt8 { at < end ? byte(at) : 0 }

    @inline(__always)
    private mutating func skipSpace() {
        while at < end {
            let next = byte(at)
            guard next <= 0x20, next == 0x20 || next == 0x09 || next == 0x0A || next == 0x0D else {
                return
            }
            at &+= 1
        }
    }

    mutating func run(_ slots: inout [ByteRange]) -> JSONShape.Outcome {
        let first = slots.count
        skipSpace()
        let start = at
        guard peek == 0x7B, let slotBytes = object(&slots) else {
            slots.removeSubrange(first...)
            return .none
        }
        let objectEnd = at
        skipSpace()
        guard at == end else {
            slots.removeSubrange(first...)
            return .none
        }
        let isTooMuch = objectEnd - start - slotBytes > JSONShape.fixedBytesMax
        if slots.count - first > slotsMax || isTooMuch {
            slots.removeSubrange(first...)
            slots.append(ByteRange(start..<objectEnd))
            return .whole(end: objectEnd)
        }
        return .parts(end: objectEnd)
    }

    /// Appends the slots of the object that begins here, at most one more than allowed; returns how
    /// many bytes they have in all.
    private mutating func object(_ slots: inout [ByteRange]) -> Int? {
        let slotsEnd = slots.count + slotsMax
        var slotBytes = 0
        // Bit 0 is the innermost open bracket: 1 for an object.
        var open: UInt64 = 1
        var depth = 1
        // The outermost open array: its depth, 0 for none, and its first byte.
        var array = 0
        var arrayStart = 0
        var expect = Expect.keyOrEnd
        at &+= 1
        while true {
            skipSpace()
            var value = at..<at
            switch expect {
            case .commaOrEnd where peek == 0x2C:
                at &+= 1
                expect = open & 1 == 1 ? .key : .value
                continue
            case .commaOrEnd,
                .keyOrEnd where peek == 0x7D,
                .valueOrEnd where peek == 0x5D:
                guard peek == (open & 1 == 1 ? 0x7D : 0x5D) else { return nil }
                at &+= 1
                open >>= 1
                depth &-= 1
                if depth == 0 { return slotBytes }
                expect = .commaOrEnd
                guard depth < array else { continue }
                array = 0
                value = arrayStart..<at
            case .key, .keyOrEnd:
                guard peek == 0x22, string() != nil else { return nil }
                skipSpace()
                guard peek == 0x3A else { return nil }
                at &+= 1
                expect = .value
                continue
            case .value, .valueOrEnd:
                let next = peek
                if next == 0x7B || next == 0x5B {
                    guard depth < JSONShape.depthMax else { return nil }
                    if next == 0x5B, array == 0 {
                        array = depth &+ 1
                        arrayStart = at
                    }
                    at &+= 1
                    depth &+= 1
                    open = open << 1 | (next == 0x7B ? 1 : 0)
                    expect = next == 0x7B ? .keyOrEnd : .valueOrEnd
                    continue
                }
                guard let range = next == 0x22 ? string() : bare(next) else { return nil }
                expect = .commaOrEnd
                if array > 0 { continue }
                value = range
            }
            guard slots.count <= slotsEnd else { continue }
            slots.append(ByteRange(value))
            slotBytes &+= value.count
        }
    }

    /// The bytes between the quotes of the string that begins here.
    @inline(__always)
    private mutating func string() -> Range<Int>? {
        let start = at &+ 1
        at = start
        while true {
            skipPlain()
            guard at < end else { return nil }
            let stop = byte(at)
            if stop == 0x22 {
                at &+= 1
                return start..<at &- 1
            }
            guard stop == 0x5C, escape() else { return nil }
        }
    }

    /// Goes to the next quote, backslash or control character, or to the end.
    @inline(__always)
    private mutating func skipPlain() {
        while end &- at >= 8 {
            // Safe: eight bytes are left before the end.
            let word = UInt64(
                littleEndian: unsafe UnsafeRawPointer(record).loadUnaligned(
                    fromByteOffset: at, as: UInt64.self))
            let ones: UInt64 = 0x0101_0101_0101_0101
            let quote = word ^ ones &* 0x22
            let backslash = word ^ ones &* 0x5C
            // The lowest set bit is exact; those above may be carried into.
            let hits =
                ((quote &- ones) & ~quote | (backslash &- ones) & ~backslash
                    | (word &- ones &* 0x20) & ~word) & (ones &* 0x80)
            if hits != 0 {
                at &+= hits.trailingZeroBitCount &>> 3
                return
            }
            at &+= 8
        }
        while at < end {
            let next = byte(at)
            if next < 0x20 || next == 0x22 || next == 0x5C { return }
            at &+= 1
        }
    }

    /// Passes over an escape; false if it is none.
    private mutating func escape() -> Bool {
        at &+= 1
        switch peek {
        case UInt8(ascii: "u"):
            at &+= 1
            for _ in 0..<4 {
                guard HexText.digit(peek) != nil else { return false }
                at &+= 1
            }
            return true
        case 0x22, 0x5C, 0x2F, UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            at &+= 1
            return true
        default:
            return false
        }
    }

    /// A number, or one of the three words.
    @inline(__always)
    private mutating func bare(_ first: UInt8) -> Range<Int>? {
        let start = at
        switch first {
        case 0x2D, 0x30...0x39:
            if first == 0x2D { at &+= 1 }
            if peek == 0x30 { at &+= 1 } else if !digits() { return nil }
            if peek == 0x2E {
                at &+= 1
                if !digits() { return nil }
            }
            if peek | 0x20 == UInt8(ascii: "e") {
                at &+= 1
                if peek == 0x2B || peek == 0x2D { at &+= 1 }
                if !digits() { return nil }
            }
            return start..<at
        case UInt8(ascii: "t"): return word("true")
        case UInt8(ascii: "f"): return word("false")
        case UInt8(ascii: "n"): return word("null")
        default: return nil
        }
    }

    @inline(__always)
    private mutating func digits() -> Bool {
        let start = at
        while at < end, byte(at) &- 0x30 <= 9 { at &+= 1 }
        return at > start
    }

    private mutating func word(_ word: StaticString) -> Range<Int>? {
        let start = at
        let count = word.utf8CodeUnitCount
        guard end &- at >= count else { return nil }
        for index in 0..<count {
            // Safe: a static string has that many bytes and lives for ever.
            guard unsafe byte(at &+ index) == word.utf8Start[index] else { return nil }
        }
        at &+= count
        return start..<at
    }
}
