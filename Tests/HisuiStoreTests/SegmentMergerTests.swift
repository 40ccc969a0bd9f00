import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiShape
import Testing

@testable import HisuiStore

/// Merging, cut short or failing at every operation, and readers that look in between.
@Suite struct SegmentMergerTests {
    static let stream = Snapshot.Stream(zone: "local", stream: "default")
    static let folder = "/store/zones/local/default/segments"

    /// A disk with segments of two sources, gaps among them, and rows in the open log; the rows.
    static func prepared(
        segments: Int = 4, seed: UInt64 = 31
    ) throws -> (disk: SimulatedFileSystem, store: TestStore) {
        let disk = SimulatedFileSystem()
        var store = TestStore(disk: disk, path: "/store", seed: seed)
        let writer = try store.open()
        let sealer = Sealer(fileSystem: disk, store: "/store")
        for number in 0..<segments {
            try store.append(7, to: writer)
            try append(3, number, to: writer, &store)
            store.maker.addShape()
            try store.append(5, to: writer, source: "s\(number % 2)")
            try writer.stream("default").rotate()
            for log in writer.takeClosedLogs() { try sealer.seal(log) }
        }
        try store.append(6, to: writer)
        try writer.commit()
        try writer.close()
        return (disk, store)
    }

    /// Rows with a gap and definitions of their own.
    private static func append(
        _ count: Int, _ number: Int, to writer: ZoneWriter, _ store: inout TestStore
    ) throws {
        var batch = store.maker.batch(count, source: "gaps")
        batch.gaps = [
            Gap(
                source: "gaps", detected: Timestamp(nanoseconds: Int64(number)), count: 2,
                cause: "cause \(number % 3)")
        ]
        let digest = [UInt8](repeating: UInt8(number % 2), count: 32)
        _ = try writer.append(batch, shapes: store.maker.table, definitions: digest)
    }

    static func ranges(_ disk: any FileSystem) throws -> [Range<UInt64>] {
        try disk.list(folder).compactMap(Filenames.segmentRange)
    }

    /// Merges the first `count` segments; what was recorded.
    @discardableResult
    static func merge(_ count: Int = 3, on disk: any FileSystem) throws -> [SegmentMerger.Merged] {
        var recorded: [SegmentMerger.Merged] = []
        let merger = SegmentMerger(fileSystem: disk, store: "/store", stream: stream)
        let run = Array(try ranges(disk).prefix(count))
        _ = try merger.merge(run, isStopped: { false }) { merged in recorded.append(merged) }
        return recorded
    }

    static func complete(on disk: any FileSystem) throws {
        _ = try SegmentMerger(fileSystem: disk, store: "/store", stream: stream)
            .complete(isStopped: { false }, record: { _ in })
    }

    private func read(_ disk: any FileSystem) throws -> [ExpectedRow] {
        let snapshot = try StoreReader(fileSystem: disk, path: "/store").snapshot()
        #expect(snapshot.problems.isEmpty)
        return try rows(of: snapshot)
    }

    @Test func aMergedSegmentTellsWhatItReplaces() throws {
        let (disk, store) = try Self.prepared()
        let before = try StoreReader(fileSystem: disk, path: "/store").snapshot()
        let old = try Self.ranges(disk)
        let oldFooters = try old.map {
            try SegmentReader(
                fileSystem: disk, path: Path.join(Self.folder, Filenames.segment($0)))
        }
        let merged = try Self.merge(on: disk)
        #expect(try Self.ranges(disk) == [0..<45, 45..<60])
        #expect(merged.map(\.leaves) == [0..<45])
        #expect(merged.first?.replaced.count == 3)
        #expect(merged.first?.rows == 45)
        let after = try StoreReader(fileSystem: disk, path: "/store").snapshot()
        #expect(try rows(of: after) == store.maker.expected)
        #expect(after.sourceStates == before.sourceStates)
        #expect(after.gaps == before.gaps)
        let shapes = { (snapshot: Snapshot) in
            try snapshot.blocks.flatMap { block in
                try block.rowShapes().map { block.shapes[Int($0)].shape }
            }
        }
        #expect(try shapes(after) == shapes(before))
        let reader = try SegmentReader(fileSystem: disk, path: try #require(merged.first?.path))
        #expect(reader.definitions.count == 3)
        #expect(reader.gaps == oldFooters[..<3].flatMap(\.gaps))
        for state in oldFooters[2].sourceStates {
            #expect(reader.sourceStates.contains(state), "states are those of the last")
        }
        // What was merged is merged again.
        try Self.merge(2, on: disk)
        #expect(try Self.ranges(disk) == [0..<60])
        #expect(try read(disk) == store.maker.expected)
    }

    @Test func lostLeavesStayLost() throws {
        let disk = SimulatedFileSystem()
        try TestStore(disk: disk, path: "/store", seed: 1).open().close()
        try disk.createDirectory(Self.folder)
        var maker = RowMaker(seed: 8)
        for _ in 0..<3 { maker.addShape() }
        var firstIndices: [UInt64] = []
        for number in 0..<3 as Range<UInt64> {
            // Leaves 4 and 5 of each ten have no row.
            var builder = BlockBuilder(zone: "local", stream: "default", firstIndex: number * 10)
            var writer = try SegmentWriter(
                fileSystem: disk, directory: Self.folder, zone: "local", stream: "default",
                firstIndex: number * 10)
            for (first, count) in [(number * 10, 4), (number * 10 + 6, 3)] {
                builder.startNext(at: first)
                let batch = maker.batch(count)
                #expect(builder.append(batch, shapes: maker.table) == count)
                firstIndices.append(first)
                try writer.append(&builder)
            }
            _ = try writer.finish(leaves: number * 10..<number * 10 + 10)
        }
        try Self.merge(3, on: disk)
        let path = Path.join(Self.folder, Filenames.segment(0..<30))
        let reader = try SegmentReader(fileSystem: disk, path: path)
        #expect(reader.rowCount == 21)
        #expect(reader.blocks.map(\.firstIndex) == firstIndices)
        #expect(try reader.blocks.flatMap { try rows(of: $0) } == maker.expected)
    }

    /// Starts again as the daemon does.
    private func restart(_ disk: any FileSystem, _ expected: [ExpectedRow], _ what: Comment) throws
    {
        let writer = try ZoneWriter.open(
            fileSystem: disk, store: "/store", zone: "local", now: { Timestamp(nanoseconds: 6) })
        try writer.close()
        try Self.complete(on: disk)
        #expect(try read(disk) == expected, what)
        let found = try Self.ranges(disk)
        #expect(found.count == 4 || found == [0..<45, 45..<60], what)
        let names = try disk.list(Self.folder)
        #expect(!names.contains { $0.hasSuffix(temporarySuffix) }, what)
        if found.count == 4 { try Self.merge(on: disk) }
        #expect(try Self.ranges(disk) == [0..<45, 45..<60], what)
        #expect(try read(disk) == expected, what)
    }

    @Test func mergingCutShortAnywhereLosesAndRepeatsNothing() throws {
        let (disk, store) = try Self.prepared()
        let expected = store.maker.expected
        let whole = disk.killed()
        try Self.merge(on: whole)
        #expect(whole.operationCount > 10)
        for operation in 0...whole.operationCount {
            let cut = disk.killed()
            cut.crashAfter(operation: operation)
            _ = try? Self.merge(on: cut)
            let killed = cut.killed()
            #expect(try read(killed) == expected, "killed after operation \(operation)")
            try restart(killed, expected, "killed after operation \(operation)")
            for seed in 0..<4 as Range<UInt64> {
                let what: Comment = "power lost after operation \(operation), seed \(seed)"
                let found = cut.crashed(seed: seed)
                #expect(try read(found) == expected, what)
                // Cut short again while that is ended.
                let again = found.killed()
                again.crashAfter(operation: Int(seed))
                _ = try? Self.complete(on: again)
                let twice = again.crashed(seed: seed)
                #expect(try read(twice) == expected, what)
                try restart(twice, expected, what)
                try restart(found, expected, what)
            }
        }
    }

    @Test func anOperationThatFailsLosesNothing() throws {
        let (disk, store) = try Self.prepared()
        let expected = store.maker.expected
        let whole = disk.killed()
        try Self.merge(on: whole)
        for operation in 1...whole.operationCount {
            for kind in SimulatedFault.Kind.allCases {
                for persists in [false, true] {
                    let what: Comment = "operation \(operation), \(kind), persists: \(persists)"
                    let failing = disk.killed()
                    failing.add(.init(operation: operation, kind: kind, persists: persists))
                    do {
                        try Self.merge(on: failing)
                        // To remove what is not there may fail unnoticed.
                        #expect(persists && operation == 1, what)
                    } catch is StoreError {}
                    #expect(try read(failing) == expected, what)
                    let names = try failing.list(Self.folder)
                    #expect(!names.contains { $0.hasSuffix(temporarySuffix) }, what)
                    try restart(failing.crashed(seed: 1), expected, what)
                    // The same process tries again.
                    try Self.complete(on: failing)
                    if try Self.ranges(failing).count == 4 { try Self.merge(on: failing) }
                    #expect(try Self.ranges(failing) == [0..<45, 45..<60], what)
                    #expect(try read(failing) == expected, what)
                }
            }
        }
    }

    @Test func aReaderSeesEachRowOnceWhileSegmentsAreMerged() throws {
        let (disk, store) = try Self.prepared()
        let expected = store.maker.expected
        let counting = InterruptedFileSystem(disk.killed())
        _ = try read(counting)
        #expect(counting.calls > 6)
        for call in 1...counting.calls {
            // Whole, and cut short with both on the disk.
            for isCut in [false, true] {
                let base = disk.killed()
                let watched = InterruptedFileSystem(base, before: call) {
                    let merger = SegmentMerger(
                        fileSystem: base, store: "/store", stream: Self.stream)
                    let run = (try? Self.ranges(base).prefix(3)) ?? []
                    _ = try? merger.merge(Array(run), isStopped: { false }) {
                        (_) throws(StoreError) in
                        if isCut { base.crashAfter(operation: base.operationCount + 1) }
                    }
                }
                let reader = try? StoreReader(fileSystem: watched, path: "/store")
                for _ in 0..<2 {
                    guard let snapshot = try? reader?.snapshot() else {
                        #expect(isCut, "only the cut disk refuses")
                        continue
                    }
                    #expect(snapshot.problems.isEmpty)
                    #expect(try rows(of: snapshot) == expected, "merged before call \(call)")
                }
                #expect(try read(base.killed()) == expected)
            }
        }
    }

    @Test func aStopLeavesNothingBehind() throws {
        let (disk, store) = try Self.prepared()
        let merger = SegmentMerger(fileSystem: disk, store: "/store", stream: Self.stream)
        let before = try disk.list(Self.folder)
        var isDone = false
        for asked in 1..<200 where !isDone {
            var left = asked
            let base = disk.killed()
            let merged = try SegmentMerger(
                fileSystem: base, store: "/store", stream: Self.stream
            ).merge(
                Array(try Self.ranges(base).prefix(3)),
                isStopped: {
                    left -= 1
                    return left == 0
                }, record: { _ in })
            isDone = merged != nil
            if !isDone { #expect(try base.list(Self.folder) == before, "stopped at \(asked)") }
            #expect(try read(base) == store.maker.expected)
        }
        #expect(isDone)
        #expect(try merger.complete(isStopped: { true }, record: { _ in }) == [])
    }

    @Test func aFullDiskIsLeftAlone() throws {
        let (disk, store) = try Self.prepared()
        let used = try Self.ranges(disk).reduce(0) {
            $0 + (try disk.size(Path.join(Self.folder, Filenames.segment($1))))
        }
        disk.setCapacity(used)
        let operations = disk.operationCount
        let error = #expect(throws: StoreError.self) { try Self.merge(on: disk) }
        #expect(error?.code == .noSpace)
        #expect(disk.operationCount == operations, "nothing was written")
        disk.setCapacity(nil)
        try Self.merge(on: disk)
        #expect(try read(disk) == store.maker.expected)
    }

    @Test func whatCannotBeRecordedIsNotReplaced() throws {
        let (disk, store) = try Self.prepared()
        let before = try disk.list(Self.folder)
        let merger = SegmentMerger(fileSystem: disk, store: "/store", stream: Self.stream)
        let run = Array(try Self.ranges(disk).prefix(3))
        let refusal = StoreError(.locked, "busy", path: "/store/acts")
        let error = #expect(throws: StoreError.self) {
            try merger.merge(run, isStopped: { false }) { (_) throws(StoreError) in throw refusal }
        }
        #expect(error == refusal)
        #expect(try disk.list(Self.folder) == before)
        #expect(try read(disk) == store.maker.expected)
    }

    @Test func damagedSegmentsAreNotMerged() throws {
        let (disk, _) = try Self.prepared()
        let name = Path.join(Self.folder, Filenames.segment(15..<30))
        for offset in stride(from: 20, to: try disk.size(name), by: 53) {
            let damaged = disk.killed()
            try damaged.tamper(name) { $0[offset] ^= 0x20 }
            let before = try damaged.list(Self.folder)
            let error = #expect(throws: StoreError.self) { try Self.merge(on: damaged) }
            #expect(error?.code == .damaged && error?.path == name)
            #expect(try damaged.list(Self.folder) == before)
        }
    }

    /// What a segment that covers others tells otherwise.
    private enum Lie: CaseIterable {
        case record, time, received, flags, sender, source, states, gaps, definitions

        func change(_ batch: RowBatch) -> RowBatch {
            var rows = RowBatch(
                source: self == .source
                    ? Source(id: "liar", kind: .file, form: .line) : batch.source,
                senders: batch.senders)
            rows.bytes = batch.bytes
            rows.rows = batch.rows
            rows.slots = batch.slots
            switch self {
            case .record:
                if let slot = rows.slots.first(where: { $0.count > 0 }) {
                    rows.bytes[Int(slot.offset)] ^= 1
                }
            case .time: rows.rows[1].time.nanoseconds += 1
            case .received: rows.rows[2].received.nanoseconds -= 1
            case .flags: rows.rows[0].flags = [.truncated, .framingError]
            case .sender: rows.senders[Int(rows.rows[4].sender)] += "x"
            default: break
            }
            return rows
        }
    }

    /// A segment that covers others and tells something else replaces nothing.
    @Test func aStrangeCoverReplacesNothing() throws {
        let (disk, store) = try Self.prepared()
        for lie in Lie.allCases {
            let copy = disk.killed()
            try Self.cover(copy, lie)
            let names = try copy.list(Self.folder)
            #expect(names.count == 5)
            let error = #expect(throws: StoreError.self, "\(lie)") {
                try Self.complete(on: copy)
            }
            #expect(error?.code == .damaged, "\(lie)")
            #expect(try copy.list(Self.folder) == names, "both stay for somebody to look at")
        }
        try Self.cover(disk, nil)
        try Self.complete(on: disk)
        #expect(try Self.ranges(disk) == [0..<45, 45..<60], "the same rows do")
        #expect(try read(disk) == store.maker.expected)
    }

    /// Writes a segment that covers the first three.
    private static func cover(_ disk: SimulatedFileSystem, _ lie: Lie?) throws {
        let table = ShapeTable()
        var builder = BlockBuilder(zone: "local", stream: "default", firstIndex: 0)
        var writer = try SegmentWriter(
            fileSystem: disk, directory: folder, zone: "local", stream: "default", firstIndex: 0)
        var states: [SourceState] = []
        var gaps: [Gap] = []
        var definitions: [[UInt8]] = []
        var isFirst = true
        for range in try ranges(disk).prefix(3) {
            let reader = try SegmentReader(
                fileSystem: disk, path: Path.join(folder, Filenames.segment(range)))
            states = reader.sourceStates
            gaps += reader.gaps
            definitions += reader.definitions
            for block in reader.blocks {
                var rows = try BlockRows(block, from: 0, shapes: table)
                while var batch = try rows.next(before: .max) {
                    if isFirst, let lie { batch = lie.change(batch) }
                    isFirst = false
                    #expect(builder.append(batch, shapes: table) == batch.rows.count)
                }
            }
        }
        switch lie {
        case .states: states[0].account.stored += 1
        case .gaps: gaps.remove(at: 1)
        case .definitions: definitions = definitions.filter { $0 != definitions[0] }
        default: break
        }
        try writer.append(&builder)
        _ = try writer.finish(
            leaves: 0..<45, states: states, gaps: gaps, definitions: definitions)
    }
}
