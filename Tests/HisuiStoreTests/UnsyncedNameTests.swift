import HisuiEvent
import HisuiFile
import HisuiShape
import Testing

@testable import HisuiStore

/// Names that can be seen and are not durable: nothing may be removed because of them.
@Suite struct UnsyncedNameTests {
    /// The sealer could not sync the name of a segment; then the writer opens the stream again
    /// after a failure of its own, and finds the log's rows in that segment.
    @Test func aSegmentWithoutADurableNameReplacesNoLog() throws {
        let disk = SimulatedFileSystem()
        var model = LogModel(seed: 1, disk: disk)
        try model.open()
        try model.append(rows: 5)
        try model.rotate()
        let closed = try #require(model.writer?.takeClosedLogs().first)
        disk.recordOperations()
        let sealer = Sealer(fileSystem: disk, store: LogModel.store)
        let before = disk.operationCount
        let steps = try SegmentStep.operations(of: disk.killed(), closed)
        let sync = try #require(steps.firstIndex { $0.hasPrefix("fsync") })
        disk.add(.init(operation: before + sync + 1, kind: .inputOutput, persists: false))
        #expect(throws: StoreError.self) { try sealer.seal(closed) }
        // A commit fails, and the daemon's writer goes on.
        disk.add(.init(operation: disk.operationCount + 2, kind: .inputOutput, persists: false))
        let batch = model.maker.batch(3)
        let writer = try #require(model.writer)
        _ = try writer.append(batch, shapes: model.maker.table, definitions: LogModel.digest)
        #expect(throws: StoreError.self) { try writer.commit() }
        try writer.reopenFailedStreams()
        _ = try writer.append(batch, shapes: model.maker.table, definitions: LogModel.digest)
        try writer.commit()
        for seed in UInt64(0)..<50 {
            let found = disk.crashed(seed: seed)
            let snapshot = try StoreReader(fileSystem: found, path: LogModel.store).snapshot()
            #expect(snapshot.blocks.reduce(0) { $0 + $1.count } == 8, "seed \(seed)")
        }
    }

    private enum SegmentStep {
        /// What sealing does to the disk.
        static func operations(
            of disk: SimulatedFileSystem, _ log: ClosedLog
        ) throws -> [String] {
            disk.recordOperations()
            _ = try Sealer(fileSystem: disk, store: LogModel.store).seal(log)
            return disk.operations
        }
    }
}
