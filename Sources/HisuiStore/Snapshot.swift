public import HisuiEvent

/// What a store held at one moment, for readers: no lock is held, and nothing in it changes.
public struct Snapshot: Sendable {
    /// Ordered by zone, stream and index; no row occurs twice.
    public internal(set) var blocks: [Block] = []
    /// The newest state of each source, by zone and stream.
    public internal(set) var sourceStates: [Stream: [SourceState]] = [:]
    public internal(set) var gaps: [Stream: [Gap]] = [:]
    /// One past the last index of each stream: what `StoreReader.snapshot(zones:after:)` takes to
    /// read only what is new.
    public internal(set) var nextIndices: [Stream: UInt64] = [:]

    /// Files that are damaged or misplaced: their rows are missing here.
    public internal(set) var problems: [StoreError] = []

    /// A stream of a zone.
    public struct Stream: Hashable, Comparable, Sendable {
        public var zone: String
        public var stream: String

        public init(zone: String, stream: String) {
            self.zone = zone
            self.stream = stream
        }

        /// The store's acts, which belong to no zone: zone and stream are both called `acts`.
        public static let acts = Stream(zone: Filenames.acts, stream: Filenames.acts)

        public static func < (a: Stream, b: Stream) -> Bool {
            a.zone == b.zone ? a.stream < b.stream : a.zone < b.zone
        }
    }

    public init() {}

    /// The same, with whom the records of some zones name as it stands (`Block.unmasked`).
    public func unmasked(in zones: Set<String>) -> Snapshot {
        var snapshot = self
        snapshot.blocks = blocks.map { zones.contains($0.zone) ? $0.unmasked : $0 }
        return snapshot
    }
}
