import HisuiBytes
import HisuiEvent
import HisuiShape

/// What stands in the footer of a segment: everything but the columns.
struct SegmentFooter {
    var zone: String
    var stream: String
    /// Leaf indices that the segment answers for.
    ///
    /// Blocks may leave some out: those are lost.
    var leaves: Range<UInt64>
    /// Digests of the definitions the rows were made with.
    var definitions: [[UInt8]] = []
    /// The numbers of rows' sources are indices into this; sources without a row come last.
    var sources: [SourceState] = []
    var gaps: [Gap] = []
    /// The numbers of rows' senders are indices into this.
    var senders: [String] = []
    var shapes: [Shape] = []
    var blocks: [BlockHead] = []
    /// What the columns of all blocks hold.
    var columns = SegmentColumns()

    /// What the summary of a decoded footer says of its blocks.
    var summary: Summary?

    struct Summary: Equatable {
        var rows: UInt64
        var times: ClosedRange<Timestamp>
        var received: ClosedRange<Timestamp>
    }

    var rowCount: Int { blocks.reduce(0) { $0 + $1.rows } }

    /// What is known of a block without reading its chunks.
    struct BlockHead: Equatable {
        var firstIndex: UInt64
        var rows: Int
        var timeRange: ClosedRange<Timestamp>
        var receivedRange: ClosedRange<Timestamp>
        /// Numbers in the segment's table, in the order of the block's own numbers.
        var shapes: [UInt32] = []
        var shapeRows: [Int] = []
        /// Column chunks, then the chunk with their directory.
        var chunks: [ChunkHead] = []
    }

    /// Where a chunk lies: after the one before it.
    struct ChunkHead: Equatable {
        var storedCount: Int
        var checksum: UInt32
    }
}

// Writing.
extension SegmentFooter {
    func encoded(by compressor: Compressor) -> [UInt8] {
        var footer: [UInt8] = []
        for section in SegmentFormat.Section.allCases {
            let raw = encode(section)
            let codec = compressor.compress(raw.span)
            footer.append(section.rawValue)
            footer.append(codec.rawValue)
            footer.appendLittleEndian(UInt32(raw.count))
            footer.appendLittleEndian(UInt32(compressor.output.count))
            footer += compressor.output
        }
        return footer
    }

    private func encode(_ section: SegmentFormat.Section) -> [UInt8] {
        var out: [UInt8] = []
        switch section {
        case .summary: encodeSummary(to: &out)
        case .definitions:
            out.appendVarint(UInt64(definitions.count))
            for digest in definitions { out.appendCounted(digest) }
        case .sources:
            out.appendVarint(UInt64(sources.count))
            for state in sources { state.encode(into: &out) }
        case .gaps:
            out.appendVarint(UInt64(gaps.count))
            for gap in gaps { gap.encode(into: &out) }
        case .senders:
            out.appendVarint(UInt64(senders.count))
            for sender in senders { out.appendCounted(sender.utf8) }
        case .shapes:
            out.appendVarint(UInt64(shapes.count))
            for shape in shapes { shape.encode(into: &out) }
        case .blocks:
            out.appendVarint(UInt64(blocks.count))
            for block in blocks { encode(block, to: &out) }
        case .columns: columns.encode(to: &out)
        }
        return out
    }

    private func encodeSummary(to out: inout [UInt8]) {
        out.appendCounted(zone.utf8)
        out.appendCounted(stream.utf8)
        out.appendLittleEndian(leaves.lowerBound)
        out.appendLittleEndian(leaves.upperBound)
        out.appendLittleEndian(UInt64(rowCount))
        let times = Self.hull(blocks.map(\.timeRange))
        let received = Self.hull(blocks.map(\.receivedRange))
        for time in [times.lowerBound, times.upperBound, received.lowerBound, received.upperBound] {
            out.appendLittleEndian(time.nanoseconds)
        }
    }

    private func encode(_ block: BlockHead, to out: inout [UInt8]) {
        out.appendLittleEndian(block.firstIndex)
        out.appendVarint(UInt64(block.rows))
        for range in [block.timeRange, block.receivedRange] {
            out.appendLittleEndian(range.lowerBound.nanoseconds)
            out.appendLittleEndian(range.upperBound.nanoseconds)
        }
        out.appendVarint(UInt64(block.shapes.count))
        for (shape, rows) in zip(block.shapes, block.shapeRows) {
            out.appendVarint(UInt64(shape))
            out.appendVarint(UInt64(rows))
        }
        out.appendVarint(UInt64(block.chunks.count))
        for chunk in block.chunks {
            out.appendVarint(UInt64(chunk.storedCount))
            out.appendLittleEndian(chunk.checksum)
        }
    }

    /// The least range that holds all of `ranges`; `Timestamp.none` where there are none.
    static func hull(_ ranges: [ClosedRange<Timestamp>]) -> ClosedRange<Timestamp> {
        guard var hull = ranges.first else { return Timestamp.none...Timestamp.none }
        for range in ranges {
            hull =
                min(hull.lowerBound, range.lowerBound)...max(hull.upperBound, range.upperBound)
        }
        return hull
    }
}
