import HisuiBytes

/// Reads back the columns that every row has.
enum RowColumnDecoder {
    typealias Malformed = ColumnDecoder.Malformed

    /// Numbers below `limit`, which the type holds.
    static func numbers<Number: FixedWidthInteger & UnsignedInteger>(
        _ encoding: ColumnEncoding, count: Int, below limit: UInt64, in chunk: [UInt8],
        _ range: Range<Int>
    ) throws(Malformed) -> [Number] {
        let column = try planes(encoding, count: count, below: limit, in: chunk, range)
        let width = column.width
        if width == 0 {
            return [Number](repeating: Number(truncatingIfNeeded: column.constant), count: count)
        }
        guard width * 8 <= Number.bitWidth else { throw Malformed(what: "numbers too wide") }
        if count == 0 { return [] }
        var greatest: Number = 0
        let planes = chunk.span.extracting(column.first..<range.upperBound)
        let values = unsafe [Number](unsafeUninitializedCapacity: count) { out, filled in
            unsafe planes.withUnsafeBufferPointer { planes in
                guard let base = planes.baseAddress, let out = out.baseAddress else { return }
                // Safe: `width` planes of `count` bytes are there, as was checked, and room for
                // `count` numbers. One plane after the other: loops of one kind each.
                for row in 0..<count { unsafe out[row] = Number(base[row]) }
                for plane in 1..<max(width, 1) {
                    let bytes = unsafe base + plane * count
                    let shift = Number(plane * 8)
                    for row in 0..<count { unsafe out[row] |= Number(bytes[row]) &<< shift }
                }
                for row in 0..<count { greatest = unsafe max(greatest, out[row]) }
                filled = count
            }
        }
        guard UInt64(greatest) < limit else { throw Malformed(what: "a number too large") }
        return values
    }

    /// Numbers below `limit`, each of which is read when it is asked for.
    ///
    /// - Parameter chunk: what the column lies in.
    static func planes(
        _ encoding: ColumnEncoding, count: Int, below limit: UInt64, in chunk: [UInt8],
        _ range: Range<Int>
    ) throws(Malformed) -> NumberPlanes {
        let bytes = chunk.span
        switch encoding {
        case .integerConstant:
            let value = try constant(bytes, range)
            guard value >= 0, value <= UInt32.max, count == 0 || UInt64(value) < limit else {
                throw Malformed(what: "a number too large")
            }
            return NumberPlanes(
                bytes: [], first: 0, width: 0, count: count, constant: UInt32(value), limit: limit)
        case .integerPlanes:
            guard range.count > 0 else { throw Malformed(what: "no width") }
            let width = Int(bytes[range.lowerBound])
            guard width >= 1, width <= 4, range.count == 1 + width * count else {
                throw Malformed(what: "not \(width) bytes for each row")
            }
            return NumberPlanes(
                bytes: chunk, first: range.lowerBound + 1, width: width, count: count, constant: 0,
                limit: limit)
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
            let unit = try unit(bytes, range, count: count)
            var position = range.lowerBound + 1
            var values = [Int64](repeating: 0, count: count)
            var out = values.mutableSpan
            var sum: UInt64 = 0
            var index = 0
            while index < count {
                // Most are a byte: rows arrive one soon after the other.
                if index + 8 <= count, let word = shortNumbers(bytes, position..<range.upperBound) {
                    for byte in 0..<8 {
                        sum = sum &+ NumberField.unzigzag(word &>> UInt64(8 * byte) & 0xFF)
                        out[index + byte] = Int64(bitPattern: sum) &* unit
                    }
                    index += 8
                    position += 8
                    continue
                }
                let value = try ColumnDecoder.varint(bytes, &position, range.upperBound)
                sum = sum &+ NumberField.unzigzag(value)
                out[index] = Int64(bitPattern: sum) &* unit
                index += 1
            }
            guard position == range.upperBound else { throw Malformed(what: "bytes left over") }
            return values
        default:
            throw Malformed(what: "not an encoding of times")
        }
    }

    /// The unit of `count` times that are differences.
    static func unit(
        _ bytes: Span<UInt8>, _ range: Range<Int>, count: Int
    ) throws(Malformed) -> Int64 {
        guard range.count > count else { throw Malformed(what: "fewer integers than rows") }
        let exponent = Int(bytes[range.lowerBound])
        guard exponent <= 9, exponent % 3 == 0 else { throw Malformed(what: "no such unit") }
        return RowColumnEncoder.powerOfTen(exponent)
    }

    /// The first eight bytes of `range` as a word, the first one lowest, if there are so many and
    /// each is a varint of its own.
    @inline(__always)
    static func shortNumbers(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64? {
        guard range.count >= 8, range.lowerBound >= 0, range.upperBound <= bytes.count else {
            return nil
        }
        // Safe: eight bytes lie there.
        let word = unsafe bytes.withUnsafeBytes { bytes in
            unsafe bytes.loadUnaligned(fromByteOffset: range.lowerBound, as: UInt64.self)
        }
        let numbers = UInt64(littleEndian: word)
        return numbers & 0x8080_8080_8080_8080 == 0 ? numbers : nil
    }

    /// Numbers that begin anew where a run does, by group.
    ///
    /// - Parameters:
    ///   - ends: for each run one past its last place, ascending.
    ///   - groups: for each place its group.
    ///   - starts: where the numbers of each group begin in the result, and one more; a group has
    ///     as many as it has places, or none.
    static func runs(
        _ encoding: ColumnEncoding, _ ends: [Int], groups: [UInt32], starts: [Int],
        in bytes: Span<UInt8>, _ range: Range<Int>
    ) throws(Malformed) -> [UInt64] {
        guard encoding == .runDelta else { throw Malformed(what: "not an encoding of runs") }
        let count = starts[starts.count - 1]
        guard count <= range.count else { throw Malformed(what: "fewer numbers than rows") }
        var values = [UInt64](repeating: 0, count: count)
        var next = starts
        let has = starts.indices.dropLast().map { starts[$0] < starts[$0 + 1] }
        var out = values.mutableSpan
        var cursors = next.mutableSpan
        let (group, isKept) = (groups.span, has.span)
        var position = range.lowerBound
        var place = 0
        for end in ends {
            var previous: UInt64 = 0
            while place < end {
                let number = Int(group[place])
                place += 1
                guard isKept[number] else { continue }
                // Mostly a byte: neighbours resemble each other.
                var value = position < range.upperBound ? UInt64(bytes[position]) : 0x80
                if value < 0x80 {
                    position += 1
                } else {
                    value = try ColumnDecoder.varint(bytes, &position, range.upperBound)
                }
                previous = previous &+ NumberField.unzigzag(value)
                out[cursors[number]] = previous
                cursors[number] += 1
            }
        }
        guard position == range.upperBound else { throw Malformed(what: "bytes left over") }
        return values
    }

    static func constant(
        _ bytes: Span<UInt8>, _ range: Range<Int>
    ) throws(Malformed) -> Int64 {
        guard range.count == 8 else { throw Malformed(what: "a constant that is not 8 bytes") }
        var value: UInt64 = 0
        for index in 0..<8 { value |= UInt64(bytes[range.lowerBound + index]) << UInt64(8 * index) }
        return Int64(bitPattern: value)
    }
}

/// A column of small numbers, as it lies in its chunk.
struct NumberPlanes: Sendable {
    fileprivate let bytes: [UInt8]
    fileprivate let first: Int
    /// Bytes of a number; 0 if all are `constant`.
    fileprivate let width: Int
    let count: Int
    fileprivate let constant: UInt32
    fileprivate let limit: UInt64

    /// Reads the numbers of `range`, which lies in the column, in place of those that `numbers`
    /// has.
    func read(
        _ range: Range<Int>, into numbers: inout [UInt32]
    ) throws(ColumnDecoder.Malformed) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "the column has them")
        numbers.removeAll(keepingCapacity: true)
        guard width > 0 else {
            numbers.append(contentsOf: repeatElement(constant, count: range.count))
            return
        }
        numbers.reserveCapacity(range.count)
        var greatest: UInt32 = 0
        for at in first + range.lowerBound..<first + range.upperBound {
            var value: UInt32 = 0
            for plane in 0..<width {
                value |= UInt32(bytes[at + plane * count]) << UInt32(8 * plane)
            }
            greatest = max(greatest, value)
            numbers.append(value)
        }
        guard range.isEmpty || UInt64(greatest) < limit else {
            throw ColumnDecoder.Malformed(what: "a number too large")
        }
    }

    /// Where the next of some numbers stands, from `index` on; `count` if there is none.
    ///
    /// - Parameter wanted: one or two numbers. Of those that take two bytes others are told, too,
    ///   whose lower byte is the same.
    /// - Complexity: O(numbers passed over / 8).
    func next(of wanted: (UInt32, UInt32), from index: Int) -> Int {
        precondition(index >= 0 && index <= count, "the column has the number")
        if width == 0 { return constant == wanted.0 || constant == wanted.1 ? index : count }
        let ones: UInt64 = 0x0101_0101_0101_0101
        let one = UInt64(UInt8(truncatingIfNeeded: wanted.0)) &* ones
        let other = UInt64(UInt8(truncatingIfNeeded: wanted.1)) &* ones
        var at = index
        precondition(first >= 0 && first + count <= bytes.count, "the lowest bytes are there")
        unsafe bytes.withUnsafeBytes { bytes in
            while at + 8 <= count {
                // Safe: eight of the lowest bytes stand there.
                let word = unsafe UInt64(
                    littleEndian: bytes.loadUnaligned(fromByteOffset: first + at, as: UInt64.self))
                let (a, b) = (word ^ one, word ^ other)
                // The lowest bit that is set stands in the first byte that is zero.
                let found = ((a &- ones) & ~a | (b &- ones) & ~b) & (ones << 7)
                if found != 0 {
                    at += found.trailingZeroBitCount / 8
                    return
                }
                at += 8
            }
            while at < count {
                let byte = UInt32(unsafe bytes[first + at])
                if byte == wanted.0 & 0xFF || byte == wanted.1 & 0xFF { return }
                at += 1
            }
        }
        return at
    }

    /// Number `index`, which is below `count`.
    func number(_ index: Int) throws(ColumnDecoder.Malformed) -> UInt32 {
        precondition(index >= 0 && index < count, "the column has the number")
        if width == 0 { return constant }
        var value: UInt32 = 0
        for plane in 0..<width {
            value |= UInt32(bytes[first + plane * count + index]) << UInt32(8 * plane)
        }
        guard UInt64(value) < limit else {
            throw ColumnDecoder.Malformed(what: "a number too large")
        }
        return value
    }
}
