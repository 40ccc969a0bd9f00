import Glibc
import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiParse
import HisuiStore
import Logging
import Synchronization
import Testing

@testable import HisuiPipeline

/// Who waits, who is spilled, and in which order it comes back.
@Suite struct SpillStageTests {
    private let disk = SimulatedFileSystem()
    private let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func batch(
        _ text: String, _ kind: SourceKind = .syslogUDP, position: [UInt8] = []
    ) -> RecordBatch {
        var batch = RecordBatch(source: Source(id: "test:\(kind)", kind: kind, form: .syslog))
        batch.append(Array(text.utf8).span, received: Timestamp(nanoseconds: 1))
        batch.position = position
        return batch
    }

    private func stage(_ intake: Intake) throws -> SpillStage {
        let ring = try SpillRing(opening: "/ring", on: disk, bytesMax: 1 << 20, durable: [:])
        return SpillStage(ring: ring, intake: intake, log: log)
    }

    private func texts(_ intake: Intake) -> [String] {
        var texts: [String] = []
        while case .element(let batch) = intake.queue.take(waitMillis: 0) {
            texts.append(String(decoding: batch.bytes, as: UTF8.self))
        }
        return texts
    }

    private func waiting() throws -> UInt64 {
        try SpillSurvey("/ring", on: disk, durable: [:]).records
    }

    @Test func nothingIsSpilledWhileThereIsRoom() throws {
        let intake = Intake(bytesMax: 1 << 20, positions: [:])
        let stage = try stage(intake)
        for number in 0..<5 { #expect(stage.put(batch("<13>\(number)"))) }
        #expect(texts(intake) == (0..<5).map { "<13>\($0)" })
        #expect(try waiting() == 0)
    }

    @Test func aFullIntakeSpillsDatagramsAndAllThatFollowThem() throws {
        let intake = Intake(bytesMax: 1, positions: [:])
        let stage = try stage(intake)
        for number in 0..<5 { #expect(stage.put(batch("<13>\(number)"))) }
        #expect(try waiting() == 4)
        #expect(texts(intake) == ["<13>0"])
        // There is room again, but others are before it.
        #expect(stage.put(batch("<13>5")))
        #expect(texts(intake) == [])
        #expect(try waiting() == 5)
    }

    @Test func aStoreThatIsHeldUpSpillsAtOnceAndOthersGoTheirWay() throws {
        let intake = Intake(bytesMax: 1 << 20, positions: [:])
        let stage = try stage(intake)
        stage.begin(isHeldUp: { true }, onEnd: { _ in })
        #expect(stage.put(batch("<13>udp")))
        #expect(stage.put(batch("<13>unix", .syslogUnix)))
        #expect(stage.put(batch("<13>tcp", .syslogTCP)))
        #expect(texts(intake) == ["<13>tcp"])
        #expect(try waiting() == 2)
    }

    @Test func whatWaitsForAReceiptIsNeverSpilledAndNotAnsweredBeforeItIsStored() throws {
        let intake = Intake(bytesMax: 1 << 20, positions: [:])
        let stage = try stage(intake)
        stage.begin(isHeldUp: { true }, onEnd: { _ in })
        // Others are spilled already, and the store takes nothing.
        #expect(stage.put(batch("<13>udp")))
        let desk = CountingDesk()
        var relp = batch("<13>relp", .relp)
        relp.receipt = Receipt(desk: desk, number: 7)
        #expect(stage.put(relp))
        #expect(try waiting() == 1)
        guard case .element(let taken) = intake.queue.take(waitMillis: 0) else {
            Issue.record("the batch is not in the intake")
            return
        }
        #expect(String(decoding: taken.bytes, as: UTF8.self) == "<13>relp")
        #expect(desk.numbers.withLock { $0 } == [])
        // A pipeline that gives up does not spill it either: its sender has it.
        #expect(!stage.close(keeping: [taken]))
        #expect(try waiting() == 1)
        #expect(desk.numbers.withLock { $0 } == [])
    }

    @Test func drainingKeepsTheOrderAndEndsWhenAllIsStored() async throws {
        let intake = Intake(bytesMax: 1 << 20, positions: [:])
        let stage = try stage(intake)
        let held = Holder()
        stage.begin(
            isHeldUp: { held.flag.load(ordering: .relaxed) },
            onEnd: { episode in held.episode.withLock { $0 = episode } })
        for number in 0..<20 { #expect(stage.put(batch("<\(8 + number % 8)>\(number)"))) }
        held.flag.store(false, ordering: .relaxed)
        let drain = Task.detached { await WorkerThread.run("drain") { stage.run() } }
        var found: [String] = []
        while found.count < 20 {
            guard case .element(let batch) = intake.queue.take(waitMillis: nil) else { break }
            found.append(String(decoding: batch.bytes, as: UTF8.self))
            #expect(!batch.position.isEmpty)
            stage.settle(RowBatch(takingOver: batch))
        }
        #expect(found == (0..<20).map { "<\(8 + $0 % 8)>\($0)" })
        while held.episode.withLock({ $0 == nil }) { usleep(1000) }
        #expect(held.episode.withLock { $0?.spilled } == 20)
        #expect(held.episode.withLock { $0?.dropped } == 0)
        stage.service.requestStop()
        await drain.value
        #expect(try waiting() == 0)
    }

    @Test func whatAPipelineGaveUpIsKeptUnlessItIsReadAgain() throws {
        let intake = Intake(bytesMax: 1 << 20, positions: [:])
        let stage = try stage(intake)
        var parser = Parser(definitions: .empty, timeZone: .utc)
        var rows = batch("<13>parsed")
        rows.entries[0].flags = .truncated
        let given = RecordBatch(givingBack: parser.parse(rows))
        #expect(given.bytes == rows.bytes)
        #expect(given.entries.map(\.flags) == [.truncated])
        let isWhole = stage.close(keeping: [
            given, batch("<13>from the ring", position: [1, 9, 0, 0, 0, 0, 0, 0, 0]),
            batch("file", .file, position: [1]),
        ])
        #expect(isWhole)
        #expect(try waiting() == 1)
        let again = try self.stage(intake)
        #expect(!again.close(keeping: [batch("<13>tcp", .syslogTCP)]))
    }
}

/// Hears of receipts.
private final class CountingDesk: ReceiptDesk {
    let numbers = Mutex<[UInt64]>([])
    func becameDurable(_ number: UInt64) { numbers.withLock { $0.append(number) } }
}

/// What the closures of a test share.
private final class Holder: Sendable {
    let flag = Atomic(true)
    let episode = Mutex<SpillStage.Episode?>(nil)
}
