/// What a correlator has to know of one correlation.
final class CorrelationPlan: Sendable {
    /// The rule's number.
    let number: Int
    let kind: Correlation.Kind
    let form: Correlation.Form
    let condition: CorrelationCondition
    let timespan: Int64
    /// How many rules it refers to, and how many of them make a sequence.
    let stages: Int
    let least: Int
    /// The greatest count at which it may hold.
    let most: Int
    /// How many fields make a group.
    let keyCount: Int
    /// Whether something of its events is counted or added up, and whether it is a number.
    let hasValues: Bool
    let isNumeric: Bool
    /// Whether rules it refers to are correlations.
    let isOverRuns: Bool
    /// The correlations over it.
    let feeds: [Rule.Feed]
    /// One more than that of the correlations it refers to.
    let level: Int
    /// The least rule among those it is joined with by correlations of correlations.
    let root: Int
    /// Whether there are any.
    let isJoint: Bool

    private init(
        _ number: Int, _ correlation: Correlation, _ rule: Rule, isOverRuns: Bool, level: Int,
        root: Int,
        isJoint: Bool
    ) {
        self.number = number
        kind = correlation.kind
        form = correlation.form
        condition = correlation.condition
        timespan = correlation.timespanNanoseconds
        stages = correlation.stages
        least = max(1, correlation.condition.least)
        most = correlation.condition.most ?? .max
        keyCount = correlation.groupBy.count
        hasValues = !correlation.fields.isEmpty
        isNumeric = correlation.isNumeric
        feeds = rule.feeds
        self.isOverRuns = isOverRuns
        self.level = level
        self.root = root
        self.isJoint = isJoint
    }

    /// The plans of all rules, nil for those on single events.
    static func all(_ rules: [Rule]) -> [CorrelationPlan?] {
        var roots = Array(rules.indices)
        var isJoint = [Bool](repeating: false, count: rules.count)
        var isOverRuns = isJoint
        for (number, rule) in rules.enumerated() {
            guard case .correlation = rule.body else { continue }
            for feed in rule.feeds {
                isOverRuns[feed.correlation] = true
                let (one, other) = (roots[number], roots[feed.correlation])
                let root = min(one, other)
                for place in roots.indices where roots[place] == one || roots[place] == other {
                    roots[place] = root
                }
            }
        }
        for number in rules.indices where isOverRuns[number] { isJoint[roots[number]] = true }
        let levels = levels(rules)
        return rules.enumerated().map { number, rule in
            guard case .correlation(let correlation) = rule.body else { return nil }
            return CorrelationPlan(
                number, correlation, rule, isOverRuns: isOverRuns[number], level: levels[number],
                root: roots[number], isJoint: isJoint[roots[number]])
        }
    }

    private static func levels(_ rules: [Rule]) -> [Int] {
        var levels = [Int](repeating: 0, count: rules.count)
        // No correlation leads to itself, so this comes to an end.
        var isChanged = true
        while isChanged {
            isChanged = false
            for (number, rule) in rules.enumerated() {
                guard case .correlation = rule.body else { continue }
                for feed in rule.feeds where levels[feed.correlation] <= levels[number] {
                    levels[feed.correlation] = levels[number] + 1
                    isChanged = true
                }
            }
        }
        return levels
    }

    /// Whether the order of rules matters and not all of them are asked for.
    var isPartOrdered: Bool { kind == .temporalOrdered && form == .sequence && least < stages }

    /// How many numbers a group needs beside its window.
    var cellCount: Int {
        switch form {
        case .sliding: kind == .valueSum ? 2 : 0
        case .sequence: 1 + (isPartOrdered ? stages * least : stages)
        case .closing: ClosingCell.lengths + (kind == .temporalOrdered ? stages : 0)
        }
    }
}

/// The cells of a group whose window is decided when it is complete; a cell not set is `.min`.
enum ClosingCell {
    /// The last time of the window.
    static let end = 0
    /// The last time of the window before it.
    static let closedUntil = 1
    /// How many there are of what is counted.
    static let total = 2
    /// Events that are counted and not remembered.
    static let dropped = 3
    /// The sum, in two cells.
    static let sum = 4
    /// The last event: its index and place.
    static let lastIndex = 6
    static let lastPlace = 7
    /// The rules that were satisfied, as bits.
    static let rules = 8
    /// Whether it cannot hold any more.
    static let isSpent = 9
    /// Of each rule, how many are in order up to it.
    static let lengths = 10
}
