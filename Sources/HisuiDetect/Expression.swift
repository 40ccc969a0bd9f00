/// What has to hold for an event: tests by number, joined.
indirect enum Expression: Hashable, Sendable {
    case constant(Bool)
    case test(Int)
    case all([Expression])
    case any([Expression])
    case not(Expression)
    case atLeast(Int, [Expression])

    /// The value, given the answers of all tests.
    ///
    /// Stops at the first answer that decides, so costly tests stand behind cheap ones.
    func holds(_ answer: (Int) -> Bool) -> Bool {
        switch self {
        case .constant(let value): return value
        case .test(let number): return answer(number)
        case .all(let parts):
            for part in parts where !part.holds(answer) { return false }
            return true
        case .any(let parts):
            for part in parts where part.holds(answer) { return true }
            return false
        case .not(let part): return !part.holds(answer)
        case .atLeast(let least, let parts):
            var count = 0
            for part in parts where part.holds(answer) {
                count += 1
                if count >= least { return true }
            }
            return count >= least
        }
    }

    /// What is left to ask when the answers of some tests are known: a constant where they decide.
    func reduced(_ known: (Int) -> Bool?) -> Expression {
        switch self {
        case .constant: return self
        case .test(let number): return known(number).map(Expression.constant) ?? self
        case .not(let part):
            let part = part.reduced(known)
            if case .constant(let value) = part { return .constant(!value) }
            return .not(part)
        case .all(let parts): return Expression.join(parts, known, decides: false)
        case .any(let parts): return Expression.join(parts, known, decides: true)
        case .atLeast(let least, let parts):
            var count = 0
            var open: [Expression] = []
            for part in parts {
                switch part.reduced(known) {
                case .constant(true): count += 1
                case .constant(false): break
                case let part: open.append(part)
                }
            }
            if count >= least { return .constant(true) }
            if count + open.count < least { return .constant(false) }
            return .atLeast(least - count, open)
        }
    }

    private static func join(
        _ parts: [Expression], _ known: (Int) -> Bool?, decides: Bool
    ) -> Expression {
        var open: [Expression] = []
        for part in parts {
            let part = part.reduced(known)
            if case .constant(let value) = part {
                if value == decides { return part }
            } else {
                open.append(part)
            }
        }
        if open.isEmpty { return .constant(!decides) }
        if open.count == 1 { return open[0] }
        return decides ? .any(open) : .all(open)
    }

    /// Calls `body` with the number of every test in it.
    func forEachTest(_ body: (Int) -> Void) {
        switch self {
        case .constant: break
        case .test(let number): body(number)
        case .not(let part): part.forEachTest(body)
        case .all(let parts), .any(let parts), .atLeast(_, let parts):
            for part in parts { part.forEachTest(body) }
        }
    }
}
