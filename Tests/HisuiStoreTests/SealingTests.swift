import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiShape
import Synchronization
import Testing

@testable import HisuiStore

/// Sealing and import, cut short at every operation, and readers that look in between.
@Suite struct SealingTests {
    /// A disk with two closed logs and rows in an open one, and the rows.
    private static func prepared() throws -> (SimulatedFileSystem, TestStore, [ClosedLog]) {
        let disk = SimulatedFileSystem()
        var store = TestStore(disk: disk, path: "/store", seed: 21)
        let writer = try store.open()
        for _ in 0..<2 {
            try store.append(12, to: writer)
            try store.append(9, to: writer, source: "other")
            try writer.stream("default").rotate()
        }
        try store.append(5, to: writer)
        try writer.commit()
        return (disk, store, writer.takeClosedLogs())
    }

    private static func seal(_ logs: [ClosedLog], on disk: any FileSystem) throws {
        let sealer = Sealer(fileSystem: disk, store: "/store")
        for log in logs { try sealer.seal(log) }
    }

    private static let stream = Filenames.streamPath(
        store: "/store", zone: "local", stream: "default")

    private func read(_ disk: any FileSystem) throws -> [ExpectedRow] {
        let snapshot = try StoreReader(fileSystem: disk, path: "/store").snapshot()
        #expect(snapshot.problems.isEmpty)
        return try rows(of: snapshot)
    }

    /// Starts again as the daemon does: recovery, then sealing of what is left.
    private func restart(_ disk: any FileSystem, _ expected: [ExpectedRow], _ what: Comment) throws
    {
        let writer = try ZoneWriter.open(
            fileSystem: disk, store: "/store", zone: "local", now: { Timestamp(nanoseconds: 6) })
        try Self.seal(writer.takeClosedLogs(), on: disk)
        try writer.close()
        #expect(try read(disk) == expected, what)
        #expect(try disk.list(Path.join(Self.stream, Filenames.logs)) == [], what)
        let segments = try disk.list(Path.join(Self.stream, Filenames.segments))
        #expect(segments.count == 3, what)
        for name in segments {
            let path = Path.join(Path.join(Self.stream, Filenames.segments), name)
            try SegmentReader(fileSystem: disk, path: path).verifyChecksums()
        }
    }

    @Test func sealingCutShortAnywhereLosesAndRepeatsNothing() throws {
        let (disk, store, logs) = try Self.prepared()
        let expected = store.maker.expected
        let whole = disk.killed()
        try Self.seal(logs, on: whole)
        #expect(whole.operationCount > 20)
        for operation in 0...whole.operationCount {
            let cut = disk.killed()
            cut.crashAfter(operation: operation)
            try? Self.seal(logs, on: cut)
            let killed = cut.killed()
            #expect(try read(killed) == expected, "killed after operation \(operation)")
            try restart(killed, expected, "killed after operation \(operation)")
            for seed in 0..<2 as Range<UInt64> {
                let what: Comment = "power lost after operation \(operation), seed \(seed)"
                let found = cut.crashed(seed: seed)
                #expect(try read(found) == expected, what)
                try restart(found, expected, what)
            }
        }
    }

    @Test func anOperationThatFailsLosesNothing() throws {
        let (disk, store, logs) = try Self.prepared()
        let whole = disk.killed()
        try Self.seal(logs, on: whole)
        for operation in 1...whole.operationCount {
            for kind in SimulatedFault.Kind.allCases {
                for persists in [false, true] {
                    let what: Comment = "operation \(operation), \(kind), persists: \(persists)"
                    let failing = disk.killed()
                    failing.add(.init(operation: operation, kind: kind, persists: persists))
                    do {
                        try Self.seal(logs, on: failing)
                        // Only what is done although it fails may go unnoticed.
                        #expect(persists, what)
                    } catch is StoreError {}
                    #expect(try read(failing) == store.maker.expected, what)
                    // The same process tries again.
                    try Self.seal(logs, on: failing)
                    #expect(try read(failing) == store.maker.expected, what)
                    try restart(failing.crashed(seed: 1), store.maker.expected, what)
                }
            }
        }
    }

    @Test func aReaderSeesEachRowOnceWhileLogsAreSealed() throws {
        let (disk, store, logs) = try Self.prepared()
        let expected = store.maker.expected
        let counting = InterruptedFileSystem(disk.killed())
        _ = try read(counting)
        #expect(counting.calls > 6)
        for call in 1...counting.calls {
            for share in 1...logs.count {
                let base = disk.killed()
                let watched = InterruptedFileSystem(base, before: call) {
                    try? Self.seal(Array(logs[..<share]), on: base)
                }
                let reader = try StoreReader(fileSystem: watched, path: "/store")
                for _ in 0..<2 {
                    let snapshot = try reader.snapshot()
                    #expect(snapshot.problems.isEmpty)
                    #expect(try rows(of: snapshot) == expected, "sealed before call \(call)")
                }
            }
        }
    }

    @Test func anImportCutShortAnywhereLeavesWholeSegments() throws {
        let disk = SimulatedFileSystem()
        let store = TestStore(disk: disk, path: "/store", seed: 22)
        try store.open().close()
        var maker = store.maker
        let batches = (0..<4).map { _ in maker.batch(15) }
        let whole = disk.killed()
        try importAll(batches, maker.table, on: whole)
        #expect(try read(whole) == maker.expected)
        for operation in 0..<whole.operationCount {
            let cut = disk.killed()
            cut.crashAfter(operation: operation)
            #expect(throws: StoreError.self) { try importAll(batches, maker.table, on: cut) }
            for seed in 0..<3 as Range<UInt64> {
                let what: Comment = "operation \(operation), seed \(seed)"
                let found = seed == 0 ? cut.killed() : cut.crashed(seed: seed)
                let rows = try read(found)
                #expect(rows.count % 30 == 0, what)
                #expect(rows == Array(maker.expected[..<rows.count]), what)
                // The position in the last footer says where to go on.
                let snapshot = try StoreReader(fileSystem: found, path: "/store").snapshot()
                let states = snapshot.sourceStates.values.flatMap { $0 }
                #expect(states.first?.account.stored ?? 0 == UInt64(rows.count), what)
                if rows.count == 30 { #expect(states.first?.position == batches[1].position) }
                // Nothing of it is in the way of the next start.
                let writer = try ZoneWriter.open(
                    fileSystem: found, store: "/store", zone: "local",
                    now: { Timestamp(nanoseconds: 6) })
                try writer.close()
                let left = try? found.list(Path.join(Self.stream, Filenames.segments))
                #expect(!(left ?? []).contains { $0.hasSuffix(temporarySuffix) }, what)
            }
        }
    }

    private func importAll(
        _ batches: [RowBatch], _ table: ShapeTable, on disk: any FileSystem
    ) throws {
        var importer = try SegmentImporter(
            fileSystem: disk, store: "/store", zone: "local", stream: "default", nextIndex: 0,
            rowsMax: 30)
        for batch in batches { try importer.append(batch, shapes: table) }
        try importer.finish()
    }

    @Test func aDamagedLogIsNotSealed() throws {
        let (disk, _, logs) = try Self.prepared()
        let before = try disk.contents(logs[0].path).count
        try disk.tamper(logs[0].path) { $0[$0.count / 2] ^= 0x10 }
        let error = #expect(throws: StoreError.self) { try Self.seal(logs, on: disk) }
        #expect(error?.code == .damaged)
        #expect(try disk.contents(logs[0].path).count == before, "the log is left as it is")
        #expect(try disk.list(Path.join(Self.stream, Filenames.segments)) == [])
        let snapshot = try StoreReader(fileSystem: disk, path: "/store").snapshot()
        #expect(!snapshot.problems.isEmpty)
        #expect(snapshot.blocks.last?.endIndex == 47, "what can be read is read")
    }
}

/// A disk on which something happens before the n-th call: what another process did meanwhile.
final class InterruptedFileSystem: FileSystem {
    private struct State: Sendable {
        var calls = 0
        var place: Int?
    }

    private let base: any FileSystem
    private let state: Mutex<State>
    private let event: @Sendable () -> Void

    init(
        _ base: any FileSystem, before place: Int? = nil,
        _ event: @escaping @Sendable () -> Void = {}
    ) {
        self.base = base
        self.event = event
        state = Mutex(State(place: place))
    }

    var calls: Int { state.withLock { $0.calls } }

    private func count() {
        let isNow = state.withLock { state in
            state.calls += 1
            return state.calls == state.place
        }
        if isNow { event() }
    }

    func createDirectory(_ path: String) throws(FileError) { try base.createDirectory(path) }

    func list(_ path: String) throws(FileError) -> [String] {
        count()
        return try base.list(path)
    }

    func open(_ path: String, _ mode: OpenMode) throws(FileError) -> any OpenFile {
        try base.open(path, mode)
    }

    func rename(_ path: String, to newPath: String) throws(FileError) {
        try base.rename(path, to: newPath)
    }

    func remove(_ path: String) throws(FileError) { try base.remove(path) }

    func syncDirectory(_ path: String) throws(FileError) { try base.syncDirectory(path) }

    func size(_ path: String) throws(FileError) -> Int {
        count()
        return try base.size(path)
    }

    func permissions(_ path: String) throws(FileError) -> UInt32 {
        try base.permissions(path)
    }

    func freeBytes(_ path: String) throws(FileError) -> Int { try base.freeBytes(path) }

    func bytes(_ path: String, from offset: Int, count: Int) throws(FileError) -> [UInt8] {
        self.count()
        return try base.bytes(path, from: offset, count: count)
    }

    func contents(_ path: String) throws(FileError) -> FileContents {
        count()
        return try base.contents(path)
    }

    func lock(_ path: String) throws(FileError) -> any FileLock { try base.lock(path) }
}
