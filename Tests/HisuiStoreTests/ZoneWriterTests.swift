import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiShape
import Testing

@testable import HisuiStore

@Suite struct ZoneWriterTests {
    private let disk = SimulatedFileSystem()

    private func error(_ body: () throws -> Void) -> StoreError? {
        do {
            try body()
            return nil
        } catch {
            return error as? StoreError
        }
    }

    @Test func aSecondWriterIsRefused() throws {
        let real = RealFileSystem()
        let folder = try TemporaryFolder()
        for (disk, store) in [(real as any FileSystem, folder.path + "/s"), (disk, "/s")] {
            func open(_ zone: String) throws -> ZoneWriter {
                try ZoneWriter.open(
                    fileSystem: disk, store: store, zone: zone,
                    now: { Timestamp(nanoseconds: 0) })
            }
            let first = try open("local")
            let refusal = error { _ = try open("local") }
            #expect(refusal?.code == .locked)
            #expect(refusal?.description.contains("another process writes here (process") == true)
            let other = try open("lgwan")
            try other.close()
            try first.close()
            try open("local").close()
        }
    }

    @Test func aFolderThatIsNoStoreIsRefused() throws {
        try disk.createDirectory("/home/user")
        try disk.open("/home/user/letter.txt", .create).close()
        let refusal = error {
            _ = try ZoneWriter.open(
                fileSystem: disk, store: "/home/user", zone: "local",
                now: { Timestamp(nanoseconds: 0) })
        }
        #expect(refusal?.code == .notAStore)
        #expect(refusal?.description.contains("holds 'letter.txt'") == true)
        #expect(try disk.list("/home/user") == ["letter.txt"])
        #expect(error { try StoreDirectory.check(disk, "/home/user") }?.code == .notAStore)
        #expect(error { try StoreDirectory.check(disk, "/nowhere") }?.code == .notAStore)
        #expect(
            error {
                _ = try ZoneWriter.open(
                    fileSystem: disk, store: "/s", zone: "../x",
                    now: { Timestamp(nanoseconds: 0) })
            }?.code == .limit)
    }

    @Test func aStoreOfAnotherVersionIsRefused() throws {
        _ = try SmallLog(seed: 1)
        try StoreDirectory.create(disk, "/s")
        try disk.tamper("/s/" + Filenames.storeMark) { $0 = Array("hisui-store 9\n".utf8) }
        let refusal = error { try StoreDirectory.create(disk, "/s") }
        #expect(refusal?.code == .notAStore)
        #expect(refusal?.description.contains("hisui-store 9") == true)
    }

    @Test func aFullDiskStopsAndGoesOn() throws {
        var model = LogModel(seed: 8, disk: disk)
        try model.open()
        try model.append(rows: 5)
        try model.commit()
        let writer = try #require(model.writer)
        let size = try disk.size(Path.join(SmallLog.logs, disk.list(SmallLog.logs)[0]))
        // Room for a part of the next commit only.
        disk.setCapacity(size + 14 + 60)
        try model.append(rows: 9, length: 50...60)
        for _ in 0..<3 {
            let refusal = error { try writer.commit() }
            #expect(refusal?.code == .noSpace)
            #expect(try !writer.stream("default").isFailed)
            #expect(writer.pendingBytes > 0)
            let path = Path.join(SmallLog.logs, try disk.list(SmallLog.logs)[0])
            #expect(try disk.size(path) == size, "the log ends where it ended")
        }
        // More may be appended meanwhile; nothing of it is lost, nothing is there twice.
        try model.append(rows: 2)
        #expect(try model.readRows("full").count == 5)
        disk.setCapacity(nil)
        try model.commit()
        #expect(writer.pendingBytes == 0)
        try model.recover(on: disk.crashed(seed: 1), "after the disk was full")
        #expect(model.maker.expected.count == 16)
    }

    /// The first commit to a new log finds the disk full.
    @Test func aNewLogThatDoesNotFitLeavesNothing() throws {
        var model = LogModel(seed: 8, disk: disk)
        try model.open()
        try model.append(rows: 5)
        disk.setCapacity(100)
        #expect(error { try model.writer?.commit() }?.code == .noSpace)
        #expect(try disk.list(SmallLog.logs) == [])
        disk.setCapacity(nil)
        try model.commit()
        try model.recover(on: disk.crashed(seed: 1), "after the disk was full")
        #expect(model.maker.expected.count == 5)
    }

    @Test(arguments: [false, true])
    func aFailedSyncFailsTheStreamUntilItIsReopened(persists: Bool) throws {
        var model = LogModel(seed: 9, disk: disk)
        try model.open()
        try model.append(rows: 5)
        try model.commit()
        let writer = try #require(model.writer)
        let stream = try writer.stream("default")
        for _ in 0..<3 {
            let kept = model
            try model.append(rows: 4)
            let batchEnd = model.maker.expected.count
            disk.add(
                .init(
                    operation: disk.operationCount + 2, kind: .inputOutput, persists: persists))
            let refusal = error { try writer.commit() }
            #expect(refusal?.code == .failed && stream.isFailed)
            #expect(error { try writer.commit() }?.code == .failed)
            var copy = model
            #expect(throws: StoreError.self) { try copy.append(rows: 1) }
            // Reopened, it knows nothing of what failed, and takes it again.
            try writer.reopenFailedStreams()
            #expect(stream.nextIndex == UInt64(batchEnd - 4) && !stream.isFailed)
            #expect(stream.committedIndex == stream.nextIndex)
            model = kept
            try model.append(rows: 4)
            try model.commit()
            for seed in UInt64(0)..<5 {
                var after = model
                try after.recover(on: disk.crashed(seed: seed), "persists \(persists), \(seed)")
            }
        }
    }

    @Test func closedLogsAreHandedOutOnce() throws {
        var model = LogModel(seed: 2, disk: disk)
        try model.open()
        let stream = try #require(try model.writer?.stream("default"))
        for end in [5, 10, 15] as [UInt64] {
            try model.append(rows: 5)
            try model.rotate()
            let logs = stream.takeClosedLogs()
            #expect(logs.map(\.leaves) == [end - 5..<end])
            #expect(stream.takeClosedLogs().isEmpty)
        }
        try model.rotate()
        #expect(stream.takeClosedLogs().isEmpty, "a log without rows is not closed")
        try model.writer?.close()
        try model.open()
        let again = try #require(model.writer).takeClosedLogs()
        #expect(again.map(\.leaves) == [0..<5, 5..<10, 10..<15])
    }

    @Test func oldLogsAreClosed() throws {
        var model = LogModel(seed: 2, disk: disk)
        try model.open()
        let stream = try #require(try model.writer?.stream("default"))
        try model.append(rows: 3)
        let first = model.maker.expected[0].received
        try stream.closeOldLog(now: Timestamp(nanoseconds: first + 10_000_000_000), ageSeconds: 20)
        #expect(stream.takeClosedLogs().isEmpty)
        try stream.closeOldLog(now: Timestamp(nanoseconds: first + 20_000_000_000), ageSeconds: 20)
        #expect(stream.takeClosedLogs().map(\.leaves) == [0..<3])
        #expect(stream.committedIndex == 3)
    }

    @Test func aFullLogIsClosedByItself() throws {
        let writer = try SmallLog.open(disk)
        let stream = try writer.stream("default")
        let source = Source(id: "s", kind: .file, form: .line)
        var batch = RowBatch(takingOver: RecordBatch(source: source))
        batch.bytes = [7]
        batch.slots = [ByteRange(0..<1)]
        let row = RowBatch.Row(
            offset: 0, count: 1, shape: 0, firstSlot: 0, time: Timestamp(nanoseconds: 0),
            received: Timestamp(nanoseconds: 0), sender: 0, flags: [])
        batch.rows = Array(repeating: row, count: 100_000)
        for _ in 0..<5 { _ = try stream.append(batch, shapes: ShapeTable(), definitions: []) }
        try stream.commit()
        let closed = stream.takeClosedLogs()
        #expect(closed.map(\.leaves) == [0..<200_000, 200_000..<400_000])
        #expect(closed.allSatisfy { $0.leaves.count <= Limits.openRowsMax })
        #expect(stream.nextIndex == 500_000 && stream.committedIndex == 500_000)
    }

    /// A stream that only ever gives account does not fill the disk.
    @Test func aLogFullOfAccountsIsReplaced() throws {
        let writer = try SmallLog.open(disk)
        let stream = try writer.stream("default")
        let source = Source(id: "s", kind: .syslogUDP, form: .syslog)
        let gap = Gap(
            source: source.id, detected: .none, count: 1,
            cause: String(repeating: "x", count: Limits.openLogBytesMax / 4))
        for _ in 0..<6 {
            var batch = RowBatch(takingOver: RecordBatch(source: source))
            batch.account[.kernelBuffer] = 1
            batch.gaps = [gap]
            _ = try stream.append(batch, shapes: ShapeTable(), definitions: [])
            try stream.commit()
        }
        #expect(try disk.list(SmallLog.logs) == ["00000000000000000000-00000002.log"])
        #expect(stream.takeClosedLogs().isEmpty)
        try writer.close()
        let again = try SmallLog.open(disk)
        #expect(again.state(ofSource: "s")?.account[.kernelBuffer] == 6)
    }

    @Test func streamsAreApart() throws {
        var maker = RowMaker(seed: 6)
        let writer = try SmallLog.open(disk)
        for name in ["default", "audit", "default"] {
            let leaves = try writer.append(
                maker.batch(3), to: name, shapes: maker.table, definitions: [])
            #expect(leaves.lowerBound == (writer.streamNames.count == 1 || name == "audit" ? 0 : 3))
        }
        try writer.commit()
        try writer.close()
        let again = try SmallLog.open(disk)
        #expect(again.streamNames == ["audit", "default"])
        #expect(try again.stream("default").nextIndex == 6)
        #expect(try again.stream("audit").nextIndex == 3)
        for number in 0..<6 { _ = try again.stream("s\(number)") }
        #expect(error { _ = try again.stream("one-too-many") }?.code == .limit)
        #expect(error { _ = try again.stream("a/b") }?.code == .limit)
    }
}
