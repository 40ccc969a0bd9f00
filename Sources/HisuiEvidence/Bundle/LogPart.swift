import HisuiEvent
import HisuiFile
import HisuiProof
import HisuiStore

/// What a bundle says of one stream's log: its checkpoints, its keys, and how its end follows from
/// its beginning.
struct LogPart {
    let stream: Snapshot.Stream
    /// The newest checkpoint at the beginning of the period; nil if the log began in it.
    private(set) var previous: PlacedCheckpoint?
    /// The first checkpoint that covers the whole period, else the newest.
    private(set) var last: PlacedCheckpoint?
    /// Checkpoints after `previous`, up to `last`.
    private(set) var between: [PlacedCheckpoint] = []
    /// Notes of the epochs, as they stand.
    private(set) var epochs: [UInt8] = []
    private(set) var keys: [NoteVerifier] = []

    /// - Parameter checkpoints: of the log, in order.
    init(
        _ stream: Snapshot.Stream, checkpoints: [PlacedCheckpoint], keys: CheckpointDay.Keys,
        epochs: [UInt8], since: Timestamp, until: Timestamp
    ) {
        self.stream = stream
        self.epochs = epochs
        self.keys = (keys.zone.map { [$0] } ?? []) + (keys.epochs?.verifiers ?? [])
        for placed in checkpoints {
            guard let time = placed.checkpoint.time else { continue }
            if time <= since {
                previous = placed
                last = placed
                continue
            }
            between.append(placed)
            last = placed
            if time >= until { break }
        }
    }

    var folder: String { BagNames.log(stream.zone, stream.stream) }

    /// Writes the folder of the log.
    ///
    /// - Parameter tree: where hashes come from; leaves of incomplete blocks from `lookup`.
    func write(
        to bag: BagWriter, tree: TreeReader, lookup: RecordLookup
    ) throws(EvidenceError) {
        guard let last else { return }
        try bag.add(Path.join(folder, BagNames.checkpoint), last.note.encoded)
        let old = previous?.checkpoint.size ?? 0
        if let previous {
            try bag.add(Path.join(folder, BagNames.previousCheckpoint), previous.note.encoded)
        }
        if let proof = consistency(from: old, last, tree, lookup) {
            try bag.add(Path.join(folder, BagNames.consistency), proof)
        }
        var notes: [UInt8] = []
        for placed in (previous.map { [$0] } ?? []) + between {
            notes += NoteFile.encoded(placed.note)
        }
        try bag.add(Path.join(folder, BagNames.checkpoints), notes)
        try bag.add(Path.join(folder, BagNames.epochs), epochs)
        try bag.add(
            Path.join(folder, BagNames.keys), keys.flatMap { Array(($0.vkey + "\n").utf8) })
    }

    /// The proof as a witness is asked with it (C2SP `tlog-witness`): `old N`, hashes, an empty
    /// line, the checkpoint. Nil where records that would be needed are gone.
    private func consistency(
        from old: UInt64, _ last: PlacedCheckpoint, _ tree: TreeReader, _ lookup: RecordLookup
    ) -> [UInt8]? {
        let size = last.checkpoint.size
        guard let hashes = try? tree.consistencyProof(from: old, to: size, leaves: lookup.leaves)
        else { return nil }
        // Where a record is gone its leaf is not known, and the proof would be wrong.
        let root = previous?.checkpoint.root ?? .emptyTree
        guard
            MerkleProof.verifyConsistency(
                from: old, root, to: size, last.checkpoint.root, proof: hashes)
        else { return nil }
        var text = "old \(old)\n"
        for hash in hashes { text += hash.base64 + "\n" }
        return Array((text + "\n").utf8) + last.note.encoded
    }
}
