import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiParse
import HisuiShape
import HisuiStore
import Logging
import Synchronization
import Testing

@testable import HisuiPipeline

/// What may wait within the daemon, and who waits when there is no room.
@Suite struct BoundTests {
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    // MARK: - Queues

    /// Tells when nobody holds it any more.
    private final class Held: Sendable {
        private let onGone: @Sendable () -> Void
        init(onGone: @escaping @Sendable () -> Void) { self.onGone = onGone }
        deinit { onGone() }
    }

    @Test func whatWasTakenFromAQueueIsNotKept() {
        let gone = Mutex(0)
        let queue = BoundedQueue<Held>(weightMax: 1000)
        for _ in 0..<10 {
            _ = queue.put(Held { gone.withLock { $0 += 1 } }, weight: 1)
        }
        for taken in 1...9 {
            _ = queue.take(waitMillis: 0)
            #expect(gone.withLock { $0 } == taken)
        }
    }

    @Test func theWeightOfABatchIsTheMemoryItHolds() {
        let source = Source(id: "test", kind: .syslogTCP, form: .syslog)
        var records = RecordBatch(source: source)
        #expect(Weight.of(records) > 0)
        records.bytes.reserveCapacity(1 << 20)
        records.entries.reserveCapacity(1000)
        #expect(Weight.of(records) >= 1 << 20 + 1000 * MemoryLayout<RecordBatch.Entry>.stride)
        var rows = RowBatch(takingOver: records)
        rows.rows.reserveCapacity(1000)
        rows.slots.reserveCapacity(5000)
        let expected = 1 << 20 + 1000 * MemoryLayout<RowBatch.Row>.stride + 5000 * 8
        #expect(Weight.of(rows) >= expected)
    }

    // MARK: - Logs that wait to be sealed

    private static func closedLogs(_ disk: SimulatedFileSystem) throws -> [ClosedLog] {
        let writer = try ZoneWriter.open(
            fileSystem: disk, store: "/store", zone: "z", now: { Timestamp(nanoseconds: 1) })
        var parser = Parser(definitions: .empty, timeZone: .utc)
        for number in 0..<3 {
            var batch = RecordBatch(
                source: Source(id: "test", kind: .syslogTCP, form: .syslog))
            let line = Array("<13>Nov 23 10:00:00 h p: line \(number)".utf8)
            batch.append(line.span, received: Timestamp(nanoseconds: Int64(number)))
            let rows = parser.parse(batch)
            _ = try writer.append(
                rows, shapes: parser.shapes, definitions: DefinitionSet.empty.digest)
            try writer.closeOldLogs(rowsMax: 1)
        }
        defer { try? writer.close() }
        return writer.takeClosedLogs()
    }

    private static func sealer(
        _ disk: SimulatedFileSystem, waiting: Int, onSealed: @escaping @Sendable () -> Void = {}
    ) -> SealStage {
        SealStage(
            fileSystem: disk, store: "/store", waitingBytesMax: waiting, log: quiet,
            onSealed: onSealed)
    }

    @Test func logsWaitToBeSealedUpToSoManyBytes() throws {
        let disk = SimulatedFileSystem()
        let logs = try Self.closedLogs(disk)
        try #require(logs.count == 3)
        let sizes = try logs.map { try disk.size($0.path) }
        let seal = Self.sealer(disk, waiting: sizes[0] + sizes[1])
        seal.take([logs[0]])
        #expect(seal.hasRoom)
        seal.take([logs[1]])
        #expect(!seal.hasRoom)
        seal.take([logs[2]])
        seal.stop()
        seal.run()
        #expect(seal.hasRoom)
        #expect(try StoreReader(fileSystem: disk, path: "/store").snapshot().blocks.count == 3)
    }

    @Test func aLogThatCannotBeSealedDoesNotHoldReceptionUp() throws {
        let disk = SimulatedFileSystem()
        let logs = try Self.closedLogs(disk)
        let path = try #require(logs.first?.path)
        let file = try disk.open(path, .readWrite)
        try file.overwrite([UInt8](repeating: 0, count: 60).span, at: 0)
        file.close()
        let sealed = Mutex(0)
        let seal = Self.sealer(disk, waiting: 1) { sealed.withLock { $0 += 1 } }
        seal.take([logs[0]])
        #expect(!seal.hasRoom)
        seal.stop()
        seal.run()
        #expect(seal.hasRoom)
        #expect(sealed.withLock { $0 } == 0)
        #expect(try disk.exists(path))
    }
}
