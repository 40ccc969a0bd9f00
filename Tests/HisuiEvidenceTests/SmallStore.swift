import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiProof
import HisuiShape
import HisuiStore
import Testing

@testable import HisuiEvidence

/// A small store with two streams of records, acts, trees and keys, made with the writers of the
/// program.
struct SmallStore {
    let fileSystem: any FileSystem
    let path: String
    /// Nanoseconds at which the next thing happens.
    var now: Int64
    static let zone = "lgwan"
    static let stream = ZoneWriter.defaultStream
    static let origin = Snapshot.Stream(zone: zone, stream: stream)

    init(
        _ fileSystem: any FileSystem, path: String, now: Int64 = 1_795_000_000_000_000_000
    ) {
        self.fileSystem = fileSystem
        self.path = path
        self.now = now
    }

    private var time: Timestamp { Timestamp(nanoseconds: now) }

    static func rows(_ count: Int, from first: UInt64, at now: Int64) -> RowBatch {
        let source = Source(id: "file:/var/log/app", kind: .file, form: .line)
        var records = RecordBatch(source: source)
        for number in 0..<count {
            let text = "record \(first + UInt64(number)) <b>住民</b> \u{0}"
            records.append(
                Array(text.utf8).span, received: Timestamp(nanoseconds: now + Int64(number)),
                sender: 0, flags: [])
        }
        records.account.stored = UInt64(count)
        records.position = Array("\(first)".utf8)
        let entries = records.entries
        var batch = RowBatch(takingOver: records)
        for entry in entries {
            batch.rows.append(
                RowBatch.Row(
                    offset: entry.offset, count: entry.count, shape: 0,
                    firstSlot: UInt32(batch.slots.count), time: entry.received,
                    received: entry.received, sender: entry.sender, flags: []))
            batch.slots.append(ByteRange(offset: entry.offset, count: entry.count))
        }
        return batch
    }

    /// One run of a daemon: appends, seals what is asked for, checkpoints, and stops gracefully.
    ///
    /// - Parameters:
    ///   - commits: rows of each commit, a checkpoint after each.
    ///   - sealing: whether the log becomes a segment after each commit but the last.
    mutating func run(commits: [Int], sealing: Bool = true, stops: Bool = true) throws {
        let now = self.time
        let zonePath = Filenames.zonePath(store: path, zone: Self.zone)
        try start()
        let writer = try ZoneWriter.open(
            fileSystem: fileSystem, store: path, zone: Self.zone, now: { now })
        let place = KeyStore.Place(
            keys: Path.join(path, Filenames.keys), zone: Self.zone,
            epochs: Path.join(zonePath, Filenames.epochs))
        let tree = Path.join(Path.join(zonePath, Self.stream), Filenames.tree)
        let hasCheckpoints =
            try TreeReader(fileSystem: fileSystem, folder: tree).newest() != nil
        let keys = try KeyStore(
            fileSystem: fileSystem, place: place, hasCheckpoints: hasCheckpoints, now: now,
            bootID: "7d3c5c7e")
        let proof = try TreeWriter(
            fileSystem: fileSystem, folder: tree,
            origin: ProofNames.origin(keyName: keys.zone.name, stream: Self.stream),
            verifiers: keys.verifiers)
        let stream = try writer.stream(Self.stream)
        for (number, count) in commits.enumerated() {
            self.now += 30_000_000_000
            let rows = Self.rows(count, from: proof.size, at: self.now)
            if count > 0 {
                _ = try stream.append(
                    rows, shapes: ShapeTable(), definitions: [UInt8](repeating: 7, count: 32))
                try stream.commit()
                proof.append(rows)
            }
            try checkpoint(proof, keys)
            if sealing, number + 1 < commits.count { try seal(stream) }
        }
        try keys.handOver()
        try writer.close()
        if stops { try stop(size: proof.size, root: proof.root) }
    }

    private mutating func checkpoint(_ proof: TreeWriter, _ keys: KeyStore) throws {
        now += 1_000_000_000
        let facts = TreeWriter.Facts(time: time, bootID: "7d3c5c7e", epoch: keys.epoch)
        try proof.checkpoint(facts, signers: try keys.signers(time))
    }

    private mutating func seal(_ stream: StreamWriter) throws {
        try stream.rotate()
        for log in stream.takeClosedLogs() {
            let segment = try Sealer(fileSystem: fileSystem, store: path).seal(log)
            let bytes = try fileSystem.bytes(segment, from: 0, count: 1 << 24)
            try append(
                .segment,
                [
                    ("stream", .text(Self.stream)),
                    ("leaves.first", .integer(Int64(log.leaves.lowerBound))),
                    ("leaves.end", .integer(Int64(log.leaves.upperBound))),
                    ("sha256", .text(MerkleHash.digest(of: bytes).hexadecimal)),
                ])
        }
    }

    private mutating func start() throws {
        if try fileSystem.exists(path + "/hisui-store") == false {
            _ = try ZoneWriter.open(
                fileSystem: fileSystem, store: path, zone: Self.zone,
                now: { Timestamp(nanoseconds: 0) })
        }
        try append(.start, [])
    }

    private mutating func stop(size: UInt64, root: MerkleHash) throws {
        try append(.stop, [("streams", .list(["\(Self.stream) \(size) \(root.base64)"]))])
        try proveActs()
    }

    mutating func append(_ kind: Act.Kind, _ fields: [Act.Field]) throws {
        now += 1_000_000
        let time = self.time
        let log = ActLog(fileSystem: fileSystem, store: path, now: { time })
        try log.append([
            Act(kind, time: time, zone: Self.zone, actor: Actor(.daemon), fields: fields)
        ])
    }

    /// Extends the tree of the acts over all acts.
    mutating func proveActs() throws {
        now += 1_000_000
        let folder = Path.join(path, Filenames.acts)
        let place = KeyStore.Place(
            keys: Path.join(path, Filenames.keys), zone: Filenames.acts,
            epochs: Path.join(folder, Filenames.epochs), isShared: true)
        let tree = Path.join(folder, Filenames.tree)
        let known = try TreeReader(fileSystem: fileSystem, folder: tree).newest()
        let keys = try KeyStore(
            fileSystem: fileSystem, place: place, hasCheckpoints: known != nil, now: time,
            bootID: "7d3c5c7e")
        let proof = try TreeWriter(
            fileSystem: fileSystem, folder: tree,
            origin: ProofNames.origin(keyName: keys.zone.name, stream: Filenames.acts),
            verifiers: keys.verifiers)
        let snapshot = try StoreReader(fileSystem: fileSystem, path: path).snapshot(acts: true)
        let lookup = RecordLookup(snapshot, .acts)
        let end = snapshot.nextIndices[.acts] ?? 0
        for index in proof.size..<end {
            let record = try #require(try lookup.record(index, .sample))
            proof.append([record.leaf], source: record.source.id, newest: record.received)
        }
        try checkpoint(proof, keys)
    }

    /// A finding of the zone that rests on these records.
    mutating func find(_ indices: [UInt64], level: String = "high") throws {
        try append(
            .finding,
            [
                ("finding.id", .text("00112233445566778899aabbccddee\(level.count)0")),
                ("finding.state", .text("final")), ("rule.id", .text("r-\(level)")),
                ("rule.title", .text("SSH guessing <x>")), ("rule.title_ja", .text("SSH の総当たり")),
                ("rule.level", .text(level)), ("entity.user", .list(["佐藤"])),
                ("events", .list(indices.map { "\(Self.zone)/\(Self.stream)/\($0)" })),
                ("events.count", .integer(Int64(indices.count))),
            ])
        try proveActs()
    }

    func verify(
        trust: TrustFile? = nil, full: Bool = true
    ) throws -> StoreVerdict {
        var options = StoreVerifier.Options()
        options.trust = trust
        options.isFull = full
        options.workers = 1
        return try StoreVerifier(fileSystem: fileSystem, store: path, options: options).run()
    }

    /// What an auditor keeps: the keys and the newest checkpoints.
    func trust() throws -> TrustFile {
        var text: [UInt8] = []
        for (zone, folder) in [
            (Self.zone, "zones/\(Self.zone)/\(Self.stream)"), (Filenames.acts, "acts"),
        ] {
            let key = try fileSystem.bytes(
                "\(path)/keys/\(zone)/zone.vkey", from: 0, count: 4096)
            text += key + [0x0A]
            let newest = try TreeReader(
                fileSystem: fileSystem, folder: "\(path)/\(folder)/tree"
            ).newest()
            if let newest { text += newest.note.encoded + [0x0A] }
        }
        return try TrustFile(parsing: text)
    }

    /// Files below `zones/` and `acts/`, without locks, from the store's folder.
    func files() throws -> [String] {
        var files: [String] = []
        func walk(_ folder: String) throws {
            for name in try fileSystem.list("\(path)/\(folder)") {
                let below = "\(folder)/\(name)"
                if (try? fileSystem.list("\(path)/\(below)")) != nil {
                    try walk(below)
                } else if name != Filenames.lock {
                    files.append(below)
                }
            }
        }
        try walk("zones")
        try walk("acts")
        return files
    }
}
