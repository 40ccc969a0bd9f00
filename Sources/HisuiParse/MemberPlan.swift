import HisuiBytes
import HisuiShape

/// What is known of all records with the same fixed text whose values have names: which slots hold
/// what, which rules they may satisfy, and what is left to ask of a record.
///
///     fixed text ─▶ plan ─▶ conditions on slots ─▶ rule, cases ─▶ number of the shape
///
/// Made from the first such record; belongs to one parser.
struct MemberPlan {
    /// A named value: its slot, and how that is read.
    struct Place {
        var slot: Int
        var decoding: Shape.Decoding
    }

    /// A definition that the records may satisfy.
    struct Part {
        /// What it asks of all of its records: asked once, not for each rule.
        var conditions: [(place: Place, values: ValueTable)]
        /// Its rules, in `candidates`.
        var candidates: Range<Int>
        /// What names whom its records are about, also where none of its rules knows them.
        var subject: Place?
        /// In `DefinitionSet.memberDefinitions`.
        var definition: Int
        /// Where a message of its own stands in them.
        var nested: Parser.NestedPlace?
        /// The definition says of such messages where they came from.
        var states: Bool
    }

    struct Candidate {
        /// In `DefinitionSet.memberDefinitions`, and the rule in it.
        var definition: Int
        var rule: Int
        /// Beside those of the definition.
        var conditions: [(place: Place, values: ValueTable)]
        var cases: [(place: Place, values: ValueTable)]
        /// Where the facts stand, if the records are folded.
        var fold: FoldPlaces?
        /// What names whom the record is about.
        var subject: Place?
        /// Shapes already made, by the branches of the cases.
        var numbers: [(choices: Int, number: UInt32)] = []
    }

    /// The shape without what rules add.
    var base: Shape
    var plainNumber: UInt32?
    /// Of records that no rule knows, but a text inside them; by their definition.
    var nestedNumbers: [Int: UInt32] = [:]
    /// Of records that no rule knows, with what their definition says of what hands them on.
    var statedNumbers: [Int: UInt32] = [:]
    /// Whether there are such.
    private var hasStated = false
    private(set) var parts: [Part] = []
    var candidates: [Candidate] = []
    /// Slots of the time, best first: each time is one, or a date and a time.
    var times: [[Place]] = []
    /// How they are written, where only one definition may know the records and says so.
    var stated = MemberDefinition.StatedTime()
    var timeIsUTC = false
    /// Places by name; of a name that occurs twice the last one.
    private(set) var places: [String: Place] = [:]
    /// Whether a name occurs twice: where a program does not escape, somebody may have written the
    /// second one into a value.
    var hasTwice = false
    /// Fields that no rule changes: what a journal says of the sender.
    var trusted: Set<String> = []

    init(base: Shape, members: [NamedMember]) {
        self.base = base
        for member in members {
            if places[member.name] != nil { hasTwice = true }
            places[member.name] = Place(slot: member.slot, decoding: member.decoding)
        }
    }

    /// All of the names; nil if the records lack one.
    func places(of names: [String]) -> [Place]? {
        let found = names.compactMap { places[$0] }
        return found.count == names.count ? found : nil
    }

    /// The first of the names that the records have.
    func place(of names: [String]) -> Place? {
        for name in names { if let place = places[name] { return place } }
        return nil
    }

    /// Adds the rules of a definition that records of this plan may satisfy.
    mutating func add(_ definition: MemberDefinition, number: Int) {
        guard let common = places(of: definition.conditions) else { return }
        let first = candidates.count
        for (rule, given) in definition.rules.enumerated() {
            guard let own = places(of: given.conditions) else { continue }
            let cases = given.cases.compactMap { one in
                place(of: one.names).map { ($0, one.table) }
            }
            candidates.append(
                Candidate(
                    definition: number, rule: rule, conditions: own, cases: cases,
                    fold: FoldPlaces(self, definition.fold, given), subject: subject(of: given)))
        }
        let states = definition.nested.map { !$0.fields.isEmpty } ?? false
        hasStated = hasStated || states
        parts.append(
            Part(
                conditions: common, candidates: first..<candidates.count,
                subject: definition.rules.compactMap { subject(of: $0) }.first,
                definition: number, nested: definition.nested.flatMap { nested($0, number) },
                states: states))
    }

    /// Where the text stands; nil where the records have none, or no program for it.
    private func nested(_ nested: NestedDefinition, _ number: Int) -> Parser.NestedPlace? {
        guard let text = place(of: nested.names), text.decoding != .jsonValue else { return nil }
        if nested.programNames.isEmpty {
            return Parser.NestedPlace(text: text, definition: number)
        }
        return place(of: nested.programNames).map {
            Parser.NestedPlace(text: text, program: $0, definition: number)
        }
    }

    /// The definition that says where a record came from, as one of those whose messages are
    /// elsewhere, whether there is one or not; for records that no rule knows.
    func stating(
        _ text: Span<UInt8>, _ slots: Span<ByteRange>, _ buffer: inout [UInt8]
    ) -> Int? {
        guard hasStated else { return nil }
        var steps = NoSteps()
        let part = parts.first {
            $0.states && holds($0.conditions, text, slots, &buffer, &steps)
        }
        return part?.definition
    }

    /// Where a message of its own stands in a record: as the definition says that knows it, or the
    /// first whose records it is one of.
    ///
    /// - Parameter candidate: the rule that knows the record.
    func nested(
        _ candidate: Int?, _ text: Span<UInt8>, _ slots: Span<ByteRange>, _ buffer: inout [UInt8]
    ) -> Parser.NestedPlace? {
        var steps = NoSteps()
        for part in parts {
            guard let nested = part.nested else { continue }
            if let candidate {
                if candidates[candidate].definition == part.definition { return nested }
            } else if holds(part.conditions, text, slots, &buffer, &steps) {
                return nested
            }
        }
        return nil
    }

    private func subject(of rule: MemberDefinition.Rule) -> Place? {
        rule.fields.first { $0.name == SubjectKeys.field }.flatMap { place(of: $0.names) }
    }

    /// What names whom a record is about that satisfies no candidate.
    func subject(
        _ text: Span<UInt8>, _ slots: Span<ByteRange>, _ buffer: inout [UInt8]
    ) -> Place? {
        var steps = NoSteps()
        for part in parts {
            guard let subject = part.subject,
                holds(part.conditions, text, slots, &buffer, &steps)
            else { continue }
            return subject
        }
        return nil
    }

    private func places(
        of conditions: [MemberDefinition.Condition]
    ) -> [(place: Place, values: ValueTable)]? {
        var found: [(place: Place, values: ValueTable)] = []
        for condition in conditions {
            guard let place = place(of: condition.names) else { return nil }
            found.append((place, condition.values))
        }
        return found
    }

    /// The first candidate that a record satisfies, and the branches of its cases as one number.
    ///
    /// - Parameter buffer: room for values that have to be decoded.
    func match(
        _ text: Span<UInt8>, _ slots: Span<ByteRange>, _ buffer: inout [UInt8]
    ) -> (candidate: Int, choices: Int)? {
        var steps = NoSteps()
        return match(text, slots, &buffer, steps: &steps)
    }

    /// The same, counting comparisons of bytes.
    func match<Steps: StepCounting>(
        _ text: Span<UInt8>, _ slots: Span<ByteRange>, _ buffer: inout [UInt8],
        steps: inout Steps
    ) -> (candidate: Int, choices: Int)? {
        for part in parts.indices {
            guard holds(parts[part].conditions, text, slots, &buffer, &steps) else { continue }
            for number in parts[part].candidates {
                guard holds(candidates[number].conditions, text, slots, &buffer, &steps)
                else { continue }
                var choices = 0
                for index in candidates[number].cases.indices {
                    let branch = MemberPlan.branch(
                        candidates[number].cases[index].values,
                        candidates[number].cases[index].place, text, slots, &buffer, &steps)
                    choices =
                        choices * (candidates[number].cases[index].values.count + 1)
                        + (branch.map { $0 + 1 } ?? 0)
                }
                return (number, choices)
            }
        }
        return nil
    }

    @inline(__always)
    private func holds<Steps: StepCounting>(
        _ conditions: [(place: Place, values: ValueTable)], _ text: Span<UInt8>,
        _ slots: Span<ByteRange>, _ buffer: inout [UInt8], _ steps: inout Steps
    ) -> Bool {
        for index in conditions.indices {
            let branch = MemberPlan.branch(
                conditions[index].values, conditions[index].place, text, slots, &buffer, &steps)
            if branch == nil { return false }
        }
        return true
    }

    /// The number of the first value that fits.
    static func branch<Steps: StepCounting>(
        _ values: ValueTable, _ place: Place, _ text: Span<UInt8>, _ slots: Span<ByteRange>,
        _ buffer: inout [UInt8], _ steps: inout Steps
    ) -> Int? {
        let range = slots[place.slot]
        let isPlain: Bool
        switch place.decoding {
        case .raw, .name: isPlain = true
        case .xmlText, .xmlName: isPlain = ByteSearch.first(of: 0x26, in: text, range.range) == nil
        case .plusBlanks: isPlain = ByteSearch.first(of: 0x2B, in: text, range.range) == nil
        case .hexBytes: isPlain = false
        case .doubledQuotes: isPlain = ByteSearch.first(of: 0x22, in: text, range.range) == nil
        default: isPlain = ByteSearch.first(of: 0x5C, in: text, range.range) == nil
        }
        if isPlain {
            let found = values.find(text, range.range, steps: &steps)
            return found >= 0 ? found : nil
        }
        steps.add(range.range.count)
        buffer.removeAll(keepingCapacity: true)
        place.decoding.append(text, range, to: &buffer)
        let decoded = buffer
        let found = values.find(decoded.span, 0..<decoded.count, steps: &steps)
        return found >= 0 ? found : nil
    }

    /// The shape of records that satisfy a candidate, its cases having come out as `choices` says.
    func shape(_ match: (candidate: Int, choices: Int), _ definitions: DefinitionSet)
        -> Shape
    {
        let candidate = candidates[match.candidate]
        let (member, definition) = definitions.memberDefinitions[candidate.definition]
        let rule = definition.rules[candidate.rule]
        var shape = base
        shape.parser = definitions.members[member].name
        shape.rule = rule.id
        hideMembers(of: &shape, definitions)
        rule.constants.forEach { shape.set($0) }
        set(rule.fields, in: &shape)
        var choices = match.choices
        let present = rule.cases.filter { place(of: $0.names) != nil }
        for one in present.reversed() {
            let branch = choices % (one.table.count + 1)
            choices /= one.table.count + 1
            if branch > 0 { one.value.branches[branch - 1].constants.forEach { shape.set($0) } }
        }
        return shape
    }

    /// The shape of records that no rule knows, but the text inside them: as their definition says.
    func nestedBase(_ definition: Int, _ definitions: DefinitionSet) -> Shape {
        var shape = base
        hideMembers(of: &shape, definitions)
        state(definition, definitions, in: &shape)
        return shape
    }

    /// The shape of records that no rule knows, nor the text inside them.
    func statedBase(_ definition: Int, _ definitions: DefinitionSet) -> Shape {
        var shape = base
        state(definition, definitions, in: &shape)
        return shape
    }

    private func state(_ number: Int, _ definitions: DefinitionSet, in shape: inout Shape) {
        let definition = definitions.memberDefinitions[number].definition
        set(definition.nested?.fields ?? [], in: &shape)
    }

    /// Of a record that a rule knows, only the rule says what fields of the schema are.
    private func hideMembers(of shape: inout Shape, _ definitions: DefinitionSet) {
        guard base.structure == .json else { return }
        for index in shape.fields.indices {
            let name = shape.fields[index].name
            guard name != "message", definitions.fieldNames.contains(name),
                case .slot(let slot, _) = shape.fields[index].value, places[name]?.slot == slot
            else { continue }
            shape.fields[index].name = Shape.unmapped + name
        }
    }

    private func set(_ fields: [MemberDefinition.Field], in shape: inout Shape) {
        for field in fields where !trusted.contains(field.name) {
            guard let place = place(of: field.names) else { continue }
            let decoding = Self.decoding(place.decoding, of: field.type)
            shape.set(Shape.Field(field.name, field.type, .slot(place.slot, decoding)))
        }
    }

    /// How a member becomes the value of a field that a definition gives it to.
    private static func decoding(
        _ decoding: Shape.Decoding, of type: Shape.FieldType
    ) -> Shape.Decoding {
        switch (decoding, type) {
        case (.jsonValue, _), (.hexBytes, _), (.hexNumber, _): decoding
        // There is nothing to be resolved in an address.
        case (_, .ip): .address
        case (.jsonEscapes, _): .jsonName
        case (.raw, _): .name
        case (.xmlText, _): .xmlName
        default: decoding
        }
    }
}
