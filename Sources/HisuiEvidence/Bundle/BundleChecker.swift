import Glibc
import HisuiBytes
import HisuiEvent
public import HisuiProof
import HisuiStore

/// What an examination of a bundle found.
public struct BundleVerdict: Sendable {
    public var problems: [BundleProblem] = []
    /// Worth knowing, and no problem.
    public var notes: [Bilingual] = []
    public var files = 0
    /// Records whose place in the log was proved.
    public var provedRecords = 0
    public var logs = 0
    /// Whether keys or checkpoints from outside were given.
    public var isAnchored = false
    /// bag-info.txt, as it stands.
    public var info: [(name: String, value: String)] = []

    public var isSound: Bool { problems.isEmpty }
}

/// Checks a bundle from outside: manifests, seal, checkpoints, proofs, and the report's numbers.
///
/// Everything in the folder is taken for hostile: no link is followed, no path leads out, nothing
/// is read that is larger than a bundle's files are. Needs no store.
public struct BundleChecker {
    private let folder: BagFolder
    private let trust: TrustFile?
    var verdict = BundleVerdict()
    private var present: Set<String> = []

    /// What a log's folder said, and was found right.
    struct Log {
        var origin: String
        var verifiers: [NoteVerifier]
        /// The checkpoint at the end of the period: the note's bytes, and what they say.
        var note: [UInt8]
        var checkpoint: Checkpoint
    }
    private var logs: [Snapshot.Stream: Log] = [:]

    public init(path: String, trust: TrustFile?) {
        folder = BagFolder(path: path)
        self.trust = trust
    }

    /// Checks everything.
    ///
    /// - Throws: when the folder cannot be read at all.
    public consuming func run() throws(EvidenceError) -> BundleVerdict {
        var checker = self
        do throws(BagFolder.Failure) {
            try checker.check()
        } catch {
            switch error {
            case .unreadable(let path, let number):
                // Safe: strerror returns a terminated string, copied at once.
                let text = unsafe String(cString: strerror(number))
                let file = path.isEmpty ? checker.folder.path : path
                throw EvidenceError(.refused, Bilingual("\(file): \(text)", "\(file): \(text)"))
            case .tooMany:
                throw EvidenceError(
                    .refused,
                    Bilingual(
                        "more than \(Limits.bagFilesMax) files: no bundle of Hisui",
                        "ファイルが \(Limits.bagFilesMax) 個を超えています（Hisui の監査証跡一式ではありません）"))
            }
        }
        return checker.verdict
    }

    private mutating func check() throws(BagFolder.Failure) {
        verdict.isAnchored = trust != nil
        var bag = BagChecker(folder)
        try bag.run()
        verdict.problems += bag.problems
        verdict.info = bag.info
        verdict.files = bag.files.count
        present = Set(bag.files.map(\.path))
        try checkLogs(bag.files.map(\.path))
        try checkSeal(bag.tagManifest)
        let records = try checkRecords()
        try checkProofFiles(bag.files.map(\.path), records)
        try checkNumbers(records)
    }

    mutating func problem(
        _ kind: BundleProblem.Kind, _ file: String, _ english: String, _ japanese: String
    ) {
        // One problem a file and kind: manifests that fail bring many others with them.
        verdict.problems.append(BundleProblem(kind, file, Bilingual(english, japanese)))
    }

    /// A file of the payload; nil, and a problem, if it is missing or too large.
    mutating func read(_ path: String) throws(BagFolder.Failure) -> [UInt8]? {
        guard present.contains(path) else {
            problem(.missing, path, "is missing", "ファイルがありません")
            return nil
        }
        if let bytes = try folder.bytes(path, limit: Limits.bagTextBytesMax) { return bytes }
        problem(.malformed, path, "is too large", "ファイルが大きすぎます")
        return nil
    }

    // MARK: Seal

    private mutating func checkSeal(_ tags: [UInt8]) throws(BagFolder.Failure) {
        guard present.contains(BagNames.seal) else {
            problem(
                .unsigned, BagNames.seal, "the bundle is not sealed",
                "封印（署名）がありません")
            return
        }
        guard let bytes = try folder.bytes(BagNames.seal, limit: Limits.noteBytesMax) else {
            problem(.malformed, BagNames.seal, "is too large", "ファイルが大きすぎます")
            return
        }
        do throws(ProofError) {
            let note = try SignedNote(parsing: bytes)
            if Array(note.text.utf8) != tags {
                problem(
                    .altered, BagNames.seal, "seals another \(BagNames.tagManifest)",
                    "\(BagNames.tagManifest) が封印時の内容と異なります")
            }
            guard let key = logs[.acts]?.verifiers.first else {
                problem(
                    .unsigned, BagNames.seal, "the key of the acts is missing",
                    "操作記録の公開鍵がないため封印を確認できません")
                return
            }
            _ = try note.verify([key])
            if note.signatures.count != 1 {
                problem(
                    .added, BagNames.seal, "has signatures by keys nobody knows",
                    "未知の鍵による署名があります")
            }
        } catch {
            problem(.altered, BagNames.seal, error.what, "封印の署名が一致しません: \(error.what)")
        }
    }

    // MARK: Logs

    private mutating func checkLogs(_ files: [String]) throws(BagFolder.Failure) {
        var streams: Set<Snapshot.Stream> = []
        for file in files {
            let parts = file.split(separator: "/").map(String.init)
            guard parts.count == 5, parts[0] == "data", parts[1] == "log" else { continue }
            streams.insert(Snapshot.Stream(zone: parts[2], stream: parts[3]))
        }
        for stream in streams.sorted() { try checkLog(stream) }
        verdict.logs = logs.count
        if let trust {
            let origins = Set(logs.values.map(\.origin))
            for anchor in trust.anchors where !origins.contains(anchor.checkpoint.origin) {
                verdict.notes.append(
                    Bilingual(
                        "the bundle has no log \(anchor.checkpoint.origin)",
                        "本一式に \(anchor.checkpoint.origin) のログはありません"))
            }
        }
    }

    private mutating func checkLog(_ stream: Snapshot.Stream) throws(BagFolder.Failure) {
        let folder = BagNames.log(stream.zone, stream.stream)
        func file(_ name: String) -> String { folder + "/" + name }
        guard let keyBytes = try read(file(BagNames.keys)),
            let note = try read(file(BagNames.checkpoint)),
            let epochs = try read(file(BagNames.epochs)),
            let all = try read(file(BagNames.checkpoints))
        else { return }
        let previous =
            present.contains(file(BagNames.previousCheckpoint))
            ? try read(file(BagNames.previousCheckpoint)) : nil
        do throws(ProofError) {
            let keys = try Self.keys(keyBytes, epochs)
            try checkTrust(keys, file(BagNames.keys))
            let last = try Self.checkpoint(note, keys, stream)
            logs[stream] = Log(
                origin: last.origin, verifiers: keys, note: note, checkpoint: last)
            let old = try previous.map { (bytes) throws(ProofError) in
                try Self.checkpoint(bytes, keys, stream)
            }
            try checkAll(all, keys, stream, first: old, last: last, file(BagNames.checkpoints))
        } catch {
            problem(
                error.code == .malformed ? .malformed : .unproved, folder, error.what,
                "ログの署名または形式が一致しません: \(error.what)")
            return
        }
        try checkConsistency(stream, previous, file(BagNames.consistency))
    }

    /// The zone's key, then those of its epochs, which must be those of the chain.
    private static func keys(
        _ bytes: [UInt8], _ epochs: [UInt8]
    ) throws(ProofError) -> [NoteVerifier] {
        var keys: [NoteVerifier] = []
        for line in bytes.split(separator: 0x0A) {
            keys.append(try NoteVerifier(vkey: String(decoding: line, as: UTF8.self)))
        }
        guard let zone = keys.first else { throw ProofError(.malformed, "no keys") }
        let chain = try EpochChain(try NoteFile(epochs).entries.map(\.note), zone: zone)
        guard chain.verifiers == Array(keys.dropFirst()) else {
            throw ProofError(.contradiction, "the keys are not those of the epochs")
        }
        return keys
    }

    private static func checkpoint(
        _ bytes: [UInt8], _ keys: [NoteVerifier], _ stream: Snapshot.Stream
    ) throws(ProofError) -> Checkpoint {
        let note = try SignedNote(parsing: bytes)
        let origin = keys[0].name + "/" + stream.stream
        let signers = try note.verify(keys)
        let checkpoint = try Checkpoint(parsing: note.text, origin: origin)
        let epoch = checkpoint.epoch.map { Epoch.keyName(keys[0].name, $0) }
        guard signers.contains(keys[0]), signers.contains(where: { $0.name == epoch }) else {
            throw ProofError(
                .signature, "a checkpoint is not signed by the keys of zone and epoch")
        }
        guard note.signatures.count == signers.count else {
            throw ProofError(.signature, "a checkpoint has a signature by nobody known")
        }
        return checkpoint
    }

    private mutating func checkTrust(
        _ keys: [NoteVerifier], _ file: String
    ) throws(ProofError) {
        guard let trust else { return }
        guard let own = trust.verifiers.first(where: { $0.name == keys[0].name }) else {
            problem(
                .untrusted, file, "the trust file has no key \(keys[0].name)",
                "信頼する鍵のファイルに \(keys[0].name) の鍵がありません")
            return
        }
        if own != keys[0] {
            problem(
                .untrusted, file, "is not the trusted key of \(own.name)",
                "\(own.name) の鍵が、信頼する鍵と異なります")
        }
    }

    /// Checkpoints of the period: signed, growing, and with the first and last one.
    private mutating func checkAll(
        _ bytes: [UInt8], _ keys: [NoteVerifier], _ stream: Snapshot.Stream, first: Checkpoint?,
        last: Checkpoint, _ file: String
    ) throws(ProofError) {
        let notes = try NoteFile(bytes)
        guard notes.tail.isEmpty else { throw ProofError(.malformed, "\(file) is cut") }
        var all: [Checkpoint] = []
        for entry in notes.entries {
            let checkpoint = try Self.checkpoint(entry.note.encoded, keys, stream)
            if let before = all.last,
                checkpoint.size < before.size
                    || checkpoint.size == before.size && checkpoint.root != before.root
            {
                problem(
                    .contradiction, file, "size \(checkpoint.size) after \(before.size)",
                    "葉数 \(before.size) の後に \(checkpoint.size) があります")
            }
            all.append(checkpoint)
        }
        guard all.last == last, first == nil || all.first == first else {
            problem(
                .contradiction, file, "does not begin and end with the checkpoints beside it",
                "期首・期末のチェックポイントと一致しません")
            return
        }
        for anchor in trust?.anchors ?? [] where anchor.checkpoint.origin == last.origin {
            let same = all.first { $0.size == anchor.checkpoint.size }
            if let same, same.root != anchor.checkpoint.root {
                problem(
                    .untrusted, file,
                    "size \(same.size) has another root than the trusted checkpoint",
                    "葉数 \(same.size) のルートハッシュが、信頼するチェックポイントと異なります")
            } else if same == nil {
                verdict.notes.append(
                    Bilingual(
                        "the trusted checkpoint of \(anchor.checkpoint.size) leaves is not one of "
                            + "this bundle; `hisui verify` compares it with the store",
                        "葉数 \(anchor.checkpoint.size) の信頼するチェックポイントは本一式に含まれません"
                            + "（`hisui verify` で保管庫と照合できます）"))
            }
        }
    }

    private mutating func checkConsistency(
        _ stream: Snapshot.Stream, _ previous: [UInt8]?, _ file: String
    ) throws(BagFolder.Failure) {
        guard let log = logs[stream] else { return }
        let old = previous.flatMap { try? SignedNote(parsing: $0) }.flatMap {
            try? Checkpoint(parsing: $0.text)
        }
        guard present.contains(file) else {
            problem(
                .unproved, file, "there is no proof that the log was only appended to",
                "期首から期末への一貫性の証明がありません")
            return
        }
        guard let bytes = try read(file) else { return }
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        let blank = lines.firstIndex { $0.isEmpty } ?? lines.endIndex
        let hashes = lines[..<blank].dropFirst().map {
            MerkleHash(base64: String(decoding: $0, as: UTF8.self))
        }
        let rest = Array(lines[blank...].dropFirst().joined(separator: [0x0A]))
        let size = old?.size ?? 0
        guard lines.first.map({ Array($0) }) == Array("old \(size)".utf8), rest == log.note,
            hashes.allSatisfy({ $0 != nil }), hashes.count <= Limits.proofHashesMax,
            MerkleProof.verifyConsistency(
                from: size, old?.root ?? .emptyTree, to: log.checkpoint.size,
                log.checkpoint.root, proof: hashes.compactMap { $0 })
        else {
            problem(
                .unproved, file, "does not prove that the log was only appended to",
                "期首のログが期末のログにそのまま含まれることを証明できません")
            return
        }
    }

    // MARK: Records

    private mutating func checkRecords() throws(BagFolder.Failure) -> [SelectedRecord] {
        guard let bytes = try read(BagNames.selected) else { return [] }
        var records: [SelectedRecord] = []
        var seen: Set<String> = []
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        for (number, line) in lines.enumerated() {
            if line.isEmpty, number + 1 == lines.count { break }
            guard let record = SelectedRecord(line: Array(line)) else {
                problem(
                    .altered, BagNames.selected,
                    "line \(number + 1) is no record, or says two things about itself",
                    "\(number + 1) 行目が原文の形式でないか、内容が矛盾しています")
                continue
            }
            guard seen.insert("\(record.zone)/\(record.stream)/\(record.index)").inserted else {
                problem(
                    .contradiction, BagNames.selected,
                    "line \(number + 1) gives record \(record.index) again",
                    "\(number + 1) 行目で原文 \(record.index) が重複しています")
                continue
            }
            records.append(record)
            try prove(record, line: number + 1)
        }
        return records
    }

    private mutating func prove(
        _ record: SelectedRecord, line: Int
    ) throws(BagFolder.Failure) {
        let stream = Snapshot.Stream(zone: record.zone, stream: record.stream)
        let file = BagNames.proof(record.zone, record.stream, record.index)
        guard let log = logs[stream] else {
            problem(
                .unproved, BagNames.selected,
                "line \(line): there is no log \(record.zone)/\(record.stream)",
                "\(line) 行目: \(record.zone)/\(record.stream) のログがありません")
            return
        }
        guard present.contains(file),
            let bytes = try folder.bytes(file, limit: 2 * Limits.noteBytesMax)
        else {
            problem(.missing, file, "is missing", "ファイルがありません")
            return
        }
        do throws(ProofError) {
            let proof = try TlogProof(parsing: bytes)
            guard proof.index == record.index, proof.note.encoded == log.note else {
                throw ProofError(.contradiction, "is for another record or checkpoint")
            }
            // The note is the one that was checked with the log: its signatures stand.
            guard
                MerkleProof.verifyInclusion(
                    leaf: record.leaf, index: record.index, size: log.checkpoint.size,
                    proof: proof.hashes, root: log.checkpoint.root)
            else { throw ProofError(.contradiction, "the record is not number \(record.index)") }
            verdict.provedRecords += 1
        } catch {
            problem(
                .unproved, file,
                "does not prove line \(line) of \(BagNames.selected): \(error.what)",
                "\(BagNames.selected) の \(line) 行目を証明できません: \(error.what)")
        }
    }

    private mutating func checkProofFiles(
        _ files: [String], _ records: [SelectedRecord]
    ) throws(BagFolder.Failure) {
        let known = Set(records.map { BagNames.proof($0.zone, $0.stream, $0.index) })
        for file in files where file.hasSuffix(TlogProof.suffix) && !known.contains(file) {
            problem(
                .added, file, "proves no record of this bundle", "対応する原文がない証明です")
        }
    }
}

extension BundleChecker {
    var selectedLogs: [(stream: Snapshot.Stream, size: UInt64, root: String)] {
        logs.sorted { $0.key < $1.key }.map {
            ($0.key, $0.value.checkpoint.size, $0.value.checkpoint.root.base64)
        }
    }
}
