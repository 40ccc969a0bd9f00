public import HisuiFile

/// Reads the tree of a stream: its checkpoints, hashes and proofs.
///
/// No lock is taken: checkpoints are only ever appended, and hashes below the size of a checkpoint
/// never change. Nothing here is verified but that it can be read; `SignedNote.verify`,
/// `MerkleProof` and a comparison with the records do that.
///
/// Hashes of single leaves are not stored: they are made from the records (`LeafHasher`). Where
/// one is needed, a function that looks leaves up is asked: a range of leaf indices within one
/// block of 256 in, their hashes out.
///
/// Owned by one thread; keeps the tiles it read last.
public final class TreeReader {
    /// A checkpoint, and where it stands.
    public struct Entry: Hashable, Sendable {
        public var note: SignedNote
        public var checkpoint: Checkpoint
        /// File in the folder of checkpoints, and the note's bytes in it.
        public var day: String
        public var range: Range<Int>
    }

    /// Looks up hashes of leaves.
    public typealias Leaves = (Range<UInt64>) throws(ProofError) -> [MerkleHash]

    /// Hashes of a tile, and leaves of a block.
    public static let tileWidth: UInt64 = 256

    private let fileSystem: any FileSystem
    /// The tree's folder.
    public let folder: String
    private var tiles: [String: [MerkleHash]] = [:]
    private static let tilesMax = 256

    private let origin: String?

    /// - Parameters:
    ///   - folder: `<stream>/tree`; need not be there.
    ///   - origin: of the stream's checkpoints, where it is known: see `NoteFile`.
    public init(
        fileSystem: any FileSystem = RealFileSystem(), folder: String, origin: String? = nil
    ) {
        self.fileSystem = fileSystem
        self.origin = origin
        self.folder = folder
    }

    // MARK: Checkpoints

    /// The days that have a file of checkpoints, the earliest first.
    public func days() throws(ProofError) -> [String] {
        do throws(FileError) {
            return try fileSystem.list(Path.join(folder, ProofNames.checkpoints))
                .filter(ProofNames.isDay)
        } catch {
            if error.code == .notFound { return [] }
            throw ProofError(file: error)
        }
    }

    /// The checkpoints of one day, in order.
    ///
    /// An unfinished note at the end of the file is passed over: it may be being written.
    ///
    /// - Complexity: O(n).
    public func checkpoints(day: String) throws(ProofError) -> [Entry] {
        let notes = try notes(day: day)
        return try notes.entries.map { (entry) throws(ProofError) -> Entry in
            try self.entry(entry, day: day)
        }
    }

    /// The file of one day's checkpoints.
    func notes(day: String) throws(ProofError) -> NoteFile {
        try NoteLog.read(fileSystem, path(day: day), origin: origin)
    }

    /// What a note in that file says.
    func entry(_ entry: NoteFile.Entry, day: String) throws(ProofError) -> Entry {
        do throws(ProofError) {
            return Entry(
                note: entry.note, checkpoint: try Checkpoint(parsing: entry.note.text),
                day: day, range: entry.range)
        } catch {
            throw error.at(path(day: day))
        }
    }

    private func path(day: String) -> String {
        Path.join(Path.join(folder, ProofNames.checkpoints), day)
    }

    /// All checkpoints, in order.
    ///
    /// - Complexity: O(n); about 600 bytes for each, which are 0.9 MB a day.
    public func checkpoints() throws(ProofError) -> [Entry] {
        var all: [Entry] = []
        for day in try days() { all += try checkpoints(day: day) }
        return all
    }

    /// Whether there is a checkpoint.
    ///
    /// - Throws: as `checkpoints` does, where a file does not begin with one.
    /// - Complexity: O(bytes of the first file), but for files that do not.
    public func hasCheckpoints() throws(ProofError) -> Bool {
        for day in try days() {
            let bytes: [UInt8]
            do throws(FileError) {
                bytes = try fileSystem.wholeFile(path(day: day))
            } catch {
                throw ProofError(file: error)
            }
            if NoteFile.beginsWithNote(bytes) { return true }
            if try !checkpoints(day: day).isEmpty { return true }
        }
        return false
    }

    /// The last checkpoint; nil if there is none.
    public func newest() throws(ProofError) -> Entry? {
        for day in try days().reversed() {
            if let last = try checkpoints(day: day).last { return last }
        }
        return nil
    }

    /// What was kept for the writer at that size; nil if it was not kept.
    public func frontier(size: UInt64) throws(ProofError) -> FrontierFile? {
        let path = Path.join(folder, ProofNames.frontier(size: size))
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try fileSystem.wholeFile(path)
        } catch {
            if error.code == .notFound { return nil }
            throw ProofError(file: error)
        }
        do throws(ProofError) {
            let frontier = try FrontierFile(parsing: bytes)
            if frontier.size == size { return frontier }
        } catch {
            throw error.at(path)
        }
        throw ProofError(.damaged, "not of the size that its name says", path: path)
    }

    // MARK: Hashes

    /// The hashes of full subtrees of 256^`level` leaves, of the numbers in `range`, which lie in
    /// one tile. `level` is 1 or more.
    ///
    /// - Throws: `.damaged` if they are not stored.
    public func hashes(level: Int, _ range: Range<UInt64>) throws(ProofError) -> [MerkleHash] {
        let number = range.lowerBound / Self.tileWidth
        precondition(level > 0 && range.upperBound <= (number + 1) * Self.tileWidth, "one tile")
        if range.isEmpty { return [] }
        let first = Int(range.lowerBound % Self.tileWidth)
        let end = first + Int(range.upperBound - range.lowerBound)
        let name = ProofNames.tile(level: level, number: number)
        if let known = tiles[name], known.count >= end { return Array(known[first..<end]) }
        let path = Path.join(folder, name)
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try fileSystem.bytes(
                path, from: 0, count: Int(Self.tileWidth) * MerkleHash.count)
        } catch {
            if error.code != .notFound { throw ProofError(file: error) }
            throw ProofError(.damaged, "a tile is missing", path: path)
        }
        let hashes = stride(from: 0, to: bytes.count - MerkleHash.count + 1, by: MerkleHash.count)
            .compactMap { MerkleHash(Array(bytes[$0..<$0 + MerkleHash.count])) }
        guard hashes.count >= end else {
            throw ProofError(
                .damaged, "the tile ends before hash \(end) of it", path: path)
        }
        if tiles.count >= Self.tilesMax { tiles = [:] }
        tiles[name] = hashes
        return Array(hashes[first..<end])
    }

    /// The hash of the node above `range` of the tree of the first `range.upperBound` leaves or of
    /// any larger one in which it is a node.
    ///
    /// - Complexity: O(log n) tiles; at most one block of leaves is asked for, in parts.
    public func subtree(
        _ range: Range<UInt64>, leaves: Leaves
    ) throws(ProofError) -> MerkleHash {
        if range.isEmpty { return .emptyTree }
        var parts: [MerkleHash] = []
        var start = range.lowerBound
        while start < range.upperBound {
            let left = range.upperBound - start
            var height = 63 - left.leadingZeroBitCount
            if start != 0 { height = min(height, start.trailingZeroBitCount) }
            parts.append(try perfect(start, height: height, leaves))
            start += 1 << UInt64(height)
        }
        var hash = parts.removeLast()
        for part in parts.reversed() { hash = MerkleHash.node(part, hash) }
        return hash
    }

    private func perfect(
        _ start: UInt64, height: Int, _ leaves: Leaves
    ) throws(ProofError) -> MerkleHash {
        if height < 8 {
            let wanted = start..<start + 1 << UInt64(height)
            let found = try leaves(wanted)
            precondition(found.count == 1 << height, "a hash for each leaf asked for")
            return MerkleHash.perfect(found)
        }
        let first = start >> UInt64(height / 8 * 8)
        return MerkleHash.perfect(
            try hashes(level: height / 8, first..<first + 1 << UInt64(height % 8)))
    }

    /// The root of the first `size` leaves.
    ///
    /// - Parameter leaves: asked for the leaves behind the last full 256.
    public func root(size: UInt64, leaves: Leaves) throws(ProofError) -> MerkleHash {
        try subtree(0..<size, leaves: leaves)
    }

    /// Siblings of leaf `index` in the tree of the first `size` leaves, the lowest first.
    ///
    /// - Parameter leaves: asked for leaves of the record's block of 256, and of the last block of
    ///   the tree if it is not full.
    public func inclusionProof(
        index: UInt64, size: UInt64, leaves: Leaves
    ) throws(ProofError) -> [MerkleHash] {
        try MerkleProof.inclusion(index: index, size: size) { range throws(ProofError) in
            try subtree(range, leaves: leaves)
        }
    }

    /// What proves that the tree of `old` leaves is the beginning of that of `size`.
    ///
    /// - Parameter leaves: asked for leaves of the blocks in which the two trees end.
    public func consistencyProof(
        from old: UInt64, to size: UInt64, leaves: Leaves
    ) throws(ProofError) -> [MerkleHash] {
        try MerkleProof.consistency(from: old, to: size) { range throws(ProofError) in
            try subtree(range, leaves: leaves)
        }
    }
}
