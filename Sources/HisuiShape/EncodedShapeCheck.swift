import HisuiBytes

/// Goes over the encoding of a shape without taking it apart: the same rules as `Shape.decode`,
/// for a fraction of the time.
///
/// What is wrong is not told: who has to say it decodes.
struct EncodedShapeCheck {
    /// The length of each literal.
    private(set) var literalCounts: [Int] = []
    /// Slots that are not beside the record.
    private var recordSlots = 0
    private var names: [Range<Int>] = []
    /// For each remainder of a name's hash whether a name has it.
    private var nameHashes: UInt64 = 0
    /// The next byte, and one past the last.
    private(set) var at = 0
    private let end: Int

    /// - Parameter bytes: begin with the encoding of a shape, if it is one.
    init(_ bytes: Span<UInt8>) { end = bytes.count }

    /// Whether `bytes` begin with the encoding of a shape, which then ends at `at`.
    mutating func pass(_ bytes: Span<UInt8>) -> Bool {
        guard let structure = byte(bytes), Shape.Structure(rawValue: structure) != nil,
            let encoding = byte(bytes), TextEncoding(rawValue: encoding) != nil,
            let slots = count(bytes, ofSize: 2)
        else { return false }
        var beside = 0
        for _ in 0..<slots {
            guard let kind = byte(bytes), Shape.Kind(rawValue: kind) != nil,
                let number = byte(bytes), let role = Shape.Role(rawValue: number)
            else { return false }
            if role == .beside {
                beside += 1
            } else if beside > 0 {
                return false
            }
        }
        recordSlots = slots - beside
        literalCounts.reserveCapacity(slots + 1)
        for number in 0...slots {
            guard let literal = counted(bytes), number <= recordSlots || literal.isEmpty else {
                return false
            }
            literalCounts.append(literal.count)
        }
        guard passStretch(bytes), passText(bytes), passText(bytes),
            let fields = count(bytes, ofSize: 4)
        else { return false }
        names.reserveCapacity(fields)
        for _ in 0..<fields {
            guard passName(bytes), let type = byte(bytes), Shape.FieldType(rawValue: type) != nil,
                passValue(bytes)
            else { return false }
        }
        return true
    }

    @inline(__always)
    private mutating func byte(_ bytes: Span<UInt8>) -> UInt8? {
        guard at < end else { return nil }
        at += 1
        return bytes[at - 1]
    }

    /// A number in its one encoding, as `ByteReader.varint` reads it.
    @inline(__always)
    private mutating func number(_ bytes: Span<UInt8>) -> UInt64? {
        guard let first = byte(bytes) else { return nil }
        return first < 0x80 ? UInt64(first) : longNumber(bytes, first)
    }

    private mutating func longNumber(_ bytes: Span<UInt8>, _ first: UInt8) -> UInt64? {
        var value = UInt64(first & 0x7F)
        var shift: UInt64 = 7
        while shift < 64, let next = byte(bytes) {
            if shift == 63, next > 1 { return nil }
            value |= UInt64(next & 0x7F) << shift
            if next < 0x80 { return next == 0 ? nil : value }
            shift += 7
        }
        return nil
    }

    private mutating func count(_ bytes: Span<UInt8>, ofSize size: Int = 1) -> Int? {
        guard let value = number(bytes), value <= UInt64((end - at) / size) else { return nil }
        return Int(value)
    }

    private mutating func counted(_ bytes: Span<UInt8>) -> Range<Int>? {
        guard let count = count(bytes) else { return nil }
        at += count
        return at - count..<at
    }

    private mutating func passText(_ bytes: Span<UInt8>) -> Bool {
        guard let text = counted(bytes) else { return false }
        return UTF8Text.isValid(bytes, text)
    }

    /// A name that no field before has.
    private mutating func passName(_ bytes: Span<UInt8>) -> Bool {
        guard let name = counted(bytes), UTF8Text.isValid(bytes, name) else { return false }
        let own = bytes.extracting(name)
        let hash = UInt64(1) << (Hash64.of(own) & 63)
        if nameHashes & hash != 0 {
            for other in names where ByteSearch.equal(bytes, other, own) { return false }
        }
        nameHashes |= hash
        names.append(name)
        return true
    }

    private mutating func passValue(_ bytes: Span<UInt8>) -> Bool {
        switch byte(bytes) {
        case 0: return counted(bytes) != nil
        case 1:
            guard let slot = number(bytes), let decoding = byte(bytes) else { return false }
            return slot < UInt64(literalCounts.count - 1)
                && Shape.Decoding(rawValue: decoding) != nil
        case 2: return passStretch(bytes)
        default: return false
        }
    }

    private mutating func passStretch(_ bytes: Span<UInt8>) -> Bool {
        guard let first = number(bytes), let firstByte = number(bytes),
            let last = number(bytes), let lastByte = number(bytes)
        else { return false }
        return first <= last && last <= UInt64(recordSlots)
            && firstByte <= UInt64(literalCounts[Int(first)])
            && lastByte <= UInt64(literalCounts[Int(last)])
            && (first < last || firstByte <= lastByte)
    }
}
