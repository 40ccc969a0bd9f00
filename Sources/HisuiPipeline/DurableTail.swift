import CLinux
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
/// The writer only ever offers: a queue that is full refuses, and the tail reads what was refused
/// from the store, when it comes to that place. So a slow consumer costs memory for the queue and
/// for one frame or block of each stream, however far behind it is, and the order within a stream
/// is always that of the leaves.
final class DurableTail: Sendable {
    private static let tickMillis = 1000
    /// What the queue holds at most, in bytes of memory.
    static let queueBytesMax = 4 << 20

    private let zone: String
    private let store: String
    private let fileSystem: any FileSystem
    private let consumer: any TailConsumer
    private let queue: BoundedQueue<Offered>
    private let log: Logger
    private let start: [String: UInt64]
    private let stopping = Atomic<Bool>(false)

    private struct Offered {
        var rows: DurableRows
        /// One past the last leaf of each stream that was durable before these rows.
        var before: [String: UInt64]
    }

    /// One past the last durable leaf of each stream, as the writer says, whether or not the queue
    /// had room.
    private let ends: Mutex<[String: UInt64]>

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
        ends = Mutex(durable)
    }

    /// Called by the writer when rows have become durable. Never waits.
    func offer(_ rows: DurableRows) {
        guard !rows.rows.rows.isEmpty else { return }
        let before = ends.withLock { ends in
            defer { ends[rows.stream] = max(ends[rows.stream] ?? 0, rows.end) }
            return ends
        }
        _ = queue.offer(Offered(rows: rows, before: before), weight: Weight.of(rows.rows))
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
        // What is received must be written first; it can be read back.
        hisui_thread_nice(5)
        var reading = Reading(next: start)
        catchUp(&reading, to: durableEnds)
        while true {
            switch queue.take(waitMillis: reading.millisUntilTick(Self.tickMillis)) {
            case .element(let offered):
                // What was refused before these rows comes before them.
                catchUp(&reading, to: offered.before)
                take(offered.rows, &reading)
            case .nothing:
                catchUp(&reading, to: durableEnds)
            case .end:
                if consumer.wantsAllAtStop { catchUp(&reading, to: durableEnds) }
                consumer.end(now: Self.now(), isCaughtUp: !reading.isBehind(durableEnds))
                return
            }
            if reading.isTickDue(Self.tickMillis) { tick(&reading) }
        }
    }

    /// Where the thread stands.
    private struct Reading {
        /// The next leaf to give of each stream.
        var next: [String: UInt64]
        var lastTick = SystemClock.monotonicMilliseconds()
        /// Whether a failure to read was told.
        var isTold = false
        /// Where each stream was last read from the store, and the shapes of what was read.
        var streams: [String: StreamRows] = [:]
        var table = ShapeTable()

        func isTickDue(_ every: Int) -> Bool {
            SystemClock.monotonicMilliseconds() - lastTick >= every
        }

        func millisUntilTick(_ every: Int) -> Int {
            max(0, every - (SystemClock.monotonicMilliseconds() - lastTick))
        }

        func isBehind(_ ends: [String: UInt64]) -> Bool {
            ends.contains { next[$0.key] ?? 0 < $0.value }
        }
    }

    private var durableEnds: [String: UInt64] { ends.withLock { $0 } }

    private static func now() -> Timestamp { Timestamp(nanoseconds: SystemClock.nanoseconds()) }

    private func tick(_ reading: inout Reading) {
        reading.lastTick = SystemClock.monotonicMilliseconds()
        consumer.tick(now: Self.now(), isCaughtUp: !reading.isBehind(durableEnds))
    }

    /// Gives rows that were handed over, but for those already read from the store.
    private func take(_ handed: DurableRows, _ reading: inout Reading) {
        var handed = handed
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

    /// Reads what is durable before `ends` and was not given yet. A store that cannot be read is
    /// told once, and tried again until it can be or the end has come.
    private func catchUp(_ reading: inout Reading, to ends: [String: UInt64]) {
        while reading.isBehind(ends) {
            if isStopping, !consumer.wantsAllAtStop { return }
            do throws(StoreError) {
                try read(upTo: ends, &reading)
                reading.isTold = false
            } catch {
                if !reading.isTold {
                    log.error("stored rows cannot be read back; tried again: \(error)")
                }
                reading.isTold = true
                if isStopping { return }
                usleep(200_000)
                if reading.isTickDue(Self.tickMillis) { tick(&reading) }
            }
        }
    }

    private func read(upTo ends: [String: UInt64], _ reading: inout Reading) throws(StoreError) {
        if reading.table.count > Limits.shapesPerSegmentMax {
            reading.streams = [:]
            reading.table = ShapeTable()
        }
        var rows: [String: StreamRows] = [:]
        for (stream, end) in ends {
            let next = reading.next[stream] ?? 0
            if next >= end { continue }
            let known =
                reading.streams[stream]
                ?? StreamRows(
                    fileSystem: fileSystem, store: store,
                    stream: Snapshot.Stream(zone: zone, stream: stream), from: next,
                    shapes: reading.table)
            known.move(to: next)
            rows[stream] = known
        }
        reading.streams.merge(rows) { $1 }
        defer {
            for known in rows.values {
                for problem in known.problems { log.error("\(problem)") }
                known.problems = []
                known.rest()
            }
        }
        let merge = StreamMerge(
            rows.sorted { $0.key < $1.key }.map { ($0.key, $0.value, ends[$0.key] ?? 0) })
        while let piece = try merge.next() {
            skip(to: piece.first, piece.stream, &reading)
            reading.next[piece.stream] = piece.first + UInt64(piece.rows.rows.count)
            consumer.take(
                piece.rows, shapes: reading.table, stream: piece.stream, first: piece.first)
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
