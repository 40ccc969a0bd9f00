/// One document of a rule file that is in force.
struct Rule: Sendable {
    /// What a finding says of its rule.
    var id: String
    /// The name by which correlations may refer to it, beside its id.
    var name: String?
    var title: String
    /// From `hisui: title_ja:`.
    var titleJapanese: String?
    var level: String?
    /// Where it stands, for messages.
    var place: String
    var body: Body
    /// Whether its own matches are findings: not where it only serves correlations.
    var isFinding = true
    /// The correlations it takes part in.
    var feeds: [Feed] = []
    /// SHA-256 of what it means, and of what those it refers to mean: see `RuleMeaning`.
    var meaning: [UInt8] = []

    enum Body: Sendable {
        case event(EventRule)
        case correlation(Correlation)
    }

    /// What an event must satisfy.
    struct EventRule: Sendable {
        var form: LogSources.Form?
        /// What its `logsource` says, by key.
        var source: [String: String] = [:]
        /// Tests that say whether an event is of the rule's log source.
        var route: [Expression]
        var expression: Expression
        /// Where an event that satisfies the rule is an alert of somebody else's detector: what it
        /// says of it.
        var outside: OutsideFields?
    }

    /// Numbers of the fields that say what an outside detector found: `hisui: outside:`.
    struct OutsideFields: Sendable {
        /// Who found it.
        var detector: Int
        /// The detector's own number of the alert: told again, it is the same finding.
        var alert: Int
        /// What it calls it.
        var title: Int
        /// How grave it says it is, one of `RuleReader.levels`; anything else is the rule's level.
        var level: Int
    }

    /// A correlation this rule is part of, and where its group key comes from.
    struct Feed: Sendable {
        var correlation: Int
        /// The place of this rule among those it refers to.
        var stage: Int
        /// For rules on events: numbers of fields. For correlations: places in their own `groupBy`.
        var key: [Int]
        /// The same of what the correlation counts or adds up.
        var value: [Int] = []
        /// Whether that must be a number.
        var isNumeric = false
    }
}

/// A sample of a rule: lines that it must find something in, or must not.
public struct RuleSample: Sendable {
    public var ruleID: String
    public var form: LogSources.Form
    public var lines: [String]
    public var expectsFinding: Bool
    /// Where it stands: file, line, column.
    public var file: String
    public var line: Int
    public var column: Int
}
