import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiProof
import HisuiStore

extension Life {
    /// Lets go of some of the oldest segments of the daemon's stream, as `hisui retention apply`
    /// does: only of what a checkpoint covers.
    func letGo() throws {
        if holdsActs || holdsExpiry { return }
        holdsExpiry = true
        holdsActs = true
        defer {
            holdsExpiry = false
            holdsActs = false
        }
        let stream = Self.stream(ZoneWriter.defaultStream)
        let expiry = Expiry(fileSystem: disk, store: Self.store)
        let lock = try expiry.lock()
        defer { lock.release() }
        _ = try expiry.completeDeletions()
        guard let book = ledger.books[stream], let covered = book.checkpoints.last?.value else {
            return
        }
        let old = try expiry.oldEnd(
            zone: stream.zone, stream: stream.stream,
            while: { $0.leaves.upperBound <= UInt64(covered) })
        if let obstacle = old.obstacle { throw obstacle }
        guard !old.segments.isEmpty else { return }
        let segments = Array(old.segments.prefix(1 + chance.below(old.segments.count)))
        let first = Int(segments[0].leaves.lowerBound)
        let end = Int(segments[segments.count - 1].leaves.upperBound)
        let act = Act(
            .deletion, time: now, zone: stream.zone, actor: Actor(.daemon),
            fields: [
                ("stream", .text(stream.stream)), ("leaves.first", .integer(Int64(first))),
                ("leaves.end", .integer(Int64(end))),
                ("subtree.hashes", .list(Self.subtrees(first, end, of: book.leaves))),
                ("number", .integer(Int64(ledger.acts.count))),
            ])
        ledger.acts.append(act)
        ledger.actsBegun.append(.init(operation: operation, value: ledger.acts.count))
        note(stream) { $0.deletionsBegun.append(.init(operation: operation, value: end)) }
        let edge = Expiry.Edge(
            end: UInt64(end), hashes: book.leaves[(end & ~255)..<end].map(\.bytes))
        let life = self
        try expiry.delete(segments, edge: edge, act: act, now: { life.now })
        note(stream) { $0.deletionsEnded.append(.init(operation: operation, value: end)) }
    }

    /// The hashes of the perfect subtrees that make up these leaves.
    private static func subtrees(_ first: Int, _ end: Int, of leaves: [MerkleHash]) -> [String] {
        var hashes: [String] = []
        var start = first
        while start < end {
            var height = Int.bitWidth - 1 - (end - start).leadingZeroBitCount
            if start != 0 { height = min(height, start.trailingZeroBitCount) }
            let next = start + 1 << height
            hashes.append(MerkleHash.root(of: leaves[start..<next]).base64)
            start = next
        }
        return hashes
    }
}
