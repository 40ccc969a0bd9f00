import HisuiBytes
import HisuiEvent
import HisuiFile
import Synchronization
import Testing

@testable import HisuiStore

/// Appenders killed at every operation of the disk, and real threads at once.
@Suite struct ActKillTests {
    /// Two appenders in turn, some acts each time; a small log, so that it is sealed now and then.
    private struct Run {
        var disk: SimulatedFileSystem
        var random: SeededGenerator
        /// Acts whose append returned, by index.
        var returned: [UInt64: Int64] = [:]
        var attempted = 0

        init(seed: UInt64, disk: SimulatedFileSystem) {
            self.disk = disk
            random = SeededGenerator(seed: seed)
        }

        mutating func append() throws {
            var log = ActLogTests.log(disk)
            log.limits = LogContinuation(rowsMax: 7, bytesMax: 1 << 20, ageSeconds: 1000)
            let first = attempted
            let count = Int.random(in: 1...3, using: &random)
            attempted += count
            let range = try log.append((first..<first + count).map { ActLogTests.act($0) })
            #expect(range.count == count)
            for (place, index) in range.enumerated() {
                #expect(returned.updateValue(Int64(first + place), forKey: index) == nil)
            }
        }

        mutating func appends(_ count: Int) throws {
            for _ in 0..<count { try append() }
        }

        /// Everything that was returned is where it was said to be, and nothing is there twice.
        func check(_ disk: SimulatedFileSystem, _ comment: Comment) throws {
            let list = try ActReader(fileSystem: disk, store: "/store").acts()
            #expect(list.failures == [] && list.problems == [], comment)
            var seen: Set<Int64> = []
            for (place, stored) in list.acts.enumerated() {
                #expect(stored.index == UInt64(place), comment)
                let number = stored.act.integer("number") ?? -1
                #expect(seen.insert(number).inserted, comment)
            }
            for (index, number) in returned {
                guard index < list.acts.count else {
                    Issue.record("act \(index) is lost: \(comment)")
                    continue
                }
                #expect(list.acts[Int(index)].act.integer("number") == number, comment)
            }
        }
    }

    private static let appends = 11

    @Test(arguments: [1, 2] as [UInt64])
    func noActIsLostAtAnyKillPoint(seed: UInt64) throws {
        let start = try ActLogTests.disk()
        let first = start.operationCount
        var whole = Run(seed: seed, disk: start)
        try whole.appends(Self.appends)
        let operations = start.operationCount
        #expect(operations - first > 100)
        for point in first..<operations {
            let disk = try ActLogTests.disk()
            var run = Run(seed: seed, disk: disk)
            disk.crashAfter(operation: point)
            // What fails after an append is durable is left to the next: so not every one throws.
            try? run.appends(Self.appends)
            for crash in UInt64(0)..<4 {
                let comment: Comment = "seed \(seed), operation \(point), crash \(crash)"
                var after = run
                after.disk = crash == 0 ? disk.killed() : disk.crashed(seed: crash)
                // A reader before anybody has put things right.
                let list = try ActReader(fileSystem: after.disk, store: "/store").acts()
                #expect(list.acts.count >= after.returned.count, comment)
                try after.appends(2)
                try after.check(after.disk, comment)
                try after.check(after.disk.crashed(seed: crash ^ 77), comment)
            }
        }
    }

    @Test(arguments: [false, true])
    func anOperationThatFailsLosesNoAct(persists: Bool) throws {
        let start = try ActLogTests.disk()
        let first = start.operationCount
        var whole = Run(seed: 3, disk: start)
        try whole.appends(Self.appends)
        for kind in SimulatedFault.Kind.allCases {
            for point in first + 1...start.operationCount {
                let comment: Comment = "operation \(point) \(kind), persists \(persists)"
                let disk = try ActLogTests.disk()
                disk.add(.init(operation: point, kind: kind, persists: persists))
                var run = Run(seed: 3, disk: disk)
                for _ in 0..<Self.appends { try? run.append() }
                try run.check(disk.killed(), comment)
                var later = run
                later.disk = disk.crashed(seed: UInt64(point))
                try later.appends(2)
                try later.check(later.disk, comment)
            }
        }
    }

    private final class Ranges: Sendable {
        let all = Mutex<[Range<UInt64>]>([])
    }

    @Test func threadsAppendBesideEachOther() async throws {
        let folder = try TemporaryFolder()
        let store = folder.path + "/store"
        try StoreDirectory.create(RealFileSystem(), store)
        let threads = 6
        let each = 15
        let ranges = Ranges()
        await withTaskGroup { group in
            for thread in 0..<threads {
                group.addTask {
                    for number in 0..<each {
                        let log = ActLog(
                            fileSystem: RealFileSystem(), store: store,
                            now: { Timestamp(nanoseconds: 5) })
                        do {
                            let act = ActLogTests.act(thread * 1000 + number)
                            let range = try log.append([act])
                            ranges.all.withLock { $0.append(range) }
                        } catch {
                            Issue.record("\(error)")
                        }
                    }
                }
            }
        }
        let indices = ranges.all.withLock { $0.map(\.lowerBound).sorted() }
        #expect(indices == (0..<UInt64(threads * each)).map { $0 })
        let list = try ActReader(store: store).acts()
        #expect(list.acts.count == threads * each && list.problems == [])
        #expect(Set(list.acts.compactMap { $0.act.integer("number") }).count == threads * each)
    }
}
