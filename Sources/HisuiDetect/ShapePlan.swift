import HisuiShape

/// The rules as they look for all events of one shape: what its constants decide is decided, and
/// what is left are tests on slots.
final class ShapePlan {
    let shape: Shape
    /// Whether the message is a JSON object, to be read as a line of JSON.
    let isJSON: Bool
    /// Of a JSON object: fields that the object may lack, of the header around it and of the
    /// definition that knows it.
    private(set) var besideLoads: [(field: Int, value: Shape.Value)] = []
    /// The rules that an event of the shape may satisfy; nil where there are none.
    private(set) var group: RuleGroup?
    /// Fields to fill in before the rules are asked.
    private(set) var loads: [(field: Int, value: Shape.Value)] = []
    /// Fields to fill in when an event satisfies a rule: for groups and findings.
    private(set) var matchLoads: [(field: Int, value: Shape.Value)] = []

    /// - Complexity: O(routes + size of the rules whose log source the shape is of).
    init(_ shape: Shape, _ set: RuleSet, _ routes: Routes, _ groups: inout RuleGroups) {
        self.shape = shape
        isJSON = shape.structure == .json
        if isJSON {
            loadBeside(set)
            return
        }
        let known = ShapeAnswers(shape, set)
        let rules = routes.rules(set, isOpen: known.answer, known: known.answer)
        if rules.isEmpty { return }
        let group = groups.group(of: rules, set)
        self.group = group
        for field in group.fields.sorted() {
            if let value = known.value(field) { loads.append((field, value)) }
        }
        for field in set.shownFields where !group.fields.contains(field) {
            if let value = known.value(field) { matchLoads.append((field, value)) }
        }
    }

    /// Fields that are no members of the JSON object, or are called otherwise there.
    private func loadBeside(_ set: RuleSet) {
        for (field, names) in set.fieldNames.enumerated() {
            for name in names {
                guard let value = shape.field(name)?.value else { continue }
                switch value {
                case .stretch: continue
                default: besideLoads.append((field, value))
                }
                break
            }
        }
    }
}

/// What is known of all events of a shape.
private final class ShapeAnswers {
    private let shape: Shape
    private let set: RuleSet
    /// Values of what the containers hold, by their last name: as in JSON objects.
    private var inner: [String: Shape.Value] = [:]
    private var resolved: [Int: Shape.Value?] = [:]
    private var answers: [Int: Bool?] = [:]
    /// The constants that were asked for.
    private var values: EventValues

    init(_ shape: Shape, _ set: RuleSet) {
        self.shape = shape
        self.set = set
        values = EventValues(fieldCount: set.fieldNames.count)
        for literal in shape.inUTF8().literals {
            let range = values.append { $0.append(contentsOf: literal) }
            values.addText(range)
        }
        for field in shape.fields {
            guard let dot = field.name.lastIndex(of: "."),
                set.containers.contains(String(field.name[..<dot]))
            else { continue }
            let name = field.name[field.name.index(after: dot)...]
            inner[String(name)] = field.value
            if name.contains(" ") { inner[String(name.filter { $0 != " " })] = field.value }
        }
    }

    /// Where a field gets its value from: from the first of its names that the shape has.
    func value(_ field: Int) -> Shape.Value? {
        if let known = resolved[field] { return known }
        let value = find(set.fieldNames[field])
        resolved[field] = value
        if case .constant(let bytes)? = value {
            let range = values.append { $0.append(contentsOf: bytes) }
            values.set(field, rank: 0, range)
        }
        return value
    }

    private func find(_ names: [String]) -> Shape.Value? {
        for name in names {
            if let field = shape.field(name) { return field.value }
            if let value = inner[name] { return value }
            switch name {
            case "message": return .stretch(shape.message)
            case "hisui.parser" where !shape.parser.isEmpty:
                return .constant(Array(shape.parser.utf8))
            case "hisui.rule" where !shape.rule.isEmpty:
                return .constant(Array(shape.rule.utf8))
            default: break
            }
        }
        return nil
    }

    /// The answer that holds for every event of the shape, where there is one.
    func answer(_ test: Int) -> Bool? {
        if let known = answers[test] { return known }
        let answer = find(set.tests[test])
        answers[test] = answer
        return answer
    }

    private func find(_ test: FieldTest) -> Bool? {
        guard let field = test.field else {
            // Fixed text that has the word decides; without it the slots may still bring it.
            if case .pattern = test.question, test.holds(values) { return true }
            return nil
        }
        let varies = varies(field)
        switch test.question {
        case .exists: return varies || values.state(field) != .absent
        case .absent: return !varies && values.state(field) == .absent
        case .missing: return !varies && values.state(field) != .present
        case .related(_, let other, _) where self.varies(other): return nil
        default: return varies ? nil : test.holds(values)
        }
    }

    private func varies(_ field: Int) -> Bool {
        switch value(field) {
        case nil, .constant?: false
        default: true
        }
    }
}
