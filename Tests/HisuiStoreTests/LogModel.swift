import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiShape
import Testing

@testable import HisuiStore

/// A stream's writer and the plain array it is compared with.
///
/// Everything appended is remembered in order; `acknowledged` says how much of it must be found
/// after any crash.
struct LogModel {
    struct Step {
        /// Rows of all batches up to this one.
        var end: Int
        var source: Source
        var position: [UInt8]
        var dropped: UInt64
    }

    static let store = "/store"
    static let digest = [UInt8](repeating: 0xD1, count: 32)

    var maker: RowMaker
    var random: SeededGenerator
    var disk: SimulatedFileSystem
    var writer: ZoneWriter?
    var steps: [Step] = []
    var acknowledgedSteps = 0
    /// What was written, never acknowledged, and not found after some crash. A disk may show the
    /// blocks of a file that is gone in place of those of a new one that were not synced: then the
    /// records of that time are found, whole and with their positions.
    private var lost: [(rows: [ExpectedRow], steps: [Step])] = []

    init(seed: UInt64, disk: SimulatedFileSystem) {
        maker = RowMaker(seed: seed)
        random = SeededGenerator(seed: seed ^ 0x5EED)
        for _ in 0..<3 { maker.addShape() }
        self.disk = disk
    }

    var acknowledgedRows: Int {
        acknowledgedSteps == 0 ? 0 : steps[acknowledgedSteps - 1].end
    }

    mutating func open() throws {
        writer = nil
        writer = try ZoneWriter.open(
            fileSystem: disk, store: Self.store, zone: "local",
            now: { Timestamp(nanoseconds: 77) })
    }

    mutating func append(rows: Int? = nil, length: ClosedRange<Int> = 0...30) throws {
        if Int.random(in: 0..<8, using: &random) == 0 { maker.addShape() }
        let count = rows ?? Int.random(in: 0...9, using: &random)
        let name = ["one", "two", "three"].randomElement(using: &random) ?? "one"
        var batch = maker.batch(count, source: name, length: length)
        batch.position = [UInt8(steps.count & 0xFF), UInt8(steps.count >> 8), 7]
        let dropped = UInt64.random(in: 0...2, using: &random)
        batch.account[.queueFull] = dropped
        steps.append(
            Step(
                end: maker.expected.count, source: batch.source, position: batch.position,
                dropped: dropped))
        let first = maker.expected.count - count
        let leaves = try writer?.append(batch, shapes: maker.table, definitions: Self.digest)
        if let leaves { #expect(leaves == UInt64(first)..<UInt64(maker.expected.count)) }
    }

    mutating func commit() throws {
        try writer?.commit()
        acknowledgedSteps = steps.count
    }

    mutating func rotate() throws {
        try writer?.stream("default").rotate()
        acknowledgedSteps = steps.count
    }

    mutating func seal() throws {
        let sealer = Sealer(fileSystem: disk, store: Self.store)
        for log in writer?.takeClosedLogs() ?? [] { try sealer.seal(log) }
    }

    mutating func restart() throws {
        try writer?.close()
        acknowledgedSteps = steps.count
        try open()
    }

    /// One run of the write path, the same for each seed: opening, commits, rotation, sealing,
    /// restarts.
    mutating func run(rounds: Int) throws {
        try open()
        for round in 0..<rounds {
            for _ in 0...Int.random(in: 0...2, using: &random) {
                try append(length: round % 3 == 0 ? 0...200 : 0...30)
            }
            try commit()
            switch Int.random(in: 0..<6, using: &random) {
            case 0: try rotate()
            case 1:
                try rotate()
                try seal()
            case 2: try restart()
            default: break
            }
        }
        try rotate()
        try seal()
    }

    /// Goes on with `disk` as it was found after a crash: what the model remembers is cut to
    /// what is there, after checking that this is allowed.
    mutating func recover(on disk: SimulatedFileSystem, _ comment: Comment) throws {
        self.disk = disk
        writer = nil
        // The store may not even have been made yet.
        try open()
        let stream = try writer?.stream("default")
        let found = try readRows(comment)
        takeUpLost(found)
        #expect(found.count >= acknowledgedRows, comment)
        #expect(found == Array(maker.expected.prefix(found.count)), comment)
        #expect(stream?.nextIndex == UInt64(found.count), comment)
        #expect(stream?.recovery.damages ?? [] == [], comment)
        // Batches are there whole and in order: those up to the newest position found.
        let states = stream?.sourceStates ?? []
        let last = steps.lastIndex { step in
            states.contains { $0.source == step.source && $0.position == step.position }
        }
        let count = last.map { $0 + 1 } ?? 0
        #expect(count >= acknowledgedSteps, comment)
        #expect((count == 0 ? 0 : steps[count - 1].end) == found.count, comment)
        // What was lost had not been acknowledged: its source offers it again, or never will.
        if found.count < maker.expected.count { lost.append((maker.expected, steps)) }
        steps.removeSubrange(count...)
        maker.expected.removeSubrange(found.count...)
        acknowledgedSteps = count
        try checkStates(comment)
    }

    /// Goes back to an earlier time of which all that was acknowledged is there, if that is what is
    /// found.
    private mutating func takeUpLost(_ found: [ExpectedRow]) {
        if found == Array(maker.expected.prefix(found.count)) { return }
        let acknowledged = maker.expected.prefix(acknowledgedRows)
        guard
            let earlier = lost.last(where: {
                $0.rows.prefix(found.count) == found[...] && $0.rows.starts(with: acknowledged)
            })
        else { return }
        maker.expected = earlier.rows
        steps = earlier.steps
    }

    func readRows(_ comment: Comment) throws -> [ExpectedRow] {
        let snapshot = try StoreReader(fileSystem: disk, path: Self.store).snapshot()
        #expect(snapshot.problems.isEmpty, comment)
        var all: [ExpectedRow] = []
        for block in snapshot.blocks {
            #expect(block.firstIndex == UInt64(all.count), comment)
            all += try rows(of: block)
        }
        return all
    }

    /// States and accounts are exactly those of the batches there are.
    func checkStates(_ comment: Comment) throws {
        let states = try writer?.stream("default").sourceStates ?? []
        let snapshot = try StoreReader(fileSystem: disk, path: Self.store).snapshot()
        let read = snapshot.sourceStates[.init(zone: "local", stream: "default")] ?? []
        for source in Set(steps.map(\.source)) {
            let ofSource = steps.filter { $0.source == source }
            let state = states.first { $0.source == source }
            let rows = maker.expected.filter { $0.source == source }
            #expect(state?.account.stored == UInt64(rows.count), comment)
            #expect(state?.account.dropped == ofSource.reduce(0) { $0 + $1.dropped }, comment)
            #expect(state?.position == ofSource.last?.position, comment)
            #expect(state?.lastReceived.nanoseconds == rows.last?.received ?? .min, comment)
            #expect(read.first { $0.source == source } == state, comment)
        }
        #expect(states.count == Set(steps.map(\.source)).count, comment)
    }
}
