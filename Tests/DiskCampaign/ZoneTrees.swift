import HisuiEvent
import HisuiFile
import HisuiProof
import HisuiShape
import HisuiStore

/// The keys of a zone and the trees of its streams, used as a daemon does.
final class ZoneTrees {
    private let fileSystem: any FileSystem
    private let store: String
    private let zone: String
    private let keys: KeyStore
    private var trees: [String: TreeWriter] = [:]
    static let bootID = "7d3c5c7e"

    init(_ fileSystem: any FileSystem, store: String, zone: String, now: Timestamp) throws {
        self.fileSystem = fileSystem
        self.store = store
        self.zone = zone
        let path = Filenames.zonePath(store: store, zone: zone)
        var known: [String] = []
        for name in try fileSystem.list(path) where Filenames.isValidName(name) {
            let reader = TreeReader(
                fileSystem: fileSystem, folder: Self.folder(store, zone, name))
            if try reader.newest() != nil { known.append(name) }
        }
        keys = try KeyStore(
            fileSystem: fileSystem,
            place: KeyStore.Place(
                keys: Path.join(store, Filenames.keys), zone: zone,
                epochs: Path.join(path, Filenames.epochs)),
            hasCheckpoints: !known.isEmpty, now: now, bootID: Self.bootID)
        for name in known { _ = try tree(of: name) }
    }

    static func folder(_ store: String, _ zone: String, _ stream: String) -> String {
        Path.join(
            Filenames.streamPath(store: store, zone: zone, stream: stream), Filenames.tree)
    }

    /// One past the last leaf that a checkpoint covers.
    func size(_ stream: String) -> UInt64 { trees[stream]?.last?.checkpoint.size ?? 0 }

    func tree(of stream: String) throws -> TreeWriter {
        if let tree = trees[stream] { return tree }
        let tree = try TreeWriter(
            fileSystem: fileSystem, folder: Self.folder(store, zone, stream),
            origin: ProofNames.origin(keyName: keys.zone.name, stream: stream),
            verifiers: keys.verifiers)
        trees[stream] = tree
        return tree
    }

    /// Appends what the store has before leaf `end` and the tree has not.
    func extend(_ stream: String, upTo end: UInt64) throws {
        try tree(of: stream).append(
            from: Snapshot.Stream(zone: zone, stream: stream), store: store,
            fileSystem: fileSystem, upTo: end)
    }

    func checkpoint(_ stream: String, now: Timestamp) throws {
        // First of all: it may begin an epoch.
        let signers = try keys.signers(now)
        let facts = TreeWriter.Facts(time: now, bootID: Self.bootID, epoch: keys.epoch)
        try tree(of: stream).checkpoint(facts, signers: signers)
    }

    func handOver() throws { try keys.handOver() }
}

/// The tree of the acts, extended by whoever comes, as `hisui` does.
enum ActsTree {
    static func extend(_ fileSystem: any FileSystem, store: String, now: Timestamp) throws {
        let folder = Path.join(store, Filenames.acts)
        let tree = Path.join(folder, Filenames.tree)
        let newest = try TreeReader(fileSystem: fileSystem, folder: tree).newest()
        let keys = try KeyStore(
            fileSystem: fileSystem,
            place: KeyStore.Place(
                keys: Path.join(store, Filenames.keys), zone: Filenames.acts,
                epochs: Path.join(folder, Filenames.epochs), isShared: true),
            hasCheckpoints: newest != nil, now: now, bootID: ZoneTrees.bootID)
        let signers = try keys.signers(now)
        let writer = try TreeWriter(
            fileSystem: fileSystem, folder: tree,
            origin: ProofNames.origin(keyName: keys.zone.name, stream: Filenames.acts),
            verifiers: keys.verifiers)
        try writer.append(from: .acts, store: store, fileSystem: fileSystem)
        try writer.checkpoint(
            TreeWriter.Facts(time: now, bootID: ZoneTrees.bootID, epoch: keys.epoch),
            signers: signers)
    }
}

extension TreeWriter {
    /// Appends the rows of a stream from the tree's size on.
    fileprivate func append(
        from stream: Snapshot.Stream, store: String, fileSystem: any FileSystem,
        upTo end: UInt64 = .max
    ) throws {
        let isActs = stream == .acts
        let snapshot = try StoreReader(fileSystem: fileSystem, path: store).snapshot(
            acts: isActs, zones: isActs ? nil : [stream.zone], after: [stream: size])
        if let problem = snapshot.problems.first { throw problem }
        let table = ShapeTable()
        for block in snapshot.blocks
        where block.zone == stream.zone && block.stream == stream.stream && block.firstIndex < end {
            var rows = try BlockRows(block, from: size, shapes: table)
            guard rows.nextReceived != nil else { continue }
            guard rows.nextIndex <= size else { throw Violation("a tree has a hole at \(size)") }
            while let batch = try rows.next(before: end) { append(batch) }
        }
    }
}
