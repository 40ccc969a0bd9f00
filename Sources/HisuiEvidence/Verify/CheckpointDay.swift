import HisuiEvent
import HisuiFile
import HisuiProof

/// A checkpoint and where it stands.
struct PlacedCheckpoint: Sendable {
    var checkpoint: Checkpoint
    var note: SignedNote
    /// From the store's folder.
    var file: String
    var offset: Int
}

/// The checkpoints of one day, their signatures checked.
struct CheckpointDay: Sendable {
    var file: String
    var checkpoints: [PlacedCheckpoint] = []
    var problems: [StoreProblem] = []
    /// Bytes behind the last whole note.
    var tail: Range<Int>?

    /// The keys of a zone: what its checkpoints must be signed with.
    struct Keys: Sendable {
        var zone: NoteVerifier?
        var epochs: EpochChain?
        /// The log's origin, where the zone's key is known.
        func origin(_ stream: String) -> String? { zone.map { $0.name + "/" + stream } }
    }

    /// Reads and checks a file; nothing it says is believed before.
    ///
    /// - Complexity: two signatures a checkpoint, some 0.1 ms each.
    init(
        fileSystem: any FileSystem, store: String, file: String, stream: String, zone: String,
        day: String, keys: Keys
    ) {
        self.file = file
        func problem(_ kind: StoreProblem.Kind, _ offset: Int?, _ what: Bilingual) -> StoreProblem {
            StoreProblem(
                kind, zone: zone, stream: stream, file: file, section: "checkpoint",
                offset: offset, what)
        }
        let notes: NoteFile
        do {
            let path = Path.join(store, file)
            let size = try fileSystem.size(path)
            notes = try NoteFile(try fileSystem.bytes(path, from: 0, count: size))
        } catch let error as FileError {
            problems.append(problem(.unreadable, nil, Bilingual("\(error)", "\(error)")))
            return
        } catch {
            problems.append(
                problem(.changed, nil, Bilingual("\(error)", "チェックポイントの形式が壊れています: \(error)")))
            return
        }
        if notes.tailMayBeWhole {
            problems.append(
                problem(
                    .changed, notes.tail.lowerBound,
                    Bilingual("no note stands here", "チェックポイントの形式が壊れています")))
        } else if !notes.tail.isEmpty {
            tail = notes.tail
        }
        for entry in notes.entries {
            do throws(ProofError) {
                let text = entry.note.text
                var checkpoint = try Checkpoint(parsing: text)
                if let origin = keys.origin(stream) {
                    checkpoint = try Checkpoint(parsing: text, origin: origin)
                }
                if let what = try Self.signatureProblem(entry.note, checkpoint, keys) {
                    problems.append(problem(.resigned, entry.range.lowerBound, what))
                }
                // A clock that was set back leaves an earlier day in a file, never a later one.
                if let time = checkpoint.time, ProofNames.day(time) > day {
                    problems.append(
                        problem(
                            .changed, entry.range.lowerBound,
                            Bilingual(
                                "a checkpoint of another day stands here",
                                "別の日のチェックポイントが入っています")))
                }
                checkpoints.append(
                    PlacedCheckpoint(
                        checkpoint: checkpoint, note: entry.note, file: file,
                        offset: entry.range.lowerBound))
            } catch {
                problems.append(
                    problem(
                        error.code == .signature ? .resigned : .changed, entry.range.lowerBound,
                        error.code == .signature
                            ? Bilingual(
                                "the signature does not fit: \(error.what)",
                                "署名が一致しません（改変されたか、別の鍵で署名されています）: \(error.what)")
                            : Bilingual(error.what, "チェックポイントの内容が壊れています: \(error.what)")))
            }
        }
    }

    /// What is wrong with who signed; nil if zone and epoch did and nobody else.
    private static func signatureProblem(
        _ note: SignedNote, _ checkpoint: Checkpoint, _ keys: Keys
    ) throws(ProofError) -> Bilingual? {
        guard let zone = keys.zone else { return nil }
        let epoch = keys.epochs?.epochs.first { $0.number == checkpoint.epoch }
        let known = [zone] + (epoch.map { [$0.key] } ?? [])
        let signers = try note.verify(known)
        if !signers.contains(zone) {
            return Bilingual("not signed by the zone's key", "領域の鍵による署名がありません")
        }
        guard let epoch else {
            return Bilingual(
                "epoch \(checkpoint.epoch.map(String.init) ?? "?") is not in the chain of epochs",
                "世代 \(checkpoint.epoch.map(String.init) ?? "不明") が鍵の世代の記録にありません")
        }
        if !signers.contains(epoch.key) {
            return Bilingual(
                "not signed by the key of epoch \(epoch.number)",
                "世代 \(epoch.number) の鍵による署名がありません")
        }
        if note.signatures.count != 2 {
            return Bilingual(
                "\(note.signatures.count) signatures; two are known",
                "署名が \(note.signatures.count) 件あります（既知の署名は 2 件）")
        }
        return nil
    }
}
