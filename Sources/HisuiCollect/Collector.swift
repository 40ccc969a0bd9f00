public import HisuiEvent

/// Where collectors hand their batches over: the queue towards parser and store.
public protocol RecordSink: Sendable {
    /// Hands over a batch and waits for room if there is none.
    ///
    /// - Returns: false when the pipeline is stopping: the batch was not taken, the collector ends.
    func put(_ batch: consuming RecordBatch) -> Bool
}

/// Takes records from one configured place and hands them on, in order, with resumable positions.
///
/// A collector owns no thread. `collect` blocks the thread it is called on and returns when `stop`
/// is raised, when the sink refuses, or with an error that needs an operator; trouble with single
/// records, files or peers is counted in batches and is no error.
///
/// One collector may feed many sources (one for each file or sender); each batch belongs to one.
/// Positions travel with the batches. A position that was handed over need not be durable yet:
/// only what `resume` returns is.
public protocol Collector: AnyObject, Sendable {
    /// What it collects from, for messages and configuration; unique within a daemon.
    var name: String { get }

    /// Collects until stopped. Called once in the life of a collector.
    ///
    /// - Parameters:
    ///   - sink: takes the batches.
    ///   - resume: gives the last durable position of a source, nil for one never stored.
    ///   - stop: ends the call within about 100 ms, unless the sink holds it.
    func collect(
        into sink: any RecordSink, resume: @Sendable (String) -> [UInt8]?, until stop: StopSignal
    ) throws(CollectError)

    /// Raised when it is durable where reading began: what comes from then on is read even if the
    /// daemon is killed before any of it is stored. Nil: reading begins where it would again.
    var begun: StopSignal? { get }

    /// Reads certificates and keys again; connections go on with those they began with.
    ///
    /// What is refused leaves those in force. On any thread.
    func reload() throws(CollectError)

    /// What is known of the connections of a source; nil if it has none, or none has said anything.
    func connections(of source: String) -> StreamConnections?

    /// When the listener's own certificate ends, in seconds since 1970; nil: it has none.
    var certificateExpiry: Int64? { get }

    /// What the listener counts of its peers' connections; nil: nobody connects to it.
    var report: ListenerReport? { get }
}

extension Collector {
    public var begun: StopSignal? { nil }
    public func reload() throws(CollectError) {}
    public func connections(of source: String) -> StreamConnections? { nil }
    public var certificateExpiry: Int64? { nil }
    public var report: ListenerReport? { nil }
}
