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

    /// The next batch, without blocking the threads that others need.
    private func next(_ intake: Intake) async throws -> RecordBatch {
        while true {
            if case .element(let batch) = intake.queue.take(waitMillis: 0) { return batch }
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    private func taken(_ intake: Intake) -> [RecordBatch] {
        var batches: [RecordBatch] = []
        while case .element(let batch) = intake.queue.take(waitMillis: 0) { batches.append(batch) }
        return batches
    }

    private func texts(_ intake: Intake) -> [String] {
        taken(intake).map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    /// What a daemon finds that starts after a kill.
    private func foundAfterKill(_ durable: [String: [UInt8]]) throws -> [String] {
        var ring = try SpillRing(
            opening: "/ring", on: disk.killed(), bytesMax: 1 << 20, durable: durable)
        var texts: [String] = []
        while let batches = ring.take() {
            texts += batches.map { String(decoding: $0.bytes, as: UTF8.self) }
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
        // Four, and a copy of what is on its way.
        #expect(try waiting() == 5)
        let first = taken(intake)
        #expect(first.map { String(decoding: $0.bytes, as: UTF8.self) } == ["<13>0"])
        // There is room again, but others are before it.
        #expect(stage.put(batch("<13>5")))
        #expect(texts(intake) == [])
        #expect(try waiting() == 6)
        first.forEach { stage.settle(RowBatch(takingOver: $0)) }
        let durable = Dictionary(uniqueKeysWithValues: first.map { ($0.source.id, $0.position) })
        #expect(try SpillSurvey("/ring", on: disk, durable: durable).records == 5)
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

    @Test func whatIsOnItsWayIsCopiedAsSoonAsTheStoreIsHeldUp() async throws {
        let intake = Intake(bytesMax: 1 << 20, positions: [:])
        let stage = try stage(intake)
        let held = Holder()
        held.flag.store(false, ordering: .relaxed)
        stage.begin(held)
        for number in 0..<5 { #expect(stage.put(batch("<\(8 + number)>\(number)"))) }
        #expect(try waiting() == 0)
        let onTheirWay = taken(intake)
        // The store takes the first two, and then nothing.
        for batch in onTheirWay.prefix(2) { stage.settle(RowBatch(takingOver: batch)) }
        held.flag.store(true, ordering: .relaxed)
        let drain = Task.detached { await WorkerThread.run("drain") { stage.run() } }
        let durable = ["test:syslogUDP": onTheirWay[1].position]
        while try SpillSurvey("/ring", on: disk, durable: durable).records < 3 {
            try await Task.sleep(for: .milliseconds(1))
        }
        #expect(stage.put(batch("<13>5")))
        #expect(
            try foundAfterKill(durable) == ["<10>2", "<11>3", "<12>4", "<13>5"])
        // It goes on after all: the originals are stored, and what came after them.
        held.flag.store(false, ordering: .relaxed)
        for batch in onTheirWay.dropFirst(2) { stage.settle(RowBatch(takingOver: batch)) }
        let last = try await next(intake)
        #expect(String(decoding: last.bytes, as: UTF8.self) == "<13>5")
        stage.settle(RowBatch(takingOver: last))
        while held.episode.withLock({ $0 == nil }) { try await Task.sleep(for: .milliseconds(1)) }
        #expect(held.episode.withLock { $0?.spilled } == 4)
        stage.service.requestStop()
        await drain.value
        #expect(try foundAfterKill(["test:syslogUDP": last.position]) == [])
    }

    // syslog-ng#5714
    @Test func whatIsNotStoredAtTheEndIsKeptAndAskedForAtTheNextStart() throws {
        let intake = Intake(bytesMax: 1 << 20, positions: [:])
        let stage = try stage(intake)
        for number in 0..<3 { #expect(stage.put(batch("<13>\(number)"))) }
        let left = taken(intake)
        stage.settle(RowBatch(takingOver: left[0]))
        #expect(stage.close(keeping: Array(left.dropFirst())))
        #expect(
            try foundAfterKill(["test:syslogUDP": left[0].position]) == ["<13>1", "<13>2"])
    }

    @Test func aRingWithoutRoomForCopiesSaysThatTheyAreLost() throws {
        let intake = Intake(bytesMax: 1 << 20, positions: [:])
        let stage = try stage(intake)
        #expect(stage.put(batch("<13>" + String(repeating: "x", count: 500))))
        disk.setCapacity(disk.usedBytes + 100)
        #expect(!stage.close(keeping: []))
    }

    /// One full disk for store and ring.
    @Test func whileTheStoreIsHeldUpAnEpisodeDoesNotEndThoughTheRingIsEmpty() async throws {
        let intake = Intake(bytesMax: 1 << 20, positions: [:])
        let stage = try stage(intake)
        let held = Holder()
        stage.begin(held)
        disk.setCapacity(disk.usedBytes)
        for number in 0..<3 { #expect(stage.put(batch("<13>\(number)"))) }
        #expect(try waiting() == 0)
        let drain = Task.detached { await WorkerThread.run("drain") { stage.run() } }
        try await Task.sleep(for: .milliseconds(500))
        #expect(held.episode.withLock { $0 == nil })
        held.flag.store(false, ordering: .relaxed)
        let onTheirWay = taken(intake)
        #expect(onTheirWay.map { String(decoding: $0.bytes, as: UTF8.self) }.first == "<13>0")
        for batch in onTheirWay { stage.settle(RowBatch(takingOver: batch)) }
        while held.episode.withLock({ $0 == nil }) { try await Task.sleep(for: .milliseconds(1)) }
        stage.service.requestStop()
        await drain.value
    }

    @Test func aGapIsSpilledWithItsCount() throws {
        let intake = Intake(bytesMax: 1 << 20, positions: [:])
        let stage = try stage(intake)
        stage.begin(isHeldUp: { true }, onEnd: { _ in })
        var told = RecordBatch(source: Source(id: "udp", kind: .syslogUDP, form: .syslog))
        told.account.gaps = 1
        told.gaps = [Gap(source: "udp", detected: Timestamp(nanoseconds: 3), count: 4, cause: "c")]
        #expect(stage.put(told))
        var ring = try SpillRing(
            opening: "/ring", on: disk.killed(), bytesMax: 1 << 20, durable: [:])
        var batches: [RecordBatch] = []
        while let more = ring.take() { batches += more }
        #expect(batches.flatMap(\.gaps) == told.gaps)
        #expect(batches.reduce(0) { $0 + $1.account.gaps } == 1)
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

    // rsyslog#3934
    @Test func drainingKeepsTheOrderAndEndsWhenAllIsStored() async throws {
        let intake = Intake(bytesMax: 1 << 20, positions: [:])
        let stage = try stage(intake)
        let held = Holder()
        stage.begin(held)
        for number in 0..<20 { #expect(stage.put(batch("<\(8 + number % 8)>\(number)"))) }
        held.flag.store(false, ordering: .relaxed)
        let drain = Task.detached { await WorkerThread.run("drain") { stage.run() } }
        var found: [String] = []
        while found.count < 20 {
            let batch = try await next(intake)
            found.append(String(decoding: batch.bytes, as: UTF8.self))
            #expect(!batch.position.isEmpty)
            stage.settle(RowBatch(takingOver: batch))
        }
        #expect(found == (0..<20).map { "<\(8 + $0 % 8)>\($0)" })
        while held.episode.withLock({ $0 == nil }) { try await Task.sleep(for: .milliseconds(1)) }
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

extension SpillStage {
    fileprivate func begin(_ held: Holder) {
        begin(
            isHeldUp: { held.flag.load(ordering: .relaxed) },
            onEnd: { episode in held.episode.withLock { $0 = episode } })
    }
}
