import Glibc
import HisuiEvent

/// The two clocks of a collector.
enum Clock {
    /// Receive time: wall clock.
    static func now() -> Timestamp {
        var time = timespec()
        // Safe: the call writes one timespec, which lives on this frame.
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// Milliseconds that only go forward; for timeouts.
    static func monotonicMilliseconds() -> Int64 {
        var time = timespec()
        // Safe: as above.
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
