import HisuiEvent
import HisuiFile
import HisuiProof
import HisuiStore

extension Life {
    /// Merges some neighbouring segments of a stream, as the daemon's merger does: under the lock
    /// of deletions, after those and the merges that were cut short were ended.
    func merge() throws {
        if holdsActs || holdsExpiry { return }
        holdsExpiry = true
        defer { holdsExpiry = false }
        let expiry = Expiry(fileSystem: disk, store: Self.store)
        let lock = try expiry.lock()
        defer { lock.release() }
        _ = try expiry.completeDeletions(zone: Self.zone)
        let stream = Self.stream(ZoneWriter.defaultStream)
        let merger = SegmentMerger(fileSystem: disk, store: Self.store, stream: stream)
        _ = try merger.complete(isStopped: { false }) { (merged) throws(StoreError) in
            try self.record(merged, stream)
        }
        let folder = Path.join(
            Filenames.streamPath(store: Self.store, zone: stream.zone, stream: stream.stream),
            Filenames.segments)
        guard try disk.exists(folder) else { return }
        let all = try disk.list(folder).compactMap(Filenames.segmentRange)
            .sorted { $0.lowerBound < $1.lowerBound }
        guard all.count > 1 else { return }
        let first = chance.below(all.count - 1)
        var run = [all[first]]
        for next in all[(first + 1)...] {
            guard next.lowerBound == run[run.count - 1].upperBound, run.count < 4 else { break }
            run.append(next)
        }
        guard run.count > 1 else { return }
        _ = try merger.merge(run, isStopped: { false }) { (merged) throws(StoreError) in
            try self.record(merged, stream)
        }
    }

    /// The act with the digests of the new file and of those it replaces.
    private func record(
        _ merged: SegmentMerger.Merged, _ stream: Ledger.Stream
    ) throws(StoreError) {
        do {
            let act = SegmentAct(
                stream: stream, file: try file(merged.path),
                replaced: try merged.replaced.map { try file($0) })
            try appendActs(.segment, act.fields)
        } catch let error as StoreError {
            throw error
        } catch {
            throw StoreError(.failed, "\(error)", path: Self.store)
        }
    }

    private func file(_ path: String) throws -> SegmentAct.File {
        guard let leaves = Filenames.segmentRange(Path.name(of: path)) else {
            throw Violation("no name of a segment: \(path)")
        }
        let bytes = try disk.bytes(path, from: 0, count: 1 << 26)
        return SegmentAct.File(leaves: leaves, digest: MerkleHash.digest(of: bytes).bytes)
    }
}
