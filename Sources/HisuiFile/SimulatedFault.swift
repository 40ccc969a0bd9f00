/// An operation of a `SimulatedFileSystem` that fails.
public struct SimulatedFault: Hashable, Sendable {
    public enum Kind: Hashable, Sendable, CaseIterable {
        case inputOutput
        case noSpace
        /// Half of a write is done; other operations fail with an input/output error.
        case shortWrite
    }

    /// What is done all the same.
    public enum Effect: Hashable, Sendable {
        case nothing
        /// All of it: the operation only says that it failed.
        case everything
        /// Of a sync, some sectors, which the seed chooses; of other operations nothing.
        case part(seed: UInt64)
        /// Nothing, and after a failed sync the cache forgets: reads show what is on the disk.
        case forgotten
    }

    /// How long operations go on to fail.
    public enum Duration: Hashable, Sendable {
        case once
        /// All later ones of the same system call fail, too.
        case sameCall
        /// All later ones fail.
        case everything
    }

    public var operation: Int
    public var kind: Kind
    public var effect: Effect
    public var duration: Duration

    public init(
        operation: Int, kind: Kind, effect: Effect = .nothing, duration: Duration = .once
    ) {
        self.operation = operation
        self.kind = kind
        self.effect = effect
        self.duration = duration
    }

    /// - Parameter persists: whether the operation is done all the same.
    public init(operation: Int, kind: Kind, persists: Bool) {
        self.init(operation: operation, kind: kind, effect: persists ? .everything : .nothing)
    }
}
