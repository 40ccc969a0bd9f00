import HisuiEvent

/// The groups of a rule set by what they ask: equal ones are made once.
struct RuleGroups {
    private struct Key: Hashable {
        var rules: [Int]
        var expressions: [Expression]
    }

    private var made: [Key: RuleGroup] = [:]

    mutating func group(
        of rules: [(number: Int, expression: Expression)], _ set: RuleSet
    ) -> RuleGroup {
        let key = Key(rules: rules.map(\.number), expressions: rules.map(\.expression))
        if let known = made[key] { return known }
        if made.count >= Limits.ruleGroupsMax { made.removeAll() }
        let group = RuleGroup(rules, tests: set.tests)
        made[key] = group
        return group
    }
}
