import HisuiBytes

/// The patterns of a block's columns of numbers, each once: some dozens, where there are thousands
/// of columns. So what a text asks of numbers is worked out for each pattern and not for each
/// column.
///
/// Immutable; made once for a block.
struct PatternTable: Sendable {
    /// The encodings of the patterns that occur.
    private(set) var patterns: [[UInt8]] = []
    /// For each column its pattern; `none`, or counted down from `several` its set of patterns.
    private var ofColumn: [Int32] = []
    private var sets: [[Int32]] = []

    private static let none: Int32 = -1
    private static let several: Int32 = -2

    /// Finds the patterns that the heads in `directory` have.
    ///
    /// A head that cannot be read has none; whoever reads its column tells.
    init(_ directory: BlockDirectory) {
        var numbers: [UInt64: [Int32]] = [:]
        ofColumn.reserveCapacity(directory.columnCount)
        let bytes = directory.bytes
        let span = bytes.span
        for column in 0..<directory.columnCount {
            let encoding = directory.encoding(of: column)
            guard encoding.isNumbers || encoding == .patterns else {
                ofColumn.append(Self.none)
                continue
            }
            let head = directory.headRange(of: column)
            if encoding.isNumbers {
                guard let range = try? Self.afterFlags(span, head) else {
                    ofColumn.append(Self.none)
                    continue
                }
                ofColumn.append(number(of: span, range, &numbers))
            } else if let ranges = try? Self.several(span, head) {
                var set: [Int32] = []
                for range in ranges { set.append(number(of: span, range, &numbers)) }
                sets.append(set)
                ofColumn.append(Self.several - Int32(sets.count - 1))
            } else {
                ofColumn.append(Self.none)
            }
        }
    }

    private mutating func number(
        of bytes: Span<UInt8>, _ range: Range<Int>, _ numbers: inout [UInt64: [Int32]]
    ) -> Int32 {
        let hash = Hash64.of(bytes.extracting(range))
        for known in numbers[hash] ?? [] {
            let pattern = patterns[Int(known)]
            if ByteSearch.equal(bytes, range, pattern.span) { return known }
        }
        let new = Int32(patterns.count)
        patterns.append([UInt8](bytes, range))
        numbers[hash, default: []].append(new)
        return new
    }

    /// The pattern in the head of a column of numbers.
    private static func afterFlags(
        _ bytes: Span<UInt8>, _ head: Range<Int>
    ) throws -> Range<Int> {
        var reader = ByteReader(bytes, head)
        _ = try reader.u8()
        return try NumberPattern.skip(&reader)
    }

    /// The patterns in the head of a column of several.
    private static func several(
        _ bytes: Span<UInt8>, _ head: Range<Int>
    ) throws -> [Range<Int>] {
        var reader = ByteReader(bytes, head)
        _ = try reader.u8()
        var ranges: [Range<Int>] = []
        let count = try reader.count()
        for _ in 0..<count {
            _ = try reader.varint()
            let range = try NumberPattern.skip(&reader)
            // A pattern begins with how many numbers it has, at most 16.
            for _ in 0..<bytes[range.lowerBound] { _ = try NumberField(decoding: &reader) }
            ranges.append(range)
        }
        return ranges
    }

    /// Whether `column` has a pattern that is in `chosen`, by number; true if it is not known.
    @inline(__always)
    func isAny(of column: Int, in chosen: [Bool]) -> Bool {
        let number = ofColumn[column]
        if number >= 0 { return chosen[Int(number)] }
        if number == Self.none { return true }
        return sets[Int(Self.several - number)].contains { chosen[Int($0)] }
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
