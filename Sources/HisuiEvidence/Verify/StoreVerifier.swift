import Glibc
import HisuiBytes
import HisuiEvent
public import HisuiFile
public import HisuiProof
import HisuiStore

/// Examines a store: every file, every record, every signature. Changes nothing, takes no lock, and
/// may run while the store is being written.
///
///     acts ─▶ what was started, stopped, sealed, deleted
///     keys, epochs ─▶ who may have signed
///     for each stream: checkpoints ─▶ tiles, frontier ─▶ records ─▶ the tree made again
///
/// What it can tell depends on what is known from outside: see `StoreVerdict.Anchor`.
public struct StoreVerifier {
    public struct Options: Sendable {
        /// Only these zones; all if nil. The acts are always examined.
        public var zones: Set<String>?
        /// Keys and checkpoints kept elsewhere.
        public var trust: TrustFile?
        /// Whether records are read and the tree is made again from them.
        public var isFull = true
        public var workers: Int

        public init() { workers = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
    }

    private let fileSystem: any FileSystem
    private let store: String
    private let options: Options

    public init(fileSystem: any FileSystem, store: String, options: Options = Options()) {
        self.fileSystem = fileSystem
        self.store = store
        self.options = options
    }

    /// Examines the store.
    ///
    /// - Parameter progress: told now and then how many records were read.
    /// - Throws: when there is no store, or the system refuses to read it.
    /// - Complexity: reads every byte below `zones/` and `acts/`; with `isFull` false only names,
    ///   checkpoints and tiles.
    public func run(
        progress: @escaping (UInt64) -> Void = { _ in }
    ) throws(EvidenceError) -> StoreVerdict {
        try run(progress: progress, examined: { _ in })
    }

    /// What was read of a stream's log and its keys, for who needs it again.
    struct ExaminedLog {
        var stream: Snapshot.Stream
        var checkpoints: [PlacedCheckpoint]
        var keys: CheckpointDay.Keys
        /// The notes of the zone's epochs as they stand.
        var epochs: [UInt8]
    }

    func run(
        progress: @escaping (UInt64) -> Void, examined: (ExaminedLog) -> Void
    ) throws(EvidenceError) -> StoreVerdict {
        do throws(StoreError) {
            try StoreDirectory.check(fileSystem, store)
        } catch {
            throw EvidenceError(store: error)
        }
        let anchors = options.trust?.anchors.count ?? 0
        var verdict = StoreVerdict(
            store: store, isFull: options.isFull,
            anchor: options.trust == nil ? .selfConsistent : .trusted(checkpoints: anchors))
        let history = try readHistory(into: &verdict)
        let census = try FileCensus(fileSystem: fileSystem, store: store, zones: options.zones)
        verdict.problems += census.problems
        checkZones(census, history, into: &verdict)
        var keys: [String: CheckpointDay.Keys] = [:]
        for zone in Set(census.streams.map(\.name.zone)).sorted() {
            keys[zone] = readKeys(zone, history, into: &verdict)
        }
        tellUnfinished(census, history, into: &verdict)
        tellStrays(census, into: &verdict)
        for stream in census.streams.sorted(by: { $0.name < $1.name }) {
            let zoneKeys = keys[stream.name.zone] ?? CheckpointDay.Keys()
            let before = verdict.recordsRead
            var verifier = StreamVerifier(
                stream,
                StreamVerifier.Context(
                    fileSystem: fileSystem, store: store, history: history, keys: zoneKeys,
                    anchors: self.anchors(zoneKeys, stream.name),
                    mayGrow: mayGrow(stream.name.zone, history), isFull: options.isFull,
                    workers: options.workers,
                    newHistory: { () throws(EvidenceError) in
                        var ignored = verdict
                        return try readHistory(into: &ignored)
                    },
                    progress: { progress(before + $0) }))
            try verifier.run()
            examined(
                ExaminedLog(
                    stream: stream.name, checkpoints: verifier.checkpoints, keys: zoneKeys,
                    epochs: epochBytes(stream.name.zone)))
            verdict.streams.append(verifier.verdict)
            verdict.problems += verifier.problems
            verdict.notes += verifier.notes
            if options.isFull { verdict.recordsRead += verifier.verdict.records }
        }
        return verdict
    }

    /// Anybody may append acts at any time; a zone only while its daemon runs.
    private func mayGrow(_ zone: String, _ history: StoreHistory) -> Bool {
        zone == Snapshot.Stream.acts.zone || !history.stopped.contains(zone)
    }

    // MARK: Acts

    private func readHistory(
        into verdict: inout StoreVerdict
    ) throws(EvidenceError) -> StoreHistory {
        let list: ActList
        do throws(StoreError) {
            list = try ActReader(fileSystem: fileSystem, store: store).acts(kinds: [
                .start, .stop, .import, .finding, .deletion, .segment,
            ])
        } catch {
            throw EvidenceError(store: error)
        }
        let name = Snapshot.Stream.acts
        for failure in list.failures {
            verdict.problems.append(
                StoreProblem(
                    .changed, zone: name.zone, stream: name.stream, file: Filenames.acts,
                    indices: failure.index..<failure.index + 1,
                    Bilingual(
                        "no act: \(failure.what)", "操作記録として読めません: \(failure.what)")))
        }
        // Damaged files are told when the stream of acts is examined.
        return StoreHistory(list.acts)
    }

    /// Zones that acts or keys know and that are not there.
    private func checkZones(
        _ census: FileCensus, _ history: StoreHistory, into verdict: inout StoreVerdict
    ) {
        let found = Set(census.streams.map(\.name))
        let known = Set(history.trees.keys).union(history.ends.keys)
        for stream in known.sorted() where options.zones?.contains(stream.zone) ?? true {
            let size = history.trees[stream]?.map(\.size).max() ?? 0
            let end = max(size, history.ends[stream]?.end ?? 0)
            guard end > 0, !found.contains(stream) else { continue }
            verdict.problems.append(
                StoreProblem(
                    .removed, zone: stream.zone, stream: stream.stream,
                    file: "\(Filenames.zones)/\(stream.zone)/\(stream.stream)", indices: 0..<end,
                    Bilingual(
                        "acts name this stream; it is not there",
                        "操作記録にある系列ですが、存在しません")))
        }
    }

    private func tellUnfinished(
        _ census: FileCensus, _ history: StoreHistory, into verdict: inout StoreVerdict
    ) {
        for path in census.unfinished {
            let parts = path.split(separator: "/").map(String.init)
            let zone = parts.first == Filenames.zones && parts.count > 1 ? parts[1] : nil
            if zone.map({ mayGrow($0, history) }) ?? true {
                verdict.notes.append(
                    StoreNote(
                        zone: zone ?? Filenames.acts,
                        Bilingual(
                            "\(path): a file that is being written, or was when the writer ended",
                            "\(path): 書込み途中のファイルです")))
            } else {
                verdict.problems.append(
                    StoreProblem(
                        .added, zone: zone, file: path,
                        Bilingual(
                            "an unfinished file, although the zone was stopped",
                            "停止済みの領域に書込み途中のファイルがあります")))
            }
        }
    }

    /// Nobody reads them, and nothing in them counts.
    private func tellStrays(_ census: FileCensus, into verdict: inout StoreVerdict) {
        for path in census.strays {
            let parts = path.split(separator: "/").map(String.init)
            verdict.notes.append(
                StoreNote(
                    zone: parts.first == Filenames.zones ? parts[1] : Filenames.acts,
                    Bilingual(
                        "\(path): not a log of this place; the writer laid it aside",
                        "\(path): この場所のログではないため、書込み側が退避したファイルです")))
        }
    }

    // MARK: Keys

    private func anchors(
        _ keys: CheckpointDay.Keys, _ stream: Snapshot.Stream
    ) -> [TrustFile.Anchor] {
        guard let origin = keys.origin(stream.stream) else { return [] }
        return options.trust?.anchors.filter { $0.checkpoint.origin == origin } ?? []
    }

    private func readKeys(
        _ zone: String, _ history: StoreHistory, into verdict: inout StoreVerdict
    ) -> CheckpointDay.Keys {
        func problem(_ kind: StoreProblem.Kind, _ file: String, _ what: Bilingual) {
            verdict.problems.append(StoreProblem(kind, zone: zone, file: file, what))
        }
        var keys = CheckpointDay.Keys()
        let file = Path.join(Path.join(Filenames.keys, zone), ProofNames.zoneVerifier)
        let own: NoteVerifier?
        do {
            let bytes = try fileSystem.bytes(Path.join(store, file), from: 0, count: 4096)
            let text = String(decoding: bytes, as: UTF8.self)
            own = try NoteVerifier(vkey: text.hasSuffix("\n") ? String(text.dropLast()) : text)
        } catch let error as ProofError {
            own = nil
            problem(.changed, file, Bilingual("\(error)", "公開鍵として読めません: \(error)"))
        } catch {
            own = nil
        }
        let trusted = options.trust?.verifiers.first {
            $0.name.split(separator: "/").count == 3 && $0.name.hasSuffix("/" + zone)
        }
        keys.zone = trusted ?? own
        if let trusted, let own, trusted != own {
            problem(
                .resigned, file,
                Bilingual(
                    "is not the trusted key: this store was signed with another one",
                    "外部で保管した公開鍵と異なります（別の鍵で署名されています）"))
        }
        let folder = zone == Filenames.acts ? zone : Path.join(Filenames.zones, zone)
        let epochs = Path.join(folder, Filenames.epochs)
        guard let key = keys.zone else {
            if exists(epochs) {
                problem(
                    .removed, file,
                    Bilingual(
                        "the zone's public key is missing, so no signature can be checked; give "
                            + "it with --trust FILE",
                        "領域の公開鍵がないため署名を確認できません。--trust で指定してください"))
            }
            return keys
        }
        keys.epochs = readEpochs(epochs, zone, key, history, into: &verdict)
        return keys
    }

    private func readEpochs(
        _ file: String, _ zone: String, _ key: NoteVerifier, _ history: StoreHistory,
        into verdict: inout StoreVerdict
    ) -> EpochChain? {
        func problem(
            _ kind: StoreProblem.Kind, _ offset: Int?, _ english: String, _ japanese: String
        ) {
            verdict.problems.append(
                StoreProblem(
                    kind, zone: zone, file: file, section: "epoch", offset: offset,
                    Bilingual(english, japanese)))
        }
        let notes: NoteFile
        do {
            let path = Path.join(store, file)
            let bytes = try fileSystem.bytes(
                path, from: 0, count: try fileSystem.size(path))
            notes = try NoteFile(bytes)
        } catch let error as FileError where error.code == .notFound {
            problem(.removed, nil, "the epochs of the zone are missing", "鍵の世代の記録がありません")
            return nil
        } catch {
            problem(.changed, nil, "\(error)", "鍵の世代の記録が壊れています: \(error)")
            return nil
        }
        if notes.tailMayBeWhole {
            problem(
                .changed, notes.tail.lowerBound, "no note stands here", "鍵の世代の記録が壊れています")
        } else if !notes.tail.isEmpty, !mayGrow(zone, history) {
            problem(
                .cut, notes.tail.lowerBound, "the last epoch is not whole",
                "最後の世代の記録が途中で切れています")
        }
        var chain = EpochChain()
        for entry in notes.entries {
            do throws(ProofError) {
                try chain.append(entry.note, zone: key)
                if entry.note.signatures.count != (chain.epochs.last?.reason.signatures ?? 2) {
                    problem(
                        .added, entry.range.lowerBound,
                        "\(entry.note.signatures.count) signatures on an epoch",
                        "世代の記録に余分な署名があるか、不足しています")
                }
            } catch {
                problem(
                    error.code == .signature ? .resigned : .changed, entry.range.lowerBound,
                    error.what, "鍵の世代の記録が一致しません: \(error.what)")
                break
            }
        }
        for epoch in chain.breaks {
            verdict.notes.append(
                StoreNote(
                    zone: zone,
                    Bilingual(
                        "epoch \(epoch.number), \(TimeFormat.utc(epoch.time)): resumed after power "
                            + "loss or a kill, with a new key",
                        "世代 \(epoch.number)（\(TimeFormat.japan(epoch.time))）: 電源断または強制終了の後、"
                            + "新しい鍵で再開しました")))
        }
        checkHandOver(zone, chain, into: &verdict)
        return chain
    }

    /// A key that was handed over belongs to the newest epoch: an older copy of the zone's files
    /// ends with an earlier one.
    private func checkHandOver(
        _ zone: String, _ chain: EpochChain, into verdict: inout StoreVerdict
    ) {
        let file = Path.join(Path.join(Filenames.keys, zone), ProofNames.handOver)
        // Readable for the daemon's user only; without it, one thing less is known.
        guard var bytes = try? fileSystem.bytes(Path.join(store, file), from: 0, count: 512)
        else { return }
        defer { for index in bytes.indices { bytes[index] = 0 } }
        let fields = bytes.split(separator: UInt8(ascii: "+"), omittingEmptySubsequences: false)
        guard fields.count > 2 else { return }
        let name = String(decoding: fields[2], as: UTF8.self)
        guard let number = name.split(separator: "/").last.flatMap({ UInt64($0) }) else { return }
        let newest = chain.epochs.last?.number ?? 0
        if number > newest {
            verdict.problems.append(
                StoreProblem(
                    .rolledBack, zone: zone, file: file,
                    Bilingual(
                        "the key of epoch \(number) was handed over; the zone's files end with "
                            + "epoch \(newest)",
                        "世代 \(number) の鍵が引き継がれていますが、領域のファイルは世代 \(newest) で終わっています")))
        }
    }

    private func epochBytes(_ zone: String) -> [UInt8] {
        let folder = zone == Filenames.acts ? zone : Path.join(Filenames.zones, zone)
        let path = Path.join(store, Path.join(folder, Filenames.epochs))
        guard let size = try? fileSystem.size(path) else { return [] }
        return (try? fileSystem.bytes(path, from: 0, count: size)) ?? []
    }

    private func exists(_ file: String) -> Bool {
        (try? fileSystem.exists(Path.join(store, file))) ?? false
    }
}

extension Epoch.Reason {
    /// Who signs an epoch that begins so: the zone's key, and the key before where there was one.
    fileprivate var signatures: Int {
        switch self {
        case .first, .powerLoss: 1
        case .handedOver, .day: 2
        }
    }
}
