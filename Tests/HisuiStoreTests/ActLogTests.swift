import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiShape
import Synchronization
import Testing

@testable import HisuiStore

/// The log that many appenders share, on a simulated disk.
@Suite struct ActLogTests {
    static let wal = "/store/acts/wal"

    static func disk() throws -> SimulatedFileSystem {
        let disk = SimulatedFileSystem()
        try StoreDirectory.create(disk, "/store")
        return disk
    }

    static func log(_ disk: SimulatedFileSystem, seconds: Int64 = 100) -> ActLog {
        ActLog(
            fileSystem: disk, store: "/store",
            now: { Timestamp(nanoseconds: seconds * 1_000_000_000) })
    }

    static func act(_ number: Int, size: Int = 0) -> Act {
        Act(
            number % 2 == 0 ? .search : .start, time: Timestamp(nanoseconds: Int64(number)),
            zone: number % 3 == 0 ? nil : "z", actor: Actor(.daemon, pid: Int32(number)),
            fields: [
                ("number", .integer(Int64(number))),
                ("text", .text(String(repeating: "あ", count: size))),
            ])
    }

    static func numbers(_ disk: SimulatedFileSystem) throws -> [Int64?] {
        let list = try ActReader(fileSystem: disk, store: "/store").acts()
        #expect(list.failures == [] && list.problems == [])
        for (place, stored) in list.acts.enumerated() { #expect(stored.index == UInt64(place)) }
        #expect(list.nextIndex == UInt64(list.acts.count))
        return list.acts.map { $0.act.integer("number") }
    }

    @Test func appendsGoOnWithOneLogAndReadBack() throws {
        let disk = try Self.disk()
        for number in 0..<20 {
            let range = try Self.log(disk).append([Self.act(number)])
            #expect(range == UInt64(number)..<UInt64(number) + 1)
        }
        #expect(try Self.log(disk).append([]) == 0..<0)
        #expect(try Self.log(disk).append((20..<25).map { Self.act($0) }) == 20..<25)
        #expect(try disk.list(Self.wal) == ["00000000000000000000-00000001.log"])
        #expect(try Self.numbers(disk) == (0..<25).map(Int64.init))
        let list = try ActReader(fileSystem: disk, store: "/store").acts()
        #expect(list.acts.map(\.act) == (0..<25).map { Self.act($0) })
        // The account counts every one.
        let snapshot = try StoreReader(fileSystem: disk, path: "/store").snapshot(acts: true)
        #expect(snapshot.sourceStates[.acts]?.map(\.account.stored) == [25])
        #expect(snapshot.sourceStates[.acts]?.map(\.source) == [Act.source])
        #expect(try StoreReader(fileSystem: disk, path: "/store").snapshot().blocks.isEmpty)
    }

    @Test func actsAreChosenByIndexKindAndTime() throws {
        let disk = try Self.disk()
        try Self.log(disk).append((0..<10).map { Self.act($0) })
        let reader = try ActReader(fileSystem: disk, store: "/store")
        #expect(try reader.acts(from: 7).acts.map(\.index) == [7, 8, 9])
        #expect(try reader.acts(kinds: [.start]).acts.map(\.index) == [1, 3, 5, 7, 9])
        #expect(try reader.acts(from: 10).nextIndex == 10)
        let some = try reader.acts(
            since: Timestamp(nanoseconds: 3), until: Timestamp(nanoseconds: 6))
        #expect(some.acts.map(\.index) == [3, 4, 5])
    }

    @Test func fieldsOfActsAreFieldsOfTheirShape() throws {
        let disk = try Self.disk()
        try Self.log(disk).append([Self.act(1)])
        let snapshot = try StoreReader(fileSystem: disk, path: "/store").snapshot(acts: true)
        let names = snapshot.blocks.flatMap { $0.shapes.flatMap { $0.shape.fields.map(\.name) } }
        #expect(names.contains("act") && names.contains("zone.name") && names.contains("number"))
    }

    @Test func fullAndOldLogsBecomeSegments() throws {
        let disk = try Self.disk()
        try Self.log(disk).append((0..<Limits.actLogRowsMax).map { Self.act($0) })
        #expect(try disk.list(Self.wal).isEmpty)
        #expect(try disk.list("/store/acts/segments").count == 1)
        let next = Limits.actLogRowsMax
        #expect(try Self.log(disk).append([Self.act(next)]) == UInt64(next)..<UInt64(next) + 1)
        #expect(try disk.list(Self.wal).count == 1)
        // A day later the log of one act is sealed, and a new one begun.
        let day = Int64(100 + Limits.actLogAgeSecondsMax)
        try Self.log(disk, seconds: day).append([Self.act(next + 1)])
        #expect(try disk.list("/store/acts/segments").count == 2)
        // By size: 5 MiB of text.
        try Self.log(disk, seconds: day).append(
            (0..<20).map { Self.act(next + 2 + $0, size: 90_000) })
        #expect(try disk.list("/store/acts/segments").count == 3)
        #expect(try disk.list(Self.wal).isEmpty)
        #expect(try Self.numbers(disk) == (0..<next + 22).map(Int64.init))
    }

    @Test func whoeverWaitsTooLongIsToldWhoWrites() throws {
        let disk = try Self.disk()
        var log = Self.log(disk)
        log.lockMillis = 10
        let error = #expect(throws: StoreError.self) {
            try log.withLock { () throws(StoreError) in _ = try log.append([Self.act(0)]) }
        }
        #expect(error?.code == .locked)
        #expect(error?.what == "process 1 has been writing acts for more than 10 ms")
        try log.append([Self.act(0)])
    }

    @Test func aFolderThatIsNoStoreIsNotMadeOne() throws {
        let disk = SimulatedFileSystem()
        try disk.createDirectory("/other")
        for store in ["/other", "/nowhere"] {
            let log = ActLog(fileSystem: disk, store: store, now: { .none })
            #expect(throws: StoreError.self) { try log.append([Self.act(0)]) }
        }
        #expect(try disk.list("/other").isEmpty)
        #expect(try disk.exists("/nowhere") == false)
    }

    @Test func anActThatIsTooLargeIsRefusedWithoutATrace() throws {
        let disk = try Self.disk()
        let error = #expect(throws: StoreError.self) {
            try Self.log(disk).append([Self.act(0), Self.act(1, size: 400_000)])
        }
        #expect(error?.code == .limit)
        var twice = Self.act(0)
        twice.fields.append(("time", .text("now")))
        #expect(throws: StoreError.self) { try Self.log(disk).append([Self.act(1), twice]) }
        #expect(try Self.numbers(disk).isEmpty)
    }

    @Test func aDamagedLogIsKeptAndTold() throws {
        let disk = try Self.disk()
        for number in 0..<4 { try Self.log(disk).append([Self.act(number)]) }
        let path = Path.join(Self.wal, try #require(try disk.list(Self.wal).first))
        try disk.tamper(path) { $0[200] ^= 1 }
        #expect(try Self.log(disk).append([Self.act(4)]) == 4..<5)
        let names = try disk.list(Self.wal)
        #expect(names.count == 2 && names.contains { $0.hasSuffix(".damaged") })
        let list = try ActReader(fileSystem: disk, store: "/store").acts()
        #expect(!list.problems.isEmpty)
        #expect(list.acts.map(\.index).last == 4)
        let snapshot = try StoreReader(fileSystem: disk, path: "/store").snapshot(acts: true)
        let gaps = snapshot.gaps[.acts] ?? []
        #expect(gaps.count == 1 && gaps[0].source == StreamWriter.ownSource)
        // Told once, and gone on with from there.
        #expect(try Self.log(disk).append([Self.act(5)]) == 5..<6)
        #expect(try disk.list(Self.wal) == names)
    }

    @Test func aTornTailIsCutAndTheNextLogBegun() throws {
        let disk = try Self.disk()
        for number in 0..<3 { try Self.log(disk).append([Self.act(number)]) }
        let path = Path.join(Self.wal, try #require(try disk.list(Self.wal).first))
        try disk.tamper(path) { $0 += [UInt8](repeating: 0xAB, count: 77) }
        #expect(try Self.log(disk).append([Self.act(3)]) == 3..<4)
        // The log that was cut is sealed: old blocks of its tail could be frames of it.
        #expect(try disk.list("/store/acts/segments").count == 1)
        #expect(try Self.numbers(disk) == [0, 1, 2, 3])
    }

    @Test func recordsThatAreNoActsAreTold() throws {
        let disk = try Self.disk()
        try Self.log(disk).append([Self.act(0)])
        let writer = try StreamWriter(
            fileSystem: disk, path: "/store/acts", zone: "acts", stream: "acts", now: .none)
        var maker = RowMaker(seed: 4)
        _ = try writer.append(
            maker.batch(2, source: "s", length: 3...9), shapes: maker.table, definitions: [])
        try writer.close()
        try Self.log(disk).append([Self.act(3)])
        let list = try ActReader(fileSystem: disk, store: "/store").acts(kinds: [.start])
        #expect(list.acts.map(\.index) == [3])
        #expect(list.failures.map(\.index) == [1, 2])
    }
}
