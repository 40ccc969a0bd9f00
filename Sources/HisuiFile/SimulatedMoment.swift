/// The disk of a `SimulatedFileSystem` after one of its operations: what a crash at that moment
/// may leave.
public struct SimulatedMoment: Sendable {
    private let disk: SimulatedDisk
    /// The number of the operation.
    public let operation: Int

    init(_ disk: SimulatedDisk, operation: Int) {
        self.disk = disk
        self.operation = operation
    }

    /// Whether names have changed that a crash may take back.
    public var hasPendingEntries: Bool { disk.hasPendingEntries }

    /// Whether bytes have changed that a crash may take back.
    public var hasPendingBytes: Bool { disk.hasPendingBytes }

    /// The disk as it may be found after power was lost then: each seed another possibility.
    public func crashed(seed: UInt64) -> SimulatedFileSystem {
        var choices = CrashChoices(seed: seed)
        return SimulatedFileSystem(disk.afterCrash(&choices))
    }

    /// The same disk after only the process was killed: nothing is lost, and nothing is synced.
    public func killed() -> SimulatedFileSystem { SimulatedFileSystem(disk) }

    /// Every state in which the disk may be found after power was lost then; nil if there are more
    /// than `countMax`. Some may be the same.
    public func allCrashed(countMax: Int) -> [SimulatedFileSystem]? {
        var found: [SimulatedFileSystem] = []
        var choices = CrashChoices()
        repeat {
            guard found.count < countMax else { return nil }
            found.append(SimulatedFileSystem(disk.afterCrash(&choices)))
            if choices.isTooDeep { return nil }
        } while choices.advance()
        return found
    }
}
