import HisuiEvent
import HisuiFile
import HisuiShape
import Testing

@testable import HisuiStore

/// Logs that are not what was written: what is returned is what was written, and the rest is told.
@Suite struct LogDamageTests {
    private func seed() -> UInt64 { UInt64.random(in: 0 ... .max) }

    /// Every row read is the one that was written with its index.
    private func expectTrue(
        _ rows: [(index: UInt64, row: ExpectedRow)], _ log: SmallLog, _ comment: Comment
    ) {
        for (index, row) in rows {
            #expect(index < UInt64(log.maker.expected.count), comment)
            #expect(row == log.maker.expected[Int(index)], comment)
        }
        let indices = rows.map(\.index)
        #expect(indices == Array(Set(indices)).sorted(), comment)
    }

    @Test func cutAtEveryByte() throws {
        let seed = seed()
        let log = try SmallLog(seed: seed, commits: 3, rows: 3)
        for size in 0...log.bytes.count {
            let comment: Comment = "seed \(seed), cut at \(size)"
            let disk = try log.changed(to: Array(log.bytes[..<size]))
            let (rows, reader, tail) = try log.read(disk)
            expectTrue(rows, log, comment)
            #expect(reader.damages.isEmpty, comment)
            #expect(reader.offset + tail == size, comment)
            let certain = log.commits.last { $0.size <= size }?.rows ?? 0
            #expect(rows.count >= certain, comment)
            try expectGoesOn(log, disk, rows: rows.count, comment)
        }
    }

    @Test func zeroAndGarbageTails() throws {
        let seed = seed()
        var random = SeededGenerator(seed: seed)
        let log = try SmallLog(seed: seed, commits: 3, rows: 3)
        for size in stride(from: 0, through: log.bytes.count, by: 5) {
            for kind in 0..<4 {
                let count = Int.random(in: 1...1500, using: &random)
                var tail = [UInt8](repeating: 0, count: count)
                switch kind {
                case 0: break
                case 1: tail = tail.map { _ in UInt8.random(in: 0...255, using: &random) }
                case 2: tail = Array(log.bytes.prefix(count))
                default: tail = Array(log.bytes.suffix(count))
                }
                let comment: Comment = "seed \(seed), cut at \(size), tail \(kind) of \(count)"
                let disk = try log.changed(to: Array(log.bytes[..<size]) + tail)
                let (rows, reader, _) = try log.read(disk)
                expectTrue(rows, log, comment)
                #expect(reader.damages.isEmpty, comment)
                let certain = log.commits.last { $0.size <= size }?.rows ?? 0
                #expect(rows.count >= certain, comment)
                try expectGoesOn(log, disk, rows: rows.count, comment)
            }
        }
    }

    /// The writer cuts the tail and goes on after what the reader saw.
    private func expectGoesOn(
        _ log: SmallLog, _ disk: SimulatedFileSystem, rows: Int, _ comment: Comment
    ) throws {
        let writer = try SmallLog.open(disk)
        let stream = try writer.stream("default")
        #expect(stream.nextIndex == UInt64(rows), comment)
        #expect(stream.recovery.damages.isEmpty, comment)
        var maker = log.maker
        let batch = maker.batch(1)
        let leaves = try writer.append(batch, shapes: maker.table, definitions: [])
        #expect(leaves == UInt64(rows)..<UInt64(rows) + 1, comment)
        try writer.commit()
        let snapshot = try StoreReader(fileSystem: disk, path: "/store").snapshot()
        #expect(snapshot.problems.isEmpty, comment)
        let found = try snapshot.blocks.flatMap { try HisuiStoreTests.rows(of: $0) }
        let expected = Array(log.maker.expected.prefix(rows)) + expectedRows(of: batch)
        #expect(found == expected, comment)
        try writer.close()
    }

    /// One bit wrong, anywhere: no wrong row, and what is missing is told, or is a torn tail of
    /// the last commit that no later frame vouches for.
    @Test func bitFlips() throws {
        let seed = seed()
        let log = try SmallLog(seed: seed, commits: 3, rows: 2)
        let sure = log.commits[log.commits.count - 2]
        for index in log.bytes.indices {
            let bit = UInt8(1) << UInt8(index % 8)
            let comment: Comment = "seed \(seed), byte \(index), bit \(bit)"
            var bytes = log.bytes
            bytes[index] ^= bit
            let disk = try log.changed(to: bytes)
            let (rows, reader, tail) = try log.read(disk)
            expectTrue(rows, log, comment)
            #expect(!reader.damages.isEmpty || tail > 0, comment)
            if index < sure.size {
                #expect(!reader.damages.isEmpty, comment)
                // What is behind the damage is there all the same, unless it needs a shape
                // that was defined there.
                let isOutOfShape = reader.damages.contains { $0.what.contains("unknown shape") }
                #expect(
                    isOutOfShape || rows.contains { $0.index >= UInt64(sure.rows) }, comment)
                let missing = Set(reader.damages.flatMap { Array($0.missing) })
                let found = Set(rows.map(\.index))
                let all = Set(UInt64(0)..<UInt64(log.maker.expected.count))
                #expect(missing.union(found) == all, comment)
            }
        }
    }

    @Test func damageIsRecordedOnceAndKept() throws {
        let log = try SmallLog(seed: 11)
        var bytes = log.bytes
        bytes[log.commits[0].size + 60] ^= 0x10
        let disk = try log.changed(to: bytes)
        var stream = try SmallLog.open(disk).stream("default")
        #expect(stream.recovery.damages.count == 1)
        #expect(stream.nextIndex == UInt64(log.maker.expected.count))
        #expect(stream.takeClosedLogs().isEmpty, "a damaged log is never sealed")
        let source = Source(id: "s0", kind: .file, form: .line)
        var batch = RowBatch(takingOver: RecordBatch(source: source))
        batch.account[.queueFull] = 1
        _ = try stream.append(batch, shapes: .init(), definitions: [])
        try stream.commit()
        // The bytes are there as they were found, under a name that says so.
        let name = try #require(try disk.list(SmallLog.logs).first { $0.hasSuffix(".damaged") })
        #expect(try disk.bytes(Path.join(SmallLog.logs, name), from: 0, count: .max) == bytes)
        for _ in 0..<3 {
            stream = try SmallLog.open(disk.killed()).stream("default")
            #expect(stream.recovery.damages.count == 1)
            let snapshot = try StoreReader(fileSystem: disk, path: "/store").snapshot()
            let gaps = snapshot.gaps[.init(zone: "local", stream: "default")] ?? []
            #expect(gaps.count == 1)
            #expect(gaps.first?.source == StreamWriter.ownSource)
            #expect(gaps.first?.count == 4, "the rows of one frame")
        }
    }

    @Test func aMissingLogIsTold() throws {
        let disk = SimulatedFileSystem()
        var model = LogModel(seed: 1, disk: disk)
        try model.open()
        for _ in 0..<3 {
            try model.append(rows: 5)
            try model.rotate()
        }
        try model.writer?.close()
        let names = try disk.list(SmallLog.logs)
        try disk.remove(Path.join(SmallLog.logs, names[1]))
        let stream = try SmallLog.open(disk.killed()).stream("default")
        #expect(stream.recovery.damages.map(\.missing) == [5..<10])
        #expect(stream.nextIndex == 15)
        #expect(stream.recovery.damages[0].description.contains("records 5 to 9 are missing"))
    }

    @Test func aLogOfAnotherPlaceIsNotRead() throws {
        let log = try SmallLog(seed: 4)
        let disk = log.disk
        for strange in ["/store/zones/local/other/wal", "/store/zones/else/default/wal"] {
            try disk.createDirectory(strange)
            let path = Path.join(strange, Path.name(of: log.path))
            try disk.open(path, .create).append(log.bytes.span)
            var reader = try LogReader(fileSystem: disk, path: path)
            #expect(try reader.next() == nil)
            #expect(reader.isForeign && reader.damages.isEmpty)
        }
        // The writer lays it aside and does not take its rows for its own.
        let writer = try SmallLog.open(disk)
        #expect(try writer.stream("other").nextIndex == 0)
        let names = try disk.list("/store/zones/local/other/wal")
        #expect(names == [Path.name(of: log.path) + ".stray"])
    }

    @Test func aNewerVersionIsRefusedClearly() throws {
        let log = try SmallLog(seed: 4)
        var bytes = log.bytes
        bytes[8] = 3
        let length = Int(bytes[12])
        let checksum = LogFormat.checksum(bytes.span.extracting(0..<length), without: 16)
        bytes.replaceLittleEndian(checksum, at: 16)
        let disk = try log.changed(to: bytes)
        do {
            _ = try SmallLog.open(disk)
            Issue.record("opened a log of another version")
        } catch {
            #expect("\(error)".contains("version 3"))
        }
    }
}
