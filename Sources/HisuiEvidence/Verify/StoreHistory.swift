import HisuiBytes
import HisuiEvent
import HisuiProof
import HisuiStore

/// What the acts of a store say about its files: what was deleted, sealed, started and stopped.
struct StoreHistory {
    /// A deletion record (廃棄記録).
    struct Deletion {
        var time: Timestamp
        var leaves: Range<UInt64>
        /// Hashes of the perfect subtrees that make up the leaves, from left to right.
        var subtrees: [MerkleHash]
        /// The act's index among the acts.
        var index: UInt64
    }

    /// What an act knew of a stream's tree.
    struct KnownTree {
        var time: Timestamp
        var size: UInt64
        var root: MerkleHash
        var index: UInt64
        var kind: Act.Kind
    }

    private(set) var deletions: [Snapshot.Stream: [Deletion]] = [:]
    /// SHA-256 of segments by their leaves, of those too that were merged into others.
    private(set) var segments: [Snapshot.Stream: [Range<UInt64>: [UInt8]]] = [:]
    /// Files that were merged with another digest than they were sealed with, and by which act.
    private(set) var laundered: [Snapshot.Stream: [(leaves: Range<UInt64>, act: UInt64)]] = [:]
    private(set) var trees: [Snapshot.Stream: [KnownTree]] = [:]
    /// Zones whose newest start was followed by a stop: nobody writes there.
    private(set) var stopped: Set<String> = []
    /// One past the greatest record that an act names, and the act's index.
    private(set) var ends: [Snapshot.Stream: (end: UInt64, act: UInt64)] = [:]
    /// Acts that say nothing that can be understood, by index.
    private(set) var unreadable: [UInt64] = []

    init() {}

    /// - Parameter acts: in order.
    init(_ acts: [StoredAct]) {
        for stored in acts { take(stored.act, stored.index) }
    }

    private mutating func take(_ act: Act, _ index: UInt64) {
        guard let zone = act.zone else { return }
        switch act.kind {
        case .start, .stop:
            // A stop that was not whole left something behind, as a kill does.
            if act.kind == .stop, act["whole"] != .boolean(false) {
                stopped.insert(zone)
            } else {
                stopped.remove(zone)
            }
            for line in act.list("streams") ?? [] { take(line, of: zone, act, index) }
        case .finding:
            for event in act.list("events") ?? [] {
                guard let reference = RecordReference(event) else { continue }
                see(reference.stream, reference.index + 1, index)
            }
        case .deletion: takeDeletion(act, zone, index)
        case .segment:
            guard let sealed = SegmentAct(act) else {
                unreadable.append(index)
                return
            }
            takeSegment(sealed, index)
        default: break
        }
    }

    /// A stream as a start or stop names it: `name size root`; without a tree only name and size,
    /// the number of its records.
    private mutating func take(_ line: String, of zone: String, _ act: Act, _ index: UInt64) {
        let words = line.split(separator: " ")
        guard words.count >= 2, let size = UInt64(words[1]) else {
            unreadable.append(index)
            return
        }
        let stream = Snapshot.Stream(zone: zone, stream: String(words[0]))
        see(stream, size, index)
        guard words.count == 3, let root = MerkleHash(base64: String(words[2])) else { return }
        trees[stream, default: []].append(
            KnownTree(time: act.time, size: size, root: root, index: index, kind: act.kind))
    }

    private mutating func takeDeletion(_ act: Act, _ zone: String, _ index: UInt64) {
        guard let stream = act.text("stream"), let range = Self.leaves(of: act) else {
            unreadable.append(index)
            return
        }
        let hashes = (act.list("subtree.hashes") ?? []).compactMap { MerkleHash(base64: $0) }
        let name = Snapshot.Stream(zone: zone, stream: stream)
        deletions[name, default: []].append(
            Deletion(time: act.time, leaves: range, subtrees: hashes, index: index))
        see(name, range.upperBound, index)
    }

    private mutating func takeSegment(_ act: SegmentAct, _ index: UInt64) {
        for file in act.replaced {
            let known = segments[act.stream]?[file.leaves]
            if let known, known != file.digest {
                laundered[act.stream, default: []].append((file.leaves, index))
            }
            if known == nil { segments[act.stream, default: [:]][file.leaves] = file.digest }
        }
        segments[act.stream, default: [:]][act.file.leaves] = act.file.digest
        see(act.stream, act.file.leaves.upperBound, index)
    }

    private mutating func see(_ stream: Snapshot.Stream, _ end: UInt64, _ act: UInt64) {
        if let known = ends[stream], known.end >= end { return }
        ends[stream] = (end, act)
    }

    private static func leaves(of act: Act) -> Range<UInt64>? {
        guard let first = act.integer("leaves.first"), let end = act.integer("leaves.end"),
            first >= 0, first < end
        else { return nil }
        return UInt64(first)..<UInt64(end)
    }

    /// Whether acts name files for some of `leaves`.
    func namesFiles(of stream: Snapshot.Stream, within leaves: Range<UInt64>) -> Bool {
        segments[stream]?.keys.contains { $0.overlaps(leaves) } ?? false
    }

    /// Where deletions end that may have been cut short: files of the last one may still be there.
    func ends(of stream: Snapshot.Stream, after first: UInt64) -> [UInt64] {
        (deletions[stream] ?? []).map(\.leaves.upperBound).filter { $0 > first }.sorted()
    }

    /// The subtrees of everything deleted at the old end of a stream, up to `end`.
    ///
    /// - Returns: the tree at `end`; nil unless deletion records cover every leaf
    ///   before it, once, with the hashes that belong to their ranges.
    func beginning(of stream: Snapshot.Stream, to end: UInt64) -> CompactRange? {
        var range = CompactRange()
        let ordered = (deletions[stream] ?? []).sorted {
            $0.leaves.lowerBound < $1.leaves.lowerBound
        }
        for deletion in ordered where range.end < end {
            guard deletion.leaves.lowerBound == range.end, deletion.leaves.upperBound <= end,
                range.append(deletion.leaves, deletion.subtrees)
            else { return nil }
        }
        return range.end == end ? range : nil
    }
}

/// A record as acts name it: `zone/stream/index`.
struct RecordReference: Hashable {
    var stream: Snapshot.Stream
    var index: UInt64

    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, let index = UInt64(parts[2]), index < UInt64(Int64.max),
            BagPath.isValid(parts[0] + "/" + parts[1])
        else { return nil }
        stream = Snapshot.Stream(zone: String(parts[0]), stream: String(parts[1]))
        self.index = index
    }
}

/// A beginning of a tree as the hashes of its perfect subtrees, put together from parts.
struct CompactRange {
    private(set) var subtrees: [(size: UInt64, hash: MerkleHash)] = []
    private(set) var end: UInt64 = 0

    var hashes: [MerkleHash] { subtrees.map(\.hash) }

    /// The root of the tree that consists of these subtrees.
    var root: MerkleHash {
        guard var root = subtrees.last?.hash else { return .emptyTree }
        for subtree in subtrees.dropLast().reversed() {
            root = MerkleHash.node(subtree.hash, root)
        }
        return root
    }

    /// Appends the perfect subtrees of `leaves`: at each place the largest that is aligned there
    /// and does not go beyond the end.
    ///
    /// - Returns: false if there are not as many hashes as subtrees.
    mutating func append(_ leaves: Range<UInt64>, _ hashes: [MerkleHash]) -> Bool {
        guard leaves.lowerBound == end else { return false }
        let sizes = Self.subtrees(of: leaves)
        guard sizes.count == hashes.count else { return false }
        for (size, hash) in zip(sizes, hashes) { append(size, hash) }
        return true
    }

    /// Appends a perfect subtree, which is aligned where it begins.
    mutating func append(_ size: UInt64, _ hash: MerkleHash) {
        var (size, hash) = (size, hash)
        end += size
        while let last = subtrees.last, last.size == size {
            hash = MerkleHash.node(last.hash, hash)
            size *= 2
            subtrees.removeLast()
        }
        subtrees.append((size, hash))
    }

    /// Sizes of the perfect subtrees that make up a range of leaves.
    static func subtrees(of leaves: Range<UInt64>) -> [UInt64] {
        var sizes: [UInt64] = []
        var at = leaves.lowerBound
        while at < leaves.upperBound {
            var size: UInt64 = at == 0 ? 1 << 62 : at & (~at &+ 1)
            while size > leaves.upperBound - at { size /= 2 }
            sizes.append(size)
            at += size
        }
        return sizes
    }
}
