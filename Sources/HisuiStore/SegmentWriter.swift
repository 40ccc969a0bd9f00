import HisuiBytes
package import HisuiEvent
package import HisuiFile
import HisuiShape

/// Writes one segment: a temporary file, block by block, that gets its name when it is complete.
///
/// Every block is read back from the file, decoded and compared byte for byte with the rows it
/// was made from before those are let go; so whoever let the segment be written may remove what
/// it replaces once `finish` has returned. The caller holds the zone's lock.
///
/// Owned by one thread.
package struct SegmentWriter {
    private let fileSystem: any FileSystem
    private let directory: String
    private let temporary: String
    private let file: any OpenFile
    private let compressor: Compressor
    private var encoder: BlockEncoder
    private var comparison = SegmentComparison()
    private let clock: StageClock?
    private let zone: String
    private let stream: String
    private var heads: [SegmentFooter.BlockHead] = []
    private var columns = SegmentColumnsBuilder()
    private var shapes: [Shape] = []
    private var sources: [Source] = []
    private var senders: [String] = []

    /// Rows written so far.
    private(set) var rows = 0

    /// Begins a segment in `directory`, which exists.
    package init(
        fileSystem: any FileSystem, directory: String, zone: String, stream: String,
        firstIndex: UInt64, codec: Codec = .zstd, clock: StageClock? = nil
    ) throws(StoreError) {
        self.fileSystem = fileSystem
        self.directory = directory
        self.zone = zone
        self.stream = stream
        compressor = Compressor(codec: codec)
        encoder = BlockEncoder(compressor: compressor, clock: clock)
        self.clock = clock
        let name = Filenames.segment(firstIndex..<firstIndex)
        temporary = Path.join(directory, name + temporarySuffix)
        do throws(FileError) {
            try fileSystem.removeIfPresent(temporary)
            file = try fileSystem.open(temporary, .create)
            try file.append(SegmentFormat.header().span)
        } catch {
            throw StoreError(file: error)
        }
    }

    /// Bytes written so far.
    var bytes: Int { file.size }

    /// Writes the rows gathered in `builder` as a block, compares, and lets the builder begin the
    /// next one.
    ///
    /// All blocks of a segment come from the same builder. On an error the segment is of no use:
    /// `abandon` it.
    package mutating func append(_ builder: inout BlockBuilder) throws(StoreError) {
        precondition(builder.count > 0, "a block has rows")
        let head = clock.measure(.encode, within: .write) { encoder.encode(builder) }
        let offset = file.size
        let read: [UInt8]
        do throws(FileError) {
            try file.append(encoder.output.span)
            read = try fileSystem.bytes(temporary, from: offset, count: encoder.output.count)
        } catch {
            throw StoreError(file: error)
        }
        let slotCounts = head.shapes.map { builder.shapes[Int($0)].slots.count }
        let written = SegmentBlock(
            head: head, slotCounts: slotCounts, sourceCount: builder.sources.count,
            senderCount: builder.senders.count, contents: FileContents(read), offset: 0,
            fileOffset: offset, path: temporary)
        try clock.measure(.compare, within: .write) { () throws(StoreError) in
            try comparison.compare(written, with: builder, path: temporary)
        }
        do {
            try columns.add(
                try written.directory(), shapes: head.shapes, slotCounts: slotCounts)
        } catch {
            throw .damaged(
                "a head read back is not what was written: \(error)", path: temporary,
                section: "block directory", offset: offset)
        }
        heads.append(head)
        rows += head.rows
        shapes = builder.shapes
        sources = builder.sources
        senders = builder.senders
        builder.startNext(at: head.firstIndex + UInt64(head.rows))
    }

    /// Completes the file and gives it its name.
    ///
    /// - Parameters:
    ///   - leaves: what the segment answers for; holds all its rows.
    ///   - states: the state of each source after the last row, those without rows included.
    /// - Returns: the path of the segment, which is durable.
    package consuming func finish(
        leaves: Range<UInt64>, states: [SourceState] = [], gaps: [Gap] = [],
        definitions: [[UInt8]] = []
    ) throws(StoreError) -> String {
        var footer = SegmentFooter(zone: zone, stream: stream, leaves: leaves)
        footer.definitions = definitions
        // By source, for there may be thousands.
        var known: [Source: SourceState] = [:]
        for state in states { known[state.source] = state }
        for source in sources {
            footer.sources.append(known[source] ?? SourceState(source: source))
        }
        let withRows = Set(sources)
        footer.sources += states.filter { !withRows.contains($0.source) }
        footer.gaps = gaps
        footer.senders = senders
        footer.shapes = shapes
        footer.blocks = heads
        footer.columns = columns.built(slotCounts: shapes.map(\.slotCount))
        let bytes = footer.encoded(by: compressor)
        let path = Path.join(directory, Filenames.segment(leaves))
        do throws(FileError) {
            try file.append(bytes.span)
            try file.append(SegmentFormat.trailer(footer: bytes).span)
            try file.sync()
            file.close()
        } catch {
            throw StoreError(file: error)
        }
        try checkFooter(footer)
        do throws(FileError) {
            try fileSystem.rename(temporary, to: path)
            try fileSystem.syncDirectory(directory)
        } catch {
            throw StoreError(file: error)
        }
        return path
    }

    /// Reads the footer back: a segment that no reader opens must not replace anything.
    private func checkFooter(_ footer: SegmentFooter) throws(StoreError) {
        let read = try SegmentReader(fileSystem: fileSystem, path: temporary)
        let isSame =
            read.footer.blocks == footer.blocks && read.footer.shapes == footer.shapes
            && read.footer.sources == footer.sources && read.footer.gaps == footer.gaps
            && read.footer.senders == footer.senders && read.footer.leaves == footer.leaves
            && read.footer.definitions == footer.definitions && read.footer.zone == zone
            && read.footer.stream == stream && read.footer.columns == footer.columns
        guard isSame else {
            throw .damaged(
                "the footer read back is not the one written", path: temporary,
                section: "footer", offset: nil)
        }
    }

    /// Removes what was written.
    consuming func abandon() {
        file.close()
        // A leftover is removed by the next start.
        try? fileSystem.removeIfPresent(temporary)
    }
}
