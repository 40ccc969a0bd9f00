import HisuiBytes

/// Writes the columns that every row has: numbers and times.
enum RowColumnEncoder {
    /// Appends small numbers, all low bytes first; by how many bytes they have, or one for all.
    static func append(numbers: [UInt32], to sink: ByteSink) -> ColumnEncoding {
        let numbers = numbers.span
        var greatest: UInt32 = 0
        let first = numbers.isEmpty ? 0 : numbers[0]
        var isConstant = true
        for index in 0..<numbers.count {
            greatest = max(greatest, numbers[index])
            if numbers[index] != first { isConstant = false }
        }
        if isConstant {
            appendWord(UInt64(first), to: sink)
            return .integerConstant
        }
        let width = NumberField.width(of: UInt64(greatest))
        var end = unsafe sink.reserve(numbers.count * width + 1)
        // Safe: room for the width and as many bytes of each number is reserved, here and below.
        unsafe end.pointee = UInt8(width)
        unsafe end += 1
        for plane in 0..<width {
            let shift = UInt32(8 * plane)
            for index in 0..<numbers.count {
                unsafe end.pointee = UInt8(truncatingIfNeeded: numbers[index] &>> shift)
                unsafe end += 1
            }
        }
        unsafe sink.finish(at: end)
        return .integerPlanes
    }

    /// Appends times near one another, as differences in the largest unit that fits.
    static func append(differences times: [Int64], to sink: ByteSink) -> ColumnEncoding {
        let times = times.span
        let first = times.isEmpty ? 0 : times[0]
        var isConstant = true
        var exponent = 9
        for index in 0..<times.count {
            if times[index] != first { isConstant = false }
            while exponent > 0, times[index] % powerOfTen(exponent) != 0 { exponent -= 3 }
        }
        if isConstant {
            appendWord(UInt64(bitPattern: first), to: sink)
            return .integerConstant
        }
        let unit = powerOfTen(exponent)
        var end = unsafe sink.reserve(times.count * 10 + 1)
        // Safe: room for the unit and ten bytes of each time is reserved.
        unsafe end.pointee = UInt8(exponent)
        unsafe end += 1
        var previous: Int64 = 0
        for index in 0..<times.count {
            let scaled = exponent == 0 ? times[index] : times[index] / unit
            let difference = UInt64(bitPattern: scaled &- previous)
            previous = scaled
            unsafe appendVarint(NumberField.zigzag(difference), &end)
        }
        unsafe sink.finish(at: end)
        return .integerDelta
    }

    /// Appends numbers that mostly resemble the one before, as differences that begin anew where a
    /// run does.
    ///
    /// - Parameter starts: for each number whether a run begins at it.
    static func append(
        values: [UInt64], starts: [Bool], to sink: ByteSink
    ) -> ColumnEncoding {
        var end = unsafe sink.reserve(values.count * 10)
        var previous: UInt64 = 0
        for index in values.indices {
            if starts[index] { previous = 0 }
            // Safe: room for ten bytes of each number is reserved.
            unsafe appendVarint(NumberField.zigzag(values[index] &- previous), &end)
            previous = values[index]
        }
        unsafe sink.finish(at: end)
        return .runDelta
    }

    private static func appendWord(_ value: UInt64, to sink: ByteSink) {
        var bytes: [UInt8] = []
        bytes.appendLittleEndian(value)
        sink.append(bytes)
    }

    static func powerOfTen(_ exponent: Int) -> Int64 {
        switch exponent {
        case 0: 1
        case 3: 1000
        case 6: 1_000_000
        default: 1_000_000_000
        }
    }
}
