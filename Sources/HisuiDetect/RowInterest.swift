import HisuiBytes
import HisuiEvent
public import HisuiShape

/// What rows must have for a rule to be asked of them: for whoever reads rows back and need not
/// read those that no rule says anything about.
///
/// Belongs to one thread.
public final class RowInterest {
    public enum Interest: Hashable, Sendable {
        /// No rule is asked of a row of the shape.
        case none
        /// Rules are asked of rows that have one of these texts, and of no others.
        case texts([Text])
        case all
    }

    /// Text in a slot as it stands in the record.
    public struct Text: Hashable, Sendable {
        public var slot: Int
        public var bytes: [UInt8]
        public var ignoresCase: Bool
    }

    private let rules: RuleSet
    private let routes: Routes
    private var groups = RuleGroups()
    private var known: [Shape: Interest] = [:]

    public init(_ rules: RuleSet) {
        self.rules = rules
        routes = Routes(rules, of: .syslog)
    }

    /// What the rules want of the rows of a shape.
    ///
    /// - Complexity: O(size of the rules whose log source the shape is of) the first time.
    public func of(_ shape: Shape) -> Interest {
        if let known = known[shape] { return known }
        let interest = find(shape)
        if known.count >= Limits.ruleGroupsMax { known.removeAll() }
        known[shape] = interest
        return interest
    }

    private func find(_ shape: Shape) -> Interest {
        let plan = ShapePlan(shape, rules, routes, &groups)
        if plan.isJSON { return .all }
        guard let group = plan.group else { return .none }
        guard group.always.isEmpty, shape.encoding == .utf8 else { return .all }
        let values = Dictionary(uniqueKeysWithValues: plan.loads.map { ($0.field, $0.value) })
        var texts: Set<Text> = []
        for test in group.waking {
            guard let field = test.field, case .slot(let slot, .raw)? = values[field],
                let triggers = Trigger.of(test.question)
            else { return .all }
            for trigger in triggers {
                if trigger.text.isEmpty { return .all }
                texts.insert(
                    Text(slot: slot, bytes: trigger.text, ignoresCase: !trigger.isCased))
            }
            if texts.count > Limits.interestTextsMax { return .all }
        }
        return .texts(Array(texts))
    }
}
