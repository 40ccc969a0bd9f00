import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiShape
import Testing

@testable import HisuiStore

/// What is told of hosts, programs and the order of rows agrees with the columns themselves.
@Suite struct BlockRunsTests {
    let disk = RealFileSystem()
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func blocks(seed: UInt64) throws -> [Block] {
        var maker = RowMaker(seed: seed)
        for _ in 0..<6 { maker.addShape() }
        let batches = (0..<3).map { _ in maker.batch(300, length: 0...2) }
        // A segment that was opened is readable without its file.
        let folder = try TemporaryFolder()
        let path = try writeSegment(batches, maker.table, on: disk, in: folder.path)
        return try SegmentReader(fileSystem: disk, path: path).blocks
    }

    @Test func hostsAndProgramsPassAsTheirValuesDo() throws {
        var asked = 0
        for seed in UInt64(900)..<912 {
            for block in try blocks(seed: seed) { asked += try check(block, seed) }
        }
        #expect(asked > 0, "some shape has a host or a program")
    }

    /// Compares what passes with the columns; gives how many slots were of hosts or programs.
    private func check(_ block: Block, _ seed: UInt64) throws -> Int {
        var asked = 0
        let test = RunTest { value in value.count % 2 == 1 }
        for (shape, entry) in block.shapes.enumerated() {
            for slot in entry.shape.slots.indices {
                guard let passing = try block.passing(shape: shape, slot: slot, test) else {
                    continue
                }
                asked += 1
                let column = try block.column(shape: shape, slot: slot)
                let expected = column.ranges.indices.filter { column.ranges[$0].count % 2 == 1 }
                let told: [Int] =
                    switch passing {
                    case .none: []
                    case .all: Array(column.ranges.indices)
                    case .some(let stretches): stretches.flatMap { Array($0) }
                    }
                #expect(told == expected, "seed \(seed) shape \(shape) slot \(slot)")
            }
        }
        return asked
    }

    @Test(arguments: 0..<6)
    func valuesAreCountedAsTheyStandInColumns(seed: UInt64) throws {
        for block in try blocks(seed: 950 + seed) {
            let slots = block.shapes.map { $0.shape.slots.isEmpty ? nil : Int?(0) }
            let (counts, counted) = try block.valueCounts(slots)
            var told: [[UInt8]: Int] = [:]
            for (value, rows) in counts { told[value, default: 0] += rows }
            var expected: [[UInt8]: Int] = [:]
            for shape in block.shapes.indices where counted[shape] {
                let column = try block.column(shape: shape, slot: 0)
                for range in column.ranges {
                    expected[Array(column.bytes[range.range]), default: 0] += 1
                }
            }
            #expect(told == expected, "seed \(seed)")
        }
    }

    @Test(arguments: 0..<6)
    func rowsAreWalkedInOrderOfArrival(seed: UInt64) throws {
        for block in try blocks(seed: 980 + seed) {
            let grouping = try block.grouping()
            let chosen = block.shapes.indices.map { $0 % 2 == 0 }
            var walked: [[Int]] = []
            try block.forEachRow(of: chosen) { row, shape, ordinal in
                walked.append([row, shape, ordinal])
            }
            let expected = (0..<block.count).compactMap { row -> [Int]? in
                let shape = Int(grouping.shapeOfRow[row])
                return chosen[shape] ? [row, shape, Int(grouping.ordinals[row])] : nil
            }
            #expect(walked == expected, "seed \(seed)")
        }
    }

    @Test(arguments: 0..<6)
    func someRowsAreFoundAsTheWholeBlockHasThem(seed: UInt64) throws {
        for block in try blocks(seed: 1010 + seed) { try checkFinding(in: block, seed) }
    }

    /// So many hosts and programs that runs are not counted in an array.
    @Test func rowsOfVeryManyRunsAreFound() throws {
        var maker = RowMaker(seed: 5)
        for _ in 0..<12 { maker.addShape() }
        let path = try writeSegment(
            [maker.batch(24_000, length: 8...20)], maker.table, rowsMax: 100_000, on: disk,
            in: folder.path)
        let block = try #require(try SegmentReader(fileSystem: disk, path: path).blocks.first)
        guard case .segment(let segment) = block.backing else {
            Issue.record("a block of a segment is read from it")
            return
        }
        let directory = try segment.directory()
        let pairs = directory.origins.count * directory.programs.count
        #expect(pairs > RunLengths.denseMax, "\(pairs) pairs")
        try checkFinding(in: block, 5)
    }

    /// Process ids of some rows are read without those of other runs.
    @Test func processIDsOfSomeRowsAreThoseOfAll() throws {
        let table = ShapeTable()
        let numbers = ["opened", "closed"].map { word in
            table.intern(
                Shape(
                    literals: ["", " ", "[", "]: \(word)"].map { Array($0.utf8) },
                    slots: [Shape.Role.host, .program, .pid].map { Shape.Slot(.word, role: $0) }))
        }
        var records = RecordBatch(source: Source(id: "test", kind: .file, form: .line))
        var parts: [[String]] = []
        for row in 0..<1500 {
            let pid = row % 5 == 0 ? row * 977 % 100_000 : 400 + row % 3
            parts.append(["host\(row % 4)", "program\(row * row % 7)", "\(pid)"])
            let text =
                "\(parts[row][0]) \(parts[row][1])[\(pid)]: " + ["opened", "closed"][row % 2]
            records.append(Array(text.utf8).span, received: Timestamp(nanoseconds: Int64(row)))
        }
        let entries = records.entries
        var batch = RowBatch(takingOver: records)
        for (row, entry) in entries.enumerated() {
            batch.rows.append(
                RowBatch.Row(
                    offset: entry.offset, count: entry.count, shape: numbers[row % 2],
                    firstSlot: UInt32(batch.slots.count), time: entry.received,
                    received: entry.received, sender: 0, flags: []))
            var at = entry.offset
            for part in parts[row] {
                batch.slots.append(ByteRange(offset: at, count: UInt32(part.utf8.count)))
                at += UInt32(part.utf8.count) + 1
            }
        }
        let path = try writeSegment(
            [batch], table, rowsMax: 10_000, on: disk, in: folder.path)
        for ordinals in [0..<1, 3..<90, 700..<750, 0..<750, 749..<750, 200..<600] {
            // Anew, so that nothing was read before.
            let reader = try SegmentReader(fileSystem: disk, path: path)
            let block = try #require(reader.blocks.first)
            for shape in block.shapes.indices {
                let some = try block.column(shape: shape, slot: 2, within: ordinals)
                let all = try block.column(shape: shape, slot: 2)
                #expect(some.count == all.count && all.count == 750)
                for ordinal in ordinals {
                    #expect(
                        some.bytes[some.ranges[ordinal].range]
                            == all.bytes[all.ranges[ordinal].range])
                }
            }
        }
    }

    @Test func rowsInMemoryAreFound() throws {
        var maker = RowMaker(seed: 6)
        for _ in 0..<4 { maker.addShape() }
        let store = try TemporaryFolder()
        let path = try writeSegment([maker.batch(200)], maker.table, on: disk, in: store.path)
        let stored = try #require(try SegmentReader(fileSystem: disk, path: path).blocks.first)
        var arena = RowArena()
        arena.shapes = try stored.rowShapes()
        arena.times = try stored.times()
        arena.flags = try stored.flags()
        let block = Block(
            zone: "z", stream: "s", firstIndex: 0, count: stored.count,
            timeRange: stored.timeRange, receivedRange: stored.receivedRange,
            shapes: stored.shapes, sources: stored.sources, senders: stored.senders,
            backing: .memory(arena))
        try checkFinding(in: block, 6)
    }

    /// Compares what is found with what the block tells of all rows.
    private func checkFinding(in block: Block, _ seed: UInt64) throws {
        let grouping = try block.grouping()
        let (times, flags) = (try block.times(), try block.flags())
        for step in [1, 2, 7, 1000] {
            let chosen = block.shapes.indices.map { step == 1 || $0 % 2 == 0 }
            var found: [[Int64]] = []
            try block.find(of: chosen, where: { ($0 + $1) % step == 0 }, withFlags: true) { row in
                found.append([
                    Int64(row.row), Int64(row.shape), Int64(row.ordinal), row.time,
                    Int64(row.flags),
                ])
            }
            let expected = (0..<block.count).compactMap { row -> [Int64]? in
                let (shape, ordinal) = (grouping.shapeOfRow[row], grouping.ordinals[row])
                guard chosen[Int(shape)], (Int(shape) + Int(ordinal)) % step == 0 else {
                    return nil
                }
                return [Int64(row), Int64(shape), Int64(ordinal), times[row], Int64(flags[row])]
            }
            #expect(found == expected, "seed \(seed), each \(step)th")
        }
    }

    /// What is counted once is what the rows say, also after the block let go of them.
    @Test(arguments: 0..<6)
    func rowsOfShapesAreCountedByQuartersOfAnHour(seed: UInt64) throws {
        for block in try blocks(seed: 1040 + seed) {
            let grouping = try block.grouping()
            var expected: [Int64: [Int: Int]] = [:]
            for (row, time) in try block.times().enumerated() {
                let quarter = time.floorDivided(by: 900_000_000_000).quotient
                expected[quarter, default: [:]][Int(grouping.shapeOfRow[row]), default: 0] += 1
            }
            for _ in 0..<2 {
                let times = try #require(try block.shapeTimes())
                var told: [Int64: [Int: Int]] = [:]
                for stretch in 0..<times.count {
                    times.forEach(in: stretch) { shape, rows in
                        told[times.first + Int64(stretch), default: [:]][shape] = rows
                    }
                }
                #expect(told == expected, "seed \(seed)")
                block.dropCaches()
            }
        }
    }

    /// Rows of one or two runs, for which the rows of other hosts or programs are passed over.
    @Test(arguments: 0..<6)
    func fewRowsAreFoundWhereTheyCame(seed: UInt64) throws {
        for block in try blocks(seed: 1100 + seed) {
            let all = [Bool](repeating: true, count: block.shapes.count)
            var rows: [FoundRow] = []
            try block.find(of: all, where: { _, _ in true }, withFlags: true) { rows.append($0) }
            #expect(rows.count == block.count)
            for distance in [0, 1, 5, block.count / 2] {
                for first in stride(from: 0, to: block.count - distance, by: 41) {
                    var wanted = [rows[first]]
                    if distance > 0 { wanted.append(rows[first + distance]) }
                    var found: [FoundRow] = []
                    try block.find(
                        of: all,
                        where: { shape, ordinal in
                            wanted.contains { $0.shape == shape && $0.ordinal == ordinal }
                        }, withFlags: true
                    ) { found.append($0) }
                    #expect(found == wanted, "seed \(seed), row \(first)")
                    block.dropCaches()
                }
            }
        }
    }

    /// Runs in which nothing is wanted are passed over, whatever they hold.
    @Test(arguments: 0..<6)
    func rowsOfSomeRunsAreFoundWithoutTheOthers(seed: UInt64) throws {
        for block in try blocks(seed: 1070 + seed) {
            let all = [Bool](repeating: true, count: block.shapes.count)
            var expected: [FoundRow] = []
            try block.find(of: all, where: { _, _ in true }, withFlags: true) { row in
                if (row.shape + row.ordinal) % 5 == 0 { expected.append(row) }
            }
            block.dropCaches()
            var found: [FoundRow] = []
            try block.find(
                of: all, where: { ($0 + $1) % 5 == 0 },
                mayBeAny: { shape, ordinals in ordinals.contains { (shape + $0) % 5 == 0 } },
                withFlags: true
            ) { found.append($0) }
            #expect(found == expected, "seed \(seed)")
        }
    }

    @Test func whatThereIsRoomForIsKept() {
        let allowance = MemoryAllowance(bytes: 100)
        #expect(allowance.resize(0, to: [80, 40]) == 80)
        #expect(allowance.resize(0, to: [80, 15]) == 15, "the first that there is room for")
        #expect(allowance.resize(0, to: [80, 6]) == 0)
        #expect(allowance.resize(80, to: [90, 20]) == 20, "what is not held is given back")
        #expect(allowance.resize(15, to: [75]) == 75)
        #expect(allowance.take(5))
        #expect(!allowance.take(1))
    }

    @Test func aDirectoryIsKeptAsLongAsThereIsRoom() throws {
        var maker = RowMaker(seed: 7)
        maker.addShape()
        let path = try writeSegment(
            [maker.batch(50)], maker.table, on: disk, in: folder.path)
        let shared = SharedParts()
        let reader = try SegmentReader(fileSystem: disk, path: path, sharing: shared)
        guard case .segment(let rows) = try #require(reader.blocks.first).backing else {
            Issue.record("a block of a segment is read from it")
            return
        }
        let first = try rows.directory()
        rows.dropCaches()
        #expect(try rows.directory() === first)
        let other = MemoryAllowance(bytes: 100)
        #expect(other.take(60))
        #expect(!other.take(60), "so much is not left")
        other.give(60)
        #expect(other.take(100))
    }

    @Test func alphabetsOfPatterns() {
        let pattern = NumberPattern.ipv4
        var encoded: [UInt8] = []
        pattern.encode(into: &encoded)
        let alphabet = PatternPlaces(encoded)?.alphabet ?? .all
        #expect(alphabet.isSuperset(of: ByteAlphabet(Array("10.2".utf8))))
        #expect(!alphabet.isSuperset(of: ByteAlphabet(Array("10:2".utf8))))
        #expect(
            ByteAlphabet(Array("AZ".utf8)).folded.isSuperset(of: ByteAlphabet(Array("az".utf8))))
        #expect(!ByteAlphabet(Array("@[".utf8)).folded.isSuperset(of: ByteAlphabet([0x60])))
        let index = PatternIndex()
        let numbers = index.withContents { contents in
            [encoded, [1, 0, 0, 0, 0], encoded].map { bytes in
                contents.number(of: bytes.span, 0..<bytes.count)
            }
        }
        #expect(numbers == [0, 1, 0])
    }
}
