public import HisuiEvent
public import HisuiFile

/// Extends the tree of a stream and writes its checkpoints.
///
///     tree.append(rows)                       // leaves, in order of index, from `size` on
///     …
///     try tree.checkpoint(facts, signers)     // at least every 60 s, also when nothing came
///
/// Only rows that are durable may be appended: a checkpoint never speaks of what a crash can take
/// back. The steps of a checkpoint, each of which may be the last before a crash:
///
/// 1. hashes of subtrees that became full are appended to tiles, and synced with their folders;
/// 2. a new frontier is written (a new file; the one of the last checkpoint stays);
/// 3. the note is appended to the file of its day, and synced;
/// 4. frontiers older than the last checkpoint are removed.
///
/// Whatever was last, the next writer goes on from the newest note: what tiles hold beyond its size
/// is cut off when they are written next, and rows from its size on are appended again. After an
/// error the same may be tried again: everything since the last checkpoint is in memory.
///
/// Owned by one thread, under the lock of the zone (or of the acts).
public final class TreeWriter {
    /// What a checkpoint says beside size and root.
    public struct Facts: Hashable, Sendable {
        public var time: Timestamp
        public var bootID: String
        public var epoch: UInt64
        /// Digest of the definitions in force, 32 bytes, where known.
        public var definitions: MerkleHash?

        public init(
            time: Timestamp, bootID: String, epoch: UInt64, definitions: MerkleHash? = nil
        ) {
            self.time = time
            self.bootID = bootID
            self.epoch = epoch
            self.definitions = definitions
        }
    }

    public let origin: String
    let fileSystem: any FileSystem
    let folder: String
    /// Leaves appended: the index of the next one.
    public private(set) var size: UInt64
    /// The last checkpoint; nil before the first.
    public private(set) var last: TreeReader.Entry?
    /// The sources of the leaves appended.
    public private(set) var sources: SourceTable

    private var levels: [TreeLevel]
    /// Kept with its room, like the leaves of the last batch.
    private var hasher = LeafHasher(sources: [], senders: [])
    private var leaves: [MerkleHash] = []
    private var day: String
    private var notes: NoteLog?
    /// Sizes for which a frontier lies on the disk.
    private var frontiers: Set<UInt64>
    /// Folders whose names are known to be durable.
    private var durableFolders: Set<String> = []

    /// Opens the tree in a folder, which need not be there, at its last checkpoint.
    ///
    /// - Parameters:
    ///   - folder: `<stream>/tree`.
    ///   - origin: of the stream's checkpoints.
    ///   - verifiers: the zone's key, and those of its epochs. The first one must have signed.
    /// - Throws: `.signature`, `.contradiction` or `.damaged` if the last checkpoint is not one of
    ///   this log, or the tree does not lead to its root.
    /// - Complexity: O(notes of the last day).
    public init(
        fileSystem: any FileSystem, folder: String, origin: String, verifiers: [NoteVerifier]
    ) throws(ProofError) {
        self.fileSystem = fileSystem
        self.folder = folder
        self.origin = origin
        let reader = TreeReader(fileSystem: fileSystem, folder: folder, origin: origin)
        // The file of the last day is read once: it has a note for each checkpoint.
        let lastDay = try reader.days().last ?? ""
        day = lastDay
        let file = lastDay.isEmpty ? nil : try reader.notes(day: lastDay)
        let found: TreeReader.Entry?
        if let note = file?.entries.last {
            found = try reader.entry(note, day: lastDay)
        } else {
            found = file == nil ? nil : try reader.newest()
        }
        last = found
        size = found?.checkpoint.size ?? 0
        levels = [TreeLevel(count: 0, entries: [])]
        sources = SourceTable()
        do throws(FileError) {
            frontiers = Set(try fileSystem.list(folder).compactMap(ProofNames.frontierSize))
        } catch {
            if error.code != .notFound { throw ProofError(file: error) }
            frontiers = []
        }
        if let found { try restore(found, reader, verifiers) }
        if let file { notes = try openNotes(day, file) }
    }

    private func restore(
        _ entry: TreeReader.Entry, _ reader: TreeReader, _ verifiers: [NoteVerifier]
    ) throws(ProofError) {
        let path = Path.join(Path.join(folder, ProofNames.checkpoints), entry.day)
        do throws(ProofError) {
            let signers = try entry.note.verify(verifiers)
            guard let zone = verifiers.first, signers.contains(zone) else {
                throw ProofError(.signature, "not signed by the zone's key")
            }
            _ = try Checkpoint(parsing: entry.note.text, origin: origin)
        } catch {
            throw error.at(path)
        }
        guard let frontier = try reader.frontier(size: size) else {
            throw ProofError(
                .damaged, "the frontier of the last checkpoint is missing",
                path: Path.join(folder, ProofNames.frontier(size: size)),
                advice: "put it back from a backup; the tree cannot be continued without it")
        }
        sources = frontier.sources
        levels = [TreeLevel(count: size, entries: frontier.leaves)]
        var count = size >> 8
        while count > 0 {
            let edge = try reader.hashes(level: levels.count, (count & ~255)..<count)
            levels.append(TreeLevel(count: count, entries: edge))
            count >>= 8
        }
        guard root == entry.checkpoint.root, sources.digest == entry.checkpoint.sources else {
            throw ProofError(
                .damaged, "the tree does not lead to the root of its last checkpoint", path: folder,
                advice: "run `hisui verify`; keep the folder as it is")
        }
    }

    private func openNotes(_ day: String, _ file: NoteFile) throws(ProofError) -> NoteLog {
        let path = Path.join(Path.join(folder, ProofNames.checkpoints), day)
        return try NoteLog(fileSystem, path, file)
    }

    // MARK: Leaves

    /// The root of all leaves appended.
    ///
    /// - Complexity: O(log n) hashes.
    public var root: MerkleHash {
        var hash: MerkleHash?
        for level in levels {
            for subtree in level.edge.reversed() {
                hash = hash.map { MerkleHash.node(subtree, $0) } ?? subtree
            }
        }
        return hash ?? .emptyTree
    }

    /// Appends hashes of leaves.
    ///
    /// - Complexity: O(n) hashes; 32 bytes of memory for every 256 until the next checkpoint.
    public func append(_ leaves: some Sequence<MerkleHash>) {
        for leaf in leaves {
            size += 1
            var hash = leaf
            var level = 0
            while let full = levels[level].append(hash, isOfLeaves: level == 0) {
                hash = full
                level += 1
                if level == levels.count { levels.append(TreeLevel(count: 0, entries: [])) }
            }
        }
    }

    /// Appends the leaves of the rows of a batch.
    public func append(_ rows: borrowing RowBatch) {
        hasher.restart(sources: [rows.source], senders: rows.senders)
        leaves.removeAll(keepingCapacity: true)
        hasher.append(rows, to: &leaves)
        append(leaves)
        sources.count(rows)
    }

    /// Appends leaves that were made elsewhere, with what they count for.
    public func append(_ leaves: [MerkleHash], source: String, newest: Timestamp) {
        append(leaves)
        sources.count(source, records: UInt64(leaves.count), newest: newest)
    }

    /// Appends leaves up to `end` for records that are lost.
    public func appendLost(upTo end: UInt64) {
        while size < end { append(CollectionOfOne(LeafHasher.lost)) }
    }

    // MARK: Checkpoints

    /// Writes a checkpoint of all leaves appended; see the type for the steps.
    ///
    /// - Returns: the note; it is durable.
    /// - Throws: what the disk refused; the same may be tried again.
    /// - Complexity: O(leaves since the last one / 256), and the sources.
    @discardableResult
    public func checkpoint(
        _ facts: Facts, signers: [NoteSigner]
    ) throws(ProofError) -> SignedNote {
        precondition(size >= last?.checkpoint.size ?? 0, "a tree only grows")
        do throws(FileError) {
            try writeTiles()
            try writeFrontier()
        } catch {
            throw ProofError(file: error)
        }
        let checkpoint = Checkpoint(
            origin: origin, size: size, root: root, time: facts.time, bootID: facts.bootID,
            epoch: facts.epoch, sources: sources.digest, definitions: facts.definitions)
        let note = SignedNote(text: checkpoint.text, signers: signers)
        try append(note, at: facts.time)
        last = TreeReader.Entry(note: note, checkpoint: checkpoint, day: day, range: 0..<0)
        for number in levels.indices { levels[number].settle() }
        removeOldFrontiers()
        return note
    }

    private func append(_ note: SignedNote, at time: Timestamp) throws(ProofError) {
        do throws(FileError) {
            try makeFolder(Path.join(folder, ProofNames.checkpoints))
        } catch {
            throw ProofError(file: error)
        }
        // A clock that went back must not put a checkpoint before an earlier one.
        let today = ProofNames.day(time)
        if today > day || notes == nil {
            // Nobody comes back to the file of a day that is over.
            try notes?.settle()
            let next = max(day, today)
            let reader = TreeReader(fileSystem: fileSystem, folder: folder, origin: origin)
            notes = try openNotes(next, try reader.notes(day: next))
            day = next
        }
        try notes?.append(note)
    }

    /// Makes a folder, and makes durable that it and those above it are there: whoever made them
    /// may have been killed before. Once for each folder.
    private func makeFolder(_ path: String) throws(FileError) {
        if durableFolders.contains(path) { return }
        try fileSystem.createDirectory(path)
        if path != folder { try makeFolder(Path.parent(of: path)) }
        try fileSystem.syncDirectory(Path.parent(of: path))
        durableFolders.insert(path)
    }

    private func writeTiles() throws(FileError) {
        for number in levels.indices.dropFirst() {
            var level = levels[number]
            while level.written < level.count {
                let tile = level.written / TreeReader.tileWidth
                let end = min(level.count, (tile + 1) * TreeReader.tileWidth)
                try write(
                    level: number, tile: tile, level.entries(level.written..<end),
                    at: Int(level.written % TreeReader.tileWidth) * MerkleHash.count)
                // What is not yet behind a checkpoint is written again after an error.
                level.written = end
            }
        }
    }

    /// Puts hashes at a place of a tile, which ends with them then.
    private func write(
        level: Int, tile: UInt64, _ hashes: ArraySlice<MerkleHash>, at offset: Int
    ) throws(FileError) {
        let path = Path.join(folder, ProofNames.tile(level: level, number: tile))
        try makeFolder(Path.parent(of: path))
        let isNew = try !fileSystem.exists(path)
        let file = try fileSystem.open(path, isNew ? .create : .readWrite)
        defer { file.close() }
        guard file.size >= offset else {
            throw FileError(
                .other, operation: "open", path: path,
                detail: "the tile is shorter than the last checkpoint left it")
        }
        if file.size > offset { try file.truncate(to: offset) }
        var bytes: [UInt8] = []
        for hash in hashes { hash.append(to: &bytes) }
        try file.append(bytes.span)
        try file.sync()
        // Whoever made the file may have ended before its name was durable.
        if offset == 0 { try fileSystem.syncDirectory(Path.parent(of: path)) }
    }

    private func writeFrontier() throws(FileError) {
        if last?.checkpoint.size == size, frontiers.contains(size) { return }
        try makeFolder(folder)
        let frontier = FrontierFile(size: size, leaves: levels[0].tail, sources: sources)
        try fileSystem.writeDurably(
            frontier.encoded, to: Path.join(folder, ProofNames.frontier(size: size)))
        frontiers.insert(size)
    }

    /// What cannot be removed now is removed after the next checkpoint, or stays: it does no harm.
    private func removeOldFrontiers() {
        for old in frontiers where old != size {
            let path = Path.join(folder, ProofNames.frontier(size: old))
            if (try? fileSystem.removeIfPresent(path)) != nil { frontiers.remove(old) }
        }
    }
}

/// One level of a tree as its writer holds it: hashes of subtrees of 256^level leaves.
private struct TreeLevel {
    /// How many there are.
    private(set) var count: UInt64
    /// How many of them a checkpoint covers: those lie in tiles, durably. Unused for leaves.
    var written: UInt64
    /// The last ones: from the beginning of the tile in which `written` lies.
    private var kept: [MerkleHash]

    init(count: UInt64, entries: [MerkleHash]) {
        self.count = count
        written = count
        kept = entries
    }

    private var first: UInt64 { count - UInt64(kept.count) }

    /// - Returns: the hash of the subtree that is full now, for the level above.
    ///
    /// - Parameter isOfLeaves: leaves lie in no tile: full subtrees of them are let go.
    mutating func append(_ hash: MerkleHash, isOfLeaves: Bool) -> MerkleHash? {
        kept.append(hash)
        count += 1
        guard count & 255 == 0 else { return nil }
        let full = MerkleHash.perfect(Array(kept.suffix(256)))
        if isOfLeaves { kept.removeAll(keepingCapacity: true) }
        return full
    }

    /// Those behind the last full 256.
    var tail: [MerkleHash] { Array(kept.suffix(Int(count & 255))) }

    func entries(_ range: Range<UInt64>) -> ArraySlice<MerkleHash> {
        kept[Int(range.lowerBound - first)..<Int(range.upperBound - first)]
    }

    /// Notes that all of them are durable, and lets go of full tiles.
    mutating func settle() {
        written = count
        kept = tail
    }

    /// Perfect subtrees of the tail, from left to right.
    var edge: [MerkleHash] {
        var frontier = Frontier()
        for hash in tail { frontier.append(hash) }
        return frontier.subtrees
    }
}
