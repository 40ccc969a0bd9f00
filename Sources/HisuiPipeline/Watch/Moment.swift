import HisuiBytes
import HisuiEvent

/// A point in time by both of the machine's clocks: everything that watches is given one.
struct Moment: Hashable, Sendable {
    /// By the wall clock, which may jump.
    var wall: Timestamp
    /// Milliseconds since the machine was started, in which it slept included; only go forward.
    var elapsed: Int64

    /// Both clocks read so close together that a thread which was put aside between the two makes
    /// no clock look as if it had been put.
    static func now() -> Moment {
        var before = SystemClock.millisecondsSinceBoot()
        for _ in 0..<attemptsMax {
            let wall = SystemClock.nanoseconds()
            let after = SystemClock.millisecondsSinceBoot()
            if after - before < apartMillis {
                return Moment(wall: Timestamp(nanoseconds: wall), elapsed: after)
            }
            before = after
        }
        return Moment(wall: Timestamp(nanoseconds: SystemClock.nanoseconds()), elapsed: before)
    }

    private static let attemptsMax = 100

    /// Far less than what counts as a step of the clock.
    private static let apartMillis: Int64 = 100
}
