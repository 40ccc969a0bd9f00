import HisuiBytes

/// Writes the columns that every row has: integers.
enum RowColumnEncoder {
    /// Appends one integer a row, near one another or not.
    static func append(integers: [Int64], to sink: ByteSink) -> ColumnEncoding {
        var out: [UInt8] = []
        defer { sink.append(out) }
        let first = integers.first ?? 0
        if integers.allSatisfy({ $0 == first }) {
            out.appendLittleEndian(first)
            return .integerConstant
        }
        let exponent =
            [9, 6, 3].first { exponent in
                let unit = powerOfTen(exponent)
                return integers.allSatisfy { $0 % unit == 0 }
            } ?? 0
        let unit = powerOfTen(exponent)
        out.reserveCapacity(integers.count * 6)
        out.append(UInt8(exponent))
        var previous: Int64 = 0
        for value in integers {
            let scaled = value / unit
            out.appendSignedVarint(scaled &- previous)
            previous = scaled
        }
        return .integerDelta
    }

    /// Appends one small number a row.
    static func append(numbers: [UInt32], to sink: ByteSink) -> ColumnEncoding {
        var out: [UInt8] = []
        defer { sink.append(out) }
        let first = numbers.first ?? 0
        var greatest: UInt32 = 0
        var isConstant = true
        for value in numbers {
            greatest = max(greatest, value)
            if value != first { isConstant = false }
        }
        if isConstant {
            out.appendLittleEndian(Int64(first))
            return .integerConstant
        }
        let width = (UInt32.bitWidth - greatest.leadingZeroBitCount + 7) / 8
        out.reserveCapacity(numbers.count * width + 1)
        out.append(UInt8(width))
        for plane in 0..<width {
            let shift = UInt32(plane * 8)
            for value in numbers { out.append(UInt8(truncatingIfNeeded: value >> shift)) }
        }
        return .integerPlanes
    }

    static func powerOfTen(_ exponent: Int) -> Int64 {
        var power: Int64 = 1
        for _ in 0..<exponent { power *= 10 }
        return power
    }
}
