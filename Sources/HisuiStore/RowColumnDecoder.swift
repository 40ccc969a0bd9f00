import HisuiBytes

/// Reads back the columns that every row has.
enum RowColumnDecoder {
    typealias Malformed = ColumnDecoder.Malformed

    /// Numbers below `limit`.
    static func numbers(
        _ encoding: ColumnEncoding, count: Int, below limit: UInt64, in bytes: Span<UInt8>,
        _ range: Range<Int>
    ) throws(Malformed) -> [UInt32] {
        switch encoding {
        case .integerConstant:
            let value = try constant(bytes, range)
            guard value >= 0, value <= UInt32.max, count == 0 || UInt64(value) < limit else {
                throw Malformed(what: "a number too large")
            }
            return [UInt32](repeating: UInt32(value), count: count)
        case .integerPlanes:
            guard range.count > 0 else { throw Malformed(what: "no width") }
            let width = Int(bytes[range.lowerBound])
            guard width >= 1, width <= 4, range.count == 1 + width * count else {
                throw Malformed(what: "not \(width) bytes for each row")
            }
            if count == 0 { return [] }
            var greatest: UInt32 = 0
            let planes = bytes.extracting(range.lowerBound + 1..<range.upperBound)
            let values = unsafe [UInt32](unsafeUninitializedCapacity: count) { out, filled in
                unsafe planes.withUnsafeBufferPointer { planes in
                    guard let base = planes.baseAddress, let out = out.baseAddress else { return }
                    // Safe: `width` planes of `count` bytes are there, as was checked above, and
                    // room for `count` numbers. One plane after the other: loops of one kind each.
                    for row in 0..<count { unsafe out[row] = UInt32(base[row]) }
                    for plane in 1..<max(width, 1) {
                        let bytes = unsafe base + plane * count
                        let shift = UInt32(plane * 8)
                        for row in 0..<count { unsafe out[row] |= UInt32(bytes[row]) &<< shift }
                    }
                    for row in 0..<count { greatest = unsafe max(greatest, out[row]) }
                    filled = count
                }
            }
            guard count == 0 || UInt64(greatest) < limit else {
                throw Malformed(what: "a number too large")
            }
            return values
        default:
            throw Malformed(what: "not an encoding of numbers")
        }
    }

    /// Times near one another.
    static func differences(
        _ encoding: ColumnEncoding, count: Int, in bytes: Span<UInt8>, _ range: Range<Int>
    ) throws(Malformed) -> [Int64] {
        switch encoding {
        case .integerConstant:
            return [Int64](repeating: try constant(bytes, range), count: count)
        case .integerDelta:
            var position = range.lowerBound
            guard range.count > count else { throw Malformed(what: "fewer integers than rows") }
            let exponent = Int(bytes[position])
            guard exponent <= 9, exponent % 3 == 0 else { throw Malformed(what: "no such unit") }
            let unit = RowColumnEncoder.powerOfTen(exponent)
            position += 1
            var values = [Int64](repeating: 0, count: count)
            var sum: UInt64 = 0
            for index in values.indices {
                // Most are a byte: rows arrive one soon after the other.
                var value = position < range.upperBound ? UInt64(bytes[position]) : 0x80
                if value < 0x80 {
                    position += 1
                } else {
                    value = try ColumnDecoder.varint(bytes, &position, range.upperBound)
                }
                sum = sum &+ NumberField.unzigzag(value)
                values[index] = Int64(bitPattern: sum) &* unit
            }
            guard position == range.upperBound else { throw Malformed(what: "bytes left over") }
            return values
        default:
            throw Malformed(what: "not an encoding of times")
        }
    }

    /// Numbers that begin anew where a run does.
    static func runs(
        _ encoding: ColumnEncoding, starts: [Bool], in bytes: Span<UInt8>, _ range: Range<Int>
    ) throws(Malformed) -> [UInt64] {
        guard encoding == .runDelta else { throw Malformed(what: "not an encoding of runs") }
        guard starts.count <= range.count else { throw Malformed(what: "fewer numbers than rows") }
        var position = range.lowerBound
        var values: [UInt64] = []
        values.reserveCapacity(starts.count)
        var previous: UInt64 = 0
        for isStart in starts {
            if isStart { previous = 0 }
            let value = try ColumnDecoder.varint(bytes, &position, range.upperBound)
            previous = previous &+ NumberField.unzigzag(value)
            values.append(previous)
        }
        guard position == range.upperBound else { throw Malformed(what: "bytes left over") }
        return values
    }

    private static func constant(
        _ bytes: Span<UInt8>, _ range: Range<Int>
    ) throws(Malformed) -> Int64 {
        guard range.count == 8 else { throw Malformed(what: "a constant that is not 8 bytes") }
        var value: UInt64 = 0
        for index in 0..<8 { value |= UInt64(bytes[range.lowerBound + index]) << UInt64(8 * index) }
        return Int64(bitPattern: value)
    }
}
