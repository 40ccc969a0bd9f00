import HisuiEvent
import HisuiFile
import Testing

@testable import HisuiStore

/// The write path stopped at every operation of the disk, and gone on with from what a crash may
/// leave: everything acknowledged is found exactly once, at its index.
@Suite struct KillPointTests {
    static let rounds = 14

    /// How many operations a whole run takes.
    private static func operations(seed: UInt64, rounds: Int = rounds) throws -> Int {
        let disk = SimulatedFileSystem()
        var model = LogModel(seed: seed, disk: disk)
        try model.run(rounds: rounds)
        return disk.operationCount
    }

    @Test(arguments: [1, 2] as [UInt64])
    func acknowledgedRowsSurviveAnyKillPoint(seed: UInt64) throws {
        let operations = try Self.operations(seed: seed)
        #expect(operations >= 100, "two seeds make 200 kill points")
        var pendingNames = 0
        for point in 0..<operations {
            let disk = SimulatedFileSystem()
            var model = LogModel(seed: seed, disk: disk)
            disk.crashAfter(operation: point)
            #expect(throws: (any Error).self) { try model.run(rounds: Self.rounds) }
            if disk.hasPendingEntries { pendingNames += 1 }
            for crash in UInt64(0)..<4 {
                let comment: Comment = "seed \(seed), operation \(point), crash \(crash)"
                var after = model
                let found = crash == 0 ? disk.killed() : disk.crashed(seed: crash)
                try after.recover(on: found, comment)
                try goOn(&after, comment)
            }
        }
        #expect(pendingNames > 10, "kill points with names that a crash may take back")
    }

    /// After recovery the stream takes rows again, and a crash right after that loses nothing.
    private func goOn(_ model: inout LogModel, _ comment: Comment) throws {
        try model.append(rows: 3)
        try model.commit()
        let disk = model.disk
        var again = model
        try again.recover(on: disk.crashed(seed: 99), comment)
        #expect(again.maker.expected.count == model.maker.expected.count, comment)
    }

    /// Crash upon crash, each at a random operation.
    @Test func crashesDuringRecoveryLoseNothing() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        for trial in 0..<60 {
            var model = LogModel(seed: seed &+ UInt64(trial), disk: SimulatedFileSystem())
            for life in 0..<5 {
                let point = Int.random(in: 0..<40, using: &random)
                model.disk.crashAfter(operation: point)
                try? model.run(rounds: 6)
                let comment: Comment = "seed \(seed), trial \(trial), life \(life)"
                var found = model.disk.crashed(seed: random.next())
                // Recovery itself is cut short now and then.
                if Bool.random(using: &random) {
                    found.crashAfter(operation: Int.random(in: 0..<12, using: &random))
                    var doomed = model
                    doomed.disk = found
                    try? doomed.open()
                    found = found.crashed(seed: random.next())
                }
                try model.recover(on: found, comment)
            }
        }
    }

    /// Each operation fails once, in each way; the caller reopens and appends again.
    @Test(arguments: [false, true])
    func failingOperationsLoseNothing(persists: Bool) throws {
        let seed: UInt64 = 5
        let operations = try Self.operations(seed: seed, rounds: 7)
        for kind in SimulatedFault.Kind.allCases {
            for point in 1...operations {
                let comment: Comment = "operation \(point) \(kind), persists \(persists)"
                let disk = SimulatedFileSystem()
                disk.add(.init(operation: point, kind: kind, persists: persists))
                var model = LogModel(seed: seed, disk: disk)
                try? model.run(rounds: 7)
                // The process ends; the next one sees what the system shows, not the disk.
                model.writer = nil
                var next = model
                try next.recover(on: disk.killed(), comment)
                try goOn(&next, comment)
                var afterPowerLoss = model
                try afterPowerLoss.recover(on: disk.crashed(seed: UInt64(point)), comment)
            }
        }
    }
}
