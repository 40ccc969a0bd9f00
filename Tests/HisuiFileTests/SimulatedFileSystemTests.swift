import HisuiFile
import Synchronization
import Testing

/// The simulated disk must itself be right: it keeps what was synced in every crash, and loses
/// everything else in some.
@Suite struct SimulatedFileSystemTests {
    let old = [UInt8](repeating: 1, count: 1500)
    let new = [UInt8](repeating: 2, count: 1500)

    @Test func syncedFileWithSyncedNameSurvivesEveryCrash() throws {
        let disk = SimulatedFileSystem()
        try disk.createDirectory("/a/b")
        let file = try disk.open("/a/b/f", .create)
        try file.append(old.span)
        try file.sync()
        try disk.syncDirectory("/a/b")
        try file.append(new.span)
        try disk.open("/a/b/g", .create).append(new.span)
        for seed in UInt64(0)..<500 {
            let found = disk.crashed(seed: seed)
            let bytes = try found.bytes("/a/b/f", from: 0, count: 10_000)
            #expect(Array(bytes.prefix(1500)) == old, "seed \(seed)")
            #expect(bytes.count <= 3000, "seed \(seed)")
        }
    }

    @Test func everythingElseIsLostForSomeSeed() throws {
        let disk = SimulatedFileSystem()
        try disk.createDirectory("/a")
        let unsynced = try disk.open("/a/data", .create)
        try disk.syncDirectory("/a")
        try unsynced.append(new.span)
        let nameless = try disk.open("/a/name", .create)
        try nameless.append(new.span)
        try nameless.sync()
        var sizes: Set<Int> = []
        var wasWhole = false
        var wasGarbage = false
        var nameSeen: Set<Bool> = []
        for seed in UInt64(0)..<500 {
            let found = disk.crashed(seed: seed)
            let bytes = try found.bytes("/a/data", from: 0, count: 10_000)
            sizes.insert(bytes.count)
            wasWhole = wasWhole || bytes == new
            wasGarbage = wasGarbage || bytes.contains { $0 != 2 }
            let isThere = try found.exists("/a/name")
            nameSeen.insert(isThere)
            if isThere { #expect(try found.bytes("/a/name", from: 0, count: 9999) == new) }
        }
        #expect(sizes == [0, 512, 1024, 1500])
        #expect(wasWhole && wasGarbage)
        #expect(nameSeen == [true, false])
    }

    @Test func sectorsAreWrittenInAnyOrder() throws {
        let disk = SimulatedFileSystem()
        let file = try disk.open("/f", .create)
        try file.append(old.span)
        try file.sync()
        try disk.syncDirectory("/")
        try file.overwrite(new.span, at: 0)
        var states: Set<[Bool]> = []
        for seed in UInt64(0)..<500 {
            let bytes = try disk.crashed(seed: seed).bytes("/f", from: 0, count: 1500)
            let sectors = [0..<512, 512..<1024, 1024..<1500].map { Set(bytes[$0]) }
            #expect(sectors.allSatisfy { $0.count == 1 }, "whole sectors; seed \(seed)")
            states.insert(sectors.map { $0.contains(2) })
        }
        #expect(states.count == 8)
    }

    @Test func renameIsAtomicAndIndependentOfOthers() throws {
        let disk = SimulatedFileSystem()
        for (name, bytes) in [("/f", old), ("/f.tmp", new), ("/x", old)] {
            let file = try disk.open(name, .create)
            try file.append(bytes.span)
            try file.sync()
        }
        try disk.syncDirectory("/")
        try disk.rename("/f.tmp", to: "/f")
        try disk.remove("/x")
        #expect(disk.hasPendingEntries)
        var states: Set<[Bool]> = []
        for seed in UInt64(0)..<300 {
            let found = disk.crashed(seed: seed)
            let bytes = try found.bytes("/f", from: 0, count: 9999)
            #expect(bytes == old || bytes == new, "seed \(seed)")
            #expect(try found.exists("/f.tmp") == (bytes == old), "seed \(seed)")
            states.insert([bytes == new, try found.exists("/x")])
        }
        #expect(states.count == 4)
        try disk.syncDirectory("/")
        #expect(!disk.hasPendingEntries)
        for seed in UInt64(0)..<50 {
            #expect(try disk.crashed(seed: seed).bytes("/f", from: 0, count: 9999) == new)
        }
    }

    @Test func failedSyncThatDidNotPersistIsNeverMadeGood() throws {
        let disk = SimulatedFileSystem()
        let file = try disk.open("/f", .create)
        try disk.syncDirectory("/")
        try file.append(new.span)
        disk.add(.init(operation: disk.operationCount + 1, kind: .inputOutput, persists: false))
        #expect(throws: FileError.self) { try file.sync() }
        do throws(FileError) {
            try file.sync()
            Issue.record("a poisoned file was used")
        } catch {
            #expect(error.code == .poisoned)
        }
        #expect(try disk.bytes("/f", from: 0, count: 9999) == new, "reads show the lost bytes")
        let again = try disk.open("/f", .readWrite)
        try again.sync()
        let found = try disk.crashed(seed: 1).bytes("/f", from: 0, count: 9999)
        #expect(!found.contains(2), "the size at most")
        // Written once more, they are there.
        try again.overwrite(new.span, at: 0)
        try again.sync()
        #expect(try disk.crashed(seed: 1).bytes("/f", from: 0, count: 9999) == new)
    }

    @Test func failedSyncMayHaveWrittenSomeSectorsAndForgetTheRest() throws {
        var kept: Set<[Bool]> = []
        for seed in UInt64(0)..<100 {
            let disk = SimulatedFileSystem()
            let file = try disk.open("/f", .create)
            try file.append(old.span)
            try file.sync()
            try disk.syncDirectory("/")
            try file.overwrite(new.span, at: 0)
            disk.add(.init(operation: 6, kind: .inputOutput, effect: .part(seed: seed)))
            #expect(throws: FileError.self) { try file.sync() }
            #expect(try disk.bytes("/f", from: 0, count: 9999) == new)
            // Nothing is pending any more: every crash leaves the same.
            let bytes = try disk.crashed(seed: seed).bytes("/f", from: 0, count: 9999)
            #expect(try disk.crashed(seed: seed + 1).bytes("/f", from: 0, count: 9999) == bytes)
            kept.insert([0, 512, 1024].map { bytes[$0] == 2 })
        }
        #expect(kept.count == 8)
    }

    @Test func pagesOfAFailedSyncMayLeaveTheCache() throws {
        let disk = SimulatedFileSystem()
        let file = try disk.open("/f", .create)
        try file.append(old.span)
        try file.sync()
        try disk.syncDirectory("/")
        try file.overwrite(new.span.extracting(0..<600), at: 0)
        try file.append(new.span)
        disk.add(.init(operation: 7, kind: .inputOutput, effect: .forgotten))
        #expect(throws: FileError.self) { try file.sync() }
        let zeros = [UInt8](repeating: 0, count: 1500)
        #expect(try disk.bytes("/f", from: 0, count: 9999) == old + zeros)
        for seed in UInt64(0)..<50 {
            let bytes = try disk.crashed(seed: seed).bytes("/f", from: 0, count: 9999)
            #expect(bytes.starts(with: old) && bytes.count <= 3000)
        }
    }

    @Test func lastingFaultsEndWhenTheyAreCleared() throws {
        let disk = SimulatedFileSystem()
        let file = try disk.open("/f", .create)
        disk.add(.init(operation: 2, kind: .noSpace, duration: .sameCall))
        for _ in 0..<3 { #expect(throws: FileError.self) { try file.append(new.span) } }
        try disk.syncDirectory("/")
        disk.clearFaults()
        try file.append(new.span)
        disk.add(.init(operation: 7, kind: .inputOutput, duration: .everything))
        #expect(throws: FileError.self) { try disk.remove("/f") }
        #expect(throws: FileError.self) { try disk.syncDirectory("/") }
        disk.clearFaults()
        try disk.remove("/f")
    }

    /// Two names and two sectors: every state, and no other one.
    @Test func allStatesAreEnumerated() throws {
        let disk = SimulatedFileSystem()
        disk.recordMoments()
        let file = try disk.open("/f", .create)
        try file.append(old.span.extracting(0..<700))
        try file.sync()
        try disk.syncDirectory("/")
        try file.overwrite(new.span.extracting(0..<700), at: 0)
        try disk.open("/g", .create).close()
        try disk.rename("/f", to: "/h")
        let all = try #require(disk.moment.allCrashed(countMax: 100))
        let states = try all.map { found in
            let name = try found.exists("/h") ? "/h" : "/f"
            let bytes = try found.bytes(name, from: 0, count: 999)
            return try [name == "/h", found.exists("/g"), bytes[0] == 2, bytes[512] == 2]
        }
        #expect(states.count == 16 && Set(states).count == 16)
        #expect(disk.moment.allCrashed(countMax: 15) == nil)
        #expect(disk.moments.map(\.operation) == Array(0...disk.operationCount))
        #expect(
            disk.moments.map(\.hasPendingEntries) == [
                false, true, true, true, false, false, true, true,
            ])
        #expect(disk.moments[0].allCrashed(countMax: 2)?.count == 1)
    }

    /// A file that grew by two calls: sizes in between, and sectors that nobody wrote.
    @Test func sizeAndBytesAreFoundApart() throws {
        let disk = SimulatedFileSystem()
        let stale = try disk.open("/stale", .create)
        try stale.append([UInt8](repeating: 7, count: 2000).span)
        let file = try disk.open("/f", .create)
        try disk.remove("/stale")
        try disk.syncDirectory("/")
        try file.append(new.span.extracting(0..<600))
        try file.append(new.span.extracting(0..<600))
        let all = try #require(disk.moment.allCrashed(countMax: 10_000))
        var sizes: Set<Int> = []
        var contents: Set<Set<UInt8>> = []
        for found in all {
            let bytes = try found.bytes("/f", from: 0, count: 9999)
            sizes.insert(bytes.count)
            for start in stride(from: 0, to: bytes.count, by: 512) {
                contents.insert(Set(bytes[start..<min(bytes.count, start + 512)]))
            }
        }
        #expect(sizes == [0, 512, 600, 1024, 1200])
        #expect(contents.contains([2]) && contents.contains([0]) && contents.contains([7]))
        #expect(contents.contains([2, 0]), "a sector as the first call left it, and the size")
        #expect(contents.contains { $0.count > 100 }, "noise")
    }

    @Test func othersActBetweenCalls() throws {
        let disk = SimulatedFileSystem()
        let calls = Mutex<[String]>([])
        disk.beforeEachCall { call in
            calls.withLock { $0.append("\(call.operation) \(call.path) \(call.isRead)") }
            // What it does itself is not told again.
            _ = try? disk.size("/")
        }
        let file = try disk.open("/f", .create)
        try file.append(old.span)
        disk.beforeEachCall(nil)
        try file.sync()
        #expect(
            calls.withLock { $0 } == [
                "open /f true", "create /f false", "open /f true", "write /f false",
            ])
    }

    @Test(arguments: [false, true])
    func faultsPersistOrNot(persists: Bool) throws {
        for kind in SimulatedFault.Kind.allCases {
            let disk = SimulatedFileSystem()
            let file = try disk.open("/f", .create)
            disk.add(.init(operation: 2, kind: kind, persists: persists))
            do throws(FileError) {
                try file.append(new.span)
                Issue.record("the fault did not happen")
            } catch {
                #expect(error.code == (kind == .noSpace ? .noSpace : .inputOutput))
            }
            let expected = kind == .shortWrite ? 750 : persists ? 1500 : 0
            #expect(file.size == expected)
            disk.add(.init(operation: 3, kind: kind, persists: persists))
            #expect(throws: FileError.self) { try disk.rename("/f", to: "/g") }
            #expect(try disk.exists("/g") == persists)
        }
    }

    @Test func haltStopsEverything() throws {
        let disk = SimulatedFileSystem()
        disk.crashAfter(operation: 2)
        let file = try disk.open("/f", .create)
        try file.append(new.span)
        for attempt: () throws -> Void in [
            { try file.sync() }, { _ = try disk.list("/") }, { try disk.remove("/f") },
        ] {
            #expect(throws: FileError.self) { try attempt() }
        }
        #expect(disk.operationCount == 2)
        #expect(try disk.killed().bytes("/f", from: 0, count: 9999) == new)
    }

    @Test func fullDiskTakesWhatFits() throws {
        let disk = SimulatedFileSystem()
        disk.setCapacity(2000)
        let file = try disk.open("/f", .create)
        try file.append(old.span)
        do throws(FileError) {
            try file.append(new.span)
            Issue.record("there was no room")
        } catch {
            #expect(error.code == .noSpace)
        }
        #expect(file.size == 2000)
        try file.truncate(to: 1500)
        disk.setCapacity(nil)
        try file.append(new.span)
        #expect(file.size == 3000)
    }

    @Test func truncationMayBeLostToo() throws {
        let disk = SimulatedFileSystem()
        let file = try disk.open("/f", .create)
        try file.append(old.span)
        try file.sync()
        try disk.syncDirectory("/")
        try file.truncate(to: 100)
        var sizes: Set<Int> = []
        for seed in UInt64(0)..<100 { sizes.insert(try disk.crashed(seed: seed).size("/f")) }
        #expect(sizes == [100, 1500])
    }

    @Test func eachSeedIsOneState() throws {
        let disk = SimulatedFileSystem()
        for number in 0..<5 { try disk.open("/f\(number)", .create).append(new.span) }
        #expect(disk.crashed(seed: 7).fingerprint == disk.crashed(seed: 7).fingerprint)
        #expect(Set((0..<200).map { disk.crashed(seed: $0).fingerprint }).count > 50)
    }
}
