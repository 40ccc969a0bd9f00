import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiShape
import Testing

@testable import HisuiStore

@Suite struct SegmentTests {
    let disk = RealFileSystem()
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(arguments: 0..<24)
    func anyRowsComeBackByteForByte(seed: UInt64) throws {
        var maker = RowMaker(seed: seed)
        var batches: [RowBatch] = []
        for number in 0..<Int.random(in: 1...12, using: &maker.generator) {
            for _ in 0..<3 { maker.addShape() }
            let count = Int.random(in: 0...400, using: &maker.generator)
            batches.append(maker.batch(count, source: "source/\(number % 3)"))
        }
        if seed < 3 { batches.append(maker.batch(1, length: 1_000_000...1_048_000)) }
        let codec = Codec.allCases[Int(seed % 3)]
        let path = try writeSegment(
            batches, maker.table, firstIndex: 7000 + seed,
            rowsMax: Int.random(in: 1...1500, using: &maker.generator), codec: codec, on: disk,
            in: folder.path)

        let reader = try SegmentReader(fileSystem: disk, path: path)
        try reader.verifyChecksums()
        #expect(reader.leaves == 7000 + seed..<7000 + seed + UInt64(maker.expected.count))
        #expect(reader.rowCount == maker.expected.count, "seed \(seed)")
        var next = 7000 + seed
        for block in reader.blocks {
            #expect(block.firstIndex == next)
            let first = Int(next - 7000 - seed)
            let expected = Array(maker.expected[first..<first + block.count])
            #expect(try rows(of: block) == expected, "seed \(seed)")
            block.dropCaches()
            #expect(try recordsByColumn(of: block) == expected.map(\.record), "seed \(seed)")
            #expect(block.timeRange.lowerBound.nanoseconds == expected.map(\.time).min())
            #expect(block.timeRange.upperBound.nanoseconds == expected.map(\.time).max())
            #expect(block.receivedRange.upperBound.nanoseconds == expected.map(\.received).max())
            next = block.endIndex
        }
        #expect(next == reader.leaves.upperBound)
        #expect(try disk.list(folder.path) == [Path.name(of: path)], "nothing else is left")
    }

    @Test func memoryBlocksReadLikeSegments() throws {
        var maker = RowMaker(seed: 99)
        for _ in 0..<10 { maker.addShape() }
        var builder = BlockBuilder(zone: "z", stream: "s", firstIndex: 5)
        #expect(builder.append(maker.batch(300), shapes: maker.table) == 300)
        #expect(builder.append(maker.batch(200, source: "other"), shapes: maker.table) == 200)
        let block = builder.take()
        #expect(try rows(of: block) == maker.expected)
        #expect(try recordsByColumn(of: block) == maker.expected.map(\.record))
        #expect(block.firstIndex == 5 && block.endIndex == 505)
        #expect(builder.firstIndex == 505 && builder.count == 0)
        #expect(block.shapes.reduce(0) { $0 + $1.rows } == 500)
        #expect(block.sources.map(\.id) == ["test", "other"])
    }

    @Test func aBlockEndsAtItsRows() throws {
        var maker = RowMaker(seed: 3)
        maker.addShape()
        var builder = BlockBuilder(zone: "z", stream: "s", firstIndex: 0, rowsMax: 10)
        let batch = maker.batch(25)
        #expect(builder.append(batch, shapes: maker.table) == 10)
        #expect(builder.isFull)
        _ = builder.take()
        #expect(builder.append(batch, from: 10, shapes: maker.table) == 20)
        _ = builder.take()
        #expect(builder.append(batch, from: 20, shapes: maker.table) == 25)
        #expect(try rows(of: builder.take()) == Array(maker.expected[20...]))
    }

    @Test func tablesOfSeveralParsersShareShapes() throws {
        var builder = BlockBuilder(zone: "z", stream: "s", firstIndex: 0)
        var one = RowMaker(seed: 4)
        var two = RowMaker(seed: 4)
        one.addShape()
        two.addShape()
        _ = builder.append(one.batch(50), shapes: one.table)
        _ = builder.append(two.batch(50), shapes: two.table)
        let block = builder.take()
        #expect(block.shapes.count == Set(block.shapes.map(\.shape)).count)
        #expect(try rows(of: block) == one.expected + two.expected)
    }

    @Test func footerKeepsSourcesGapsAndDefinitions() throws {
        var maker = RowMaker(seed: 5)
        maker.addShape()
        var state = SourceState(source: Source(id: "test", kind: .file, form: .line))
        state.position = [9, 8, 7]
        state.account.stored = 40
        state.account[.kernelBuffer] = 3
        state.account.gaps = 1
        let silent = SourceState(source: Source(id: "udp", kind: .syslogUDP, form: .syslog))
        let gaps = [
            Gap(source: "test", detected: Timestamp(nanoseconds: 4), count: 3, cause: "vacuumed"),
            Gap(source: "udp", detected: .none, count: nil, cause: "遅延"),
        ]
        let path = try writeSegment(
            [maker.batch(40)], maker.table, states: [silent, state], gaps: gaps, on: disk,
            in: folder.path)
        let reader = try SegmentReader(fileSystem: disk, path: path)
        #expect(reader.sourceStates == [state, silent])
        #expect(reader.gaps == gaps)
        #expect(reader.definitions == [[1, 2, 3]])
        #expect(reader.zone == "local" && reader.stream == "default")
    }
}
