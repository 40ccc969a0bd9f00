import HisuiBytes

/// What the last chunk of a block says: where its rows come from, and where each column is.
///
///     varint origins; each: varint source, varint sender, counted host
///     varint programs; each: counted program
///     each shape: u8 digits of the fraction of its times
///     each row column: u8 encoding, varint length
///     each slot column, by shape and slot: u8 encoding
///     each slot column whose encoding has data: varint length
///     each slot column whose encoding has a head: counted head
///     varint chunks before this one; each: u8 kind, u8 filter, varint columns
///
/// Slot columns with bytes fill the chunks of their kind in order, without a hole; so no offset is
/// written, and none can be wrong.
///
/// Shared by all who read the block; changed by nobody once it is made.
final class BlockDirectory: @unchecked Sendable {
    typealias Malformed = ColumnDecoder.Malformed

    /// Where the bytes of a column are.
    struct Place: Sendable {
        var encoding = ColumnEncoding.constant
        var chunk = 0
        /// In the raw bytes of the chunk.
        var range = 0..<0
    }

    let origins: [Origin]
    let programs: [[UInt8]]
    /// For each shape: 0, 3, 6 or 9.
    let fractionDigits: [UInt8]
    private(set) var rowColumns: [Place]
    /// The directory itself; heads of columns are spans of it.
    let bytes: [UInt8]
    /// Where hosts end in `bytes`, and where programs do.
    private let hostsEnd: Int
    private let programsEnd: Int
    private var columns: [Column]
    /// Raw length of each chunk but this.
    private(set) var rawCounts: [Int]
    private(set) var chunkKinds: [ChunkKind]
    /// For each chunk the columns in it, where they have bytes, in order.
    private var columnsOfChunk: [[UInt32]] = []
    /// For each chunk where its filter is in the chunk of filters; empty if it has no text, nil if
    /// it has text and no filter.
    private(set) var filters: [Range<Int>?]

    private struct Column {
        var encoding: ColumnEncoding
        var chunk: UInt32 = 0
        var offset: UInt32 = 0
        var length: UInt32 = 0
        var head = ByteRange(offset: 0, count: 0)
    }

    func place(of column: Int) -> Place {
        let entry = columns[column]
        let offset = Int(entry.offset)
        return Place(
            encoding: entry.encoding, chunk: Int(entry.chunk),
            range: offset..<offset + Int(entry.length))
    }

    /// The columns with bytes in a chunk, in the order in which they stand there.
    func columns(ofChunk chunk: Int) -> [UInt32] { columnsOfChunk[chunk] }

    /// About how much memory the directory takes.
    var byteCount: Int {
        bytes.count + columns.count * (MemoryLayout<Column>.stride + 8)
            + textSets.count * ColumnSet(count: columns.count).byteCount
    }

    /// How many slot columns there are.
    var columnCount: Int { columns.count }

    func encoding(of column: Int) -> ColumnEncoding { columns[column].encoding }

    /// The columns of each kind of chunk that have text there.
    private var textSets: [ColumnSet] = []

    /// The columns that have text in chunks of a kind.
    func textSet(of kind: ChunkKind) -> ColumnSet { textSets[Int(kind.rawValue)] }

    /// Whether a host may have the probe.
    func hostsMayContain(_ probe: TextProbe) -> Bool { probe.occurs(in: bytes, 0..<hostsEnd) }

    /// Whether a program may have the probe.
    func programsMayContain(_ probe: TextProbe) -> Bool {
        probe.occurs(in: bytes, hostsEnd..<programsEnd)
    }

    /// The first byte of a column's head.
    func headFlags(of column: Int) -> UInt8 {
        let head = columns[column].head
        return head.count > 0 ? bytes[Int(head.offset)] : 0
    }

    /// Where the head of a column stands in `bytes`.
    func headRange(of column: Int) -> Range<Int> { columns[column].head.range }

    /// What the directory says of a column beside its place.
    func head(of column: Int) -> [UInt8] {
        let bytes = bytes
        return [UInt8](bytes.span, columns[column].head.range)
    }

    /// - Parameters:
    ///   - shapes: how many shapes the block has.
    ///   - columnCount: slots of all of them.
    ///   - chunks: how many chunks the columns lie in.
    init(
        decoding contents: [UInt8], shapes: Int, columnCount: Int, chunks: Int, sourceCount: Int,
        senderCount: Int
    ) throws(Malformed) {
        do {
            let span = contents.span
            var reader = ByteReader(span)
            origins = try Self.origins(&reader, sourceCount, senderCount)
            hostsEnd = reader.position
            programs = try Self.programs(&reader)
            programsEnd = reader.position
            let digits = try reader.take(shapes)
            fractionDigits = [UInt8](span, digits.range)
            guard fractionDigits.allSatisfy({ $0 <= 9 && $0 % 3 == 0 }) else {
                throw Malformed(what: "digits of a fraction")
            }
            rowColumns = try Self.rowColumns(&reader)
            columns = try Self.columns(&reader, columnCount, span)
            rawCounts = []
            chunkKinds = []
            filters = []
            bytes = contents
            try place(&reader, chunks)
            makeSets()
            guard reader.remaining == 0 else { throw Malformed(what: "bytes left over") }
        } catch let error as Malformed {
            throw error
        } catch {
            throw Malformed(what: "cut short")
        }
    }

    private static func origins(
        _ reader: inout ByteReader, _ sourceCount: Int, _ senderCount: Int
    ) throws -> [Origin] {
        let count = try reader.count(ofSize: 3)
        guard count >= 1, count <= RowOrigins.originsMax else {
            throw Malformed(what: "origins")
        }
        var origins: [Origin] = []
        origins.reserveCapacity(count)
        for _ in 0..<count {
            let source = try reader.varint()
            let sender = try reader.varint()
            guard source < UInt64(sourceCount), sender < UInt64(senderCount) else {
                throw Malformed(what: "an origin of no source or sender")
            }
            origins.append(
                Origin(
                    source: UInt32(source), sender: UInt32(sender),
                    host: try reader.countedBytes()))
        }
        return origins
    }

    private static func programs(_ reader: inout ByteReader) throws -> [[UInt8]] {
        let count = try reader.count()
        guard count >= 1, count <= RowOrigins.programsMax else {
            throw Malformed(what: "programs")
        }
        var programs: [[UInt8]] = []
        for _ in 0..<count { programs.append(try reader.countedBytes()) }
        return programs
    }

    private static func rowColumns(_ reader: inout ByteReader) throws -> [Place] {
        var places: [Place] = []
        for column in RowColumn.allCases {
            guard let encoding = ColumnEncoding(rawValue: try reader.u8()) else {
                throw Malformed(what: "an unknown encoding")
            }
            let length = try reader.varint()
            guard length <= UInt64(UInt32.max) else { throw Malformed(what: "a column too long") }
            places.append(
                Place(encoding: encoding, chunk: column.rawValue, range: 0..<Int(length)))
        }
        return places
    }

    private static func columns(
        _ reader: inout ByteReader, _ count: Int, _ bytes: Span<UInt8>
    ) throws -> [Column] {
        let encodings = try reader.take(count)
        var columns = [Column](repeating: Column(encoding: .constant), count: count)
        for (number, index) in encodings.range.enumerated() {
            guard let encoding = ColumnEncoding(rawValue: bytes[index]), encoding.isOfSlots else {
                throw Malformed(what: "encoding \(bytes[index]) is unknown")
            }
            columns[number].encoding = encoding
        }
        // Most numbers are a byte.
        var position = reader.position
        for index in 0..<count where columns[index].encoding.chunkKind != nil {
            var length = position < bytes.count ? UInt64(bytes[position]) : 0x80
            if length < 0x80 {
                position += 1
            } else {
                length = try ColumnDecoder.varint(bytes, &position, bytes.count)
                guard length <= UInt64(UInt32.max) else {
                    throw Malformed(what: "a column too long")
                }
            }
            columns[index].length = UInt32(length)
        }
        for index in 0..<count {
            // Columns without a head stand where the next one begins.
            columns[index].head = ByteRange(position..<position)
            guard columns[index].encoding.hasHead else { continue }
            var length = position < bytes.count ? UInt64(bytes[position]) : 0x80
            if length < 0x80 {
                position += 1
            } else {
                length = try ColumnDecoder.varint(bytes, &position, bytes.count)
            }
            guard length <= UInt64(bytes.count - position) else {
                throw Malformed(what: "a head too long")
            }
            columns[index].head = ByteRange(position..<position + Int(length))
            position += Int(length)
        }
        _ = try reader.take(position - reader.position)
        return columns
    }

    private func makeSets() {
        textSets = Array(
            repeating: ColumnSet(count: columns.count), count: ChunkKind.allCases.count)
        for index in columns.indices {
            guard columns[index].length > 0, let kind = columns[index].encoding.chunkKind else {
                continue
            }
            if hasText(index) { textSets[Int(kind.rawValue)].insert(index) }
        }
    }

    /// Whether there is text in a column's data: if it is no column of text, that of exceptions.
    private func hasText(_ column: Int) -> Bool {
        let encoding = encoding(of: column)
        // The first byte of a head says whether there are exceptions.
        if encoding.isNumbers { return headFlags(of: column) & 2 != 0 }
        return encoding != .patterns || headFlags(of: column) & 1 != 0
    }

    /// Finds the chunk of each column.
    private func place(_ reader: inout ByteReader, _ chunks: Int) throws {
        let rowChunks = RowColumn.allCases.count
        guard try reader.varint() == UInt64(chunks), chunks > rowChunks else {
            throw Malformed(what: "not \(chunks) chunks")
        }
        var columnsLeft: [Int] = []
        var filterEnd = 0
        columnsOfChunk = Array(repeating: [], count: chunks)
        for chunk in 0..<chunks {
            guard let kind = ChunkKind(rawValue: try reader.u8()), kind != .directory,
                (kind == .rows) == (chunk < rowChunks),
                (kind == .filters) == (chunk == chunks - 1)
            else { throw Malformed(what: "a chunk of no kind") }
            chunkKinds.append(kind)
            let logSize = Int(try reader.u8())
            guard logSize <= 1 || (GramFilter.logSizeMin...GramFilter.logSizeMax).contains(logSize)
            else { throw Malformed(what: "a filter of 2^\(logSize) bits") }
            let filterBytes = logSize <= 1 ? 0 : (1 << logSize) / 8
            filters.append(logSize == 1 ? nil : filterEnd..<filterEnd + filterBytes)
            filterEnd += filterBytes
            let count = try reader.varint()
            let isRight =
                switch kind {
                case .rows: count == 1
                case .filters: count == 0
                default: count >= 1 && count <= UInt64(columns.count)
                }
            guard isRight else { throw Malformed(what: "columns of a chunk") }
            columnsLeft.append(Int(count))
            if kind != .rows { columnsOfChunk[chunk].reserveCapacity(Int(count)) }
            rawCounts.append(kind == .rows ? rowColumns[chunk].range.count : 0)
        }
        rawCounts[chunks - 1] = filterEnd
        var open = ChunkKind.allCases.map { kind in
            chunkKinds.firstIndex(of: kind) ?? chunks
        }
        for index in columns.indices where columns[index].length > 0 {
            guard let kind = columns[index].encoding.chunkKind else { continue }
            var chunk = open[Int(kind.rawValue)]
            if chunk < chunks, columnsLeft[chunk] == 0 {
                chunk = chunkKinds[(chunk + 1)...].firstIndex(of: kind) ?? chunks
                open[Int(kind.rawValue)] = chunk
            }
            guard chunk < chunks else { throw Malformed(what: "a column without a chunk") }
            columnsLeft[chunk] -= 1
            columnsOfChunk[chunk].append(UInt32(index))
            columns[index].chunk = UInt32(chunk)
            columns[index].offset = UInt32(rawCounts[chunk])
            rawCounts[chunk] += Int(columns[index].length)
            guard rawCounts[chunk] <= Int(UInt32.max) else {
                throw Malformed(what: "a chunk too long")
            }
        }
        guard columnsLeft[rowChunks...].allSatisfy({ $0 == 0 }) else {
            throw Malformed(what: "chunks without columns")
        }
    }
}
