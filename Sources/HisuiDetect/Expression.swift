/// What has to hold for an event: tests by number, joined.
indirect enum Expression: Hashable, Sendable {
    case constant(Bool)
    case test(Int)
    case all([Expression])
    case any([Expression])
    case not(Expression)
    case atLeast(Int, [Expression])

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
