import HisuiEvent
import HisuiFile
import HisuiProof
import HisuiQuery
import HisuiStore

// The tree made again from the records.
extension StreamVerifier {
    /// What goes on while records are read.
    private struct Reading {
        var tree: TreeCheck?
        /// One past the last record found, or the first wanted.
        var next: UInt64 = 0
        /// Records that no file holds.
        var missing: [Range<UInt64>] = []
        var received: ClosedRange<Int64>?
        /// Files that were examined, so that a second listing passes them over.
        var done: Set<String> = []
        /// Hashes of sealed files.
        var digests: [Range<UInt64>: [UInt8]] = [:]
    }

    mutating func recompute(
        _ tiles: TileFiles, _ frontiers: [FrontierFile]
    ) throws(EvidenceError) {
        var reading = Reading()
        for attempt in 0... {
            let listed = try FileCensus.records(
                of: files, fileSystem: context.fileSystem, store: context.store)
            if attempt == 0 {
                try begin(&reading, listed, tiles, frontiers)
            }
            try checkSegmentNames(listed.segments)
            // Something was sealed or merged while it was to be read: it is in another file now.
            if try read(listed, &reading) { break }
            if attempt == 16 {
                problem(
                    .unreadable, files.path, "files vanish faster than they can be read",
                    "検証中にファイルが次々と消えるため読み取れません")
                break
            }
        }
        finish(reading, tiles, frontiers)
    }

    /// Finds the first record that is there, and checks that deletion records explain the rest.
    private mutating func begin(
        _ reading: inout Reading, _ listed: FileCensus.Stream, _ tiles: TileFiles,
        _ frontiers: [FrontierFile]
    ) throws(EvidenceError) {
        var first = min(
            listed.segments.first?.lowerBound ?? .max, listed.logs.first?.firstIndex ?? .max)
        if first == .max { first = 0 }
        var beginning: CompactRange?
        if first == 0 {
            beginning = CompactRange()
        } else {
            beginning = context.history.beginning(of: files.name, to: first)
            if beginning == nil {
                // Deleted since the acts were read.
                context.history = try context.newHistory()
                beginning = context.history.beginning(of: files.name, to: first)
            }
            if beginning == nil {
                // The files of one deletion record go one after the other.
                for end in context.history.ends(of: files.name, after: first) {
                    guard let found = context.history.beginning(of: files.name, to: end) else {
                        continue
                    }
                    beginning = found
                    first = end
                    break
                }
            }
            if let beginning {
                checkDeleted(beginning, tiles)
            } else {
                problem(
                    .removed, Path.join(files.path, Filenames.segments), indices: 0..<first,
                    "records 0 to \(first - 1) are gone, and no deletion record covers them",
                    "原文 0～\(first - 1) がなく、対応する廃棄記録もありません")
            }
        }
        reading.next = first
        verdict.firstIndex = first
        let claims = claims()
        let gone = claims.count { $0.checkpoint.size < first && $0.checkpoint.size > 0 }
        if gone > 0 {
            note(
                "\(gone) checkpoints lie before the first record that is kept: only their "
                    + "signatures and order were checked",
                "保存期間満了で廃棄した範囲のチェックポイント \(gone) 件は、署名と順序のみ確認しました")
        }
        reading.tree = TreeCheck(
            beginning: beginning, first: first, checkpoints: claims,
            capturing: Set(frontiers.map(\.size)), tile: { tiles.hash(level: $0, index: $1) })
    }

    /// The hashes of deletion records must be those of the tiles.
    private mutating func checkDeleted(_ beginning: CompactRange, _ tiles: TileFiles) {
        var start: UInt64 = 0
        for (size, hash) in beginning.subtrees {
            if size >= TreeCheck.blockLeaves, tiles.subtree(start: start, size: size) != hash {
                problem(
                    .changed, Path.join(treeFolder, ProofNames.tiles), section: "tile",
                    indices: start..<start + size,
                    "the tiles of deleted records do not fit their deletion records",
                    "廃棄済み範囲の木のハッシュが廃棄記録と一致しません")
            }
            start += size
        }
    }

    // MARK: Files

    /// A piece of work, and what it means.
    private struct Piece {
        var work: LeafPiece
        var file: String
        var range: Range<UInt64>?
        var isNewestLog = false
    }

    /// Reads everything from `reading.next` on; false if a file vanished and has to be looked for.
    private mutating func read(
        _ listed: FileCensus.Stream, _ reading: inout Reading
    ) throws(EvidenceError) -> Bool {
        let (pieces, isComplete) = try pieces(listed, &reading)
        let fileSystem = context.fileSystem
        let works = pieces.map(\.work)
        let work = OrderedWork<LeafResult>(
            count: pieces.count, workers: context.workers, ahead: context.workers + 1
        ) { .success(works[$0].run(fileSystem)) }
        defer { work.stop() }
        for piece in pieces {
            guard let result = try? work.take() else { break }
            if result.isGone { return false }
            take(result, piece, &reading)
        }
        return isComplete
    }

    private func pieces(
        _ listed: FileCensus.Stream, _ reading: inout Reading
    ) throws(EvidenceError) -> (pieces: [Piece], isComplete: Bool) {
        var pieces: [(first: UInt64, piece: Piece)] = []
        var end: UInt64 = 0
        var isComplete = true
        let folder = Path.join(files.path, Filenames.segments)
        for range in listed.segments {
            let file = Path.join(folder, Filenames.segment(range))
            if range.upperBound <= reading.next { continue }
            let path = Path.join(context.store, file)
            if context.history.segments[files.name]?[range] != nil {
                pieces.append(
                    (range.lowerBound, Piece(work: .digest(path: path), file: file, range: range)))
            }
            // What another one covers is not read by anybody.
            if range.upperBound <= end { continue }
            end = range.upperBound
            switch segmentBlocks(path, range) {
            case .success(let blocks):
                for block in blocks where block.endIndex > reading.next {
                    pieces.append(
                        (block.firstIndex, Piece(work: .block(block, path: path), file: file)))
                }
            case .failure(let error):
                if error.code == .notFound {
                    isComplete = false
                } else {
                    pieces.append(
                        (range.lowerBound, Piece(work: .refused(error), file: file, range: range)))
                }
            }
        }
        let logs = Path.join(files.path, Filenames.logs)
        for (number, log) in listed.logs.enumerated() {
            let isSealed =
                !log.isDamaged && listed.segments.contains { $0.contains(log.firstIndex) }
            if isSealed { continue }
            let file = Path.join(logs, log.text)
            let path = Path.join(context.store, file)
            let work = LeafPiece.log(
                path: path, zone: files.name.zone, stream: files.name.stream)
            pieces.append(
                (
                    log.firstIndex,
                    Piece(work: work, file: file, isNewestLog: number + 1 == listed.logs.count)
                ))
        }
        let ordered = pieces.enumerated().sorted {
            ($0.element.first, $0.offset) < ($1.element.first, $1.offset)
        }
        return (ordered.map(\.element.piece), isComplete)
    }

    private func segmentBlocks(
        _ path: String, _ range: Range<UInt64>
    ) -> Result<[Block], StoreError> {
        do throws(StoreError) {
            let segment = try SegmentReader(fileSystem: context.fileSystem, path: path)
            guard segment.leaves == range, segment.zone == files.name.zone,
                segment.stream == files.name.stream
            else {
                throw StoreError(
                    .damaged,
                    "holds leaves \(segment.leaves.lowerBound) to \(segment.leaves.upperBound) "
                        + "of \(segment.zone)/\(segment.stream)", path: path, section: "summary")
            }
            return .success(segment.blocks)
        } catch {
            return .failure(error)
        }
    }

    // MARK: Results

    private mutating func take(
        _ result: LeafResult, _ piece: Piece, _ reading: inout Reading
    ) {
        if let failure = result.failure {
            let isDamage = failure.code != .system
            problem(
                isDamage ? .changed : .unreadable, piece.file, section: failure.section,
                offset: failure.offset, indices: piece.range, failure.what,
                isDamage
                    ? "書き込んだ内容と一致しません: \(failure.what)" : "読み取れません: \(failure.what)")
        }
        if let digest = result.digest, let range = piece.range,
            let sealed = context.history.segments[files.name]?[range], digest != sealed
        {
            problem(
                .changed, piece.file, indices: range,
                "is not the file that was sealed: its SHA-256 is another one",
                "確定時のファイルと異なります（SHA-256 が操作記録の値と不一致）")
        }
        takeDamages(result, piece)
        for run in result.runs { take(run, piece.file, &reading) }
        context.progress(verdict.records)
    }

    private mutating func takeDamages(_ result: LeafResult, _ piece: Piece) {
        for damage in result.damages {
            problem(
                .changed, piece.file, section: "write-ahead log",
                offset: damage.bytes.lowerBound,
                indices: damage.missing.isEmpty ? nil : damage.missing, damage.what,
                "先行書込みログが壊れています: \(damage.what)")
        }
        if result.isForeign {
            problem(
                .added, piece.file, section: "write-ahead log",
                "begins with the header of another log", "別のログのヘッダーで始まっています")
        }
        guard let tail = result.tail else { return }
        if !piece.isNewestLog || !context.mayGrow {
            problem(
                .cut, piece.file, section: "write-ahead log", offset: tail.lowerBound,
                "\(tail.count) bytes behind the last whole frame",
                "最後のフレームの後ろに不完全なデータが \(tail.count) バイトあります")
        } else {
            note(
                "\(piece.file): \(tail.count) bytes of a commit that did not end",
                "\(piece.file): 書込み途中のデータが \(tail.count) バイトあります")
        }
    }

    private mutating func take(_ run: LeafRun, _ file: String, _ reading: inout Reading) {
        var leaves = run.leaves[...]
        if run.first < reading.next {
            let known = reading.next - run.first
            if known >= UInt64(leaves.count) { return }
            leaves = leaves.dropFirst(Int(known))
        }
        let first = max(run.first, reading.next)
        if first > reading.next {
            let gap = reading.next..<first
            reading.missing.append(gap)
            // A record that was lost before a checkpoint covered it has a leaf of its own.
            var left = gap.upperBound - gap.lowerBound
            while left > 0 {
                let count = min(left, 1 << 16)
                let lost = [MerkleHash](repeating: LeafHasher.lost, count: Int(count))
                reading.tree?.append(lost[...])
                left -= count
            }
        }
        reading.tree?.append(leaves)
        reading.next = first + UInt64(leaves.count)
        places.append((first..<reading.next, file))
        verdict.records += UInt64(leaves.count)
        if let received = run.received {
            let known = reading.received ?? received
            reading.received =
                min(
                    known.lowerBound, received.lowerBound)...max(
                    known.upperBound, received.upperBound)
        }
    }

    // MARK: The end

    private mutating func finish(
        _ reading: Reading, _ tiles: TileFiles, _ frontiers: [FrontierFile]
    ) {
        guard let tree = reading.tree else { return }
        verdict.endIndex = reading.next
        verdict.isRecomputed = tree.waiting == 0
        if let received = reading.received {
            verdict.received =
                Timestamp(
                    nanoseconds: received.lowerBound)...Timestamp(
                    nanoseconds: received.upperBound)
        }
        if reading.next < verdict.size {
            problem(
                .cut, Path.join(files.path, Filenames.logs),
                indices: reading.next..<verdict.size,
                "records \(reading.next) to \(verdict.size - 1), which a checkpoint covers, are "
                    + "gone",
                "チェックポイントで確定済みの原文 \(reading.next)～\(verdict.size - 1) がありません")
        }
        checkTail(reading)
        if let known = context.history.ends[files.name], known.end > reading.next {
            problem(
                .rolledBack, files.path, indices: reading.next..<known.end,
                "act \(known.act) names record \(known.end - 1); the newest here is "
                    + "\(reading.next == 0 ? "none" : String(reading.next - 1))",
                "操作記録 \(known.act) は原文 \(known.end - 1) を参照していますが、ここにはありません")
        }
        tell(tree.differences, reading.missing)
        checkFrontiers(tree, frontiers)
    }

    /// Records that no checkpoint covers yet.
    private mutating func checkTail(_ reading: Reading) {
        guard reading.next > verdict.size else { return }
        let range = verdict.size..<reading.next
        let count = range.upperBound - range.lowerBound
        if context.mayGrow || files.name == .acts {
            note(
                "\(count) records are not covered by a checkpoint yet",
                "\(count) 件はまだチェックポイントで確定していません")
        } else {
            problem(
                .added, Path.join(files.path, Filenames.segments), indices: range,
                "\(count) records that no checkpoint covers, although the zone was stopped",
                "停止済みの領域に、チェックポイントで確定していない原文が \(count) 件あります")
        }
    }

    private mutating func tell(_ differences: [TreeCheck.Difference], _ missing: [Range<UInt64>]) {
        var told: [Range<UInt64>] = []
        for difference in differences.prefix(Self.problemsMax) {
            switch difference {
            case .records(let range): tellRecords(range, missing, &told)
            case .tile(let level, let index):
                let name = ProofNames.tile(
                    level: level, number: index / TreeReader.tileWidth)
                problem(
                    .changed, Path.join(treeFolder, name), section: "tile",
                    offset: Int(index % TreeReader.tileWidth) * MerkleHash.count,
                    "a hash is not that of the records below it",
                    "ハッシュが原文から計算した値と一致しません")
            case .root(let placed, let since):
                tellRoot(placed, since, missing, &told)
            }
        }
        for range in missing where !told.contains(range) {
            if range.lowerBound < verdict.size, differences.isEmpty {
                note(
                    "records \(range.lowerBound) to \(range.upperBound - 1) were lost before a "
                        + "checkpoint covered them",
                    "原文 \(range.lowerBound)～\(range.upperBound - 1) はチェックポイント作成前に失われています")
            } else {
                missingRecords(range)
            }
        }
        if differences.count > Self.problemsMax {
            note(
                "\(differences.count - Self.problemsMax) further places that differ",
                "ほかに \(differences.count - Self.problemsMax) 箇所の不一致があります")
        }
    }

    private mutating func missingRecords(_ range: Range<UInt64>) {
        problem(
            .removed, files.path, indices: range,
            "no file holds records \(range.lowerBound) to \(range.upperBound - 1)",
            "原文 \(range.lowerBound)～\(range.upperBound - 1) を含むファイルがありません")
    }

    private mutating func tellRecords(
        _ range: Range<UInt64>, _ missing: [Range<UInt64>], _ told: inout [Range<UInt64>]
    ) {
        if let gap = missing.first(where: { $0.overlaps(range) }) {
            if !told.contains(gap) {
                told.append(gap)
                missingRecords(gap)
            }
            return
        }
        problem(
            .changed, place(of: range), indices: range,
            "records were changed: their leaves are not those that were signed",
            "原文が改変されています（署名済みの葉と一致しません）")
    }

    private mutating func tellRoot(
        _ placed: PlacedCheckpoint, _ since: UInt64, _ missing: [Range<UInt64>],
        _ told: inout [Range<UInt64>]
    ) {
        let size = placed.checkpoint.size
        let range = min(since, size)..<size
        if placed.file == Self.trustFile {
            problem(
                .rolledBack, files.path, indices: range,
                "is not a continuation of the trusted checkpoint of \(size) leaves: the log was "
                    + "made anew",
                "外部で保管した葉数 \(size) のチェックポイントの続きではありません（ログの作り直し）")
            return
        }
        if let gap = missing.first(where: { $0.overlaps(range) }) {
            if !told.contains(gap) {
                told.append(gap)
                missingRecords(gap)
            }
            return
        }
        problem(
            .changed, range.isEmpty ? placed.file : place(of: range), offset: nil, indices: range,
            "the records up to \(size) do not lead to the root of the checkpoint in "
                + "\(placed.file)",
            "原文から計算したルートハッシュが \(placed.file) のチェックポイント（葉数 \(size)）と一致しません")
    }

    /// The file that holds the records of a range.
    private func place(of range: Range<UInt64>) -> String {
        places.first { $0.range.overlaps(range) }?.file ?? files.path
    }

    /// Hashes kept for the writer are those of the records.
    private mutating func checkFrontiers(_ tree: TreeCheck, _ frontiers: [FrontierFile]) {
        for frontier in frontiers {
            let file = Path.join(treeFolder, ProofNames.frontier(size: frontier.size))
            if let leaves = tree.captured[frontier.size] {
                guard leaves != frontier.leaves else { continue }
                let start = frontier.size - frontier.size % TreeCheck.blockLeaves
                let place = zip(leaves, frontier.leaves).enumerated().first {
                    $0.element.0 != $0.element.1
                }
                let index = start + UInt64(place?.offset ?? 0)
                problem(
                    .changed, file, section: "leaves", indices: index..<index + 1,
                    "record \(index) and the hash kept for it differ",
                    "原文 \(index) と保存済みのハッシュが一致しません")
            } else if frontier.size > tree.next {
                problem(
                    .added, file, "is for \(frontier.size) records; there are \(tree.next)",
                    "原文 \(frontier.size) 件分ですが、実際は \(tree.next) 件です")
            }
        }
    }
}
