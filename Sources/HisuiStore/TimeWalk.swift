import HisuiBytes

/// A column of times near one another, read forwards: those of some rows, for which the ones
/// between are passed over eight at a time.
struct TimeWalk {
    typealias Malformed = ColumnDecoder.Malformed

    private let chunk: [UInt8]
    private let end: Int
    private let unit: Int64
    /// How many times the column has.
    private let count: Int
    /// How many were read or passed over: none of a column that has one time for all.
    private var read = 0
    private var position: Int
    /// The last one of them, in units.
    private var sum: UInt64

    /// - Parameters:
    ///   - count: how many times the column has.
    ///   - chunk: what the column lies in.
    init(
        _ encoding: ColumnEncoding, count: Int, in chunk: [UInt8], _ range: Range<Int>
    ) throws(Malformed) {
        self.chunk = chunk
        end = range.upperBound
        switch encoding {
        case .integerConstant:
            unit = 1
            sum = UInt64(bitPattern: try RowColumnDecoder.constant(chunk.span, range))
            self.count = 0
            position = end
        case .integerDelta:
            unit = try RowColumnDecoder.unit(chunk.span, range, count: count)
            sum = 0
            self.count = count
            position = range.lowerBound + 1
        default: throw Malformed(what: "not an encoding of times")
        }
    }

    /// The time of a row, which is none before the one asked for last.
    ///
    /// - Complexity: O(rows passed over / 8), O(rows passed over) where they are far apart.
    mutating func time(of row: Int) throws(Malformed) -> Int64 {
        guard count > 0 else { return Int64(bitPattern: sum) }
        precondition(row < count && row + 1 >= read, "rows are asked for in their order")
        let chunk = chunk
        let bytes = chunk.span
        while read <= row {
            if read + 8 <= row,
                let word = RowColumnDecoder.shortNumbers(bytes, position..<end)
            {
                if word != 0 { sum = sum &+ Self.sum(ofEight: word) }
                read += 8
                position += 8
            } else {
                let value = try ColumnDecoder.varint(bytes, &position, end)
                sum = sum &+ NumberField.unzigzag(value)
                read += 1
            }
        }
        return Int64(bitPattern: sum) &* unit
    }

    /// The sum of eight numbers of a byte each, written so that small ones of either sign are small
    /// (`NumberField.zigzag`).
    private static func sum(ofEight word: UInt64) -> UInt64 {
        let halves = word >> 1 & 0x3F3F_3F3F_3F3F_3F3F
        let negative = word & 0x0101_0101_0101_0101
        let ofNegative = halves & (negative &* 0xFF)
        let sum = total(halves &- ofNegative) &- total(ofNegative)
        return sum &- UInt64(negative.nonzeroBitCount)
    }

    /// The sum of eight bytes.
    private static func total(_ bytes: UInt64) -> UInt64 {
        let pairs = (bytes & 0x00FF_00FF_00FF_00FF) &+ (bytes >> 8 & 0x00FF_00FF_00FF_00FF)
        return (pairs &* 0x0001_0001_0001_0001) >> 48
    }
}
