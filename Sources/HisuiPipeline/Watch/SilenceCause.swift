/// What is known of why nothing comes from a source. The raw value is stored in acts; never rename.
enum SilenceCause: String, Hashable, Sendable {
    /// The daemon does not collect it: an address in use, a journal that cannot be read. The fault
    /// is here.
    case notCollected = "not-collected"
    /// The sender closed its last connection in an orderly way: it was stopped.
    case connectionClosed = "connection-closed"
    /// Its last connection was broken off: the sender, or the way to it, is gone.
    case connectionCut = "connection-cut"
    /// Its connection stands, and nothing comes.
    case connectionOpen = "connection-open"
    case unknown
}
