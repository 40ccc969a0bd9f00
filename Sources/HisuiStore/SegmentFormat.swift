import HisuiBytes

/// The bytes of a segment file; `docs/format.md`, "Segments", is the specification.
///
///     header   magic 8 | version u32 | crc u32
///     block 0  chunk | chunk | … | directory chunk
///     block 1  …
///     footer   section | section | …
///     trailer  footer length u64 | footer crc u32 | magic 8 | crc u32
///
///     chunk    codec u8 | raw length u32 | stored length u32 | crc u32 | stored bytes
///     section  id u8 | codec u8 | raw length u32 | stored length u32 | stored bytes
///
/// Everything is little-endian; checksums are CRC-32C. Invariants: chunks and footer tile the file
/// without a hole, so no byte lies outside a checksum; nothing is written after the trailer; the
/// columns of a chunk tile its raw bytes.
enum SegmentFormat {
    static let magic: [UInt8] = Array("HISUISEG".utf8)
    static let trailerMagic: [UInt8] = Array("HISUIEND".utf8)
    static let version: UInt32 = 4

    static let headerBytes = 16
    static let trailerBytes = 24
    static let chunkHeaderBytes = 13

    /// A chunk is closed when its columns reach this; small ones share it, so that a codec sees
    /// enough to work on, and one fits the second-level cache.
    static let chunkTargetBytes = 256 << 10

    static func header() -> [UInt8] {
        var bytes = magic
        bytes.appendLittleEndian(version)
        bytes.appendLittleEndian(CRC32C.of(bytes.span))
        return bytes
    }

    static func trailer(footer: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendLittleEndian(UInt64(footer.count))
        bytes.appendLittleEndian(CRC32C.of(footer.span))
        bytes += trailerMagic
        bytes.appendLittleEndian(CRC32C.of(bytes.span))
        return bytes
    }

    /// The checksum of a chunk: of its header up to the checksum, then of its stored bytes.
    static func chunkChecksum(header: Span<UInt8>, stored: Span<UInt8>) -> UInt32 {
        CRC32C.of(stored, seed: CRC32C.of(header))
    }

    /// Parts of the footer, in this order, each exactly once.
    enum Section: UInt8, CaseIterable {
        case summary = 1
        case definitions = 2
        case sources = 3
        case gaps = 4
        case senders = 5
        case shapes = 6
        case blocks = 7
        case columns = 8

        var name: String {
            switch self {
            case .summary: "summary"
            case .definitions: "definitions"
            case .sources: "sources"
            case .gaps: "gaps"
            case .senders: "senders"
            case .shapes: "shape table"
            case .blocks: "block directory"
            case .columns: "columns"
            }
        }
    }
}

/// How the values of a column are written.
///
/// The raw value is stored; never renumber.
enum ColumnEncoding: UInt8 {
    // Slot columns with data.
    /// Lengths as varints, then the values one after the other.
    case text = 0
    /// Number of distinct values, their lengths, the values, then one byte a row.
    case dictionary8 = 1
    /// The same with two bytes a row: all low bytes, then all high bytes.
    case dictionary16 = 2
    /// Numbers by several patterns; see `PatternColumn`.
    case patterns = 3
    /// The row's time by a format; data only if some values differ from it.
    case time = 4
    /// Numbers by one pattern; see `NumberColumn`. By how many bytes those of a value have.
    case numbers1 = 5
    case numbers2 = 6
    case numbers3 = 7
    case numbers4 = 8
    case numbersLong = 9
    // Slot columns without data.
    /// One value for all rows.
    case constant = 10
    /// The host of the row's origin.
    case host = 11
    /// The row's program.
    case program = 12
    /// The row's process id.
    case pid = 13
    // Row columns: integers.
    /// One value for all rows, 8 bytes.
    case integerConstant = 16
    /// A unit as power of ten (u8), then differences in that unit as signed varints, the first
    /// from 0; sums wrap.
    case integerDelta = 17
    /// A width (u8, 1 to 4), then the lowest byte of all rows, then the next byte of all rows, ….
    case integerPlanes = 18
    /// Differences as signed varints, from 0 where origin or program change.
    case runDelta = 19

    /// How numbers of `width` bytes a value are written.
    static func numbers(ofWidth width: Int) -> ColumnEncoding {
        switch width {
        case 0, 1: .numbers1
        case 2: .numbers2
        case 3: .numbers3
        case 4: .numbers4
        default: .numbersLong
        }
    }

    /// Where the data of such a slot column is; nil if there is none.
    var chunkKind: ChunkKind? {
        switch self {
        case .text, .time: .text
        case .dictionary8, .dictionary16: .dictionary
        case .patterns: .patterns
        case .numbers1: .numbers1
        case .numbers2: .numbers2
        case .numbers3: .numbers3
        case .numbers4: .numbers4
        case .numbersLong: .numbersLong
        default: nil
        }
    }

    var isOfSlots: Bool { rawValue <= Self.pid.rawValue }
    var isNumbers: Bool { (Self.numbers1.rawValue...Self.numbersLong.rawValue).contains(rawValue) }
    /// Whether the directory says more of the column.
    var hasHead: Bool { isNumbers || self == .patterns || self == .time || self == .constant }
}

/// The columns that every row has, in the order in which they are kept.
///
/// The raw value is stored as a place in the directory; never reorder.
enum RowColumn: Int, CaseIterable, Sendable {
    /// Number of the origin, in order of arrival.
    case origin
    /// Number of the program, in order of arrival.
    case program
    /// Number of the shape, in stored order.
    case shape
    /// Whole seconds of the event time, in order of arrival.
    case second
    /// The rest of it, in stored order, of rows of shapes whose times have that many digits.
    case milli, micro, nano
    /// Receive time, in order of arrival.
    case received
    /// Flags, in stored order.
    case flags
    /// Process ids, in stored order, of rows of shapes that have them here.
    case pid
}
