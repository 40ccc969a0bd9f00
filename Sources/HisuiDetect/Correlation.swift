/// Several events of one group within a span of time: the `correlation` of a Sigma rule.
struct Correlation: Sendable {
    /// What is measured in a window, and compared with the condition.
    enum Kind: Sendable, Equatable {
        /// How many events.
        case eventCount
        /// How many different values, or tuples of them.
        case valueCount
        case valueSum
        case valueAverage
        /// The value at a rank, the percentage given in billionths; nil: the share, in percent,
        /// that a value has in all.
        case valuePercentile(Int128?)
        /// How many of the rules, in any order.
        case temporal
        /// How many of the rules, in their order.
        case temporalOrdered
    }

    /// When a window is decided.
    enum Form: Sendable {
        /// At each event, with those of a timespan before it: more events can only help.
        case sliding
        /// When it is complete, and then all begins anew.
        case sequence
        /// When no more events can join it.
        case closing
    }

    var kind: Kind
    var condition: CorrelationCondition
    /// What is counted or added up; aliases, too.
    var fields: [String] = []
    /// Names or ids as written, in order.
    var references: [String]
    var groupBy: [String]
    var timespanNanoseconds: Int64
    /// Group field → rule as written → that rule's field.
    var aliases: [String: [String: String]]
    /// Whether the rules it refers to make findings of their own too.
    var generates: Bool
    /// How many rules it refers to.
    var stages: Int { references.count }

    var form: Form {
        switch kind {
        case .eventCount, .valueCount, .valueSum: condition.isLower ? .sliding : .closing
        case .valueAverage, .valuePercentile: .closing
        case .temporal, .temporalOrdered: condition.isLower ? .sequence : .closing
        }
    }

    /// Whether values are numbers.
    var isNumeric: Bool {
        switch kind {
        case .valueSum, .valueAverage: true
        case .valuePercentile(let rank): rank != nil
        default: false
        }
    }

    /// The field of `rule` that stands for one of the correlation's.
    func field(_ name: String, of rule: Rule, as reference: String) -> String {
        guard let names = aliases[name] else { return name }
        return names[reference] ?? rule.name.flatMap { names[$0] } ?? names[rule.id] ?? name
    }
}

/// Bounds that a measure must keep, all of them.
struct CorrelationCondition: Sendable, Equatable {
    enum Relation: String, Sendable, CaseIterable { case gt, gte, lt, lte, eq, neq }

    struct Bound: Sendable, Equatable {
        var relation: Relation
        var value: Int128
    }

    var bounds: [Bound]

    /// Whether only smaller measures can break it.
    var isLower: Bool { bounds.allSatisfy { $0.relation == .gt || $0.relation == .gte } }

    /// The least whole number that satisfies all lower bounds.
    var least: Int {
        bounds.reduce(0) { least, bound in
            switch bound.relation {
            case .gt: max(least, Int(clamping: bound.value + 1))
            case .gte, .eq: max(least, Int(clamping: bound.value))
            case .lt, .lte, .neq: least
            }
        }
    }

    /// The greatest whole number that satisfies all upper bounds; nil where there are none.
    var most: Int? {
        bounds.reduce(nil) { most, bound in
            switch bound.relation {
            case .lt: min(most ?? .max, Int(clamping: bound.value - 1))
            case .lte, .eq: min(most ?? .max, Int(clamping: bound.value))
            case .gt, .gte, .neq: most
            }
        }
    }

    /// Beyond it a count that grows changes nothing any more.
    var decided: Int { bounds.reduce(0) { max($0, Int(clamping: $1.value)) } }

    /// Whether a measure, given as a fraction with a denominator above zero, satisfies it.
    func holds(_ numerator: Int128, over denominator: Int128 = 1) -> Bool {
        bounds.allSatisfy { bound in
            let (product, isOver) = bound.value.multipliedReportingOverflow(by: denominator)
            let other: Int128 = isOver ? (bound.value < 0 ? .min : .max) : product
            return switch bound.relation {
            case .gt: numerator > other
            case .gte: numerator >= other
            case .lt: numerator < other
            case .lte: numerator <= other
            case .eq: numerator == other
            case .neq: numerator != other
            }
        }
    }
}
