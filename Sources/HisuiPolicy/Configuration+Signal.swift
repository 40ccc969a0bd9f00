extension Configuration {
    /// How somebody outside is told every so often that the daemon lives: a dead man's switch.
    public struct Signal: Hashable, Sendable {
        public enum Way: Hashable, Sendable {
            /// A line of syslog in a datagram, or over a connection of its own.
            case udp(Endpoint)
            case tcp(Endpoint)
            /// A program and its arguments; it is run without a shell.
            case command([String])
        }
        public var way: Way
        /// Seconds between two signals.
        public var seconds: Int

        public init(way: Way, seconds: Int) {
            self.way = way
            self.seconds = seconds
        }
    }
}
