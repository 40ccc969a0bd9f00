import HisuiBytes
public import HisuiEvent
public import HisuiFile
public import HisuiShape

/// An open segment.
///
/// Opening reads the footer and checks it wholly; blocks are read when they are asked. The file is
/// mapped: it stays readable after it was merged or expired. Nothing the file says is believed:
/// every offset, count and length is checked, and no chunk becomes larger than
/// `Limits.chunkBytesMax`.
///
/// May be used from several threads.
public final class SegmentReader: Sendable {
    public let path: String
    private let contents: FileContents
    let footer: SegmentFooter
    /// Where each block begins in the file.
    private let blockOffsets: [Int]
    private let footerOffset: Int
    /// The segment's blocks, by index.
    public let blocks: [Block]

    public var zone: String { footer.zone }
    public var stream: String { footer.stream }
    /// The leaf indices that the segment answers for.
    public var leaves: Range<UInt64> { footer.leaves }
    public var rowCount: Int { footer.rowCount }
    public var shapes: [Shape] { footer.shapes }
    /// The sources after the segment's last row.
    public var sourceStates: [SourceState] { footer.sources }
    public var gaps: [Gap] { footer.gaps }
    /// Digests of the definitions that the rows were made with.
    public var definitions: [[UInt8]] { footer.definitions }
    /// Bytes of the file.
    public var byteCount: Int { contents.count }

    /// Opens the segment at `path`.
    ///
    /// - Throws: `.notFound`, `.system`, or `.damaged` with the place.
    public convenience init(fileSystem: any FileSystem, path: String) throws(StoreError) {
        try self.init(fileSystem: fileSystem, path: path, sharing: SharedParts())
    }

    /// - Parameter shared: with other segments.
    convenience init(
        fileSystem: any FileSystem, path: String, sharing shared: SharedParts
    ) throws(StoreError) {
        try self.init(
            contents: Self.contents(of: path, on: fileSystem), path: path, sharing: shared)
    }

    /// - Parameter shared: with other segments.
    convenience init(
        contents: FileContents, path: String, sharing shared: SharedParts
    ) throws(StoreError) {
        try self.init(contents: contents, path: path, ignoresChecksums: false, sharing: shared)
    }

    /// What a file holds, the end of which is on its way from the disk: who opens several segments
    /// asks for all first.
    static func contents(
        of path: String, on fileSystem: any FileSystem
    ) throws(StoreError) -> FileContents {
        do throws(FileError) {
            let contents = try fileSystem.contents(path)
            contents.willNeed(max(0, contents.count - footerBytesLikely)..<contents.count)
            return contents
        } catch {
            throw StoreError(file: error)
        }
    }

    /// Most footers are smaller.
    private static let footerBytesLikely = 128 << 10

    /// Opens the segment that `contents` are; `path` is for messages.
    public convenience init(contents: FileContents, path: String) throws(StoreError) {
        try self.init(contents: contents, path: path, ignoresChecksums: false)
    }

    /// - Parameter ignoresChecksums: for tests and the fuzzer, whose changes a checksum would hide
    ///   from everything behind it.
    package convenience init(
        contents: FileContents, path: String, ignoresChecksums: Bool
    ) throws(StoreError) {
        try self.init(
            contents: contents, path: path, ignoresChecksums: ignoresChecksums,
            sharing: SharedParts())
    }

    private init(
        contents: FileContents, path: String, ignoresChecksums: Bool, sharing shared: SharedParts
    ) throws(StoreError) {
        self.path = path
        self.contents = contents
        (footer, footerOffset) = try Self.footer(
            of: contents, path: path, ignoresChecksums, shared.shapes)
        shared.reads.addFooter(contents.count - footerOffset)
        var offset = SegmentFormat.headerBytes
        var offsets: [Int] = []
        for block in footer.blocks {
            offsets.append(offset)
            for chunk in block.chunks {
                offset += SegmentFormat.chunkHeaderBytes + chunk.storedCount
            }
        }
        guard offset == footerOffset else {
            throw .damaged(
                "blocks end at byte \(offset), not where the footer begins", path: path,
                section: "block directory", offset: footerOffset)
        }
        blockOffsets = offsets
        blocks = Self.blocks(
            of: footer, offsets: offsets, contents: contents, path: path, ignoresChecksums, shared)
    }

    private static func footer(
        of contents: FileContents, path: String, _ ignoresChecksums: Bool, _ shapes: SharedShapes
    ) throws(StoreError) -> (SegmentFooter, offset: Int) {
        let bytes = contents.bytes
        let range = try footerRange(bytes, path: path, ignoresChecksums)
        do throws(SegmentFooter.Malformed) {
            let footer = try SegmentFooter.decode(bytes.extracting(range), sharing: shapes)
            return (footer, range.lowerBound)
        } catch {
            throw .damaged(
                "\(error.what), byte \(error.position) of the section", path: path,
                section: error.section, offset: range.lowerBound)
        }
    }

    private static func blocks(
        of footer: SegmentFooter, offsets: [Int], contents: FileContents, path: String,
        _ ignoresChecksums: Bool, _ shared: SharedParts
    ) -> [Block] {
        let sources = footer.sources.map(\.source)
        let table = ShapesInTable.Table(footer.shapes, footer.columns, shared.patterns)
        return zip(footer.blocks, offsets).map { head, offset in
            let shapes = head.shapes.map { footer.shapes[Int($0)] }
            return Block(
                zone: footer.zone, stream: footer.stream, firstIndex: head.firstIndex,
                count: head.rows, timeRange: head.timeRange, receivedRange: head.receivedRange,
                shapes: zip(shapes, head.shapeRows).map { ($0, $1) }, sources: sources,
                senders: footer.senders,
                backing: .segment(
                    SegmentBlock(
                        head: head, slotCounts: shapes.map(\.slotCount),
                        sourceCount: sources.count, senderCount: footer.senders.count,
                        contents: contents, offset: offset, fileOffset: 0, path: path,
                        ignoresChecksums: ignoresChecksums, shared: shared,
                        table: table)),
                table: ShapesInTable(table: table, numbers: head.shapes))
        }
    }

    /// Checks header and trailer, and finds the footer between them.
    private static func footerRange(
        _ bytes: Span<UInt8>, path: String, _ ignoresChecksums: Bool
    ) throws(StoreError) -> Range<Int> {
        func damaged(_ what: String, _ section: String, _ offset: Int) -> StoreError {
            .damaged(what, path: path, section: section, offset: offset)
        }
        let end = bytes.count - SegmentFormat.trailerBytes
        guard end >= SegmentFormat.headerBytes else {
            throw damaged("\(bytes.count) bytes are too few for a segment", "header", 0)
        }
        let magic = SegmentFormat.magic.count
        guard Array(bytes, 0..<magic) == SegmentFormat.magic else {
            throw damaged("no segment of Hisui", "header", 0)
        }
        let version = integer(bytes, magic, 4)
        func isRight(_ checksum: Int, of range: Range<Int>) -> Bool {
            ignoresChecksums || integer(bytes, checksum, 4) == CRC32C.of(bytes.extracting(range))
        }
        guard isRight(magic + 4, of: 0..<magic + 4) else {
            throw damaged("checksum does not match", "header", 0)
        }
        guard version == SegmentFormat.version else {
            throw StoreError(
                .damaged, "format version \(version) is unknown to this version", path: path,
                section: "header", offset: magic,
                advice: version < SegmentFormat.version
                    ? "it was written before the first release; load the logs again"
                    : "read it with a newer hisui")
        }
        guard isRight(bytes.count - 4, of: end..<bytes.count - 4),
            Array(bytes, end + 12..<bytes.count - 4) == SegmentFormat.trailerMagic
        else { throw damaged("checksum does not match", "trailer", end) }
        let length = integer(bytes, end, 8)
        guard length <= UInt64(end - SegmentFormat.headerBytes) else {
            throw damaged("a footer longer than the file", "trailer", end)
        }
        let first = end - Int(length)
        guard isRight(end + 8, of: first..<end) else {
            throw damaged("checksum does not match", "footer", first)
        }
        return first..<end
    }

    /// The little-endian integer of `count` bytes at `offset`.
    private static func integer(_ bytes: Span<UInt8>, _ offset: Int, _ count: Int) -> UInt64 {
        (0..<count).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
    }

    /// Checks the checksum of every chunk; header, footer and trailer were checked on opening.
    ///
    /// - Complexity: reads the whole file, decompresses nothing.
    public func verifyChecksums() throws(StoreError) {
        for block in blocks {
            if case .segment(let rows) = block.backing { try rows.verifyChecksums() }
        }
    }
}

extension [UInt8] {
    /// The bytes of `range`, copied.
    init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        self = []
        append(bytes, ByteRange(range))
    }
}

extension SegmentReader {
    /// Throws `.damaged` if the segment is not what its path says.
    func check(_ range: Range<UInt64>, _ stream: Snapshot.Stream) throws(StoreError) {
        guard leaves == range, zone == stream.zone, self.stream == stream.stream else {
            throw StoreError(
                .damaged,
                "holds leaves \(leaves.lowerBound) to \(leaves.upperBound) of zone "
                    + "\(zone), stream \(self.stream), which its path does not say",
                path: path, section: "summary", advice: "put it back where it was")
        }
    }
}
