import HisuiBytes

/// Where patterns of numbers stand in the heads of columns.
enum PatternHead {
    /// The pattern in the head of a column of numbers.
    static func afterFlags(
        _ bytes: Span<UInt8>, _ head: Range<Int>
    ) throws -> Range<Int> {
        var reader = ByteReader(bytes, head)
        _ = try reader.u8()
        return try NumberPattern.skip(&reader)
    }

    /// The patterns in the head of a column of several.
    ///
    /// - Parameter ranges: gets where they stand, in place of what it had.
    static func several(
        _ bytes: Span<UInt8>, _ head: Range<Int>, to ranges: inout [Range<Int>]
    ) throws {
        ranges.removeAll(keepingCapacity: true)
        var reader = ByteReader(bytes, head)
        _ = try reader.u8()
        let count = try reader.count()
        for _ in 0..<count {
            _ = try reader.varint()
            let range = try NumberPattern.skip(&reader)
            // A pattern begins with how many numbers it has, at most 16.
            for _ in 0..<bytes[range.lowerBound] { _ = try NumberField(decoding: &reader) }
            ranges.append(range)
        }
    }
}

extension NumberPattern {
    /// Passes over a pattern.
    ///
    /// - Returns: where it stands.
    static func skip(_ reader: inout ByteReader) throws -> Range<Int> {
        let start = reader.position
        let count = try reader.varint()
        guard count <= UInt64(numbersMax) else {
            throw Malformed(what: "numbers of a pattern")
        }
        _ = try reader.take(2 * Int(count))
        for _ in 0...count { _ = try reader.take(try reader.count()) }
        return start..<reader.position
    }
}
