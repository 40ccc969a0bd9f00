import HisuiBytes

/// Reads columns back.
///
/// Every count and length is checked: the bytes may be anybody's.
enum ColumnDecoder {
    /// The bytes of a column do not hold what its encoding says.
    struct Malformed: Error {
        var what: String
    }

    /// The values of a slot column, as ranges of `bytes`.
    ///
    /// - Parameters:
    ///   - range: the column in `bytes`.
    ///   - rows: how many values there must be.
    static func ranges(
        _ encoding: ColumnEncoding, rows: Int, in bytes: Span<UInt8>, _ range: Range<Int>
    ) throws(Malformed) -> [ByteRange] {
        switch encoding {
        case .constant:
            return [ByteRange](repeating: ByteRange(range), count: rows)
        case .text:
            var position = range.lowerBound
            let values = try values(rows, in: bytes, &position, range.upperBound)
            guard position == range.upperBound else { throw Malformed(what: "bytes left over") }
            return values
        case .dictionary8, .dictionary16:
            return try dictionary(encoding, rows: rows, in: bytes, range)
        case .integerConstant, .integerDelta, .integerPlanes:
            throw Malformed(what: "an encoding of integers in a column of text")
        }
    }

    /// `count` lengths, then as many values; moves `position` behind them.
    private static func values(
        _ count: Int, in bytes: Span<UInt8>, _ position: inout Int, _ end: Int
    ) throws(Malformed) -> [ByteRange] {
        // Each length is a byte at least: no more memory than the column has bytes, times eight.
        guard count <= end - position else { throw Malformed(what: "fewer lengths than rows") }
        var ranges: [ByteRange] = []
        ranges.reserveCapacity(count)
        for _ in 0..<count {
            let length = try varint(bytes, &position, end)
            guard length <= UInt64(end) else { throw Malformed(what: "a value too long") }
            ranges.append(ByteRange(offset: 0, count: UInt32(truncatingIfNeeded: length)))
        }
        for index in ranges.indices {
            let length = Int(ranges[index].count)
            guard length <= end - position else { throw Malformed(what: "values cut short") }
            ranges[index].offset = UInt32(position)
            position += length
        }
        return ranges
    }

    private static func dictionary(
        _ encoding: ColumnEncoding, rows: Int, in bytes: Span<UInt8>, _ range: Range<Int>
    ) throws(Malformed) -> [ByteRange] {
        var position = range.lowerBound
        let count = try varint(bytes, &position, range.upperBound)
        guard count <= 65_536 else { throw Malformed(what: "a dictionary too large") }
        let distinct = try values(Int(count), in: bytes, &position, range.upperBound)
        let isWide = encoding == .dictionary16
        guard range.upperBound - position == (isWide ? 2 * rows : rows) else {
            throw Malformed(what: "not one index for each row")
        }
        var ranges: [ByteRange] = []
        ranges.reserveCapacity(rows)
        for row in 0..<rows {
            var index = Int(bytes[position + row])
            if isWide { index |= Int(bytes[position + rows + row]) << 8 }
            guard index < distinct.count else { throw Malformed(what: "an index too large") }
            ranges.append(distinct[index])
        }
        return ranges
    }

    /// A column of 64-bit integers.
    static func integers(
        _ encoding: ColumnEncoding, rows: Int, in bytes: Span<UInt8>, _ range: Range<Int>
    ) throws(Malformed) -> [Int64] {
        switch encoding {
        case .integerConstant:
            return [Int64](repeating: try constant(bytes, range), count: rows)
        case .integerDelta:
            var position = range.lowerBound
            guard range.count > rows else { throw Malformed(what: "fewer integers than rows") }
            let exponent = bytes[position]
            guard exponent <= 9 else { throw Malformed(what: "no such unit") }
            let unit = RowColumnEncoder.powerOfTen(Int(exponent))
            position += 1
            var values: [Int64] = []
            values.reserveCapacity(rows)
            var sum: Int64 = 0
            for _ in 0..<rows {
                let value = try varint(bytes, &position, range.upperBound)
                sum &+= Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
                values.append(sum &* unit)
            }
            guard position == range.upperBound else { throw Malformed(what: "bytes left over") }
            return values
        default:
            throw Malformed(what: "not an encoding of integers")
        }
    }

    /// A column of numbers below `limit`.
    static func numbers(
        _ encoding: ColumnEncoding, rows: Int, below limit: UInt64, in bytes: Span<UInt8>,
        _ range: Range<Int>
    ) throws(Malformed) -> [UInt32] {
        switch encoding {
        case .integerConstant:
            let value = try constant(bytes, range)
            guard value >= 0, value <= UInt32.max, UInt64(value) < limit else {
                throw Malformed(what: "a number too large")
            }
            return [UInt32](repeating: UInt32(value), count: rows)
        case .integerPlanes:
            guard range.count > 0 else { throw Malformed(what: "no width") }
            let width = Int(bytes[range.lowerBound])
            guard width >= 1, width <= 4, range.count == 1 + width * rows else {
                throw Malformed(what: "not \(width) bytes for each row")
            }
            let first = range.lowerBound + 1
            var values: [UInt32] = []
            values.reserveCapacity(rows)
            for row in 0..<rows {
                var value: UInt32 = 0
                for plane in 0..<width {
                    value |= UInt32(bytes[first + plane * rows + row]) << UInt32(plane * 8)
                }
                guard UInt64(value) < limit else { throw Malformed(what: "a number too large") }
                values.append(value)
            }
            return values
        default:
            throw Malformed(what: "not an encoding of numbers")
        }
    }

    private static func constant(
        _ bytes: Span<UInt8>, _ range: Range<Int>
    ) throws(Malformed) -> Int64 {
        guard range.count == 8 else { throw Malformed(what: "a constant that is not 8 bytes") }
        var value: UInt64 = 0
        for index in 0..<8 { value |= UInt64(bytes[range.lowerBound + index]) << UInt64(8 * index) }
        return Int64(bitPattern: value)
    }

    @inline(__always)
    private static func varint(
        _ bytes: Span<UInt8>, _ position: inout Int, _ end: Int
    ) throws(Malformed) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < end, shift < 64 {
            let byte = bytes[position]
            position += 1
            if shift == 63, byte > 1 { break }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 {
                // One encoding for each number, as everywhere.
                if byte == 0, shift > 0 { break }
                return value
            }
            shift += 7
        }
        throw Malformed(what: "no complete varint")
    }
}
