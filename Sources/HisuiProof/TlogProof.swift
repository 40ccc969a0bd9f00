import HisuiBytes
import HisuiEvent

/// The proof that a record is in a log, as one file that needs nothing else (C2SP `tlog-proof`).
///
///     c2sp.org/tlog-proof@v1
///     extra aGlzdWk=                                    optional: bytes that nothing proves
///     index 73894
///     gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=      siblings, the lowest first
///     …
///                                                       an empty line
///     hisui/0123456789abcdef/lgwan/default              the checkpoint, a signed note
///     …
public struct TlogProof: Hashable, Sendable {
    /// For whom it is of use; not authenticated.
    public var extra: [UInt8]?
    public var index: UInt64
    /// Siblings from the leaf upwards (RFC 6962 §2.1.1).
    public var hashes: [MerkleHash]
    /// The signed checkpoint.
    public var note: SignedNote

    /// What the name of such a file ends with.
    public static let suffix = ".tlog-proof"

    private static let firstLine = "c2sp.org/tlog-proof@v1"

    public init(extra: [UInt8]? = nil, index: UInt64, hashes: [MerkleHash], note: SignedNote) {
        self.extra = extra
        self.index = index
        self.hashes = hashes
        self.note = note
    }

    /// Reads a file.
    ///
    /// - Complexity: O(n).
    public init(parsing bytes: some Collection<UInt8>) throws(ProofError) {
        let all = Array(bytes)
        var lines = LineReader(all)
        guard all.count <= 2 * Limits.noteBytesMax, lines.next() == Array(Self.firstLine.utf8)
        else {
            throw ProofError(.malformed, "no proof: it does not begin with \(Self.firstLine)")
        }
        var line = lines.next()
        if let text = line, text.starts(with: "extra ".utf8) {
            guard let decoded = Base64Text.decode(text.dropFirst(6)) else {
                throw ProofError(.malformed, "no proof: what follows 'extra' is no base64")
            }
            extra = decoded
            line = lines.next()
        }
        guard let text = line, text.starts(with: "index ".utf8),
            let index = NoteLines.number(String(decoding: text.dropFirst(6), as: UTF8.self))
        else { throw ProofError(.malformed, "no proof: no line with its index") }
        self.index = index
        hashes = []
        while let text = lines.next(), !text.isEmpty {
            guard let decoded = Base64Text.decode(text), let hash = MerkleHash(decoded),
                hashes.count < Limits.proofHashesMax
            else { throw ProofError(.malformed, "no proof: a line is no hash, or too many") }
            hashes.append(hash)
        }
        note = try SignedNote(parsing: all[lines.position...])
    }

    /// The bytes of the file.
    public var encoded: [UInt8] {
        var out = Array(Self.firstLine.utf8) + [SignedNote.lineFeed]
        if let extra { out += Array("extra \(Base64Text.text(extra))\n".utf8) }
        out += Array("index \(index)\n".utf8)
        for hash in hashes { out += Array((hash.base64 + "\n").utf8) }
        out.append(SignedNote.lineFeed)
        return out + note.encoded
    }

    /// Checks that a record with that leaf hash is in the log.
    ///
    /// - Parameters:
    ///   - verifiers: keys of the log and of witnesses; see `SignedNote.verify`.
    ///   - origin: the log's.
    /// - Returns: the checkpoint and who signed it.
    public func verify(
        leaf: MerkleHash, origin: String, verifiers: [NoteVerifier]
    ) throws(ProofError) -> (checkpoint: Checkpoint, signers: [NoteVerifier]) {
        let signers = try note.verify(verifiers)
        let checkpoint = try Checkpoint(parsing: note.text, origin: origin)
        guard
            MerkleProof.verifyInclusion(
                leaf: leaf, index: index, size: checkpoint.size, proof: hashes,
                root: checkpoint.root)
        else {
            throw ProofError(
                .contradiction, "the record is not number \(index) of \(origin)")
        }
        return (checkpoint, signers)
    }
}

/// Lines of bytes that end with a line feed each.
private struct LineReader {
    private let bytes: [UInt8]
    /// Where the next line begins.
    private(set) var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The next line without its line feed; nil if there is none that has one.
    mutating func next() -> [UInt8]? {
        guard let end = bytes[position...].firstIndex(of: SignedNote.lineFeed) else { return nil }
        defer { position = end + 1 }
        return Array(bytes[position..<end])
    }
}
