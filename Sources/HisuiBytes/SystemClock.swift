import Glibc

/// The machine's clocks, read where time enters the program: everything else is given a time.
public enum SystemClock {
    /// Nanoseconds UTC since 1970 by the wall clock, which may jump.
    public static func nanoseconds() -> Int64 { read(CLOCK_REALTIME) }

    /// Milliseconds since some point in the past; only go forward. For timeouts.
    public static func monotonicMilliseconds() -> Int { Int(read(CLOCK_MONOTONIC) / 1_000_000) }

    /// Microseconds likewise.
    public static func monotonicMicroseconds() -> Int { Int(read(CLOCK_MONOTONIC) / 1000) }

    /// Milliseconds since the machine was started, in which it slept included; only go forward.
    public static func millisecondsSinceBoot() -> Int64 { read(CLOCK_BOOTTIME) / 1_000_000 }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        // Safe: the call writes one timespec, which lives on this frame.
        unsafe clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
