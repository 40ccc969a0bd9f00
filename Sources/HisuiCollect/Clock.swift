import HisuiBytes
import HisuiEvent

/// The two clocks of a collector.
enum Clock {
    /// Receive time: wall clock.
    static func now() -> Timestamp { Timestamp(nanoseconds: SystemClock.nanoseconds()) }

    /// Milliseconds that only go forward; for timeouts.
    static func monotonicMilliseconds() -> Int64 { Int64(SystemClock.monotonicMilliseconds()) }
}
