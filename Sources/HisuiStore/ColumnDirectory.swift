import HisuiBytes

/// Which bytes of which chunk hold each column of a block.
///
///     number of columns                                        varint
///     for each slot column, in stored order:  shape − previous  signed varint
///     for each slot column:                   slot              u8
///     for each column:                        encoding          u8
///     for each column:                        length            varint
///     for each chunk but this:                columns in it     varint
///
/// The row columns come first, in their fixed order. Offsets are not written: columns fill their
/// chunks without a hole, so an offset cannot be wrong.
struct ColumnDirectory: Sendable {
    struct Place: Sendable {
        var chunk: Int
        var encoding: ColumnEncoding
        /// In the raw bytes of the chunk.
        var range: Range<Int>
    }

    private struct Entry {
        var chunk: UInt32 = .max
        var offset: UInt32 = 0
        var length: UInt32 = 0
        var encoding = ColumnEncoding.text
    }

    private var entries: [Entry]
    /// Raw length of each chunk.
    private(set) var rawCounts: [Int] = []

    func place(of column: Int) -> Place {
        let entry = entries[column]
        let offset = Int(entry.offset)
        return Place(
            chunk: Int(entry.chunk), encoding: entry.encoding,
            range: offset..<offset + Int(entry.length))
    }

    /// - Parameters:
    ///   - firstColumns: number of the first column of each shape, and the number of all columns.
    ///   - chunks: how many chunks the columns lie in.
    init(
        decoding bytes: Span<UInt8>, firstColumns: [Int], chunks: Int
    ) throws(ColumnDecoder.Malformed) {
        do {
            var reader = ByteReader(bytes)
            let rowColumns = firstColumns[0]
            let count = firstColumns[firstColumns.count - 1]
            guard try reader.varint() == UInt64(count) else {
                throw ColumnDecoder.Malformed(what: "not \(count) columns")
            }
            let columns = try Self.columns(&reader, firstColumns, bytes)
            let encodings = try reader.take(count)
            entries = [Entry](repeating: Entry(), count: count)
            for stored in 0..<count {
                let column = stored < rowColumns ? stored : columns[stored - rowColumns]
                let byte = bytes[Int(encodings.offset) + stored]
                guard let encoding = ColumnEncoding(rawValue: byte) else {
                    throw ColumnDecoder.Malformed(what: "encoding \(byte) is unknown")
                }
                entries[column].encoding = encoding
                let length = try reader.varint()
                guard length <= UInt64(UInt32.max) else {
                    throw ColumnDecoder.Malformed(what: "a column too long")
                }
                entries[column].length = UInt32(length)
            }
            try place(&reader, columns, rowColumns, chunks)
            guard reader.remaining == 0 else {
                throw ColumnDecoder.Malformed(what: "bytes left over")
            }
        } catch let error as ColumnDecoder.Malformed {
            throw error
        } catch {
            throw ColumnDecoder.Malformed(what: "cut short")
        }
    }

    /// The slot columns in stored order; each occurs once.
    private static func columns(
        _ reader: inout ByteReader, _ firstColumns: [Int], _ bytes: Span<UInt8>
    ) throws -> [Int] {
        let count = firstColumns[firstColumns.count - 1] - firstColumns[0]
        guard count <= reader.remaining else { throw ColumnDecoder.Malformed(what: "cut short") }
        var shapes: [Int] = []
        shapes.reserveCapacity(count)
        var shape: Int64 = 0
        for _ in 0..<count {
            shape &+= try reader.signedVarint()
            guard shape >= 0, shape < firstColumns.count - 1 else {
                throw ColumnDecoder.Malformed(what: "a column of no shape")
            }
            shapes.append(Int(shape))
        }
        let slots = try reader.take(count)
        var isSeen = [Bool](repeating: false, count: count)
        var columns: [Int] = []
        columns.reserveCapacity(count)
        for index in 0..<count {
            let column = firstColumns[shapes[index]] + Int(bytes[Int(slots.offset) + index])
            guard column < firstColumns[shapes[index] + 1], !isSeen[column - firstColumns[0]]
            else { throw ColumnDecoder.Malformed(what: "a column of no slot, or twice") }
            isSeen[column - firstColumns[0]] = true
            columns.append(column)
        }
        return columns
    }

    private mutating func place(
        _ reader: inout ByteReader, _ columns: [Int], _ rowColumns: Int, _ chunks: Int
    ) throws {
        var stored = 0
        for chunk in 0..<chunks {
            let inChunk = try reader.varint()
            guard inChunk <= UInt64(entries.count - stored) else {
                throw ColumnDecoder.Malformed(what: "more columns in chunks than there are")
            }
            var offset = 0
            for _ in 0..<Int(inChunk) {
                let column = stored < rowColumns ? stored : columns[stored - rowColumns]
                entries[column].chunk = UInt32(chunk)
                entries[column].offset = UInt32(truncatingIfNeeded: offset)
                offset += Int(entries[column].length)
                guard offset <= Int(UInt32.max) else {
                    throw ColumnDecoder.Malformed(what: "a chunk too long")
                }
                stored += 1
            }
            rawCounts.append(offset)
        }
        guard stored == entries.count else {
            throw ColumnDecoder.Malformed(what: "columns without a chunk")
        }
    }
}

/// What a writer notes for the directory, in stored order.
struct ColumnDirectoryBuilder {
    private var shapes: [UInt8] = []
    private var slots: [UInt8] = []
    private var encodings: [UInt8] = []
    private var lengths: [UInt8] = []
    private var chunks: [UInt8] = []
    private var previousShape = 0
    private var inChunk = 0

    mutating func appendRowColumn(_ encoding: ColumnEncoding, length: Int) {
        encodings.append(encoding.rawValue)
        lengths.appendVarint(UInt64(length))
        inChunk += 1
    }

    mutating func append(shape: Int, slot: Int, _ encoding: ColumnEncoding, length: Int) {
        shapes.appendSignedVarint(Int64(shape - previousShape))
        previousShape = shape
        slots.append(UInt8(slot))
        appendRowColumn(encoding, length: length)
    }

    /// Whether columns wait for the end of their chunk; they may all be of no bytes.
    var hasOpenChunk: Bool { inChunk > 0 }

    mutating func endChunk() {
        chunks.appendVarint(UInt64(inChunk))
        inChunk = 0
    }

    func encoded() -> [UInt8] {
        var out: [UInt8] = []
        out.appendVarint(UInt64(encodings.count))
        return out + shapes + slots + encodings + lengths + chunks
    }
}
