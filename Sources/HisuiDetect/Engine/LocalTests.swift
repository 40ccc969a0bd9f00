/// Gives the tests of some expressions numbers of their own, and one number to several of which any
/// will do.
struct LocalTests {
    let all: [FieldTest]
    private var numbers: [Int: Int] = [:]
    private(set) var tests: [FieldTest?] = []
    private(set) var globals: [Int] = []
    private(set) var triggers: [[Trigger]?] = []
    /// In how many places each test stands.
    private(set) var uses: [Int] = []
    private(set) var wider: [[Int]] = []
    /// Tests that hold if one of several does.
    private(set) var members: [Int: [Int]] = [:]
    private var joined: [[Int]: Int] = [:]

    init(_ all: [FieldTest]) { self.all = all }

    mutating func local(_ expression: Expression) -> Expression {
        switch expression {
        case .constant: return expression
        case .test(let number): return .test(local(number))
        case .not(let part): return .not(local(part))
        case .all(let parts): return .all(parts.map { local($0) })
        case .atLeast(let least, let parts): return .atLeast(least, parts.map { local($0) })
        case .any(let parts): return any(flattened(parts))
        }
    }

    private func flattened(_ parts: [Expression]) -> [Expression] {
        parts.flatMap { part in
            if case .any(let inner) = part { return flattened(inner) }
            return [part]
        }
    }

    /// Puts the tests that have triggers among `parts` under one number.
    private mutating func any(_ parts: [Expression]) -> Expression {
        var joint: Set<Int> = []
        var others: [Expression] = []
        for part in parts {
            let part = local(part)
            if case .test(let number) = part, triggers[number] != nil {
                joint.insert(number)
            } else {
                others.append(part)
            }
        }
        if joint.isEmpty { return .any(others) }
        let test = Expression.test(number(of: joint.sorted()))
        return others.isEmpty ? test : .any([test] + others)
    }

    private mutating func number(of joint: [Int]) -> Int {
        if joint.count == 1 { return joint[0] }
        if let known = joined[joint] { return known }
        let number = add(nil, nil)
        joined[joint] = number
        members[number] = joint
        for test in joint { wider[test].append(number) }
        return number
    }

    private mutating func local(_ number: Int) -> Int {
        if let known = numbers[number] {
            uses[known] += 1
            return known
        }
        let local = add(all[number], Trigger.of(all[number].question))
        globals[local] = number
        numbers[number] = local
        return local
    }

    private mutating func add(_ test: FieldTest?, _ own: [Trigger]?) -> Int {
        tests.append(test)
        globals.append(-1)
        triggers.append(own)
        uses.append(1)
        wider.append([])
        return tests.count - 1
    }

    /// The expression with what must be asked behind what is answered anyway.
    func sorted(_ expression: Expression) -> Expression {
        switch expression {
        case .constant, .test: expression
        case .not(let part): .not(sorted(part))
        case .all(let parts): .all(sorted(parts))
        case .any(let parts): .any(sorted(parts))
        case .atLeast(let least, let parts): .atLeast(least, sorted(parts))
        }
    }

    private func sorted(_ parts: [Expression]) -> [Expression] {
        let parts = parts.map { sorted($0) }
        return parts.filter { !isAsked($0) } + parts.filter { isAsked($0) }
    }

    private func isAsked(_ expression: Expression) -> Bool {
        var isAsked = false
        expression.forEachTest { if triggers[$0] == nil, members[$0] == nil { isAsked = true } }
        return isAsked
    }
}
