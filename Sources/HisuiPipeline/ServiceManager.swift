import CSystemd
import HisuiBytes

/// Tells the service manager how the daemon is: sd_notify(3). Does nothing without one.
enum ServiceManager {
    static func ready() { notify("READY=1") }
    static func reloading() {
        notify("RELOADING=1\nMONOTONIC_USEC=\(SystemClock.monotonicMicroseconds())")
    }
    static func stopping() { notify("STOPPING=1") }
    static func alive() { notify("WATCHDOG=1") }
    static func status(_ text: String) { notify("STATUS=\(text)") }

    /// How often `alive` must be called at most, in milliseconds; nil when nobody watches.
    static var watchdogMillis: Int? {
        var micros: UInt64 = 0
        // Safe: the library writes one number.
        guard unsafe sd_watchdog_enabled(0, &micros) > 0 else { return nil }
        return Int(micros / 1000)
    }

    private static func notify(_ state: String) {
        // Safe: the library reads the terminated string during the call.
        unsafe sd_notify(0, state)
    }
}
