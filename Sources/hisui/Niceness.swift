import CLinux
import Glibc

/// How much of a busy machine a search takes. With idle processors it makes no difference.
///
/// What waits for a search is a person; what waits for the daemon may be lost.
enum Niceness {
    /// Lets the thread at hand, which writes what was found and the act of the search, give way as
    /// sealing does: whoever waits for the lock of the acts must not wait for an idle machine.
    ///
    /// Before any thread is started: each takes over the value of the one that starts it.
    static func letReceptionGoFirst() {
        let own = getpriority(processes, 0)
        // Raised only: going back down needs a privilege. What cannot be set is left.
        if own < ofSearches { _ = setpriority(processes, 0, ofSearches) }
    }

    /// Lets the thread at hand, which looks at blocks and holds no lock that the daemon waits for,
    /// have what nobody else wants.
    @Sendable
    static func takeOnlyWhatIsIdle() { hisui_thread_idle() }

    private static let processes = __priority_which_t(PRIO_PROCESS.rawValue)
    private static let ofSearches: Int32 = 10
}
