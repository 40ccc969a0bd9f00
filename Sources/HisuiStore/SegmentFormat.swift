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
    static let version: UInt32 = 1

    static let headerBytes = 16
    static let trailerBytes = 24
    static let chunkHeaderBytes = 13

    /// A chunk is closed when its columns reach this; small ones share it, so that a codec sees
    /// enough to work on, and one fits the second-level cache.
    static let chunkTargetBytes = 128 << 10
    /// No column is added that makes a chunk longer than this; one that is longer is alone.
    static let chunkSoftMaxBytes = 256 << 10
    /// Row columns are read without slot columns and mostly one by one.
    static let rowChunkTargetBytes = 16 << 10

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

        var name: String {
            switch self {
            case .summary: "summary"
            case .definitions: "definitions"
            case .sources: "sources"
            case .gaps: "gaps"
            case .senders: "senders"
            case .shapes: "shape table"
            case .blocks: "block directory"
            }
        }
    }
}

/// How the values of a column are written.
///
/// The raw value is stored; never renumber.
enum ColumnEncoding: UInt8 {
    // Slot columns: byte strings.
    /// Lengths as varints, then the values one after the other.
    case text = 0
    /// One value for all rows; its length is the column's.
    case constant = 1
    /// Number of distinct values, their lengths, the values, then one byte a row.
    case dictionary8 = 2
    /// The same with two bytes a row: all low bytes, then all high bytes.
    case dictionary16 = 3
    // Row columns: integers.
    /// One value for all rows, 8 bytes.
    case integerConstant = 16
    /// A unit as power of ten (u8), then differences in that unit as signed varints, the first
    /// from 0; sums wrap.
    case integerDelta = 17
    /// A width (u8, 1 to 4), then the lowest byte of all rows, then the next byte of all rows, ….
    case integerPlanes = 18
}
