import HisuiBytes
import HisuiEvent

/// Which rules to ask of a JSON event, decided by the fields that log sources are known by
/// (channel, number of the event), once for each combination of what rules know of them.
///
/// Each such field has classes: values of which the same tests hold. So the combinations are few,
/// whatever the events say.
struct JSONPlans {
    /// One field that routes ask.
    private struct Field {
        let number: Int
        /// Tests for equal text, the route's and those of rules.
        let tests: Set<Int>
        /// The class of each value that some test knows, in lower case; all others have class 0.
        var classes: [[UInt8]: UInt32] = [:]
        /// The tests that hold, by class.
        private(set) var holding: [Set<Int>] = [[]]
        private var bySet: [Set<Int>: UInt32] = [[]: 0]
        /// Classes of one value; those behind them are of several values.
        private var single = 0

        init(number: Int, tests: Set<Int>) {
            self.number = number
            self.tests = tests
        }

        static let absent: UInt32 = .max
        static let null: UInt32 = .max - 1

        /// Lets go of classes of several values: their numbers are in no combination any more.
        mutating func forgetJoint() {
            if single == 0 { return }
            for tests in holding[single...] { bySet[tests] = nil }
            holding.removeSubrange(single...)
        }

        /// To be called when all classes of one value are there.
        mutating func endSingle() { single = holding.count }

        /// The class of values of which these tests hold and no others.
        mutating func number(of tests: Set<Int>) -> UInt32 {
            if let known = bySet[tests] { return known }
            let number = UInt32(holding.count)
            bySet[tests] = number
            holding.append(tests)
            return number
        }

        /// The class of the event's value; of several values, of all their tests together.
        ///
        /// - Parameter value: room for a value in lower case.
        mutating func classOf(
            _ values: borrowing EventValues, _ value: inout [UInt8]
        ) -> UInt32 {
            switch values.state(number) {
            case .absent: return Self.absent
            case .null: return Self.null
            case .present: break
            }
            var found: UInt32?
            values.forEach(number) { bytes, range in
                value.removeAll(keepingCapacity: true)
                for index in range { value.append(ByteSearch.lowered(bytes[index])) }
                let own = classes[value] ?? 0
                if let before = found, before != own {
                    let joint = holding[Int(before)].union(holding[Int(own)])
                    found = self.number(of: joint)
                } else {
                    found = own
                }
            }
            return found ?? 0
        }
    }

    private struct Step: Hashable {
        var from: UInt32
        var to: UInt32
    }

    private let routes: Routes
    private var fields: [Field] = []
    /// Places of combinations: from that of the fields before, and the class of this one.
    private var places: [Step: UInt32] = [:]
    private var plans: [RuleGroup?] = [nil]
    private var groups = RuleGroups()
    private var value: [UInt8] = []

    init(_ set: RuleSet) {
        routes = Routes(set, of: .jsonl)
        let asked = Set(routes.routes.flatMap(\.tests).compactMap { set.tests[$0].field })
        for number in asked.sorted() {
            var holding: [[UInt8]: Set<Int>] = [:]
            var tests: Set<Int> = []
            for (test, question) in set.tests.enumerated() where question.field == number {
                guard let texts = Self.texts(question.question) else { continue }
                tests.insert(test)
                for text in texts { holding[text, default: []].insert(test) }
            }
            var field = Field(number: number, tests: tests)
            for (text, tests) in holding { field.classes[text] = field.number(of: tests) }
            field.endSingle()
            fields.append(field)
        }
    }

    /// The texts, in lower case, of which a value must be one.
    private static func texts(_ question: FieldTest.Question) -> [[UInt8]]? {
        switch question {
        case .oneOf(let texts, isCased: false), .onlyOneOf(let texts): Array(texts)
        case .pattern(let pattern) where !pattern.isCased: pattern.exact.map { [$0] }
        default: nil
        }
    }

    /// The rules to ask of an event; those whose log source it contradicts are not among them.
    mutating func group(_ values: borrowing EventValues, _ set: RuleSet) -> RuleGroup {
        var place: UInt32 = 0
        var classes: [UInt32] = []
        for number in fields.indices {
            let own = fields[number].classOf(values, &value)
            let step = Step(from: place, to: own)
            if let known = places[step] {
                place = known
            } else {
                if plans.count > Limits.ruleGroupsMax {
                    forget()
                    return group(values, set)
                }
                place = UInt32(plans.count)
                places[step] = place
                plans.append(nil)
            }
        }
        if let group = plans[Int(place)] { return group }
        for number in fields.indices { classes.append(fields[number].classOf(values, &value)) }
        let group = make(classes, set)
        plans[Int(place)] = group
        return group
    }

    private mutating func forget() {
        places.removeAll()
        plans = [nil]
        for number in fields.indices { fields[number].forgetJoint() }
    }

    private mutating func make(_ classes: [UInt32], _ set: RuleSet) -> RuleGroup {
        func answer(_ test: Int) -> Bool? {
            guard let number = set.tests[test].field,
                let place = fields.firstIndex(where: { $0.number == number })
            else { return nil }
            let field = fields[place]
            let own = classes[place]
            guard field.tests.contains(test) else { return nil }
            if own >= Field.null {
                if case .onlyOneOf = set.tests[test].question { return true }
                return false
            }
            return field.holding[Int(own)].contains(test)
        }
        let rules = routes.rules(
            set,
            isOpen: { test in
                // Exports leave out fields, so one that is not there says nothing.
                guard let place = fields.firstIndex(where: { $0.number == set.tests[test].field })
                else { return nil }
                return classes[place] >= Field.null ? true : answer(test)
            }, known: answer)
        return groups.group(of: rules, set)
    }
}
