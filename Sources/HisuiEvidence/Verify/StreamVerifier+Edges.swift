import HisuiFile
import HisuiProof
import HisuiStore

// The hashes that deletions leave behind.
extension StreamVerifier {
    /// Compares the edges of a stream with its deletion records: they must be made of the same
    /// leaves. An edge behind the first record is of a deletion that has not happened yet, and says
    /// nothing.
    mutating func checkEdges() {
        if files.name == .acts { return }
        let folder = Path.join(treeFolder, Filenames.edge)
        let edges: [Expiry.Edge]
        do throws(StoreError) {
            edges = try Expiry(fileSystem: context.fileSystem, store: context.store)
                .edges(zone: files.name.zone, stream: files.name.stream)
        } catch {
            // One that is gone was replaced by a newer one meanwhile.
            if error.code == .notFound, context.mayGrow { return }
            problem(
                .changed, Path.join(folder, Path.name(of: error.path)),
                "cannot be read: \(error.what)", "読み取れません: \(error.what)")
            return
        }
        let first = verdict.firstIndex
        for edge in edges {
            let file = Path.join(folder, Filenames.edge(edge.end))
            guard let beginning = context.history.beginning(of: files.name, to: edge.end) else {
                if edge.end <= first {
                    problem(
                        .added, file, "no deletion record ends there", "対応する廃棄記録がありません")
                }
                continue
            }
            if !Self.isMade(of: edge, beginning) {
                problem(
                    .changed, file, indices: edge.first..<edge.end,
                    "the hashes do not fit the deletion records", "ハッシュが廃棄記録と一致しません")
            }
        }
        let isDeleted = first > 0 && context.history.beginning(of: files.name, to: first) != nil
        if context.isFull, isDeleted, !edges.contains(where: { $0.end >= first }) {
            problem(
                .removed, Path.join(folder, Filenames.edge(first)), "is missing", "ファイルがありません")
        }
    }

    /// Whether the leaves of `edge` lead to the subtrees at the end of `beginning`.
    private static func isMade(of edge: Expiry.Edge, _ beginning: CompactRange) -> Bool {
        let leaves = edge.hashes.compactMap { MerkleHash($0) }
        var start: UInt64 = 0
        for (size, hash) in beginning.subtrees {
            if start >= edge.first {
                let from = Int(start - edge.first)
                guard from + Int(size) <= leaves.count,
                    MerkleHash.root(of: leaves[from..<from + Int(size)]) == hash
                else { return false }
            }
            start += size
        }
        return start == edge.end
    }
}
