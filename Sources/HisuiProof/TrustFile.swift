import HisuiEvent

/// What an auditor trusts and keeps away from the store: keys, and checkpoints seen before.
///
///     # 2026-11-23, typed from the monthly report
///     hisui/0123456789abcdef/lgwan+1a2b3c4d+AZ…              keys, one a line
///
///     hisui/0123456789abcdef/lgwan/default                   checkpoints: complete signed notes
///     700
///     CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
///
///     — hisui/0123456789abcdef/lgwan Az3grl…
///
/// Empty lines and lines that begin with `#` may stand between keys and notes. Lines may end with
/// CR LF.
public struct TrustFile: Hashable, Sendable {
    public struct Anchor: Hashable, Sendable {
        public var note: SignedNote
        public var checkpoint: Checkpoint

        public init(note: SignedNote, checkpoint: Checkpoint) {
            self.note = note
            self.checkpoint = checkpoint
        }
    }

    public var verifiers: [NoteVerifier]
    public var anchors: [Anchor]

    public init(verifiers: [NoteVerifier] = [], anchors: [Anchor] = []) {
        self.verifiers = verifiers
        self.anchors = anchors
    }

    /// Reads a file. Signatures of checkpoints by keys of the file are checked; others need not be
    /// known: it is the file that is trusted.
    ///
    /// - Throws: `.malformed`, naming the line; `.signature` for a wrong one of a key in the file.
    /// - Complexity: O(n).
    public init(parsing bytes: some Collection<UInt8>) throws(ProofError) {
        self.init()
        guard bytes.count <= Limits.trustFileBytesMax else {
            throw ProofError(
                .malformed, "a trust file of more than \(Limits.trustFileBytesMax) bytes")
        }
        let lines = bytes.split(separator: SignedNote.lineFeed, omittingEmptySubsequences: false)
            .map { $0.last == 0x0D ? Array($0.dropLast()) : Array($0) }
        var next = 0
        while next < lines.count {
            let line = lines[next]
            if line.isEmpty || line.first == UInt8(ascii: "#") {
                next += 1
                continue
            }
            if let key = Self.key(line) {
                if !verifiers.contains(key) { verifiers.append(key) }
                next += 1
                continue
            }
            let end = Self.endOfNote(lines, from: next)
            do throws(ProofError) {
                let note = try SignedNote(
                    parsing: Array(lines[next..<end].map { $0 + [SignedNote.lineFeed] }.joined()))
                anchors.append(Anchor(note: note, checkpoint: try Checkpoint(parsing: note.text)))
            } catch {
                throw ProofError(
                    error.code, "line \(next + 1): neither a key nor a checkpoint: \(error.what)")
            }
            next = end
        }
        try checkSignatures()
    }

    private func checkSignatures() throws(ProofError) {
        for anchor in anchors {
            let known = verifiers.filter { key in
                anchor.note.signatures.contains { key.isNamed(by: $0) }
            }
            if !known.isEmpty { _ = try anchor.note.verify(known) }
        }
    }

    private static func key(_ line: [UInt8]) -> NoteVerifier? {
        do throws(ProofError) {
            return try NoteVerifier(vkey: String(decoding: line, as: UTF8.self))
        } catch {
            return nil
        }
    }

    /// One past the last line of the note that begins at `first`: text, an empty line, signatures.
    private static func endOfNote(_ lines: [[UInt8]], from first: Int) -> Int {
        guard let blank = lines[first...].firstIndex(where: \.isEmpty) else { return lines.count }
        let dash = Array("— ".utf8)
        return lines[(blank + 1)...].firstIndex { !$0.starts(with: dash) } ?? lines.count
    }

    /// The file: keys, then checkpoints. `comment` stands first, each of its lines behind a `#`.
    public func text(comment: String) -> String {
        var out = ""
        for line in comment.split(separator: "\n", omittingEmptySubsequences: false) {
            out += line.isEmpty ? "#\n" : "# \(line)\n"
        }
        for verifier in verifiers { out += verifier.vkey + "\n" }
        for anchor in anchors { out += "\n" + String(decoding: anchor.note.encoded, as: UTF8.self) }
        return out
    }
}
