import Glibc

/// How much of a busy machine a command takes.
enum Niceness {
    /// Lets a daemon that takes records go first: what waits for a search is a person, what waits
    /// for the daemon may be lost. With idle processors it makes no difference.
    ///
    /// Before any thread is started: each takes over the value of the one that starts it.
    static func letReceptionGoFirst() {
        let own = getpriority(processes, 0)
        // Raised only: going back down needs a privilege. What cannot be set is left.
        if own < ofSearches { _ = setpriority(processes, 0, ofSearches) }
    }

    private static let processes = __priority_which_t(PRIO_PROCESS.rawValue)

    /// That of sealing logs, which otherwise would wait for as long as somebody searches.
    private static let ofSearches: Int32 = 10
}
