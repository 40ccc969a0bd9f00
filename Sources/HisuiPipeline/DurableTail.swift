import Glibc
import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiShape
import HisuiStore
import Logging
import Synchronization

/// Rows that have just become durable, as the writer hands them out.
struct DurableRows: Sendable {
    var rows: RowBatch
    var shapes: ShapeTable
    var stream: String
    /// Leaf index of the first row.
    var first: UInt64

    var end: UInt64 { first + UInt64(rows.rows.count) }
}

/// Every durable row of a zone for one consumer, from given indices on, on a thread of its own.
///
///     WriteStage ─offer▶ bounded queue ─▶ run() ─▶ consumer
///                  └ no room: read back ─▶ (thread)
///                         from the store
///
/// The writer only ever offers: a queue that is full refuses, and the tail later reads the store
/// up to what is durable. So a slow consumer costs memory for the queue and nothing else, and the
/// order within a stream is always that of the leaves.
final class DurableTail: Sendable {
    private static let tickMillis = 1000
    /// What the queue holds at most, in bytes of records and rows.
    static let queueBytesMax = 16 << 20

    private let zone: String
    private let store: String
    private let fileSystem: any FileSystem
    private let consumer: any TailConsumer
    private let queue: BoundedQueue<DurableRows>
    private let log: Logger
    private let start: [String: UInt64]
    private let stopping = Atomic<Bool>(false)

    /// What the writer says, whether or not the queue has room.
    private struct Told {
        /// One past the last durable leaf of each stream.
        var ends: [String: UInt64]
        /// Whether rows were refused since the store was last read.
        var isRefused = false
    }
    private let told: Mutex<Told>

    /// - Parameters:
    ///   - start: the first leaf wanted of each stream; 0 for those not named.
    ///   - durable: one past the last durable leaf of each stream, as the writer opened them.
    init(
        fileSystem: any FileSystem = RealFileSystem(), store: String, zone: String,
        from start: [String: UInt64], durable: [String: UInt64],
        queueBytesMax: Int = DurableTail.queueBytesMax, consumer: any TailConsumer, log: Logger
    ) {
        self.fileSystem = fileSystem
        self.store = store
        self.zone = zone
        self.start = start
        self.consumer = consumer
        self.log = log
        queue = BoundedQueue(weightMax: queueBytesMax)
        told = Mutex(Told(ends: durable))
    }

    /// Called by the writer when rows have become durable. Never waits.
    func offer(_ rows: DurableRows) {
        guard !rows.rows.rows.isEmpty else { return }
        let end = rows.end
        let stream = rows.stream
        told.withLock { $0.ends[stream] = max($0.ends[stream] ?? 0, end) }
        let weight = rows.rows.bytes.count + rows.rows.rows.count * 80 + 256
        if !queue.offer(rows, weight: weight) { told.withLock { $0.isRefused = true } }
    }

    /// Makes `run` end when the queue is empty; call it when the writer has ended.
    func stop() {
        stopping.store(true, ordering: .relaxed)
        queue.close()
    }

    /// Whether the end is near: a consumer that waits for something should give up.
    var isStopping: Bool { stopping.load(ordering: .relaxed) }

    /// Runs until stopped.
    func run() {
        var reading = Reading(next: start)
        catchUp(&reading)
        while true {
            switch queue.take(waitMillis: reading.millisUntilTick(Self.tickMillis)) {
            case .element(let rows):
                take(rows, &reading)
            case .nothing:
                if isBehind(reading) { catchUp(&reading) }
            case .end:
                if consumer.wantsAllAtStop, isBehind(reading) { catchUp(&reading) }
                consumer.end(now: Self.now(), isCaughtUp: !isBehind(reading))
                return
            }
            if reading.isTickDue(Self.tickMillis) {
                if told.withLock({ $0.isRefused }) { catchUp(&reading) }
                tick(&reading)
            }
        }
    }

    /// Where the thread stands.
    private struct Reading {
        /// The next leaf to give of each stream.
        var next: [String: UInt64]
        var lastTick = SystemClock.monotonicMilliseconds()
        /// Whether a failure to read was told.
        var isTold = false

        func isTickDue(_ every: Int) -> Bool {
            SystemClock.monotonicMilliseconds() - lastTick >= every
        }

        func millisUntilTick(_ every: Int) -> Int {
            max(0, every - (SystemClock.monotonicMilliseconds() - lastTick))
        }
    }

    private static func now() -> Timestamp { Timestamp(nanoseconds: SystemClock.nanoseconds()) }

    private func tick(_ reading: inout Reading) {
        reading.lastTick = SystemClock.monotonicMilliseconds()
        consumer.tick(now: Self.now(), isCaughtUp: !isBehind(reading))
    }

    private func isBehind(_ reading: borrowing Reading) -> Bool {
        let ends = told.withLock { $0.ends }
        return ends.contains { reading.next[$0.key] ?? 0 < $0.value }
    }

    /// Gives rows that were handed over, but for those already read from the store.
    private func take(_ handed: DurableRows, _ reading: inout Reading) {
        var handed = handed
        if handed.first > reading.next[handed.stream] ?? 0 { catchUp(&reading) }
        let next = reading.next[handed.stream] ?? 0
        guard handed.end > next, handed.first <= next else { return }
        if handed.first < next {
            handed.rows.rows.removeFirst(Int(next - handed.first))
            handed.first = next
        }
        reading.next[handed.stream] = handed.end
        consumer.take(
            handed.rows, shapes: handed.shapes, stream: handed.stream, first: handed.first)
    }

    // MARK: - From the store

    /// Reads what is durable and was not given yet. A store that cannot be read is told once and
    /// tried again by whoever finds the tail behind.
    private func catchUp(_ reading: inout Reading) {
        while isBehind(reading) {
            if isStopping, !consumer.wantsAllAtStop { return }
            let ends = told.withLock { told in
                told.isRefused = false
                return told.ends
            }
            do throws(StoreError) {
                try read(upTo: ends, &reading)
                reading.isTold = false
            } catch {
                if !reading.isTold {
                    log.error("stored rows cannot be read back; tried again: \(error)")
                }
                reading.isTold = true
                told.withLock { $0.isRefused = true }
                if isStopping { return }
                usleep(200_000)
                if reading.isTickDue(Self.tickMillis) { tick(&reading) }
            }
        }
    }

    private func read(upTo ends: [String: UInt64], _ reading: inout Reading) throws(StoreError) {
        let reader = try StoreReader(fileSystem: fileSystem, path: store)
        var after: [Snapshot.Stream: UInt64] = [:]
        for (stream, next) in reading.next {
            after[Snapshot.Stream(zone: zone, stream: stream)] = next
        }
        let snapshot = try reader.snapshot(zones: [zone], after: after)
        for problem in snapshot.problems { log.error("\(problem)") }
        let table = ShapeTable()
        var merge = StreamMerge(snapshot.blocks, from: reading.next, ends: ends, shapes: table)
        while true {
            let piece: StreamMerge.Piece?
            do throws(StoreError) {
                piece = try merge.next()
            } catch {
                // The rows of a block that cannot be read are lost, and the reader says so.
                log.error("\(error)")
                continue
            }
            guard let piece else { break }
            skip(to: piece.first, piece.stream, &reading)
            reading.next[piece.stream] = piece.first + UInt64(piece.rows.rows.count)
            consumer.take(piece.rows, shapes: table, stream: piece.stream, first: piece.first)
            if reading.isTickDue(Self.tickMillis) { tick(&reading) }
            if isStopping, !consumer.wantsAllAtStop { return }
        }
        for (stream, end) in ends { skip(to: end, stream, &reading) }
    }

    private func skip(to index: UInt64, _ stream: String, _ reading: inout Reading) {
        let next = reading.next[stream] ?? 0
        guard index > next else { return }
        reading.next[stream] = index
        consumer.skip(next..<index, stream: stream)
    }
}
