public import HisuiEvent
public import HisuiFile

// For whoever shows it.
extension WatchState {
    /// What is known of a source beside its counts.
    public struct Known: Hashable, Sendable {
        /// Whether it was told that nothing comes.
        public var isSilent: Bool
        /// The learned interval; nil until it is known.
        public var intervalMillis: Int64?
        /// Its clock less the machine's; nil until it is known.
        public var offsetMillis: Int64?
        /// The share of records that a parser rule knows, of the last minutes and as usual, in
        /// parts of 10,000; nil until it is known.
        public var coverage: Int64?
        public var usualCoverage: Int64?
        /// The newest record's own time; nil if it has none.
        public var lastEvent: Timestamp?
        /// How long the newest record was on its way, by the sender's clock set right; nil where
        /// records carry no time.
        public var lagMillis: Int64?
        public var rate = RateHistory()
    }

    /// By key; empty where there is no state, or none that can be read.
    public static func known(
        _ fileSystem: any FileSystem = RealFileSystem(), store: String, zone: String
    ) -> [String: Known] {
        let now = Moment(wall: .none, elapsed: 0)
        let entries = (try? read(fileSystem, store: store, zone: zone, at: now)) ?? [:]
        return entries.mapValues(known)
    }

    private static func known(_ entry: ZoneWatch.Entry) -> Known {
        let usual = entry.coverage.learned
        var known = Known(
            isSilent: entry.silence.isSilent, intervalMillis: entry.silence.interval,
            offsetMillis: entry.offset.offset,
            coverage: usual.map { _ in entry.coverage.last }, usualCoverage: usual)
        known.rate = entry.rate
        guard entry.event != .none else { return known }
        known.lastEvent = entry.event
        let way = entry.received.nanoseconds.subtractingReportingOverflow(entry.event.nanoseconds)
        let lag = (way.partialValue / 1_000_000).addingReportingOverflow(
            entry.offset.offset ?? 0)
        if !way.overflow, !lag.overflow { known.lagMillis = max(0, lag.partialValue) }
        return known
    }

    /// What is known of a source: under its own id, or that of the configured one it belongs to.
    public static func of(_ source: String, in known: [String: Known]) -> Known? {
        if let own = known[source] { return own }
        return known.filter { source.hasPrefix($0.key + ":") }
            .max { $0.key.utf8.count < $1.key.utf8.count }?.value
    }
}
