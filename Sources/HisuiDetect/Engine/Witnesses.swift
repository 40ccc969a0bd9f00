/// Finds the tests of which one must hold for an expression to hold, and which hold seldom.
struct Witnesses {
    /// How often a test holds, roughly and only beside others; nil for tests that nothing triggers.
    let commonness: [Double?]

    /// The witnesses of `expression`; nil where it can hold though no trigger is met.
    func of(_ expression: Expression) -> [Int]? {
        find(expression)?.tests
    }

    private func find(_ expression: Expression) -> (tests: [Int], commonness: Double)? {
        switch expression {
        case .constant(let value): return value ? nil : ([], 0)
        case .test(let number): return commonness[number].map { ([number], $0) }
        case .not: return nil
        case .all(let parts):
            return parts.compactMap(find).min { $0.commonness < $1.commonness }
        case .any(let parts), .atLeast(_, let parts):
            var tests: [Int] = []
            var sum = 0.0
            for part in parts {
                guard let found = find(part) else { return nil }
                tests += found.tests
                sum += found.commonness
            }
            return (tests, sum)
        }
    }

    /// How common a value with this trigger is: less for each byte, more for each rule that asks
    /// for it, because what many rules name (`powershell.exe`) is what machines do all day.
    static func commonness(of trigger: Trigger, uses: Int) -> Double {
        let base: Double =
            switch trigger.place {
            case .beyondASCII: 0.05
            case .whole: 0.2
            case .start, .end: 0.4
            case .inside: 0.5
            }
        var chance = base
        for byte in trigger.text.prefix(24) {
            let isCommon = byte &- 0x61 < 26 || byte == 0x20 || byte == 0x5C || byte == 0x2E
            chance *= isCommon ? 0.8 : 0.65
        }
        return chance * Double(uses) * Double(uses)
    }
}
