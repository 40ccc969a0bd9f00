extension Configuration {
    /// A listener for what is sent by HTTP.
    public struct HTTP: Hashable, Sendable {
        /// What is taken; as it stands in the configuration, and in derived ids.
        public enum Trade: String, Sendable, CaseIterable {
            /// Journal entries, as `systemd-journal-upload` sends them.
            case journal
            /// What shippers send: bulk requests, JSON lines, Loki's and OpenTelemetry's.
            case shippers
        }
        public var trade: Trade
        public var endpoint: Endpoint
        /// As in `Syslog`.
        public var connectionsMax: Int?
        public var idleSeconds: Int?
        public var connectionsPerSenderMax: Int?
        public var recordsPerSecondMax: Int?
        public var bytesPerSecondMax: Int?
        public var tls: TLS?
        /// Names of senders, by the SHA-256 of their bearer tokens; empty: none is asked for.
        public var tokens: [[UInt8]: String] = [:]

        public init(_ trade: Trade, at endpoint: Endpoint) {
            self.trade = trade
            self.endpoint = endpoint
        }
    }
}
