import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiProof
import HisuiShape
import HisuiStore
import Synchronization

/// The trees of a zone and the keys that sign them, for a daemon or an import.
///
/// `leastIndex` opens everything the first time it is called, which is when the zone's lock has
/// been taken; afterwards it only tells sizes, on any thread. All else belongs to the one thread
/// that proves.
@safe
final class ZoneProof: @unchecked Sendable {
    // Safe: `opened` is guarded; trees and keys are touched by `open`, under its lock, and then by
    // one thread alone.
    private let fileSystem: any FileSystem
    private let store: String
    private let zone: String
    private let bootID: String
    /// Sizes of the trees at their opening.
    private let opened = Mutex<[String: UInt64]?>(nil)
    private var keys: KeyStore?
    private var trees: [String: TreeWriter] = [:]
    /// Trees that cannot be continued, and why.
    private(set) var refused: [String: ProofError] = [:]

    init(
        fileSystem: any FileSystem = RealFileSystem(), store: String, zone: String,
        bootID: String = KeyStore.currentBootID()
    ) {
        self.fileSystem = fileSystem
        self.store = store
        self.zone = zone
        self.bootID = bootID
    }

    static func now() -> Timestamp { Timestamp(nanoseconds: SystemClock.nanoseconds()) }

    /// One past the last leaf that a checkpoint covers: see `ZoneWriter.LeastIndex`.
    ///
    /// - Throws: what makes it impossible to sign: without its key a zone is not written.
    func leastIndex(_ stream: String) throws(StoreError) -> UInt64 {
        try opened.withLock { (sizes) throws(StoreError) -> UInt64 in
            if sizes == nil {
                do throws(ProofError) {
                    sizes = try open()
                } catch {
                    throw StoreError(
                        .failed, error.what, path: error.path.isEmpty ? store : error.path,
                        advice: error.advice)
                }
            }
            return sizes?[stream] ?? 0
        }
    }

    /// Sizes of the trees when they were opened: where rows are wanted from.
    var starts: [String: UInt64] { opened.withLock { $0 ?? [:] } }

    private func open() throws(ProofError) -> [String: UInt64] {
        var streams: [String: TreeReader.Entry] = [:]
        var hasCheckpoints = false
        let places = try ProofPlaces.zone(zone, fileSystem: fileSystem, store: store)
        for (name, folder) in places.trees.map({ ($0.stream, $0.folder) }) {
            do throws(ProofError) {
                let reader = TreeReader(fileSystem: fileSystem, folder: folder)
                guard let newest = try reader.newest() else { continue }
                streams[name] = newest
                hasCheckpoints = true
            } catch {
                hasCheckpoints = true
                refused[name] = error
            }
        }
        let keys = try KeyStore(
            fileSystem: fileSystem, place: places.keys,
            hasCheckpoints: hasCheckpoints, now: Self.now(), bootID: bootID)
        self.keys = keys
        var sizes: [String: UInt64] = [:]
        for (name, newest) in streams {
            do throws(ProofError) {
                trees[name] = try openTree(name, keys)
            } catch {
                refused[name] = error
            }
            // What the zone's key has signed holds, whatever the tree looks like.
            if let last = trees[name]?.last {
                sizes[name] = last.checkpoint.size
            } else if refused[name] != nil,
                (try? newest.note.verify([keys.zone.verifier])) != nil
            {
                sizes[name] = newest.checkpoint.size
            }
        }
        return sizes
    }

    private func tree(_ stream: String) -> String {
        Path.join(
            Filenames.streamPath(store: store, zone: zone, stream: stream), Filenames.tree)
    }

    private func openTree(_ stream: String, _ keys: KeyStore) throws(ProofError) -> TreeWriter {
        try TreeWriter(
            fileSystem: fileSystem, folder: tree(stream),
            origin: ProofNames.origin(keyName: keys.zone.name, stream: stream),
            verifiers: keys.verifiers)
    }

    // MARK: For the one thread that proves

    /// Whether the epoch before ended without handing its key over.
    var resumedAfterLoss: Bool { keys?.isBroken ?? false }

    /// The tree of a stream; nil if it cannot be continued.
    func tree(of stream: String) -> TreeWriter? {
        if let tree = trees[stream] { return tree }
        guard let keys, refused[stream] == nil else { return nil }
        do throws(ProofError) {
            let tree = try openTree(stream, keys)
            trees[stream] = tree
            return tree
        } catch {
            refused[stream] = error
            return nil
        }
    }

    /// Appends to the tree of a stream what the store has before leaf `end` and the tree has not:
    /// rows that became durable without a checkpoint.
    ///
    /// - Complexity: O(bytes of those rows).
    func catchUp(_ stream: String, upTo end: UInt64) throws(StoreError) {
        guard let tree = tree(of: stream), tree.size < end else { return }
        let name = Snapshot.Stream(zone: zone, stream: stream)
        try tree.append(from: name, store: store, fileSystem: fileSystem, upTo: end)
        tree.appendLost(upTo: end)
    }

    /// Writes a checkpoint of each tree. All are tried; the first error is thrown.
    func checkpoint(now: Timestamp, definitions: MerkleHash?) throws(ProofError) {
        guard let keys else { return }
        let signers = try keys.signers(now)
        let facts = TreeWriter.Facts(
            time: now, bootID: bootID, epoch: keys.epoch, definitions: definitions)
        var first: ProofError?
        for name in trees.keys.sorted() {
            do throws(ProofError) {
                try trees[name]?.checkpoint(facts, signers: signers)
            } catch {
                first = first ?? error
            }
        }
        if let first { throw first }
    }

    /// Leaves the epoch's key to the next start. The last call.
    func handOver() throws(ProofError) {
        try keys?.handOver()
    }
}

extension TreeWriter {
    /// Appends the rows of a stream from the tree's size on.
    ///
    /// - Throws: `.damaged` if a file of the stream cannot be read.
    func append(
        from stream: Snapshot.Stream, store: String, fileSystem: any FileSystem,
        upTo end: UInt64 = .max
    ) throws(StoreError) {
        let reader = try StoreReader(fileSystem: fileSystem, path: store)
        let isActs = stream == .acts
        let snapshot = try reader.snapshot(
            acts: isActs, zones: isActs ? nil : [stream.zone], after: [stream: size])
        if let problem = snapshot.problems.first { throw problem }
        let table = ShapeTable()
        for block in snapshot.blocks
        where block.zone == stream.zone && block.stream == stream.stream && block.firstIndex < end {
            var rows = try BlockRows(block, from: size, shapes: table)
            if rows.nextReceived == nil { continue }
            appendLost(upTo: min(end, rows.nextIndex))
            while let batch = try rows.next(before: end) { append(batch) }
            block.dropCaches()
        }
    }
}
