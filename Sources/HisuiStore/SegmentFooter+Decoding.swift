import HisuiBytes
import HisuiEvent
import HisuiShape

extension SegmentFooter {
    /// What does not hold, in which section.
    struct Malformed: Error {
        var section: String
        var what: String
        /// The byte of the section, decompressed.
        var position: Int
    }

    /// Reads the footer in `bytes`, whose checksum was right; still every count is checked.
    ///
    /// - Parameter shared: where shapes that other segments have, too, are kept.
    static func decode(
        _ bytes: Span<UInt8>, sharing shared: SharedShapes? = nil
    ) throws(Malformed) -> SegmentFooter {
        var reader = ByteReader(bytes)
        var footer = SegmentFooter(zone: "", stream: "", leaves: 0..<0)
        for section in SegmentFormat.Section.allCases {
            let raw = try rawBytes(of: section, &reader, bytes)
            var inner = ByteReader(raw.span)
            do {
                try footer.decode(section, &inner, raw.span, shared)
                guard inner.remaining == 0 else { throw Wrong("bytes left over") }
            } catch let error as Wrong {
                throw Malformed(section: section.name, what: error.what, position: inner.position)
            } catch let error as ColumnDecoder.Malformed {
                throw Malformed(section: section.name, what: error.what, position: inner.position)
            } catch let error as ByteReader.Short {
                throw Malformed(section: section.name, what: "cut short", position: error.position)
            } catch {
                throw Malformed(section: section.name, what: "\(error)", position: inner.position)
            }
        }
        guard reader.remaining == 0 else {
            throw Malformed(section: "footer", what: "bytes left over", position: reader.position)
        }
        return footer
    }

    /// A value that cannot be; becomes `Malformed` with its place.
    private struct Wrong: Error {
        var what: String

        init(_ what: String) { self.what = what }
    }

    private static func rawBytes(
        of section: SegmentFormat.Section, _ reader: inout ByteReader, _ bytes: Span<UInt8>
    ) throws(Malformed) -> [UInt8] {
        let position = reader.position
        func malformed(_ what: String) -> Malformed {
            Malformed(section: section.name, what: what, position: position)
        }
        let id: UInt8
        let codecByte: UInt8
        let rawCount: Int
        let stored: ByteRange
        do throws(ByteReader.Short) {
            id = try reader.u8()
            codecByte = try reader.u8()
            rawCount = Int(try reader.u32())
            stored = try reader.take(Int(try reader.u32()))
        } catch {
            throw malformed("cut short")
        }
        guard id == section.rawValue else { throw malformed("not where it belongs") }
        guard let codec = Codec(rawValue: codecByte) else {
            throw malformed("codec \(codecByte) is unknown to this version")
        }
        guard rawCount <= Limits.segmentSectionBytesMax else { throw malformed("too long") }
        guard let raw = codec.decompress(bytes.extracting(stored.range), rawCount: rawCount)
        else { throw malformed("does not decompress to its length") }
        return raw
    }

    private mutating func decode(
        _ section: SegmentFormat.Section, _ reader: inout ByteReader, _ raw: Span<UInt8>,
        _ shared: SharedShapes?
    ) throws {
        switch section {
        case .summary: try decodeSummary(&reader)
        case .definitions:
            for _ in 0..<(try reader.count()) {
                definitions.append(try reader.countedBytes())
            }
        case .sources:
            for _ in 0..<(try reader.count()) { sources.append(try SourceState(decoding: &reader)) }
        case .gaps:
            for _ in 0..<(try reader.count()) { gaps.append(try Gap(decoding: &reader)) }
        case .senders:
            for _ in 0..<(try reader.count()) { senders.append(try reader.countedText()) }
        case .shapes:
            let count = try reader.count()
            shapes.reserveCapacity(count)
            for _ in 0..<count {
                let start = reader.position
                let shape = try Shape(decoding: &reader)
                guard shape.slotCount <= Limits.slotsPerShapeMax else {
                    throw Wrong("a shape of \(shape.slotCount) slots")
                }
                let encoded = raw.extracting(start..<reader.position)
                shapes.append(shared?.shared(shape, encoded: encoded) ?? shape)
            }
        case .blocks:
            for _ in 0..<(try reader.count()) { blocks.append(try block(&reader)) }
            try checkSummary()
        case .columns:
            columns = try SegmentColumns(
                decoding: &reader, columns: shapes.reduce(0) { $0 + $1.slotCount }, raw)
        }
    }

    private static func time(_ reader: inout ByteReader) throws -> Timestamp {
        Timestamp(nanoseconds: Int64(bitPattern: try reader.u64()))
    }

    private static func times(_ reader: inout ByteReader) throws -> ClosedRange<Timestamp> {
        let least = try time(&reader)
        let greatest = try time(&reader)
        guard least <= greatest else { throw Wrong("a range of times that ends first") }
        return least...greatest
    }

    private mutating func decodeSummary(_ reader: inout ByteReader) throws {
        zone = try reader.countedText()
        stream = try reader.countedText()
        let first = try reader.u64()
        let end = try reader.u64()
        guard first <= end else { throw Wrong("a leaf range that ends first") }
        leaves = first..<end
        summary = Summary(
            rows: try reader.u64(), times: try Self.times(&reader),
            received: try Self.times(&reader))
    }

    private func block(_ reader: inout ByteReader) throws -> BlockHead {
        let first = try reader.u64()
        let rows = try reader.varint()
        guard rows > 0, rows <= UInt64(Limits.blockRowsMax) else {
            throw Wrong("a block of \(rows) rows")
        }
        let earliest = blocks.last.map { $0.firstIndex + UInt64($0.rows) } ?? leaves.lowerBound
        guard first >= earliest, first <= leaves.upperBound, rows <= leaves.upperBound - first
        else {
            throw Wrong("a block outside its place in the leaf range")
        }
        var head = BlockHead(
            firstIndex: first, rows: Int(rows), timeRange: try Self.times(&reader),
            receivedRange: try Self.times(&reader))
        var isSeen = Set<UInt64>()
        var left = rows
        for _ in 0..<(try reader.count()) {
            let shape = try reader.varint()
            let shapeRows = try reader.varint()
            guard shape < UInt64(shapes.count), isSeen.insert(shape).inserted else {
                throw Wrong("shape \(shape) of a block is not in the table, or twice")
            }
            guard shapeRows > 0, shapeRows <= left else { throw Wrong("rows of a shape") }
            left -= shapeRows
            head.shapes.append(UInt32(shape))
            head.shapeRows.append(Int(shapeRows))
        }
        guard left == 0 else { throw Wrong("rows of a block without a shape") }
        let chunks = try reader.count()
        guard chunks >= 2 else { throw Wrong("a block without columns") }
        for _ in 0..<chunks {
            let stored = try reader.varint()
            guard stored <= UInt64(Limits.chunkBytesMax) else { throw Wrong("a chunk too long") }
            head.chunks.append(ChunkHead(storedCount: Int(stored), checksum: try reader.u32()))
        }
        return head
    }

    /// The summary is there for readers that want no more; it must say what the blocks say.
    private func checkSummary() throws {
        let isRight =
            summary?.rows == UInt64(rowCount)
            && summary?.times == Self.hull(blocks.map(\.timeRange))
            && summary?.received == Self.hull(blocks.map(\.receivedRange))
        guard isRight else { throw Wrong("blocks that differ from the summary") }
    }
}
