public import HisuiEvent
import HisuiFile

/// The steps of a deletion, each of which may be the last before a crash.
extension Expiry {
    /// Lets segments go: keeps the edge, records the act, removes the files.
    ///
    /// The caller holds `lock`. When this returns, the act is durable and the files are gone for
    /// good; when it throws or is cut short, either nothing is gone, or the act says what is gone
    /// or will be: `completeDeletions` ends it.
    ///
    /// - Parameters:
    ///   - segments: from the old end of one stream, without a hole; not its newest one.
    ///   - edge: at the end of the segments.
    ///   - act: of kind `deletion`, with `stream`, `leaves.first` and `leaves.end` of the segments.
    public func delete(
        _ segments: [Segment], edge: Edge, act: Act, now: @escaping @Sendable () -> Timestamp
    ) throws(StoreError) {
        guard let (zone, stream, leaves) = Self.subject(of: act), let first = segments.first,
            let last = segments.last,
            leaves == first.leaves.lowerBound..<last.leaves.upperBound,
            edge.end == leaves.upperBound
        else { preconditionFailure("the act of a deletion says what is deleted") }
        try keep(edge, zone: zone, stream: stream)
        try ActLog(fileSystem: fileSystem, store: store, now: now).append([act])
        try remove(leaves, zone: zone, stream: stream)
        try dropOldEdges(zone: zone, stream: stream)
    }

    /// Ends deletions that were cut short: what an act says is gone, goes.
    ///
    /// The caller holds `lock`. The acts are read only where an edge behind the oldest segment says
    /// that they may be needed.
    ///
    /// - Parameter zone: nil for all zones.
    /// - Returns: how many segments were removed.
    @discardableResult
    public func completeDeletions(zone: String? = nil) throws(StoreError) -> Int {
        var unfinished: [Snapshot.Stream] = []
        for stream in try streams() where zone == nil || stream.zone == zone {
            if try mayBeUnfinished(zone: stream.zone, stream: stream.stream) {
                unfinished.append(stream)
            }
        }
        if unfinished.isEmpty { return 0 }
        let acts = try ActReader(fileSystem: fileSystem, store: store)
            .acts(kinds: [.deletion]).acts.map(\.act)
        var removed = 0
        for stream in unfinished {
            for act in acts {
                guard let (zone, name, leaves) = Self.subject(of: act), zone == stream.zone,
                    name == stream.stream
                else { continue }
                removed += try remove(leaves, zone: zone, stream: name)
            }
            try dropOldEdges(zone: stream.zone, stream: stream.stream)
        }
        return removed
    }

    /// The same for a daemon that starts: takes the lock, and leaves it to whoever has it.
    @discardableResult
    public func completeDeletionsUnlessLocked(zone: String) throws(StoreError) -> Int {
        let taken: any FileLock
        do throws(StoreError) {
            taken = try lock()
        } catch {
            // Whoever deletes now has ended the earlier ones first.
            if error.code == .locked { return 0 }
            throw error
        }
        defer { taken.release() }
        return try completeDeletions(zone: zone)
    }

    /// What the act of a deletion says is gone; nil for other acts and incomplete ones.
    static func subject(of act: Act) -> (zone: String, stream: String, leaves: Range<UInt64>)? {
        guard act.kind == .deletion, let zone = act.zone, let stream = act.text("stream"),
            let first = act.integer("leaves.first"), let end = act.integer("leaves.end"),
            first >= 0, first < end
        else { return nil }
        return (zone, stream, UInt64(first)..<UInt64(end))
    }
}
