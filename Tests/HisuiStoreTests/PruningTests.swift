import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiShape
import Testing

@testable import HisuiStore

/// What is told of a column without reading it never denies what is there.
@Suite struct PruningTests {
    let disk = RealFileSystem()
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(arguments: 0..<8)
    func whatIsInAValueIsNeverDenied(seed: UInt64) throws {
        var maker = RowMaker(seed: 500 + seed)
        for _ in 0..<6 { maker.addShape() }
        let batches = (0..<3).map { _ in maker.batch(300, length: 3...14) }
        let path = try writeSegment(batches, maker.table, on: disk, in: folder.path)
        let reader = try SegmentReader(fileSystem: disk, path: path)
        var asked = 0
        for block in reader.blocks {
            for (shape, entry) in block.shapes.enumerated() {
                for slot in entry.shape.slots.indices {
                    let column = try block.column(shape: shape, slot: slot)
                    for range in column.ranges.prefix(40) where range.count > 0 {
                        let value = Array(column.bytes[range.range])
                        let first = Int.random(in: 0..<value.count, using: &maker.generator)
                        let end = Int.random(in: first + 1...value.count, using: &maker.generator)
                        let part = Array(value[first..<end])
                        asked += 1
                        #expect(
                            try block.candidates(TextProbe(part)).contains(
                                shape: shape, slot: slot),
                            "seed \(seed): \(part) of \(value)")
                        let upper = part.map { $0 &- 0x61 <= 25 ? $0 & 0xDF : $0 }
                        #expect(
                            try block.candidates(TextProbe(upper, ignoresCase: true))
                                .contains(shape: shape, slot: slot))
                    }
                }
            }
        }
        #expect(asked > 40)
    }

    @Test func whatIsNowhereIsDenied() throws {
        let columns: [(String, (Int) -> String)] = [
            ("words", { "session of clerk number\($0 % 7)" }),
            ("text", { "entry \($0 &* 2_654_435_761 % 1_000_003)x from the gate" }),
            ("numbers", { "\($0 * 37)" }),
            ("addresses", { "10.0.\($0 % 256).\($0 % 199)" }),
            ("japanese", { "受付\($0)番の住民票" }),
        ]
        for (name, value) in columns {
            let block = try segment((0..<2000).map(value))
            for probe in ["zyxwv", "転出届", "0x7f3a", "Gate!"] {
                #expect(
                    try !block.candidates(TextProbe(Array(probe.utf8))).contains(shape: 0, slot: 0),
                    "\(probe) in \(name)")
            }
            for number in [0, 700, 1999] {
                let probe = TextProbe(Array(value(number).utf8))
                #expect(try block.candidates(probe).contains(shape: 0, slot: 0), "\(name)")
            }
        }
    }

    @Test func numbersAreToldWithTheirRange() throws {
        let block = try segment((0..<500).map { "\($0 * 3 + 100)" })
        #expect(try block.numberRange(shape: 0, slot: 0) == 100...1597)
        let padded = try segment((0..<500).map { $0 == 7 ? "-" : "\($0)" })
        #expect(try padded.numberRange(shape: 0, slot: 0) == nil, "not all are numbers")
    }

    /// A block of one shape with one slot, `values`, read back from a segment.
    private func segment(_ values: [String]) throws -> Block {
        let table = ShapeTable()
        let shape = table.intern(
            Shape(literals: [Array("<".utf8), Array(">".utf8)], slots: [Shape.Slot(.text)]))
        var records = RecordBatch(source: Source(id: "test", kind: .file, form: .line))
        for value in values {
            records.append(Array("<\(value)>".utf8).span, received: Timestamp(nanoseconds: 5))
        }
        let entries = records.entries
        var batch = RowBatch(takingOver: records)
        for entry in entries {
            let slot = ByteRange(offset: entry.offset + 1, count: entry.count - 2)
            batch.rows.append(
                RowBatch.Row(
                    offset: entry.offset, count: entry.count, shape: shape,
                    firstSlot: UInt32(batch.slots.count), time: entry.received,
                    received: entry.received, sender: 0, flags: []))
            batch.slots.append(slot)
        }
        let path = try writeSegment([batch], table, rowsMax: 10_000, on: disk, in: folder.path)
        let block = try #require(try SegmentReader(fileSystem: disk, path: path).blocks.first)
        let column = try block.column(shape: 0, slot: 0)
        #expect(
            column.ranges.map { Array(column.bytes[$0.range]) } == values.map { Array($0.utf8) })
        return block
    }
}
