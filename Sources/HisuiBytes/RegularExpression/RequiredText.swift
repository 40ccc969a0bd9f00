/// Text that stands in every value which fits a regular expression.
///
/// Looking for it first spares the expression most values: text is found many times faster, and
/// filters of a store know of text where it cannot be.
public struct RequiredText: Hashable, Sendable {
    /// Never empty; ASCII in lower case if `ignoresCase`.
    public let bytes: [UInt8]
    public let ignoresCase: Bool

    /// What must stand in a value that fits `node`: of each clause at least one text.
    static func clauses(of node: RegularExpressionNode) -> [[RequiredText]] {
        var gatherer = Gatherer()
        gatherer.add(node)
        gatherer.endRun()
        var seen: Set<[RequiredText]> = []
        return gatherer.clauses.filter { seen.insert($0).inserted }
    }

    /// The bytes with which all that fits `node` begins; empty if there are none.
    static func beginning(of node: RegularExpressionNode) -> [UInt8] {
        var bytes: [UInt8] = []
        _ = add(node, to: &bytes)
        return bytes
    }

    /// Appends the bytes with which what fits begins.
    ///
    /// - Returns: whether that is all of it.
    private static func add(_ node: RegularExpressionNode, to bytes: inout [UInt8]) -> Bool {
        switch node {
        case .empty: return true
        case .bytes(let set):
            let members = set.members
            guard members.count == 1 else { return false }
            bytes.append(members[0])
            return true
        case .sequence(let nodes):
            for node in nodes where !add(node, to: &bytes) { return false }
            return true
        case .repeated(let node, let least, _, _):
            if least > 0 { _ = add(node, to: &bytes) }
            return false
        case .group(let node, _): return add(node, to: &bytes)
        case .assertion, .choice: return false
        }
    }

    /// The clause that tells most: whose shortest text is longest, and of these one of few texts.
    public static func best(of clauses: [[RequiredText]]) -> [RequiredText]? {
        clauses.max { (least($0), -$0.count) < (least($1), -$1.count) }
    }

    private static func least(_ clause: [RequiredText]) -> Int {
        clause.map(\.bytes.count).min() ?? 0
    }

    private struct Gatherer {
        var clauses: [[RequiredText]] = []
        private var run: [UInt8] = []
        private var runIgnoresCase = false

        mutating func endRun() {
            if !run.isEmpty {
                clauses.append([RequiredText(bytes: run, ignoresCase: runIgnoresCase)])
            }
            run = []
            runIgnoresCase = false
        }

        mutating func add(_ node: RegularExpressionNode) {
            switch node {
            case .empty, .assertion: break
            case .bytes(let set):
                guard let (byte, isLetter) = Self.character(set) else { return endRun() }
                // Letters in one case and in both do not mix: the run would become vaguer.
                if isLetter != runIgnoresCase, !run.isEmpty,
                    isLetter || UInt8(ascii: "A") <= byte
                {
                    endRun()
                }
                runIgnoresCase = runIgnoresCase || isLetter
                run.append(byte)
            case .sequence(let nodes): for node in nodes { add(node) }
            case .group(let node, _): add(node)
            case .repeated(let node, let least, let most, _):
                if least == 0 { return endRun() }
                guard case .bytes = node, least <= ExpressionLimits.alternativesMax else {
                    endRun()
                    add(node)
                    return endRun()
                }
                // It stands before what follows as well as behind what was before.
                for _ in 0..<least { add(node) }
                guard most != least else { return }
                endRun()
                for _ in 0..<least { add(node) }
            case .choice(let nodes):
                endRun()
                addChoice(nodes)
            }
        }

        /// One clause of a choice: the best of each alternative.
        private mutating func addChoice(_ nodes: [RegularExpressionNode]) {
            var texts: [RequiredText] = []
            for node in nodes {
                guard let best = RequiredText.best(of: RequiredText.clauses(of: node)) else {
                    return
                }
                texts += best.filter { !texts.contains($0) }
                guard texts.count <= ExpressionLimits.alternativesMax else { return }
            }
            clauses.append(texts)
        }

        /// The one byte of a set, or the lower case of the letter that it has in both cases.
        private static func character(
            _ set: RegularExpression.ByteSet
        ) -> (byte: UInt8, isLetterInBothCases: Bool)? {
            let members = set.members
            if members.count == 1 { return (members[0], false) }
            if members.count == 2, ByteSearch.lowered(members[0]) == members[1] {
                return (members[1], true)
            }
            return nil
        }
    }
}
