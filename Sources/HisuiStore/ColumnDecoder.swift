import HisuiBytes

/// Reads columns back.
///
/// Every count and length is checked: the bytes may be anybody's.
enum ColumnDecoder {
    /// The bytes of a column do not hold what its encoding says.
    struct Malformed: Error {
        var what: String
    }

    /// What the values of one slot take as text at most: the records of a block, one cut at its
    /// limit included.
    static let textBytesMax = 80 << 20

    /// The values of a column of text or of a dictionary, as ranges of `bytes`.
    ///
    /// - Parameters:
    ///   - range: the column in `bytes`.
    ///   - rows: how many values there must be.
    static func ranges(
        _ encoding: ColumnEncoding, rows: Int, in bytes: Span<UInt8>, _ range: Range<Int>
    ) throws(Malformed) -> [ByteRange] {
        switch encoding {
        case .text:
            var position = range.lowerBound
            let values = try values(rows, in: bytes, &position, range.upperBound)
            guard position == range.upperBound else { throw Malformed(what: "bytes left over") }
            return values
        case .dictionary8, .dictionary16:
            return try dictionary(encoding, rows: rows, in: bytes, range)
        default:
            throw Malformed(what: "not an encoding of text")
        }
    }

    /// `count` lengths, then as many values; moves `position` behind them.
    static func values(
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

    /// Places, ascending, and values that differ from what a column's other values have in common.
    static func exceptions(
        rows: Int, in bytes: Span<UInt8>, _ position: inout Int, _ end: Int
    ) throws(Malformed) -> [(place: Int, range: ByteRange)] {
        let count = try varint(bytes, &position, end)
        guard count >= 1, count <= UInt64(rows) else { throw Malformed(what: "exceptions") }
        var places: [Int] = []
        var place = -1
        for index in 0..<count {
            let difference = try varint(bytes, &position, end)
            guard difference < UInt64(rows), index == 0 || difference > 0 else {
                throw Malformed(what: "the place of an exception")
            }
            place = index == 0 ? Int(difference) : place + Int(difference)
            guard place < rows else { throw Malformed(what: "the place of an exception") }
            places.append(place)
        }
        let ranges = try values(places.count, in: bytes, &position, end)
        return zip(places, ranges).map { ($0, $1) }
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

    @inline(__always)
    static func varint(
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
