import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiParse
import HisuiPolicy
import HisuiShape
import HisuiStore
import Logging
import Synchronization
import Testing

@testable import HisuiPipeline

/// The writer's loop on a disk whose operations fail: nothing is lost, nothing is counted twice.
@Suite struct WriteStageTests {
    private static let store = "/store"
    private static let batches = 40

    /// Notes the numbers it is told, and how many operations the disk had done by then.
    private final class Desk: ReceiptDesk {
        private let state = Mutex<[UInt64]>([])
        private let onReceipt: @Sendable (UInt64) -> Void
        init(_ onReceipt: @escaping @Sendable (UInt64) -> Void = { _ in }) {
            self.onReceipt = onReceipt
        }
        var numbers: [UInt64] { state.withLock { $0 } }
        func becameDurable(_ number: UInt64) {
            onReceipt(number)
            state.withLock { $0.append(number) }
        }
    }

    /// Batches of two sources as the parser gives them; every third has counts and no rows.
    ///
    /// - Parameter desk: wants a receipt for each.
    private static func queue(_ desk: Desk? = nil) -> BoundedQueue<ParsedBatch> {
        let queue = BoundedQueue<ParsedBatch>(weightMax: .max)
        var parser = Parser(definitions: .empty, timeZone: .utc)
        for number in 0..<batches {
            var batch = RecordBatch(
                source: Source(id: "test:\(number % 2)", kind: .syslogUDP, form: .syslog))
            if number % 3 == 0 {
                batch.account[.kernelBuffer] = 1
            } else {
                for row in 0..<3 {
                    let line = Array("<13>Nov 23 10:00:00 h p: batch \(number) row \(row)".utf8)
                    batch.append(line.span, received: Timestamp(nanoseconds: Int64(number)))
                }
            }
            batch.receipt = desk.map { Receipt(desk: $0, number: UInt64(number)) }
            let rows = parser.parse(batch)
            let parsed = ParsedBatch(
                rows: rows, shapes: parser.shapes, definitions: DefinitionSet.empty.digest,
                stream: number % 4 == 0 ? "other" : "default")
            _ = queue.put(parsed, weight: 1)
        }
        queue.close()
        return queue
    }

    private static func open(_ disk: SimulatedFileSystem) throws -> ZoneWriter {
        try ZoneWriter.open(
            fileSystem: disk, store: store, zone: "z", now: { Timestamp(nanoseconds: 1) })
    }

    private static func stage(
        desk: Desk? = nil, hasRoom: @escaping @Sendable () -> Bool = { true }
    ) -> WriteStage {
        var service = Configuration.Service()
        service.commitMilliseconds = 0
        service.segmentRows = 20
        return WriteStage(
            input: queue(desk), service: service, retryMillis: 0,
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, observers: [],
            onClosedLogs: { _ in }, hasRoom: hasRoom)
    }

    private static func expectAll(on disk: SimulatedFileSystem, _ comment: Comment) throws {
        let snapshot = try StoreReader(fileSystem: disk, path: store).snapshot(zones: nil)
        var records: [String] = []
        for block in snapshot.blocks {
            for row in 0..<block.count {
                var bytes: [UInt8] = []
                try block.appendRecord(row: row, to: &bytes)
                records.append(String(decoding: bytes, as: UTF8.self))
            }
        }
        let withRows = (0..<batches).filter { $0 % 3 != 0 }
        let wanted = withRows.flatMap { number in
            (0..<3).map { "<13>Nov 23 10:00:00 h p: batch \(number) row \($0)" }
        }
        #expect(records.sorted() == wanted.sorted(), comment)
        let accounts = snapshot.sourceStates.values.flatMap { $0 }.map(\.account)
        #expect(accounts.reduce(0) { $0 + $1.stored } == UInt64(wanted.count), comment)
        let dropped = accounts.reduce(0) { $0 + $1[.kernelBuffer] }
        #expect(dropped == UInt64(batches - withRows.count), comment)
    }

    @Test(arguments: [false, true])
    func everyOperationFailsOnce(persists: Bool) throws {
        let whole = SimulatedFileSystem()
        let writer = try Self.open(whole)
        let first = whole.operationCount + 1
        Self.stage().run(writer)
        try Self.expectAll(on: whole, "without faults")
        try #require(whole.operationCount > first)
        for kind in SimulatedFault.Kind.allCases {
            for point in first...whole.operationCount {
                let disk = SimulatedFileSystem()
                let writer = try Self.open(disk)
                disk.add(.init(operation: point, kind: kind, persists: persists))
                let stage = Self.stage()
                stage.run(writer)
                #expect(!stage.lostRecords)
                try Self.expectAll(on: disk, "operation \(point) \(kind), persists \(persists)")
            }
        }
    }

    @Test func aFullDiskIsGivenUpOnlyWhenAsked() throws {
        let disk = SimulatedFileSystem()
        let writer = try Self.open(disk)
        disk.setCapacity(0)
        let stage = Self.stage()
        stage.stopWaiting()
        stage.run(writer)
        #expect(stage.lostRecords)
    }

    @Test func receiptsAreGivenWhenRecordsOutliveALossOfPower() throws {
        let disk = SimulatedFileSystem()
        let writer = try Self.open(disk)
        let desk = Desk { number in
            // What is left if the power fails at this moment.
            let after = disk.crashed(seed: number)
            let found = try? StoreReader(fileSystem: after, path: Self.store)
                .snapshot(zones: nil).sourceStates.values.flatMap { $0 }
                .reduce(0) { $0 + $1.account.offered }
            #expect(found ?? 0 >= UInt64(number + 1), "batch \(number)")
        }
        Self.stage(desk: desk).run(writer)
        #expect(desk.numbers == (0..<UInt64(Self.batches)).map { $0 })
    }

    @Test func whatIsGivenUpHasNoReceipt() throws {
        let disk = SimulatedFileSystem()
        let writer = try Self.open(disk)
        disk.setCapacity(0)
        let desk = Desk()
        let stage = Self.stage(desk: desk)
        stage.stopWaiting()
        stage.run(writer)
        #expect(stage.lostRecords)
        #expect(desk.numbers.isEmpty)
    }

    @Test func everyReceiptIsGivenOnceThoughTheDiskFails() throws {
        let whole = SimulatedFileSystem()
        let writer = try Self.open(whole)
        let first = whole.operationCount + 1
        Self.stage().run(writer)
        for point in stride(from: first, through: whole.operationCount, by: 7) {
            let disk = SimulatedFileSystem()
            let writer = try Self.open(disk)
            disk.add(
                .init(operation: point, kind: SimulatedFault.Kind.allCases[0], persists: false))
            let desk = Desk()
            Self.stage(desk: desk).run(writer)
            #expect(desk.numbers == (0..<UInt64(Self.batches)).map { $0 }, "operation \(point)")
        }
    }

    @Test func nothingIsTakenWhileLogsWaitToBeSealed() throws {
        let disk = SimulatedFileSystem()
        let writer = try Self.open(disk)
        let before = disk.operationCount
        let looks = Mutex(0)
        Self.stage {
            let look = looks.withLock { looks in
                looks += 1
                return looks
            }
            if look <= 3 { #expect(disk.operationCount == before) }
            return look > 3
        }.run(writer)
        #expect(looks.withLock { $0 } > 3)
        try Self.expectAll(on: disk, "after the wait")
    }

    @Test func theWaitForTheSealerEndsWithTheDaemon() throws {
        let disk = SimulatedFileSystem()
        let writer = try Self.open(disk)
        let stage = Self.stage { false }
        stage.stopWaiting()
        stage.run(writer)
        #expect(!stage.lostRecords)
        try Self.expectAll(on: disk, "without room")
    }
}
