public import HisuiEvent

/// The peers that a listener has turned away: how many for each reason, and the last of them.
public struct Refusals: Hashable, Sendable {
    /// Why. The raw value is stored and shown to programs; never rename.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        /// As many connections as there may be were open.
        case connections = "connections-max"
        /// The same of one address, or of one user at a Unix socket.
        case connectionsOfSender = "connections-per-sender-max"
        /// The process had no descriptor left for it: it waits.
        case descriptors = "no-descriptors"
        /// There was no memory for it.
        case memory = "no-memory"
        case handshake = "tls-handshake"
        /// Its handshake took too long, or it never began one.
        case handshakeTime = "tls-handshake-time"
        /// Its certificate is good, but not permitted; or no authority vouches for it.
        case certificate = "tls-certificate"
        /// What it sent broke the rules of the protocol.
        case brokenRules = "protocol"
        /// Its request has no token, or one that is not listed.
        case token = "http-token"
        /// Its request is none that this listener takes: another path, method, type or coding.
        case request = "http-request"
        /// It took too long to send the head of its request.
        case requestTime = "http-time"
        /// The body of its request is damaged, or expands beyond what is allowed.
        case body = "http-body"
    }

    public struct Entry: Hashable, Sendable {
        public var count: UInt64
        /// The last one: its address, or its process; empty where that is not known.
        public var peer: String
        public var time: Timestamp
        /// What was wrong with the last one; may be empty.
        public var detail: String
    }

    public private(set) var entries: [Reason: Entry] = [:]

    public init() {}

    public var total: UInt64 { entries.values.reduce(0) { $0 &+ $1.count } }

    public subscript(reason: Reason) -> UInt64 { entries[reason]?.count ?? 0 }

    /// Of the reasons for which somebody was turned away, in the order of the cases.
    public var sorted: [(reason: Reason, entry: Entry)] {
        Reason.allCases.compactMap { reason in entries[reason].map { (reason, $0) } }
    }

    mutating func add(_ reason: Reason, peer: String, detail: String, at time: Timestamp) {
        entries[reason] = Entry(
            count: self[reason] &+ 1, peer: Self.line(peer), time: time,
            detail: Self.line(detail))
    }

    /// Puts in what was read; false if it is nothing that was written, or the reason is there
    /// already.
    mutating func put(_ entry: Entry, for reason: Reason) -> Bool {
        guard entries[reason] == nil, Self.line(entry.peer) == entry.peer,
            Self.line(entry.detail) == entry.detail
        else { return false }
        entries[reason] = entry
        return true
    }

    /// Names in certificates are whatever their owner likes: no control characters, and not too
    /// much of it.
    private static func line(_ text: String) -> String {
        let kept = text.utf8.prefix(Limits.refusalTextBytesMax)
            .map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: "?") : $0 }
        var line = String(decoding: kept, as: UTF8.self)
        // Half a character at the end has become a whole one.
        while line.utf8.count > Limits.refusalTextBytesMax { line.unicodeScalars.removeLast() }
        return line
    }
}
