import HisuiFile
import HisuiStore

/// Lives on a disk of which an operation fails, once or from then on: the writers go on as the
/// daemon does, until somebody has mended the disk. Then nothing that was acknowledged is missing,
/// neither for the next process nor after power was lost.
struct FaultRun {
    let seed: UInt64
    var steps = 12

    /// How many operations the life has that does not fail.
    func operationCount() throws -> Int {
        let disk = SimulatedFileSystem()
        try life(on: disk).run(steps: steps)
        return disk.operationCount
    }

    private func life(on disk: SimulatedFileSystem) -> Life {
        let life = Life(on: disk, seed: seed)
        life.isTolerant = true
        return life
    }

    /// The faults that operation number `operation` is let meet.
    static func faults(_ operation: Int, _ chance: inout Chance) -> [SimulatedFault] {
        SimulatedFault.Kind.allCases.flatMap { kind in
            let effect: SimulatedFault.Effect =
                switch chance.below(4) {
                case 0: .nothing
                case 1: .everything
                case 2: .forgotten
                default: .part(seed: chance.next())
                }
            let durations: [SimulatedFault.Duration] = [.once, .sameCall, .everything]
            return [.once, durations[1 + chance.below(2)]].map { duration in
                SimulatedFault(
                    operation: operation, kind: kind, effect: effect, duration: duration)
            }
        }
    }

    /// One life with one fault.
    ///
    /// - Returns: the disk with its moments, and what must be on it.
    func run(_ fault: SimulatedFault) throws -> (disk: SimulatedFileSystem, life: Life) {
        let disk = SimulatedFileSystem()
        disk.recordMoments()
        disk.recordOperations()
        disk.add(fault)
        let life = life(on: disk)
        try life.run(steps: steps)
        life.mend()
        try Self.checkUse(of: disk.operations, fault)
        life.drop()
        return (disk, life)
    }

    /// A life on a disk that is full from some step on, until there is room again.
    func runFull(_ chance: inout Chance) throws -> (disk: SimulatedFileSystem, life: Life) {
        let disk = SimulatedFileSystem()
        disk.recordMoments()
        let life = life(on: disk)
        try life.run(steps: 3 + chance.below(5))
        disk.setCapacity(disk.usedBytes + chance.below(4000))
        try life.runFull(batchesMax: 200)
        try life.run(steps: 5)
        life.drop()
        return (disk, life)
    }

    /// After a failed sync nothing more is appended to that log of a zone.
    private static func checkUse(of operations: [String], _ fault: SimulatedFault) throws {
        let failed = operations[fault.operation - 1]
        guard failed.hasPrefix("fdatasync \(Life.store)/zones/"), failed.hasSuffix(".log")
        else { return }
        let append = "write " + failed.dropFirst("fdatasync ".count)
        if operations[fault.operation...].contains(append) {
            throw Violation("after \(failed) failed: \(append)")
        }
    }
}
