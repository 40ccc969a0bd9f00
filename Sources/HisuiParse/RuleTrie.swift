/// Finds the rules a message can fit by its first bytes.
///
/// A group of rules has a radix tree over the literal text with which they begin. A rule that
/// begins with a field stands at the root and is a candidate always.
///
/// Every node holds the complete list of candidates, its ancestors' included, in the order in which
/// rules are tried; so finding them is one walk and no merging.
struct RuleTrie: Sendable {
    /// A rule to try; `isVerified` says that its first literal has been compared by the walk.
    struct Candidate: Hashable, Sendable {
        private var packed: UInt32

        init(rule: UInt32, isVerified: Bool) { packed = rule << 1 | (isVerified ? 1 : 0) }

        /// Behind all rules.
        static let none = Candidate(rule: UInt32.max >> 1, isVerified: true)

        var rule: Int { Int(packed >> 1) }
        var isVerified: Bool { packed & 1 == 1 }
    }

    /// A text with which a message can begin to fit a rule.
    struct Entry: Sendable {
        var prefix: [UInt8]
        var rule: UInt32
        /// The prefix is the rule's first literal, all of it.
        var isLiteral: Bool
    }

    private struct Node: Sendable {
        var label: (offset: UInt32, count: UInt32) = (0, 0)
        /// Children by their first byte: `count` of them from `edges`, or a table of 256 entries
        /// there if `count` is 256.
        var edges: UInt32 = 0
        var edgeCount: UInt32 = 0
        var list: UInt32 = 0
        var listCount: UInt32 = 0
    }

    private static let sparseEdgesMax = 6

    private var nodes: [Node] = []
    /// Labels, and eight bytes more, so that the last one can be read by words.
    private var labels = [UInt8](repeating: 0, count: 8)
    /// Sparse: byte << 24 would limit the nodes to 16 million; so byte and node in turn.
    private var edges: [UInt32] = []
    private var candidates: [Candidate] = []

    init() {}

    /// Adds a tree of its own and gives its root.
    mutating func add(_ entries: [Entry]) -> Int {
        let root = nodes.count
        let sorted = entries.sorted { a, b in
            a.prefix == b.prefix
                ? a.rule < b.rule : a.prefix.lexicographicallyPrecedes(b.prefix)
        }
        build(sorted[...], depth: 0, inherited: 0..<0, isRoot: true)
        return root
    }

    private mutating func build(
        _ entries: ArraySlice<Entry>, depth: Int, inherited: Range<Int>, isRoot: Bool = false
    ) {
        let number = nodes.count
        var end = depth
        // The root has no label, so that the empty prefix has a node.
        if !isRoot, let first = entries.first, let last = entries.last {
            // The entries are sorted, so what first and last share, all share.
            while end < first.prefix.count, end < last.prefix.count,
                first.prefix[end] == last.prefix[end]
            {
                end += 1
            }
        }
        var node = Node()
        if let first = entries.first {
            node.label = (UInt32(labels.count - 8), UInt32(end - depth))
            labels.insert(contentsOf: first.prefix[depth..<end], at: labels.count - 8)
        }
        let own = entries.prefix { $0.prefix.count == end }
        let list = own.isEmpty ? inherited : merge(own, inherited)
        node.list = UInt32(list.lowerBound)
        node.listCount = UInt32(list.count)
        nodes.append(node)
        var rest = entries.dropFirst(own.count)
        var children: [(byte: UInt8, node: Int)] = []
        while let byte = rest.first?.prefix[end] {
            let child = rest.prefix { $0.prefix[end] == byte }
            children.append((byte, nodes.count))
            build(child, depth: end, inherited: list)
            rest = rest.dropFirst(child.count)
        }
        nodes[number].edges = UInt32(edges.count)
        if children.count > Self.sparseEdgesMax {
            nodes[number].edgeCount = 256
            let table = edges.count
            edges += [UInt32](repeating: 0, count: 256)
            for child in children { edges[table + Int(child.byte)] = UInt32(child.node) }
        } else {
            nodes[number].edgeCount = UInt32(children.count)
            for child in children { edges += [UInt32(child.byte), UInt32(child.node)] }
        }
    }

    private mutating func merge(
        _ own: ArraySlice<Entry>, _ inherited: Range<Int>
    ) -> Range<Int> {
        var all = Array(candidates[inherited])
        var known = Set(all.map(\.rule))
        for entry in own where known.insert(Int(entry.rule)).inserted {
            all.append(Candidate(rule: entry.rule, isVerified: entry.isLiteral))
        }
        all.sort { $0.rule < $1.rule }
        let start = candidates.count
        candidates += all
        return start..<candidates.count
    }

    /// The list of rules that a message beginning at `from` can fit: places for `candidate`.
    ///
    /// - Complexity: O(length of the longest prefix that fits).
    @inline(__always)
    func find<Steps: StepCounting>(
        _ reader: borrowing RuleReader, from: Int, root: Int, steps: inout Steps
    ) -> Range<Int> {
        let nodes = nodes.span
        let labels = labels.span
        let edges = edges.span
        let end = reader.end
        var at = from
        var number = root
        var list = 0..<0
        walk: while true {
            let node = nodes[number]
            let count = Int(node.label.count)
            guard end - at >= count else { break }
            let label = Int(node.label.offset)
            var index = 0
            while index < count {
                let part = min(count - index, 8)
                steps.add(part)
                let difference = reader.bytes(at + index) ^ labels.word(label + index)
                if difference &<< UInt64(truncatingIfNeeded: 64 &- part &* 8) != 0 { break walk }
                index += 8
            }
            at += count
            list = Int(node.list)..<Int(node.list + node.listCount)
            guard at < end, node.edgeCount > 0 else { break }
            let byte = UInt32(reader.byte(at))
            let first = Int(node.edges)
            if node.edgeCount == 256 {
                number = Int(edges[first + Int(byte)])
            } else {
                number = 0
                for edge in 0..<Int(node.edgeCount) where edges[first + 2 * edge] == byte {
                    number = Int(edges[first + 2 * edge + 1])
                }
            }
            steps.add(1)
            if number == 0 { break }
        }
        return list
    }

    @inline(__always)
    func candidate(_ place: Int) -> Candidate { candidates[place] }
}
