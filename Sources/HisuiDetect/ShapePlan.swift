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
    /// Rules that an event of the shape may satisfy, with what is left to ask.
    private(set) var rules: [(number: Int, expression: Expression)] = []
    /// Fields to fill in before the rules are asked.
    private(set) var loads: [(field: Int, value: Shape.Value)] = []
    /// Fields to fill in when an event satisfies a rule: for groups and findings.
    private(set) var matchLoads: [(field: Int, value: Shape.Value)] = []
    /// Whether the whole record is looked at.
    private(set) var needsRecord = false

    /// - Complexity: O(tests of all rules).
    init(_ shape: Shape, _ set: RuleSet) {
        self.shape = shape
        isJSON = shape.structure == .json
        if isJSON {
            loadBeside(set)
            return
        }
        var values = EventValues(fieldCount: set.fieldNames.count)
        var varying: [Int: Shape.Value] = [:]
        let inner = ShapePlan.innerValues(shape, set.containers)
        for (field, names) in set.fieldNames.enumerated() {
            switch ShapePlan.value(of: names, shape, inner) {
            case nil: break
            case .constant(let constant)?:
                let range = values.append { $0.append(contentsOf: constant) }
                values.set(field, rank: 0, range)
            case let value?: varying[field] = value
            }
        }
        for literal in shape.inUTF8().literals {
            let range = values.append { $0.append(contentsOf: literal) }
            values.addText(range)
        }
        let known = set.tests.map { ShapePlan.answer($0, values, varying) }
        var asked: Set<Int> = []
        for (number, rule) in set.rules.enumerated() {
            guard case .event(let event) = rule.body, event.form != .jsonl else { continue }
            let whole = Expression.all(event.route + [event.expression])
            let expression = whole.reduced { known[$0] }
            if expression == .constant(false) { continue }
            rules.append((number, expression))
            expression.forEachTest { asked.insert($0) }
        }
        var fields: Set<Int> = []
        for test in asked {
            guard let field = set.tests[test].field else {
                needsRecord = true
                continue
            }
            fields.insert(field)
            if case .related(_, let other, _) = set.tests[test].question { fields.insert(other) }
        }
        if rules.isEmpty { return }
        for field in set.fieldNames.indices {
            guard let value = ShapePlan.value(of: set.fieldNames[field], shape, inner) else {
                continue
            }
            if fields.contains(field) {
                loads.append((field, value))
            } else {
                matchLoads.append((field, value))
            }
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

    /// Values of what the containers hold, by their last name: as in JSON objects.
    private static func innerValues(
        _ shape: Shape, _ containers: [String]
    ) -> [String: Shape.Value] {
        var values: [String: Shape.Value] = [:]
        for field in shape.fields {
            guard let dot = field.name.lastIndex(of: "."),
                containers.contains(String(field.name[..<dot]))
            else { continue }
            values[String(field.name[field.name.index(after: dot)...])] = field.value
        }
        return values
    }

    /// Where the first of the names that the shape has gets its value from.
    private static func value(
        of names: [String], _ shape: Shape, _ inner: [String: Shape.Value]
    ) -> Shape.Value? {
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
    private static func answer(
        _ test: FieldTest, _ values: EventValues, _ varying: [Int: Shape.Value]
    ) -> Bool? {
        guard let field = test.field else {
            // Fixed text that has the word decides; without it the slots may still bring it.
            if case .pattern = test.question, test.holds(values) { return true }
            return nil
        }
        switch test.question {
        case .exists: return varying[field] != nil || values.state(field) == .present
        case .missing, .absent: return varying[field] == nil && values.state(field) != .present
        case .related(_, let other, _) where varying[other] != nil: return nil
        default: return varying[field] == nil ? test.holds(values) : nil
        }
    }
}
