extension Configuration {
    /// A listener for what is sent by HTTP.
    public struct HTTP: Hashable, Sendable {
        /// Where journal entries are taken, as `systemd-journal-upload` sends them.
        public var journal: Endpoint
        /// As in `Syslog`.
        public var connectionsMax: Int?
        public var idleSeconds: Int?
        public var connectionsPerSenderMax: Int?
        public var recordsPerSecondMax: Int?
        public var bytesPerSecondMax: Int?
        public var tls: TLS?
        /// Names of senders, by the SHA-256 of their bearer tokens; empty: none is asked for.
        public var tokens: [[UInt8]: String] = [:]

        public init(journal: Endpoint) { self.journal = journal }
    }
}
