/// Expressions as lists of decisions: each step asks one test and says where to go on.
struct RuleCode {
    struct Step {
        var test: UInt32
        var yes: Int32
        var no: Int32
    }

    /// Where to go on when all is decided.
    static let holds: Int32 = -1
    static let fails: Int32 = -2

    private(set) var steps: [Step] = []

    /// Adds an expression; gives where to begin.
    ///
    /// - Complexity: O(tests); of a quantity O(tests · quantity).
    mutating func add(_ expression: Expression) -> Int32 {
        add(expression, yes: Self.holds, no: Self.fails)
    }

    private mutating func add(_ expression: Expression, yes: Int32, no: Int32) -> Int32 {
        switch expression {
        case .constant(let value): return value ? yes : no
        case .test(let number):
            if yes == no { return yes }
            steps.append(Step(test: UInt32(number), yes: yes, no: no))
            return Int32(steps.count - 1)
        case .not(let part): return add(part, yes: no, no: yes)
        case .all(let parts):
            return parts.reversed().reduce(yes) { add($1, yes: $0, no: no) }
        case .any(let parts):
            return parts.reversed().reduce(no) { add($1, yes: yes, no: $0) }
        case .atLeast(let least, let parts):
            // By how many more are needed: where to go on behind the parts looked at so far.
            var behind = (0...least).map { $0 == 0 ? yes : no }
            for part in parts.reversed() {
                var before = behind
                for needed in stride(from: least, to: 0, by: -1) {
                    before[needed] = add(part, yes: behind[needed - 1], no: behind[needed])
                }
                behind = before
            }
            return behind[least]
        }
    }
}
