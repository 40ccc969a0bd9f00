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

    /// Appends `count` values, whose lengths come first, as ranges of `bytes`; moves `position`
    /// behind them.
    static func values(
        _ count: Int, in bytes: Span<UInt8>, _ position: inout Int, _ end: Int,
        to ranges: inout [ByteRange]
    ) throws(Malformed) {
        // Each length is a byte at least: no more memory than the column has bytes, times eight.
        guard count <= end - position else { throw Malformed(what: "fewer lengths than rows") }
        let first = ranges.count
        for _ in 0..<count {
            let length = try varint(bytes, &position, end)
            guard length <= UInt64(end) else { throw Malformed(what: "a value too long") }
            ranges.append(ByteRange(offset: 0, count: UInt32(truncatingIfNeeded: length)))
        }
        for index in first..<ranges.count {
            let length = Int(ranges[index].count)
            guard length <= end - position else { throw Malformed(what: "values cut short") }
            ranges[index].offset = UInt32(position)
            position += length
        }
    }

    /// Appends some of `count` values, whose lengths come first, as ranges of `bytes`.
    ///
    /// - Parameters:
    ///   - wanted: the values that are appended; they lie in the column.
    ///   - range: the column in `bytes`, which has nothing else.
    /// - Complexity: O(`count`); only the wanted ones are kept.
    static func values(
        _ count: Int, _ wanted: Range<Int>, in bytes: Span<UInt8>, _ range: Range<Int>,
        to ranges: inout [ByteRange]
    ) throws(Malformed) {
        precondition(wanted.lowerBound >= 0 && wanted.upperBound <= count, "values of the column")
        let first = ranges.count
        var position = range.lowerBound
        guard count <= range.count else { throw Malformed(what: "fewer lengths than rows") }
        var (total, before) = (0, 0)
        for index in 0..<count {
            let length = try varint(bytes, &position, range.upperBound)
            guard length <= UInt64(range.upperBound) else {
                throw Malformed(what: "a value too long")
            }
            if index < wanted.lowerBound {
                before += Int(length)
            } else if index < wanted.upperBound {
                ranges.append(ByteRange(offset: 0, count: UInt32(truncatingIfNeeded: length)))
            }
            total += Int(length)
            guard total <= range.count else { throw Malformed(what: "values cut short") }
        }
        guard total == range.upperBound - position else {
            throw Malformed(what: "not the bytes of all values")
        }
        position += before
        for index in first..<ranges.count {
            ranges[index].offset = UInt32(position)
            position += Int(ranges[index].count)
        }
    }

    /// Appends values of a column with a dictionary, as ranges of `bytes`.
    ///
    /// - Parameters:
    ///   - range: the column in `bytes`.
    ///   - rows: how many values there must be.
    ///   - wanted: the values that are appended; they lie in the column.
    ///   - distinct: gets the dictionary.
    static func dictionary(
        _ encoding: ColumnEncoding, rows: Int, _ wanted: Range<Int>, in bytes: Span<UInt8>,
        _ range: Range<Int>, distinct: inout [ByteRange], to ranges: inout [ByteRange]
    ) throws(Malformed) {
        precondition(wanted.lowerBound >= 0 && wanted.upperBound <= rows, "values of the column")
        var position = range.lowerBound
        let count = try varint(bytes, &position, range.upperBound)
        guard count <= 65_536 else { throw Malformed(what: "a dictionary too large") }
        distinct.removeAll(keepingCapacity: true)
        try values(Int(count), in: bytes, &position, range.upperBound, to: &distinct)
        let isWide = encoding == .dictionary16
        guard range.upperBound - position == (isWide ? 2 * rows : rows) else {
            throw Malformed(what: "not one index for each row")
        }
        for row in wanted {
            var index = Int(bytes[position + row])
            if isWide { index |= Int(bytes[position + rows + row]) << 8 }
            guard index < distinct.count else { throw Malformed(what: "an index too large") }
            ranges.append(distinct[index])
        }
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

/// Values of a column that differ from what its other values have in common.
///
/// Keeps its memory from column to column.
struct ColumnExceptions {
    /// Ascending.
    private var places: [Int] = []
    private var ranges: [ByteRange] = []
    private var next = 0

    /// Forgets what was read.
    mutating func removeAll() {
        places.removeAll(keepingCapacity: true)
        ranges.removeAll(keepingCapacity: true)
        next = 0
    }

    /// Reads places, ascending, and values, in place of what was read before.
    mutating func read(
        rows: Int, in bytes: Span<UInt8>, _ position: inout Int, _ end: Int
    ) throws(ColumnDecoder.Malformed) {
        removeAll()
        let count = try ColumnDecoder.varint(bytes, &position, end)
        guard count >= 1, count <= UInt64(rows) else {
            throw ColumnDecoder.Malformed(what: "exceptions")
        }
        var place = -1
        for index in 0..<count {
            let difference = try ColumnDecoder.varint(bytes, &position, end)
            guard difference < UInt64(rows), index == 0 || difference > 0 else {
                throw ColumnDecoder.Malformed(what: "the place of an exception")
            }
            place = index == 0 ? Int(difference) : place + Int(difference)
            guard place < rows else {
                throw ColumnDecoder.Malformed(what: "the place of an exception")
            }
            places.append(place)
        }
        try ColumnDecoder.values(places.count, in: bytes, &position, end, to: &ranges)
    }

    /// Goes on to the first exception that is not before `place`.
    mutating func skip(to place: Int) {
        while next < places.count, places[next] < place { next += 1 }
    }

    /// Where the value at `place` stands if it is an exception; to be asked place by place.
    @inline(__always)
    mutating func take(_ place: Int) -> ByteRange? {
        guard next < places.count, places[next] == place else { return nil }
        next += 1
        return ranges[next - 1]
    }
}
