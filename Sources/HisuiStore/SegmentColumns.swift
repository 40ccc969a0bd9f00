import HisuiBytes
import HisuiShape

/// What the columns of a segment's shapes hold in all its blocks together: what tells of most
/// shapes that no block of the segment needs to be asked for them.
///
/// A column is a slot of a shape of the segment's table; numbers go by shape and slot.
struct SegmentColumns: Equatable, Sendable {
    /// What blocks have in a column.
    struct Kinds: OptionSet, Equatable, Sendable {
        let rawValue: UInt16

        /// Values that chunks have as text.
        static let text = Kinds(rawValue: 1)
        /// Values of which nothing is told here: there are too many constants, hosts, programs, or
        /// patterns.
        static let others = Kinds(rawValue: 2)
        static let constants = Kinds(rawValue: 4)
        static let hosts = Kinds(rawValue: 8)
        static let programs = Kinds(rawValue: 16)
        /// Numbers by the patterns that the section tells.
        static let numbers = Kinds(rawValue: 32)
        /// Decimal numbers without anything around them, of a range that the section tells; a
        /// column that has these has nothing else.
        static let plainNumbers = Kinds(rawValue: 64)
        static let times = Kinds(rawValue: 128)
        static let processIDs = Kinds(rawValue: 256)

        /// How many there are.
        static let count = 9
        /// Of one kind, the number of its bit.
        var number: Int { rawValue.trailingZeroBitCount }
    }

    /// Hosts of all origins, and programs, each once.
    var hosts: [[UInt8]] = []
    var programs: [[UInt8]] = []
    /// Encodings of all patterns, each once.
    var patterns: [[UInt8]] = []
    /// For each column.
    var kinds: [Kinds] = []
    /// Where the patterns of each column begin in `patternNumbers`; one more element than columns.
    var patternStarts: [UInt32] = [0]
    /// Numbers in `patterns`.
    var patternNumbers: [UInt32] = []
    /// Where the constants of each column begin in `constants`; one more element than columns.
    var constantStarts: [UInt32] = [0]
    /// Places in `constantBytes`.
    var constants: [ByteRange] = []
    var constantBytes: [UInt8] = []
    /// Of columns of plain numbers, in their order.
    var ranges: [ClosedRange<UInt64>] = []

    /// More constants of a column than this, or more bytes of them, are not told.
    static let constantsMax = 32
    static let constantBytesMax = 512
    /// More patterns of a column than this are not told.
    static let patternsMax = 64
    /// More hosts or programs than this are not told.
    static let namesMax = 4096

    typealias Malformed = ColumnDecoder.Malformed
}

// In the footer.
extension SegmentColumns {
    ///     varint hosts; each: counted
    ///     varint programs; each: counted
    ///     varint patterns; each: its encoding
    ///     each column: varint kinds
    ///     each column with numbers: varint patterns; each: varint number
    ///     each column with constants: varint constants; each: counted
    ///     each column of plain numbers: varint least, varint greatest - least
    func encode(to out: inout [UInt8]) {
        for names in [hosts, programs] {
            out.appendVarint(UInt64(names.count))
            for name in names { out.appendCounted(name) }
        }
        out.appendVarint(UInt64(patterns.count))
        for pattern in patterns { out += pattern }
        for kind in kinds { out.appendVarint(UInt64(kind.rawValue)) }
        for column in kinds.indices where kinds[column].contains(.numbers) {
            let numbers = patternNumbers[patternRange(of: column)]
            out.appendVarint(UInt64(numbers.count))
            for number in numbers { out.appendVarint(UInt64(number)) }
        }
        for column in kinds.indices where kinds[column].contains(.constants) {
            let values = constants[constantRange(of: column)]
            out.appendVarint(UInt64(values.count))
            for value in values { out.appendCounted(constantBytes[value.range]) }
        }
        for range in ranges {
            out.appendVarint(range.lowerBound)
            out.appendVarint(range.upperBound - range.lowerBound)
        }
    }

    func patternRange(of column: Int) -> Range<Int> {
        Int(patternStarts[column])..<Int(patternStarts[column + 1])
    }

    func constantRange(of column: Int) -> Range<Int> {
        Int(constantStarts[column])..<Int(constantStarts[column + 1])
    }

    /// - Parameters:
    ///   - columns: how many there are.
    ///   - bytes: what `reader` goes over.
    init(decoding reader: inout ByteReader, columns: Int, _ bytes: Span<UInt8>) throws {
        hosts = try Self.names(&reader)
        programs = try Self.names(&reader)
        for _ in 0..<(try reader.count(ofSize: 2)) {
            patterns.append([UInt8](bytes, try NumberPattern.skip(&reader)))
        }
        guard columns <= reader.remaining else { throw Malformed(what: "cut short") }
        kinds.reserveCapacity(columns)
        for _ in 0..<columns {
            let kind = try reader.varint()
            guard kind < 1 << Kinds.count else {
                throw Malformed(what: "an unknown kind of column")
            }
            kinds.append(Kinds(rawValue: UInt16(kind)))
        }
        for kinds in kinds where kinds.contains(.plainNumbers) && kinds != .plainNumbers {
            throw Malformed(what: "plain numbers beside others")
        }
        try decodePatterns(&reader)
        try decodeConstants(&reader, bytes)
        for kinds in kinds where kinds == .plainNumbers {
            let least = try reader.varint()
            let (greatest, isTooLarge) = least.addingReportingOverflow(try reader.varint())
            guard !isTooLarge else { throw Malformed(what: "a range beyond all numbers") }
            ranges.append(least...greatest)
        }
    }

    private static func names(_ reader: inout ByteReader) throws -> [[UInt8]] {
        var names: [[UInt8]] = []
        let count = try reader.count()
        guard count <= namesMax else { throw Malformed(what: "too many names") }
        for _ in 0..<count { names.append(try reader.countedBytes()) }
        return names
    }

    private mutating func decodePatterns(_ reader: inout ByteReader) throws {
        patternStarts.reserveCapacity(kinds.count + 1)
        for kinds in kinds {
            if kinds.contains(.numbers) {
                let count = try reader.count()
                guard count >= 1, count <= Self.patternsMax else {
                    throw Malformed(what: "patterns of a column")
                }
                for _ in 0..<count {
                    let number = try reader.varint()
                    guard number < UInt64(patterns.count) else {
                        throw Malformed(what: "a pattern that is not there")
                    }
                    patternNumbers.append(UInt32(number))
                }
            }
            patternStarts.append(UInt32(patternNumbers.count))
        }
    }

    private mutating func decodeConstants(
        _ reader: inout ByteReader, _ bytes: Span<UInt8>
    ) throws {
        constantStarts.reserveCapacity(kinds.count + 1)
        for kinds in kinds {
            if kinds.contains(.constants) {
                let count = try reader.count()
                guard count >= 1, count <= Self.constantsMax else {
                    throw Malformed(what: "constants of a column")
                }
                for _ in 0..<count {
                    let value = try reader.take(try reader.count())
                    let start = constantBytes.count
                    constantBytes.append(bytes, value)
                    constants.append(ByteRange(start..<constantBytes.count))
                }
            }
            constantStarts.append(UInt32(constants.count))
        }
    }
}
