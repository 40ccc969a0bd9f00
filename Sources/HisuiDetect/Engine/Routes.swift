import HisuiBytes

/// The conditions under which an event is of the log source of a rule: few, for many rules.
struct Routes {
    struct Route {
        /// Tests that must all hold.
        var tests: [Int]
        /// The rules that are asked then, by number.
        var rules: [Int]
    }

    let routes: [Route]

    /// The routes of the rules on events of a form.
    init(_ set: RuleSet, of form: LogSources.Form) {
        var places: [[Int]: Int] = [:]
        var routes: [Route] = []
        for (number, rule) in set.rules.enumerated() {
            guard case .event(let event) = rule.body, event.form == nil || event.form == form
            else { continue }
            let tests = event.route.compactMap { expression -> Int? in
                if case .test(let number) = expression { number } else { nil }
            }
            if let place = places[tests] {
                routes[place].rules.append(number)
            } else {
                places[tests] = routes.count
                routes.append(Route(tests: tests, rules: [number]))
            }
        }
        self.routes = routes
    }

    /// What is left to ask of the rules whose route is open, ascending by number.
    ///
    /// - Parameter isOpen: of a test of a route; nil where only the event can say, and then it is
    ///   asked with the rule.
    /// - Parameter known: the answer of a test, where it is known.
    func rules(
        _ set: RuleSet, isOpen: (Int) -> Bool?, known: (Int) -> Bool?
    ) -> [(number: Int, expression: Expression)] {
        var rules: [(number: Int, expression: Expression)] = []
        for route in routes {
            var asked: [Expression] = []
            var isClosed = false
            for test in route.tests {
                switch isOpen(test) {
                case true?: break
                case false?: isClosed = true
                case nil: asked.append(.test(test))
                }
                if isClosed { break }
            }
            if isClosed { continue }
            for number in route.rules {
                guard case .event(let event) = set.rules[number].body else { continue }
                let whole = asked.isEmpty ? event.expression : .all(asked + [event.expression])
                let expression = whole.reduced(known)
                if expression != .constant(false) { rules.append((number, expression)) }
            }
        }
        rules.sort { $0.number < $1.number }
        return rules
    }
}
