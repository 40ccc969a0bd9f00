import HisuiBytes
import HisuiEvent

/// A point in time by both of the machine's clocks: everything that watches is given one.
struct Moment: Hashable, Sendable {
    /// By the wall clock, which may jump.
    var wall: Timestamp
    /// Milliseconds since the machine was started, in which it slept included; only go forward.
    var elapsed: Int64

    static func now() -> Moment {
        Moment(
            wall: Timestamp(nanoseconds: SystemClock.nanoseconds()),
            elapsed: SystemClock.millisecondsSinceBoot())
    }
}
