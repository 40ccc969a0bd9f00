import HisuiFile
import HisuiStore
import Synchronization

/// Runs lives, lets power be lost at each of their moments, and looks at every disk that may be
/// found then.
final class Explorer {
    /// How much is done.
    struct Plan {
        /// Steps of a life.
        var steps = 30
        /// Of a life, one moment in so many is looked at.
        var momentsEvery = 1
        /// Up to so many states of a moment are all looked at; of more, so many that chance takes.
        var statesMax = 24
        /// The same where no name is pending.
        var statesMaxWithoutEntries = 8
        /// How often power is lost while the store recovers from the loss before.
        var depth = 3
        /// One in so many disks is one on which the next loss happens.
        var deeperEvery = 10
        /// One in so many is gone on with, one in so many verified whole.
        var goesOnEvery = 3
        var verifiesEvery = 12
    }

    /// What was looked at.
    struct Counts {
        var worlds = 0
        var moments = 0
        /// Distinct persisted states, all bytes and names of the disk compared by a hash.
        var states = 0
        /// Those found after a moment at which a name was pending: of a new, renamed or removed
        /// file or folder.
        var statesWithEntries = 0
        /// Moments of which all states were looked at.
        var exhausted = 0
        var deeper = 0
        var kills = 0
        var faults = 0
        var goneOn = 0
        var verified = 0
    }

    /// The disks that explorers have looked at.
    final class Seen: Sendable {
        /// What must have been found there, by the fingerprint.
        private let promised = Mutex<[UInt64: Int]>([:])

        var count: Int { promised.withLock { $0.count } }

        func take(_ print: UInt64, _ new: Int) -> (isNew: Bool, mustLook: Bool) {
            promised.withLock { promised in
                let before = promised[print]
                if let before, before >= new { return (false, false) }
                promised[print] = new
                return (before == nil, true)
            }
        }
    }

    /// Something that must not be, and where.
    struct Failure: Error {
        var world: UInt64
        var path: [String]
        var error: any Error
    }

    var plan: Plan
    private(set) var counts = Counts()
    /// Called with the number of states for each new one.
    var progress: (Int) -> Void = { _ in }
    /// After so many states no further moment is begun.
    var statesMax = Int.max
    private let seen: Seen
    private var world: UInt64 = 0
    private var path: [String] = []

    init(_ plan: Plan = Plan(), seen: Seen = Seen()) {
        self.plan = plan
        self.seen = seen
    }

    /// The life of a seed, and all that may become of it.
    func explore(world seed: UInt64) throws(Failure) {
        world = seed
        path = []
        counts.worlds += 1
        let disk = SimulatedFileSystem()
        disk.recordMoments()
        disk.recordOperations()
        let life = Self.life(seed, on: disk)
        try run { try life.run(steps: plan.steps) }
        var chance = Chance(seed ^ 0xC4A5)
        try explore(
            disk.moments, disk.operations, life.ledger, clock: life.clock, depth: 1, &chance)
    }

    /// The life of a seed with one operation after the other failing, `every` so many left out in
    /// between, and on a disk that is full.
    func exploreFaults(world seed: UInt64, every: Int) throws(Failure) {
        world = seed
        path = []
        let faults = FaultRun(seed: seed)
        var chance = Chance(seed ^ 0xFA17)
        let count = try run { try faults.operationCount() }
        for operation in stride(from: 1 + chance.below(every), through: count, by: every) {
            if seen.count >= statesMax { return }
            for fault in FaultRun.faults(operation, &chance) {
                path = ["\(fault)"]
                let (disk, life) = try run { try faults.run(fault) }
                let operations = disk.operations
                if fault.operation <= operations.count {
                    path[0] += " (\(operations[fault.operation - 1]))"
                }
                try lookAfterFault(disk, life, &chance)
            }
        }
        path = ["full disk"]
        let (disk, life) = try run { try faults.runFull(&chance) }
        try lookAfterFault(disk, life, &chance)
    }

    private func lookAfterFault(
        _ disk: SimulatedFileSystem, _ life: Life, _ chance: inout Chance
    ) throws(Failure) {
        counts.faults += 1
        let moment = disk.moment
        let known = life.ledger.seen(at: moment.operation)
        path.append("at the end")
        try look(
            at: moment.killed(), known, life.clock, depth: plan.depth - 1, deeper: true, &chance)
        for place in 0..<2 {
            let found = moment.crashed(seed: chance.next())
            if count(found, moment, promised: known.promised) {
                path[1] = "state \(place)"
                try look(at: found, known, life.clock, depth: plan.depth, &chance)
            }
        }
    }

    /// Counts a disk that was found.
    ///
    /// - Returns: whether it has to be looked at: it was not, or less was promised then.
    private func count(
        _ disk: SimulatedFileSystem, _ moment: SimulatedMoment, promised: Int
    ) -> Bool {
        let (isNew, mustLook) = seen.take(disk.fingerprint, promised)
        if isNew {
            counts.states += 1
            if moment.hasPendingEntries { counts.statesWithEntries += 1 }
            progress(seen.count)
        }
        return mustLook
    }

    private static func life(_ seed: UInt64, on disk: SimulatedFileSystem) -> Life {
        let life = Life(on: disk, seed: seed)
        // Most are small; some fill sectors, blocks of 256 leaves, and tiles.
        switch seed % 5 {
        case 3: life.lengthMax = 900
        case 4: life.rowsMax = 90
        default: break
        }
        return life
    }

    private func run<Result>(_ body: () throws -> Result) throws(Failure) -> Result {
        do {
            return try body()
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(world: world, path: path, error: error)
        }
    }

    private func explore(
        _ moments: [SimulatedMoment], _ operations: [String], _ ledger: Ledger, clock: Int64,
        depth: Int, _ chance: inout Chance
    ) throws(Failure) {
        for moment in moments {
            if seen.count >= statesMax { return }
            if depth == 1, !chance.once(in: plan.momentsEvery) { continue }
            counts.moments += 1
            let known = ledger.seen(at: moment.operation)
            let number = moment.operation
            let what = number == 0 ? "nothing" : operations[number - 1]
            path.append("operation \(number) (\(what))")
            defer { path.removeLast() }
            let entries = moment.hasPendingEntries
            for (place, disk) in states(of: moment, entries, &chance).enumerated() {
                guard count(disk, moment, promised: known.promised) else { continue }
                path.append("state \(place)")
                defer { path.removeLast() }
                try look(at: disk, known, clock, depth: depth, &chance)
            }
            // The process alone is killed: what was not synced is there, until power is lost.
            if moment.hasPendingBytes || entries, chance.once(in: 6) {
                counts.kills += 1
                path.append("killed")
                defer { path.removeLast() }
                try look(at: moment.killed(), known, clock, depth: depth, deeper: true, &chance)
            }
        }
    }

    private func states(
        of moment: SimulatedMoment, _ entries: Bool, _ chance: inout Chance
    ) -> [SimulatedFileSystem] {
        let count = entries ? plan.statesMax : plan.statesMaxWithoutEntries
        if let all = moment.allCrashed(countMax: count) {
            counts.exhausted += 1
            return all
        }
        return (0..<count).map { _ in moment.crashed(seed: chance.next()) }
    }

    private func look(
        at disk: SimulatedFileSystem, _ known: Ledger, _ clock: Int64, depth: Int,
        deeper: Bool = false, _ chance: inout Chance
    ) throws(Failure) {
        let goesDeeper = depth < plan.depth && (deeper || chance.once(in: plan.deeperEvery))
        if goesDeeper {
            disk.recordMoments()
            disk.recordOperations()
        }
        let goesOn = chance.once(in: plan.goesOnEvery)
        let verifies = chance.once(in: max(1, plan.verifiesEvery / plan.goesOnEvery))
        if goesOn { counts.goneOn += 1 }
        if goesOn && verifies { counts.verified += 1 }
        var recovery = Recovery(disk, known)
        let seed = chance.next()
        let life = try run {
            try recovery.run(
                .init(goesOn: goesOn, verifies: verifies), seed: seed, clock: clock)
        }
        guard goesDeeper else { return }
        counts.deeper += 1
        let moments = disk.moments
        let some = (0..<5).map { _ in moments[chance.below(moments.count)] }
        try explore(
            some, disk.operations, life.ledger, clock: life.clock, depth: depth + 1, &chance)
    }
}
