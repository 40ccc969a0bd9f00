/// Why a command ends without having done what was asked.
struct Failure: Error {
    /// Exit statuses, the same for every command.
    enum Status: Int32 {
        /// A negative answer, where the command documents one.
        case negative = 1
        case usage = 2
        /// Input that is refused: a configuration, a definition, a file, a store.
        case refused = 3
        case integrity = 4
    }

    var status: Status
    /// What is wrong, where, and the way out; without a line feed at the end.
    var message: String

    init(_ status: Status, _ message: String) {
        self.status = status
        self.message = message
    }
}
