import Glibc
import HisuiEvent
import HisuiFile
import HisuiProof
import HisuiQuery
import HisuiStore

/// Examines one stream: its files, its checkpoints, and the tree made again from its records.
///
/// What may be written meanwhile is read in an order in which nothing that is read later can be
/// older than what was read before: acts, checkpoints, tiles, logs, segments. So every record that
/// a checkpoint covers must be found, and nothing that appears meanwhile is an error.
struct StreamVerifier {
    /// What is known before the stream is looked at.
    struct Context {
        var fileSystem: any FileSystem
        var store: String
        var history: StoreHistory
        var keys: CheckpointDay.Keys
        /// Checkpoints from outside, of this stream's log.
        var anchors: [TrustFile.Anchor]
        /// Whether somebody may be writing, or was killed while he wrote.
        var mayGrow: Bool
        var isFull: Bool
        var workers: Int
        /// Reads the deletion records again: some may have been written since.
        var newHistory: () throws(EvidenceError) -> StoreHistory
        var progress: (UInt64) -> Void
    }

    var context: Context
    let files: FileCensus.Stream
    var verdict: StreamVerdict
    var problems: [StoreProblem] = []
    var notes: [StoreNote] = []
    var checkpoints: [PlacedCheckpoint] = []
    /// Where records were found, for saying which file holds those that differ.
    var places: [(range: Range<UInt64>, file: String)] = []

    /// Leaves of files of which something was said.
    var namesTold: Set<Range<UInt64>> = []

    /// Problems of one kind that are told one by one; the others are counted.
    static let problemsMax = 100

    init(_ files: FileCensus.Stream, _ context: Context) {
        self.files = files
        self.context = context
        verdict = StreamVerdict(stream: files.name)
    }

    mutating func run() throws(EvidenceError) {
        try readCheckpoints()
        checkOrder()
        checkKnownSizes()
        let tiles = TileFiles(
            files, fileSystem: context.fileSystem, store: context.store, size: verdict.size,
            mayGrow: context.mayGrow)
        problems += tiles.problems
        let frontiers = readFrontiers()
        if context.isFull {
            try recompute(tiles, frontiers)
        } else {
            try checkQuickly(tiles, frontiers)
        }
        checkEdges()
        verdict.problems = problems.count
    }

    mutating func problem(
        _ kind: StoreProblem.Kind, _ file: String, section: String? = nil, offset: Int? = nil,
        indices: Range<UInt64>? = nil, _ english: String, _ japanese: String
    ) {
        problems.append(
            StoreProblem(
                kind, zone: files.name.zone, stream: files.name.stream, file: file,
                section: section, offset: offset, indices: indices,
                Bilingual(english, japanese)))
    }

    mutating func note(_ english: String, _ japanese: String) {
        notes.append(StoreNote(files.name, Bilingual(english, japanese)))
    }

    var treeFolder: String { Path.join(files.path, Filenames.tree) }
    private var checkpointFolder: String { Path.join(treeFolder, ProofNames.checkpoints) }

    // MARK: Checkpoints

    private mutating func readCheckpoints() throws(EvidenceError) {
        let days = files.checkpointDays
        let (fileSystem, store, name, keys) = (
            context.fileSystem, context.store, files.name, context.keys
        )
        let folder = checkpointFolder
        let work = OrderedWork<CheckpointDay>(
            count: days.count, workers: context.workers, ahead: 8
        ) { number in
            .success(
                CheckpointDay(
                    fileSystem: fileSystem, store: store, file: Path.join(folder, days[number]),
                    stream: name.stream, zone: name.zone, day: days[number], keys: keys))
        }
        defer { work.stop() }
        for (number, day) in days.enumerated() {
            guard let read = try? work.take() else { break }
            problems += read.problems
            checkpoints += read.checkpoints
            if let tail = read.tail, number + 1 < days.count || !context.mayGrow {
                problem(
                    .cut, Path.join(folder, day), section: "checkpoint",
                    offset: tail.lowerBound, "the last checkpoint is not whole",
                    "最後のチェックポイントが途中で切れています")
            }
        }
        verdict.checkpoints = checkpoints.count
        if let last = checkpoints.last {
            verdict.size = last.checkpoint.size
            verdict.root = last.checkpoint.root
            verdict.lastCheckpoint = last.checkpoint.time
        }
        verdict.firstCheckpoint = checkpoints.first?.checkpoint.time
    }

    /// Sizes and times never go back; the same size has the same root.
    private mutating func checkOrder() {
        var longest: Int64 = 0
        var pauses = 0
        for (before, after) in zip(checkpoints, checkpoints.dropFirst()) {
            let (a, b) = (before.checkpoint, after.checkpoint)
            if b.size < a.size || b.size == a.size && b.root != a.root {
                problem(
                    .rolledBack, after.file, section: "checkpoint", offset: after.offset,
                    "size \(b.size) after \(a.size), or another root: the log was set back",
                    "葉数 \(a.size) の後に \(b.size)、またはルートハッシュが異なります（ログの巻戻し）")
            }
            if let from = a.time, let to = b.time {
                if to < from {
                    // Both are signed, and the log grew: the clock was set back.
                    note(
                        "the clock went back from \(TimeFormat.utc(from)) to "
                            + "\(TimeFormat.utc(to)) between two checkpoints",
                        "チェックポイントの時刻が \(TimeFormat.japan(from)) から "
                            + "\(TimeFormat.japan(to)) に戻っています（時計の変更）")
                }
                let seconds = (to.nanoseconds - from.nanoseconds) / 1_000_000_000
                // A stop and a start are told by the epochs and acts.
                if seconds > 61, a.bootID == b.bootID, a.epoch == b.epoch {
                    pauses += 1
                    longest = max(longest, seconds)
                }
            }
            if let from = a.epoch, let to = b.epoch, to < from {
                problem(
                    .changed, after.file, section: "checkpoint", offset: after.offset,
                    "epoch \(to) after epoch \(from)", "世代 \(from) の後に世代 \(to) があります")
            }
        }
        if pauses > 0 {
            note(
                "\(pauses) times more than 60 s between checkpoints without a stop, at most "
                    + "\(longest) s",
                "停止を伴わずにチェックポイントの間隔が 60 秒を超えた箇所が \(pauses) 件（最長 \(longest) 秒）")
        }
    }

    /// What other parts of the store, and the outside, know of this log.
    private mutating func checkKnownSizes() {
        let newest = checkpoints.last?.file ?? checkpointFolder
        func rolledBack(_ english: String, _ japanese: String) -> StoreProblem {
            StoreProblem(
                .rolledBack, zone: files.name.zone, stream: files.name.stream, file: newest,
                Bilingual(english, japanese))
        }
        for anchor in context.anchors where anchor.checkpoint.size > verdict.size {
            problems.append(
                rolledBack(
                    "a trusted checkpoint has \(anchor.checkpoint.size) leaves, the newest here "
                        + "\(verdict.size): records were cut off, or an old copy was put back",
                    "外部で保管したチェックポイントの葉数は \(anchor.checkpoint.size) ですが、ここでは最新でも "
                        + "\(verdict.size) です（末尾の削除、または古い複製への差替え）"))
        }
        for tree in context.history.trees[files.name] ?? [] where tree.size > verdict.size {
            problems.append(
                rolledBack(
                    "act \(tree.index) (\(tree.kind.rawValue)) names \(tree.size) leaves, the "
                        + "newest checkpoint \(verdict.size)",
                    "操作記録 \(tree.index)（\(tree.kind.rawValue)）の葉数は \(tree.size) ですが、"
                        + "最新のチェックポイントは \(verdict.size) です"))
            return
        }
    }

    /// Checkpoints and everything else that names a size and a root, by size.
    func claims() -> [PlacedCheckpoint] {
        var claims = checkpoints
        for anchor in context.anchors {
            claims.append(
                PlacedCheckpoint(
                    checkpoint: anchor.checkpoint, note: anchor.note, file: Self.trustFile,
                    offset: 0))
        }
        let origin = checkpoints.first?.checkpoint.origin ?? ""
        for tree in context.history.trees[files.name] ?? [] {
            claims.append(
                PlacedCheckpoint(
                    checkpoint: Checkpoint(origin: origin, size: tree.size, root: tree.root),
                    note: SignedNote(text: "-\n", signers: []),
                    file: "\(Filenames.acts): \(tree.index)", offset: 0))
        }
        return claims.enumerated().sorted {
            ($0.element.checkpoint.size, $0.offset) < ($1.element.checkpoint.size, $1.offset)
        }.map(\.element)
    }

    /// What stands for the file given with `--trust`.
    static let trustFile = "--trust"

    // MARK: Frontiers

    private mutating func readFrontiers() -> [FrontierFile] {
        var read: [FrontierFile] = []
        let tree = TreeReader(
            fileSystem: context.fileSystem, folder: Path.join(context.store, treeFolder))
        let sizes = frontierSizes()
        for size in sizes {
            let file = Path.join(treeFolder, ProofNames.frontier(size: size))
            do throws(ProofError) {
                // One that is gone was replaced by a newer one meanwhile.
                guard let frontier = try tree.frontier(size: size) else { continue }
                read.append(frontier)
                checkSources(frontier, file)
            } catch {
                problem(
                    .changed, file, "cannot be read: \(error.what)", "読み取れません: \(error.what)")
            }
        }
        if !sizes.contains(verdict.size), verdict.size > 0 || !sizes.isEmpty,
            !isGrowing(tree)
        {
            tellMissingFrontier(sizes)
        }
        for size in sizes where !context.mayGrow && size != verdict.size {
            problem(
                .added, Path.join(treeFolder, ProofNames.frontier(size: size)),
                "belongs to no checkpoint that is the newest",
                "最新のチェックポイントに対応しないファイルです")
        }
        return read
    }

    /// Listed anew: those of the census may have been replaced.
    private func frontierSizes() -> [UInt64] {
        let names = try? context.fileSystem.list(Path.join(context.store, treeFolder))
        return (names ?? []).compactMap(ProofNames.frontierSize)
    }

    /// Whether another checkpoint was written since they were read, or is being written.
    private func isGrowing(_ tree: TreeReader) -> Bool {
        guard context.mayGrow else { return false }
        // A frontier is written some milliseconds before its checkpoint.
        for _ in 0..<20 {
            if let newest = try? tree.newest(), newest.checkpoint.size != verdict.size {
                return true
            }
            usleep(50_000)
        }
        return false
    }

    /// The frontier of the newest checkpoint stays until the next one is durable.
    private mutating func tellMissingFrontier(_ sizes: [UInt64]) {
        if let size = sizes.first, size > verdict.size {
            problem(
                .cut, checkpoints.last?.file ?? checkpointFolder, section: "checkpoint",
                "the tree was written for \(size) leaves, the newest checkpoint has "
                    + "\(verdict.size): later ones are gone",
                "木は葉数 \(size) まで書かれていますが、最新のチェックポイントは \(verdict.size) です"
                    + "（以後のチェックポイントがありません）")
            return
        }
        problem(
            .removed, Path.join(treeFolder, ProofNames.frontier(size: verdict.size)),
            "is missing", "ファイルがありません")
    }

    private mutating func checkSources(_ frontier: FrontierFile, _ file: String) {
        let same = checkpoints.last { $0.checkpoint.size == frontier.size }
        guard let digest = same?.checkpoint.sources else { return }
        if frontier.sources.digest != digest {
            problem(
                .changed, file, section: "sources",
                "the table of sources is not the one that the checkpoint names",
                "収集元の表がチェックポイントの値と一致しません")
        }
    }

    /// Without records: the newest root from tiles and frontier.
    private mutating func checkQuickly(
        _ tiles: TileFiles, _ frontiers: [FrontierFile]
    ) throws(EvidenceError) {
        guard let newest = checkpoints.last else { return }
        let size = newest.checkpoint.size
        var range = CompactRange()
        for part in CompactRange.subtrees(of: 0..<size) where part >= TreeCheck.blockLeaves {
            guard let hash = tiles.subtree(start: range.end, size: part) else { return }
            range.append(part, hash)
        }
        if size % TreeCheck.blockLeaves != 0 {
            guard let frontier = frontiers.first(where: { $0.size == size }) else {
                note(
                    "the newest root could not be made again: the frontier changed meanwhile",
                    "検証中に更新されたため、最新のルートハッシュは再計算していません")
                return
            }
            for leaf in frontier.leaves { range.append(1, leaf) }
        }
        if range.root != newest.checkpoint.root {
            problem(
                .changed, treeFolder, indices: 0..<size,
                "tiles and frontier do not lead to the root of the newest checkpoint",
                "木のファイルから最新のチェックポイントのルートハッシュを再現できません")
        }
        let segments = files.segments
        try checkSegmentNames(segments)
        verdict.firstIndex = min(
            segments.first?.lowerBound ?? .max, files.logs.first?.firstIndex ?? .max)
        if verdict.firstIndex == .max { verdict.firstIndex = 0 }
        verdict.endIndex = max(size, segments.map(\.upperBound).max() ?? 0)
        verdict.records = verdict.endIndex - verdict.firstIndex
    }
}
