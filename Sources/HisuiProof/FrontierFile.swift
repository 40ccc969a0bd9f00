import HisuiBytes

/// What a writer needs beside the tiles to go on with a tree of some size.
///
/// As text, all of it derived from records, and nothing that has to be believed: the checkpoint of
/// that size has the root that the leaves lead to, and the digest of the table.
///
///     hisui tree frontier 1
///     size 700
///     leaves 188                          hashes of the leaves behind the last full 256
///     gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
///     …
///     sources                             the table of sources, to the end
///     …
public struct FrontierFile: Hashable, Sendable {
    public var size: UInt64
    /// `size % 256` leaf hashes.
    public var leaves: [MerkleHash]
    public var sources: SourceTable

    private static let firstLine = "hisui tree frontier 1"

    public init(size: UInt64, leaves: [MerkleHash], sources: SourceTable) {
        self.size = size
        self.leaves = leaves
        self.sources = sources
    }

    public init(parsing bytes: [UInt8]) throws(ProofError) {
        let refusal = ProofError(.malformed, "no frontier of a tree")
        guard SignedNote.isText(bytes) else { throw refusal }
        let text = String(decoding: bytes, as: UTF8.self)
        var lines = try NoteLines(text, "frontier of a tree")
        guard lines.next() == Self.firstLine,
            let size = lines.next("size").flatMap({ NoteLines.number($0) }),
            let count = lines.next("leaves").flatMap({ NoteLines.number($0) }), count == size & 255
        else { throw refusal }
        self.size = size
        leaves = []
        for _ in 0..<count {
            guard let line = lines.next(), let hash = MerkleHash(base64: line) else {
                throw refusal
            }
            leaves.append(hash)
        }
        guard lines.next() == "sources" else { throw refusal }
        var table = ""
        while let line = lines.next() { table += line + "\n" }
        sources = try SourceTable(parsing: table)
    }

    public var encoded: [UInt8] {
        var out = Array("\(Self.firstLine)\nsize \(size)\nleaves \(leaves.count)\n".utf8)
        for leaf in leaves { out += Array((leaf.base64 + "\n").utf8) }
        out += Array("sources\n".utf8)
        return out + Array(sources.text.utf8)
    }
}
