import Glibc
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

/// A consumer that is slow now and then gets every row of the store, once and in order.
@Suite struct DurableTailTests {
    private static let store = "/store"
    private static let streams = ["default", "long", "short"]

    private final class Collector: TailConsumer {
        struct State {
            var records: [String: [String]] = [:]
            var next: [String: UInt64]
            var skipped: [String: [Range<UInt64>]] = [:]
            var disorder = 0
            var end: Bool?
            var random: SplitMix
        }
        let state: Mutex<State>
        let sleepsMicros: UInt32
        let wantsAllAtStop = true

        init(from next: [String: UInt64], seed: UInt64, sleepsMicros: UInt32) {
            state = Mutex(State(next: next, random: SplitMix(state: seed)))
            self.sleepsMicros = sleepsMicros
        }

        func take(_ rows: RowBatch, shapes: ShapeTable, stream: String, first: UInt64) {
            let pause = state.withLock { state in
                if state.next[stream] ?? 0 != first { state.disorder += 1 }
                state.next[stream] = first + UInt64(rows.rows.count)
                for row in rows.rows {
                    // By shape and slots: what a consumer works with.
                    let shape = shapes[row.shape]
                    var text = Array(shape.literals[0])
                    for slot in shape.slots.indices {
                        let range = rows.slots[Int(row.firstSlot) + slot].range
                        text += rows.bytes[range] + shape.literals[slot + 1]
                    }
                    let record = rows.bytes[Int(row.offset)..<Int(row.offset + row.count)]
                    if Array(record) != text { state.disorder += 1 }
                    state.records[stream, default: []].append(
                        "\(rows.source.id) \(rows.senders[Int(row.sender)]) "
                            + "\(row.received.nanoseconds) " + String(decoding: text, as: UTF8.self)
                    )
                }
                return state.random.next() % 4 == 0 ? UInt32(state.random.next() % 8) : 0
            }
            if sleepsMicros > 0 { usleep(pause * sleepsMicros) }
        }

        func skip(_ leaves: Range<UInt64>, stream: String) {
            state.withLock { state in
                if state.next[stream] ?? 0 != leaves.lowerBound { state.disorder += 1 }
                state.next[stream] = leaves.upperBound
                state.skipped[stream, default: []].append(leaves)
            }
        }

        func tick(now: Timestamp, isCaughtUp: Bool) {}

        func end(now: Timestamp, isCaughtUp: Bool) { state.withLock { $0.end = isCaughtUp } }
    }

    struct SplitMix: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            return Hash64.mix(state, 0xD6E8_FEB8_6659_FD93)
        }
    }

    /// Writes batches, commits and seals now and then, and hands out what is durable.
    private struct Feeder {
        let disk = SimulatedFileSystem()
        let writer: ZoneWriter
        var parser = Parser(definitions: .empty, timeZone: .utc)
        var random: SplitMix
        var number = 0

        init(seed: UInt64) throws {
            random = SplitMix(state: seed)
            writer = try ZoneWriter.open(
                fileSystem: disk, store: DurableTailTests.store, zone: "z",
                now: { Timestamp(nanoseconds: 1) })
        }

        mutating func write(_ batches: Int, to tail: DurableTail?) throws {
            for _ in 0..<batches {
                var handed: [DurableRows] = []
                for _ in 0...Int(random.next() % 3) { handed.append(try append()) }
                try writer.commit()
                for rows in handed { tail?.offer(rows) }
                if random.next() % 8 == 0 {
                    try writer.closeOldLogs(rowsMax: 1)
                    for log in writer.takeClosedLogs() where random.next() % 4 != 0 {
                        _ = try Sealer(fileSystem: disk, store: DurableTailTests.store).seal(log)
                    }
                }
                if random.next() % 16 == 0 { usleep(2000) }
            }
        }

        private mutating func append() throws -> DurableRows {
            let source = Source(
                id: "test:\(random.next() % 3)", kind: .syslogTCP, form: .syslog)
            var batch = RecordBatch(source: source)
            batch.senders.append("192.0.2.1")
            for _ in 0..<random.next() % 20 {
                number += 1
                let line = Array("<13>Nov 23 10:00:00 h p: user \(number) of \(number % 7)".utf8)
                batch.append(
                    line.span, received: Timestamp(nanoseconds: Int64(number) * 400_000_000),
                    sender: UInt32(random.next() % 2))
            }
            let stream = DurableTailTests.streams[Int(random.next() % 3)]
            let rows = parser.parse(batch)
            let leaves = try writer.append(
                rows, to: stream, shapes: parser.shapes, definitions: DefinitionSet.empty.digest)
            return DurableRows(
                rows: rows, shapes: parser.shapes, stream: stream, first: leaves.lowerBound)
        }
    }

    /// What the store holds, as the collector writes it down.
    private static func stored(
        on disk: SimulatedFileSystem, from start: [String: UInt64]
    ) throws -> [String: [String]] {
        var records: [String: [String]] = [:]
        for block in try StoreReader(fileSystem: disk, path: store).snapshot().blocks {
            let (sources, senders) = (try block.sourceNumbers(), try block.senderNumbers())
            let received = try block.received()
            for row in 0..<block.count
            where block.firstIndex + UInt64(row) >= start[block.stream] ?? 0 {
                var bytes: [UInt8] = []
                try block.appendRecord(row: row, to: &bytes)
                records[block.stream, default: []].append(
                    "\(block.sources[Int(sources[row])].id) "
                        + "\(block.senders[Int(senders[row])]) \(received[row]) "
                        + String(decoding: bytes, as: UTF8.self))
            }
        }
        return records
    }

    private static func tail(
        _ disk: SimulatedFileSystem, _ writer: ZoneWriter, from start: [String: UInt64],
        queueBytes: Int, _ collector: Collector
    ) throws -> DurableTail {
        var durable: [String: UInt64] = [:]
        for name in writer.streamNames { durable[name] = try writer.stream(name).committedIndex }
        return DurableTail(
            fileSystem: disk, store: store, zone: "z", from: start, durable: durable,
            queueBytesMax: queueBytes, consumer: collector,
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test(arguments: [(1 << 30, 0), (1, 0), (8000, 300), (60_000, 100)] as [(Int, UInt32)])
    func everyRowOnce(queueBytes: Int, sleepsMicros: UInt32) async throws {
        for _ in 0..<4 {
            let seed = UInt64.random(in: 0...UInt64.max)
            var feeder = try Feeder(seed: seed)
            try feeder.write(Int(seed % 40), to: nil)
            var start: [String: UInt64] = [:]
            for name in feeder.writer.streamNames {
                let end = try feeder.writer.stream(name).committedIndex
                if end > 0 { start[name] = feeder.random.next() % (end + 1) }
            }
            let collector = Collector(from: start, seed: seed, sleepsMicros: sleepsMicros)
            let tail = try Self.tail(
                feeder.disk, feeder.writer, from: start, queueBytes: queueBytes, collector)
            async let running: Void = WorkerThread.run("tail") { tail.run() }
            try feeder.write(150, to: tail)
            tail.stop()
            await running
            let stored = try Self.stored(on: feeder.disk, from: start)
            collector.state.withLock { state in
                #expect(state.records == stored, "seed \(seed)")
                #expect(state.disorder == 0, "seed \(seed)")
                #expect(state.end == true, "seed \(seed)")
                #expect(state.skipped.isEmpty, "seed \(seed)")
            }
        }
    }

    @Test func whatNoFileHasIsSkipped() async throws {
        var feeder = try Feeder(seed: 7)
        try feeder.write(60, to: nil)
        try feeder.writer.closeOldLogs(rowsMax: 1)
        for log in feeder.writer.takeClosedLogs() {
            _ = try Sealer(fileSystem: feeder.disk, store: Self.store).seal(log)
        }
        try feeder.write(10, to: nil)
        let folder = Self.store + "/zones/z/default/segments"
        var removed: [Range<UInt64>] = []
        for name in try feeder.disk.list(folder).prefix(3) {
            try feeder.disk.remove(folder + "/" + name)
            removed.append(try #require(Filenames.segmentRange(name)))
        }
        let collector = Collector(from: [:], seed: 7, sleepsMicros: 0)
        let tail = try Self.tail(
            feeder.disk, feeder.writer, from: [:], queueBytes: 1000, collector)
        async let running: Void = WorkerThread.run("tail") { tail.run() }
        tail.stop()
        await running
        let stored = try Self.stored(on: feeder.disk, from: [:])
        collector.state.withLock { state in
            #expect(state.records == stored)
            #expect(state.disorder == 0)
            let leaves = removed.flatMap { Array($0) }
            #expect(state.skipped["default"]?.flatMap { Array($0) } == leaves)
        }
    }
}
