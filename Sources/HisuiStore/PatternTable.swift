import HisuiBytes

/// The patterns of a block's columns of numbers, each once: some dozens, where there are thousands
/// of columns. So what a text asks of numbers is worked out for each pattern and not for each
/// column.
///
/// Immutable; made once for a block.
struct PatternTable: Sendable {
    /// The encodings of the patterns that occur.
    private(set) var patterns: [[UInt8]] = []
    /// For each of them the bytes that its values can have.
    private(set) var alphabets: [ByteAlphabet] = []
    /// For each column its pattern; `none`, or counted down from `several` its set of patterns.
    private var ofColumn: [Int32] = []
    private var sets: [[Int32]] = []

    private static let none: Int32 = -1
    private static let several: Int32 = -2

    /// Finds the patterns that the heads in `directory` have.
    ///
    /// A head that cannot be read has none; whoever reads its column tells.
    init(_ directory: BlockDirectory) {
        var numbers = Numbers()
        ofColumn = [Int32](repeating: Self.none, count: directory.columnCount)
        let bytes = directory.bytes
        let span = bytes.span
        // Most columns have one of a few patterns; the commonest is known by its five bytes.
        let plain: [UInt8] = [1, NumberPattern.Notation.decimal.rawValue, 0, 0, 0]
        let plainNumber = number(of: plain.span, 0..<plain.count, &numbers)
        for encoding in ColumnEncoding.allNumbers {
            for column in directory.columns(of: encoding) {
                let head = directory.headRange(of: Int(column))
                if head.count > plain.count,
                    ByteSearch.equal(span, head.lowerBound + 1..<head.lowerBound + 6, plain.span)
                {
                    ofColumn[Int(column)] = plainNumber
                } else if let range = try? Self.afterFlags(span, head) {
                    ofColumn[Int(column)] = number(of: span, range, &numbers)
                }
            }
        }
        for column in directory.columns(of: .patterns) {
            let head = directory.headRange(of: Int(column))
            guard let ranges = try? Self.several(span, head) else { continue }
            var set: [Int32] = []
            for range in ranges { set.append(number(of: span, range, &numbers)) }
            sets.append(set)
            ofColumn[Int(column)] = Self.several - Int32(sets.count - 1)
        }
    }

    /// Patterns by hash: their numbers plus one at the places that hashes lead to; 0 is free.
    private struct Numbers {
        var places = [Int32](repeating: 0, count: 256)
        var hashes: [UInt64] = []

        /// The place of a hash from which to look.
        func place(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash) & (places.count - 1) }

        mutating func insert(_ hash: UInt64) {
            hashes.append(hash)
            if hashes.count * 2 > places.count {
                places = [Int32](repeating: 0, count: places.count * 2)
                for number in hashes.indices { put(number) }
            } else {
                put(hashes.count - 1)
            }
        }

        private mutating func put(_ number: Int) {
            var at = place(hashes[number])
            while places[at] != 0 { at = (at + 1) & (places.count - 1) }
            places[at] = Int32(number + 1)
        }
    }

    private mutating func number(
        of bytes: Span<UInt8>, _ range: Range<Int>, _ numbers: inout Numbers
    ) -> Int32 {
        let hash = Hash64.of(bytes.extracting(range))
        var at = numbers.place(hash)
        while numbers.places[at] != 0 {
            let known = numbers.places[at] - 1
            if numbers.hashes[Int(known)] == hash {
                let pattern = patterns[Int(known)]
                if ByteSearch.equal(bytes, range, pattern.span) { return known }
            }
            at = (at + 1) & (numbers.places.count - 1)
        }
        let pattern = [UInt8](bytes, range)
        patterns.append(pattern)
        alphabets.append(PatternPlaces(pattern)?.alphabet ?? .all)
        numbers.insert(hash)
        return Int32(patterns.count - 1)
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

/// A set of bytes.
struct ByteAlphabet: Sendable {
    private var words: SIMD4<UInt64> = .zero

    static let all = ByteAlphabet(words: SIMD4(repeating: .max))

    private init(words: SIMD4<UInt64>) { self.words = words }

    init(_ bytes: [UInt8]) {
        for byte in bytes { insert(byte) }
    }

    mutating func insert(_ byte: UInt8) {
        words[Int(byte >> 6)] |= 1 << UInt64(byte & 63)
    }

    /// With each capital letter its small one, too.
    var folded: ByteAlphabet {
        var folded = words
        // A to Z are bits 1 to 26 of their word, a to z 32 bits above.
        folded[1] |= (words[1] & 0x07FF_FFFE) << 32
        return ByteAlphabet(words: folded)
    }

    @inline(__always)
    func isSuperset(of other: ByteAlphabet) -> Bool { words | other.words == words }
}
