import HisuiBytes
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
    struct Counts: Equatable {
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
        /// The operation of the life that failed or after which power was lost; 0 is before the
        /// first, or a disk that is full.
        var operation: Int
        var isFault: Bool
        var path: [String]
        var error: any Error
    }

    var plan: Plan
    /// Only what happens at this operation of a life is looked at: a failure again.
    var onlyOperation: Int?
    private(set) var counts = Counts()
    /// Called with the number of states for each new one.
    var progress: (Int) -> Void = { _ in }
    /// After so many states no further moment is begun.
    var statesMax = Int.max
    private let seen: Seen
    private var world: UInt64 = 0
    private var operation = 0
    private var isFault = false
    private var path: [String] = []

    init(_ plan: Plan = Plan(), seen: Seen = Seen()) {
        self.plan = plan
        self.seen = seen
    }

    /// The life of a seed, and all that may become of it.
    func explore(world seed: UInt64) throws(Failure) {
        begin(seed, isFault: false)
        let disk = SimulatedFileSystem()
        disk.recordMoments()
        disk.recordOperations()
        let life = Self.life(seed, on: disk)
        try run { try life.run(steps: plan.steps) }
        try explore(
            disk.moments, disk.operations, life.ledger, clock: life.clock, depth: 1,
            seed: seed ^ 0xC4A5)
    }

    /// The life of a seed with one operation after the other failing, `every` so many left out in
    /// between, and on a disk that is full.
    func exploreFaults(world seed: UInt64, every: Int) throws(Failure) {
        begin(seed, isFault: true)
        let faults = FaultRun(seed: seed)
        let count = try run { try faults.operationCount() }
        var chance = Chance(Hash64.mix(seed ^ 0xFA17, 0))
        let first = 1 + Int(seed % UInt64(every))
        let numbers =
            onlyOperation.map { [$0] } ?? Array(stride(from: first, through: count, by: every))
        for number in numbers where (1...count).contains(number) {
            if seen.count >= statesMax { return }
            operation = number
            var chance = Chance(Hash64.mix(seed ^ 0xFA17, UInt64(number)))
            for fault in FaultRun.faults(number, &chance) {
                path = ["\(fault)"]
                let (disk, life) = try run { try faults.run(fault) }
                path[0] += " (\(disk.operations[number - 1]))"
                try lookAfterFault(disk, life, from: number, Chance(chance.next()))
            }
        }
        guard onlyOperation ?? 0 == 0 else { return }
        operation = 0
        path = ["full disk"]
        let (disk, life) = try run { try faults.runFull(&chance) }
        try lookAfterFault(disk, life, from: 0, chance)
    }

    private func begin(_ seed: UInt64, isFault: Bool) {
        if counts.worlds == 0 || world != seed { counts.worlds += 1 }
        world = seed
        self.isFault = isFault
        operation = 0
        path = []
    }

    /// - Parameter operation: the number of the one that failed: soon after it, before anybody has
    ///   mended the disk, power may be lost, too.
    private func lookAfterFault(
        _ disk: SimulatedFileSystem, _ life: Life, from operation: Int, _ chance: Chance
    ) throws(Failure) {
        counts.faults += 1
        var chance = chance
        let moments = disk.moments
        let end = moments[moments.count - 1]
        let soon = moments[operation..<min(operation + 20, moments.count)]
        path.append("killed at the end")
        try look(
            at: end.killed(), life.ledger.seen(at: end.operation), life.clock,
            depth: plan.depth - 1, deeper: true, Chance(chance.next()))
        let some = (0..<2).map { _ in soon[operation + chance.below(soon.count)] }
        for moment in [end, end] + some {
            let known = life.ledger.seen(at: moment.operation)
            let found = moment.crashed(seed: chance.next())
            let next = chance.next()
            guard count(found, moment, promised: known.promised) else { continue }
            path[1] = "operation \(moment.operation)"
            try look(at: found, known, life.clock, depth: plan.depth, Chance(next))
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
            throw Failure(
                world: world, operation: operation, isFault: isFault, path: path, error: error)
        }
    }

    /// What is done at one moment depends on its place and on `seed`, not on what was seen before:
    /// so a failure is found again without the lives and moments before it.
    private func explore(
        _ moments: [SimulatedMoment], _ operations: [String], _ ledger: Ledger, clock: Int64,
        depth: Int, seed: UInt64
    ) throws(Failure) {
        for (place, moment) in moments.enumerated() {
            if seen.count >= statesMax { return }
            var chance = Chance(Hash64.mix(seed, UInt64(place)))
            if depth == 1 {
                operation = moment.operation
                if let onlyOperation, onlyOperation != operation { continue }
                if !chance.once(in: plan.momentsEvery) { continue }
            }
            counts.moments += 1
            let known = ledger.seen(at: moment.operation)
            let number = moment.operation
            let what = number == 0 ? "nothing" : operations[number - 1]
            path.append("operation \(number) (\(what))")
            defer { path.removeLast() }
            let entries = moment.hasPendingEntries
            for (place, disk) in states(of: moment, entries, &chance).enumerated() {
                let next = chance.next()
                guard count(disk, moment, promised: known.promised) else { continue }
                path.append("state \(place)")
                defer { path.removeLast() }
                try look(at: disk, known, clock, depth: depth, Chance(next))
            }
            // The process alone is killed: what was not synced is there, until power is lost.
            if moment.hasPendingBytes || entries, chance.once(in: 6) {
                counts.kills += 1
                path.append("killed")
                defer { path.removeLast() }
                try look(
                    at: moment.killed(), known, clock, depth: depth, deeper: true,
                    Chance(chance.next()))
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
        deeper: Bool = false, _ chance: Chance
    ) throws(Failure) {
        var chance = chance
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
            some, disk.operations, life.ledger, clock: life.clock, depth: depth + 1,
            seed: chance.next())
    }
}
