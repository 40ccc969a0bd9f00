/// A rule that did not fit the message at hand, and how many of its operations were run.
///
/// Definitions have runs of rules that begin alike: a rule with the same operations up to where
/// that one failed fails there too, and need not be run.
struct RuleFailure {
    private var rule = -1
    private var operations = 0

    init() {}

    init(rule: Int, operations: Int) {
        self.rule = rule
        self.operations = operations
    }

    /// So many rules may lie between two that are compared.
    private static let distanceMax = 16

    /// Whether the other rule, which comes later, fails like this one.
    @inline(__always)
    mutating func covers(_ other: Int, _ set: DefinitionSet) -> Bool {
        guard rule >= 0, other > rule, other - rule <= Self.distanceMax else { return false }
        var next = rule + 1
        while next <= other {
            if Int(set.entries[next].shared) < operations { return false }
            next += 1
        }
        rule = other
        return true
    }
}

extension RuleCode {
    /// How many operations two programs have in common from their beginnings on.
    func sharedCount(_ first: Int, _ second: Int) -> Int {
        var count = 0
        while first + count < second, second + count < instructions.count,
            isSame(first + count, second + count, distance: second - first)
        {
            count += 1
        }
        return count
    }

    private func isSame(_ first: Int, _ second: Int, distance: Int) -> Bool {
        let (a, b) = (instructions[first], instructions[second])
        guard a.operation == b.operation, a.orEnd == b.orEnd, a.places == b.places, a.bit == b.bit
        else { return false }
        switch a.operation {
        case .literal: return text(a.a, a.b) == text(b.a, b.b)
        case .alternatives, .wordUntil, .textUntilOne, .textUntil, .textLast, .pathUntil,
            .pathLast:
            return a.b == b.b
                && (0..<a.b).allSatisfy { index in
                    let (one, other) = (texts[Int(a.a + index)], texts[Int(b.a + index)])
                    return one.number == other.number
                        && text(one.offset, one.count) == text(other.offset, other.count)
                }
        case .optionalBegin: return Int(a.a) + distance == Int(b.a)
        // Their tables are their own.
        case .oneOf, .branch, .require, .time: return false
        default: return true
        }
    }

    private func text(_ offset: UInt32, _ count: UInt32) -> ArraySlice<UInt8> {
        bytes[Int(offset)..<Int(offset + count)]
    }
}
