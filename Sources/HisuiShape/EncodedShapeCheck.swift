import HisuiBytes

/// Goes over the encoding of a shape without taking it apart: the same rules as `Shape.decode`,
/// for a fraction of the time.
struct EncodedShapeCheck {
    /// The length of each literal.
    private(set) var literalCounts: [Int] = []
    private var names: [ByteRange] = []
    /// For each remainder of a name's hash whether a name has it.
    private var nameHashes: UInt64 = 0

    /// Whether the bytes where the reader stands are the encoding of a shape; leaves the reader
    /// behind it, or anywhere.
    mutating func pass(_ reader: inout ByteReader) throws(ByteReader.Short) -> Bool {
        guard Shape.Structure(rawValue: try reader.u8()) != nil,
            TextEncoding(rawValue: try reader.u8()) != nil
        else { return false }
        let slots = try reader.count(ofSize: 2)
        for _ in 0..<slots {
            guard Shape.Kind(rawValue: try reader.u8()) != nil,
                Shape.Role(rawValue: try reader.u8()) != nil
            else { return false }
        }
        literalCounts.reserveCapacity(slots + 1)
        for _ in 0...slots { literalCounts.append(Int(try counted(&reader).count)) }
        guard try passStretch(&reader) else { return false }
        for _ in 0..<2 {
            let text = try counted(&reader)
            guard Self.isText(reader.span(text)) else { return false }
        }
        let fields = try reader.count(ofSize: 4)
        names.reserveCapacity(fields)
        for _ in 0..<fields {
            guard try passName(&reader), Shape.FieldType(rawValue: try reader.u8()) != nil,
                try passValue(&reader)
            else { return false }
        }
        return true
    }

    private func counted(_ reader: inout ByteReader) throws(ByteReader.Short) -> ByteRange {
        try reader.take(try reader.count())
    }

    private static func isText(_ bytes: Span<UInt8>) -> Bool {
        UTF8Text.isValid(bytes, 0..<bytes.count)
    }

    /// A name that no field before has.
    private mutating func passName(_ reader: inout ByteReader) throws(ByteReader.Short) -> Bool {
        let name = try counted(&reader)
        let bytes = reader.span(name)
        guard Self.isText(bytes) else { return false }
        let hash = UInt64(1) << (Hash64.of(bytes) & 63)
        if nameHashes & hash != 0 {
            for other in names where other.count == name.count {
                let same = reader.span(other)
                if ByteSearch.equal(same, 0..<same.count, bytes) { return false }
            }
        }
        nameHashes |= hash
        names.append(name)
        return true
    }

    private func passValue(_ reader: inout ByteReader) throws(ByteReader.Short) -> Bool {
        switch try reader.u8() {
        case 0:
            _ = try counted(&reader)
            return true
        case 1:
            let slot = try reader.varint()
            let decoding = Shape.Decoding(rawValue: try reader.u8())
            return slot < UInt64(literalCounts.count - 1) && decoding != nil
        case 2: return try passStretch(&reader)
        default: return false
        }
    }

    private func passStretch(_ reader: inout ByteReader) throws(ByteReader.Short) -> Bool {
        let first = try reader.varint()
        let firstByte = try reader.varint()
        let last = try reader.varint()
        let lastByte = try reader.varint()
        return first <= last && last < UInt64(literalCounts.count)
            && firstByte <= UInt64(literalCounts[Int(first)])
            && lastByte <= UInt64(literalCounts[Int(last)])
            && (first < last || firstByte <= lastByte)
    }
}
