public import HisuiEvent
public import HisuiFile

/// The store's acts, written by daemons and by the command line: `<store>/acts`.
public struct ActLog: Sendable {
    let fileSystem: any FileSystem
    let store: String
    let now: @Sendable () -> Timestamp

    public init(
        fileSystem: any FileSystem, store: String, now: @escaping @Sendable () -> Timestamp
    ) {
        self.fileSystem = fileSystem
        self.store = store
        self.now = now
    }

    /// Appends acts; they are durable when this returns. Waits at most
    /// `Limits.actLockMillisMax` for others that append.
    ///
    /// - Returns: the leaf indices of the acts, in order.
    @discardableResult
    public func append(_ acts: [Act]) throws(StoreError) -> Range<UInt64> {
        throw StoreError(.failed, "acts cannot be appended yet", path: store)
    }

    /// Does something while nobody else appends acts. `append` must not be called inside.
    public func withLock<Result>(
        _ body: () throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        try body()
    }
}
