import HisuiEvent
import HisuiShape

/// Takes the durable rows of a zone from a `DurableTail`. All calls come on the tail's thread.
///
/// Rows of a stream come in order of index, each exactly once in a process; those of different
/// streams roughly in order of receipt. A consumer that takes long falls behind and is given the
/// rows from the store later on: reception never waits for it.
protocol TailConsumer: AnyObject, Sendable {
    /// Rows `first ..< first + rows.rows.count` of `stream`.
    ///
    /// - Parameter shapes: where the rows' shape numbers come from; there may be several tables.
    func take(_ rows: RowBatch, shapes: ShapeTable, stream: String, first: UInt64)

    /// Leaves of `stream` that no file has: lost to damage, or deleted by retention. Nothing of
    /// them will be given any more.
    func skip(_ leaves: Range<UInt64>, stream: String)

    /// Called at least each second, and when nothing waits.
    ///
    /// - Parameter isCaughtUp: whether every durable row was given.
    func tick(now: Timestamp, isCaughtUp: Bool)

    /// The last call.
    ///
    /// - Parameter isCaughtUp: whether every durable row was given; true where
    ///   `wantsAllAtStop`, unless the store could not be read.
    func end(now: Timestamp, isCaughtUp: Bool)

    /// Whether all that is durable is to be given before `end`, however far behind.
    var wantsAllAtStop: Bool { get }
}
