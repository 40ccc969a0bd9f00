import HisuiFile
import HisuiProof
import HisuiStore

/// The tiles of a stream's tree, in memory: an eighth of a byte for each record.
struct TileFiles {
    private var levels: [Int: [UInt64: [UInt8]]] = [:]
    private(set) var problems: [StoreProblem] = []
    private static let width = TreeReader.tileWidth
    /// Tiles that are told to be missing: a checkpoint may claim any size.
    private static let missingMax = 16

    /// Reads the tiles that were listed.
    ///
    /// - Parameters:
    ///   - size: of the newest checkpoint: what hashes there must be.
    ///   - mayGrow: whether somebody may be writing, or was killed while he wrote.
    init(
        _ stream: FileCensus.Stream, fileSystem: any FileSystem, store: String, size: UInt64,
        mayGrow: Bool
    ) {
        func problem(_ kind: StoreProblem.Kind, _ file: String, _ what: Bilingual) -> StoreProblem {
            StoreProblem(
                kind, zone: stream.name.zone, stream: stream.name.stream, file: file,
                section: "tile", what)
        }
        let folder = Path.join(stream.path, Filenames.tree)
        var expected: Set<String> = []
        var level = 1
        var missing = 0
        while level <= 8 {
            let wanted = size >> UInt64(8 * level)
            var number: UInt64 = 0
            while true {
                let name = ProofNames.tile(level: level, number: number)
                let file = Path.join(folder, name)
                let need = min(Self.width, wanted - min(wanted, number * Self.width))
                // Not what was listed: a tile may have begun since, for a checkpoint read since.
                guard let bytes = Self.bytes(fileSystem, Path.join(store, file)) else {
                    if need > 0 {
                        problems.append(
                            problem(.removed, file, Bilingual("is missing", "ファイルがありません")))
                    }
                    missing += 1
                    if number * Self.width >= wanted || missing > Self.missingMax { break }
                    number += 1
                    continue
                }
                expected.insert(name)
                if bytes.count < Int(need) * MerkleHash.count {
                    problems.append(
                        problem(
                            .cut, file,
                            Bilingual(
                                "\(bytes.count) bytes; the newest checkpoint needs "
                                    + "\(Int(need) * MerkleHash.count)",
                                "\(bytes.count) バイトしかありません（最新のチェックポイントには "
                                    + "\(Int(need) * MerkleHash.count) バイト必要）")))
                }
                let surplus = bytes.count - Int(need) * MerkleHash.count
                let isLast = need < Self.width
                if surplus > 0, !(isLast && mayGrow) || bytes.count > 8192 {
                    problems.append(
                        problem(
                            .added, file,
                            Bilingual(
                                "\(surplus) bytes too many", "余分なデータが \(surplus) バイトあります")))
                }
                levels[level, default: [:]][number] = bytes
                number += 1
            }
            if wanted == 0 && !mayGrow || level == 8 { break }
            level += 1
        }
        for name in stream.tiles where !expected.contains(name) {
            problems.append(
                problem(
                    .added, Path.join(folder, name),
                    Bilingual("no tile of this tree", "この木には含まれないファイルです")))
        }
    }

    private static func bytes(_ fileSystem: any FileSystem, _ path: String) -> [UInt8]? {
        // One byte more than a tile has shows that it is too long.
        try? fileSystem.bytes(path, from: 0, count: 8193)
    }

    /// The hash at a place; nil where there is none.
    func hash(level: Int, index: UInt64) -> MerkleHash? {
        let start = Int(index % Self.width) * MerkleHash.count
        guard let bytes = levels[level]?[index / Self.width],
            start + MerkleHash.count <= bytes.count
        else { return nil }
        return MerkleHash(Array(bytes[start..<start + MerkleHash.count]))
    }

    /// The hash of the perfect subtree of `size` leaves, a power of two and at least 256, that
    /// begins at leaf `start`; nil where hashes are missing.
    func subtree(start: UInt64, size: UInt64) -> MerkleHash? {
        let height = size.trailingZeroBitCount
        let level = height / 8
        let count = UInt64(1) << UInt64(height % 8)
        let first = start >> UInt64(8 * level)
        let nodes = (first..<first + count).compactMap { hash(level: level, index: $0) }
        return nodes.count == Int(count) ? MerkleHash.perfect(nodes) : nil
    }
}
