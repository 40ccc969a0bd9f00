import Logging

/// What fails and is tried again: told once, and once more when it works again.
struct ToldFailures {
    private var current: Set<String> = []

    /// - Parameter what: a sentence, the same each time.
    mutating func failed(_ what: String, _ error: any Error, to log: Logger) {
        if current.insert(what).inserted { log.error("\(what); tried again: \(error)") }
    }

    mutating func worked(_ what: String, to log: Logger) {
        if current.remove(what) != nil { log.notice("no more: \(what)") }
    }
}
