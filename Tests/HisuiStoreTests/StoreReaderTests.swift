import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiShape
import Testing

@testable import HisuiStore

/// A store on a file system, and what was put into it.
struct TestStore {
    let disk: any FileSystem
    let path: String
    var maker: RowMaker
    static let digest = [UInt8](repeating: 0xD1, count: 32)

    init(disk: any FileSystem, path: String, seed: UInt64) {
        self.disk = disk
        self.path = path
        maker = RowMaker(seed: seed)
        for _ in 0..<4 { maker.addShape() }
    }

    func open(zone: String = "local") throws -> ZoneWriter {
        try ZoneWriter.open(
            fileSystem: disk, store: path, zone: zone, now: { Timestamp(nanoseconds: 5) })
    }

    mutating func append(_ count: Int, to writer: ZoneWriter, source: String = "test") throws {
        let batch = maker.batch(count, source: source)
        _ = try writer.append(batch, shapes: maker.table, definitions: Self.digest)
    }

    /// Every row of the default stream of `zone`, in order of index; fails on a hole.
    func allRows(zone: String = "local") throws -> [ExpectedRow] {
        let snapshot = try StoreReader(fileSystem: disk, path: path).snapshot(zones: [zone])
        #expect(snapshot.problems.isEmpty)
        return try rows(of: snapshot)
    }
}

func rows(of snapshot: Snapshot) throws -> [ExpectedRow] {
    var next: UInt64?
    var all: [ExpectedRow] = []
    for block in snapshot.blocks {
        if let next { #expect(block.firstIndex == next, "rows without a hole") }
        next = block.endIndex
        all += try rows(of: block)
    }
    return all
}

@Suite struct StoreReaderTests {
    let disk = RealFileSystem()
    let folder: TemporaryFolder
    private var store: TestStore

    init() throws {
        folder = try TemporaryFolder()
        store = TestStore(disk: disk, path: Path.join(folder.path, "store"), seed: 11)
    }

    @Test mutating func committedRowsAreReadFromLogsAndSegments() throws {
        let writer = try store.open()
        let sealer = Sealer(fileSystem: disk, store: store.path)
        let reader = try StoreReader(fileSystem: disk, path: store.path)
        for round in 0..<6 {
            try store.append(30, to: writer)
            try store.append(20, to: writer, source: "other")
            try writer.commit()
            #expect(try store.allRows() == store.maker.expected, "round \(round), from the log")
            #expect(
                try rows(of: reader.snapshot()) == store.maker.expected,
                "round \(round), same reader")
            if round % 2 == 1 {
                try writer.stream("default").rotate()
                for log in writer.takeClosedLogs() { try sealer.seal(log) }
                #expect(try store.allRows() == store.maker.expected, "round \(round), sealed")
                #expect(
                    try rows(of: reader.snapshot()) == store.maker.expected,
                    "round \(round), same reader")
            }
        }
        let snapshot = try StoreReader(fileSystem: disk, path: store.path).snapshot()
        let stream = Snapshot.Stream(zone: "local", stream: "default")
        #expect(snapshot.nextIndices[stream] == 300)
        let states = try #require(snapshot.sourceStates[stream])
        #expect(states.map(\.account.stored) == [180, 120])
        let live = try writer.stream("default").sourceStates
        #expect(Set(states) == Set(live))
        try writer.close()
        #expect(try disk.list(logFolder) == [], "every log became a segment")
        #expect(try disk.list(segmentFolder).count == 3)
    }

    @Test mutating func onlyWhatIsNewIsReadAfterAnIndex() throws {
        let writer = try store.open()
        let reader = try StoreReader(fileSystem: disk, path: store.path)
        let stream = Snapshot.Stream(zone: "local", stream: "default")
        var after: [Snapshot.Stream: UInt64] = [:]
        var seen: [ExpectedRow] = []
        for round in 0..<100 {
            try store.append(round % 7, to: writer)
            try writer.commit()
            let snapshot = try reader.snapshot(after: after)
            for block in snapshot.blocks {
                #expect(block.firstIndex == after[stream] ?? 0)
                seen += try rows(of: block)
            }
            #expect(
                try recordsOfColumns(snapshot)
                    == snapshot.blocks.flatMap { try rows(of: $0) }
                    .map(\.record))
            after = snapshot.nextIndices
            #expect(seen == store.maker.expected, "round \(round)")
        }
        // In the middle of what is known.
        let cut = try reader.snapshot(after: [stream: 17])
        #expect(try rows(of: cut) == Array(store.maker.expected[17...]))
        #expect(cut.blocks.allSatisfy { $0.shapes.allSatisfy { $0.rows > 0 } })
        try writer.close()
    }

    private func recordsOfColumns(_ snapshot: Snapshot) throws -> [[UInt8]] {
        try snapshot.blocks.flatMap { try recordsByColumn(of: $0) }
    }

    @Test mutating func zonesAreReadApartAndInOrder() throws {
        let b = try store.open(zone: "b")
        try store.append(5, to: b)
        try b.commit()
        let a = try store.open(zone: "a")
        try store.append(4, to: a)
        try a.commit()
        let reader = try StoreReader(fileSystem: disk, path: store.path)
        #expect(try reader.snapshot().blocks.map(\.zone) == ["a", "b"])
        #expect(try reader.snapshot(zones: ["b"]).blocks.map(\.count) == [5])
        #expect(try reader.snapshot(zones: ["none"]).blocks.isEmpty)
        #expect(try reader.snapshot().blocks.map(\.count) == [4, 5])
        try a.close()
        try b.close()
    }

    @Test mutating func importedRowsFollowTheStreamsOwn() throws {
        let writer = try store.open()
        try store.append(10, to: writer)
        try writer.commit()
        let before = try StoreReader(fileSystem: disk, path: store.path).snapshot()
        let stream = Snapshot.Stream(zone: "local", stream: "default")
        var importer = try SegmentImporter(
            fileSystem: disk, store: store.path, zone: "local", stream: "default",
            nextIndex: before.nextIndices[stream] ?? 0,
            states: before.sourceStates[stream] ?? [], definitions: [TestStore.digest],
            rowsMax: 100)
        for _ in 0..<7 { try importer.append(store.maker.batch(40), shapes: store.maker.table) }
        #expect(importer.nextIndex == 290)
        #expect(importer.segments.count == 3, "two batches each, the last is being gathered")
        #expect(try store.allRows() == Array(store.maker.expected[..<250]), "whole segments only")
        try importer.finish()
        #expect(try store.allRows() == store.maker.expected)
        let after = try StoreReader(fileSystem: disk, path: store.path).snapshot()
        #expect(after.sourceStates[stream]?.map(\.account.stored) == [290])
        #expect(after.sourceStates[stream] == importer.states)
        #expect(after.nextIndices[stream] == 290)
        try writer.close()
        // The zone goes on behind the imported rows.
        let again = try store.open()
        try store.append(3, to: again)
        try again.close()
        #expect(try store.allRows() == store.maker.expected)
    }

    @Test mutating func eachImportedSegmentTellsThePositionOfItsEnd() throws {
        let writer = try store.open()
        try writer.close()
        var importer = try SegmentImporter(
            fileSystem: disk, store: store.path, zone: "local", stream: "default", nextIndex: 0,
            rowsMax: 100)
        // As a ledger does: what is noted after a batch is the position of segments behind it.
        final class Ledger { var positions: [String: [UInt8]] = [:] }
        let ledger = Ledger()
        importer.position = { ledger.positions[$0] }
        for number in 1...5 {
            let source = number < 4 ? "a" : "b"
            try importer.append(
                store.maker.batch(40, source: source), shapes: store.maker.table)
            ledger.positions[source] = [UInt8](repeating: UInt8(number), count: 2000)
        }
        // Counts that come last are in the last segment, and begin none of their own.
        var counts = RowBatch(source: store.maker.batch(0, source: "c").source, senders: [""])
        counts.account.deduplicated = 7
        try importer.append(counts, shapes: store.maker.table)
        try importer.finish()
        #expect(importer.segments.count == 3)
        let states = try importer.segments.map { path in
            try SegmentReader(fileSystem: disk, path: path).sourceStates.map {
                [UInt64($0.position.first ?? 0), $0.account.stored, $0.account.deduplicated]
            }
        }
        #expect(
            states == [
                [[2, 80, 0]], [[3, 120, 0], [4, 40, 0]], [[5, 80, 0], [3, 120, 0], [0, 0, 7]],
            ])
        #expect(importer.states.map(\.position.count) == [2000, 2000, 0])
        let again = try store.open()
        let found = try again.stream("default").sourceStates
        #expect(found.sorted { $0.source.id < $1.source.id } == importer.states)
        try again.close()
    }

    @Test mutating func anAbandonedImportLeavesNothing() throws {
        let writer = try store.open()
        try writer.close()
        var importer = try SegmentImporter(
            fileSystem: disk, store: store.path, zone: "local", stream: "default", nextIndex: 0)
        try importer.append(store.maker.batch(40), shapes: store.maker.table)
        importer.abandon()
        #expect(try store.allRows() == [])
        #expect(try disk.list(segmentFolder) == [])
    }

    @Test mutating func aDamagedSegmentDoesNotHideTheOthers() throws {
        let writer = try store.open()
        for _ in 0..<3 {
            try store.append(10, to: writer)
            try writer.stream("default").rotate()
        }
        for log in writer.takeClosedLogs() {
            try Sealer(fileSystem: disk, store: store.path).seal(log)
        }
        try writer.close()
        let path = Path.join(segmentFolder, Filenames.segment(10..<20))
        let file = try disk.open(path, .readWrite)
        try file.overwrite([0xFF].span, at: file.size - 1)
        file.close()
        let snapshot = try StoreReader(fileSystem: disk, path: store.path).snapshot()
        #expect(snapshot.problems.map(\.path) == [path])
        #expect(snapshot.problems.first?.code == .damaged)
        #expect(snapshot.blocks.map(\.firstIndex) == [0, 20])
        // A file under another file's name is no better.
        try disk.rename(
            Path.join(segmentFolder, Filenames.segment(20..<30)),
            to: Path.join(segmentFolder, Filenames.segment(30..<40)))
        let misplaced = try StoreReader(fileSystem: disk, path: store.path).snapshot()
        #expect(misplaced.problems.count == 3, "one damaged, one misplaced, and a hole")
        #expect(misplaced.blocks.map(\.firstIndex) == [0])
    }

    @Test func aPathThatIsNoStoreIsRefused() throws {
        let absent = #expect(throws: StoreError.self) {
            try StoreReader(fileSystem: disk, path: Path.join(folder.path, "absent"))
        }
        #expect(absent?.code == .notAStore)
        let other = #expect(throws: StoreError.self) {
            try StoreReader(fileSystem: disk, path: folder.path)
        }
        #expect(other?.code == .notAStore)
        #expect(other?.advice.isEmpty == false)
        try disk.writeDurably(Array("x".utf8), to: Path.join(folder.path, "file"))
        #expect(throws: StoreError.self) {
            try StoreReader(fileSystem: disk, path: Path.join(folder.path, "file"))
        }
    }

    private var streamFolder: String {
        Filenames.streamPath(store: store.path, zone: "local", stream: "default")
    }
    private var logFolder: String { Path.join(streamFolder, Filenames.logs) }
    private var segmentFolder: String { Path.join(streamFolder, Filenames.segments) }
}
