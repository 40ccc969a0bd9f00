import HisuiBytes
import HisuiShape

/// Puts definitions together into what `DefinitionSet` holds.
struct DefinitionSetBuilder {
    private(set) var digest: [UInt8] = []
    private(set) var members: [DefinitionSet.Member] = []
    private(set) var code = RuleCode()
    private(set) var entries: [DefinitionSet.Entry] = []
    private(set) var alternatives: [MessageText.Pair] = []
    private(set) var rules: [DefinitionSet.Rule] = []
    private(set) var groups: [DefinitionSet.Group] = []
    private(set) var groupRules: [[Int]] = []
    private(set) var chains: [DefinitionSet.Chain] = []
    private(set) var chainGroups: [UInt32] = []
    private(set) var prefixedGroups: [UInt32] = []
    private(set) var beginnings: [TemplateBeginning] = []
    private(set) var floating = FloatingRules()
    private(set) var programs = ProgramTable()
    private(set) var trie = RuleTrie()
    /// Of each definition: the zone of times that name none.
    private(set) var zones: [TimeZoneRules?] = []
    private(set) var memberDefinitions: [(member: Int, definition: MemberDefinition)] = []

    private let schema: Schema?
    private var definitions: [Definition] = []
    /// Rules of each definition.
    private var ranges: [Range<Int>] = []
    private var hash = SHA256()
    /// Groups already made, by the definitions in them.
    private var known: [[Int]: Int] = [:]
    /// Chains already made, likewise.
    private var knownChains: [[Int]: Int] = [:]
    private var knownBeginnings: [TemplateBeginning: UInt16] = [:]
    private var chooser = ProbeChooser()
    /// Of each rule.
    private var keys: [[MessageText.Pair]] = []

    init(schema: Schema?) { self.schema = schema }

    mutating func add(_ definition: Definition) {
        guard let schema else { return }
        let first = rules.count
        for rule in definition.rules {
            let program = RuleCompiler.compile(
                rule.template, decisions: rule.decisions, schema: schema, into: &code)
            let before = entries.last.map { code.sharedCount(Int($0.start), program.start) }
            entries.append(
                DefinitionSet.Entry(
                    start: UInt32(program.start), literalCount: UInt32(program.literalCount),
                    shared: UInt16(clamping: before ?? 0),
                    hasChecks: !rule.checks.isEmpty,
                    hasMore: program.captures.contains(where: Self.isMore)))
            rules.append(
                DefinitionSet.Rule(
                    member: members.count, id: rule.id, captures: program.captures,
                    prefixCaptures: [], cases: program.cases, constants: rule.constants,
                    checks: rule.checks, pairs: rule.pairs,
                    decidingPairs: rule.decisions.pairs.map { Array($0.utf8) }))
        }
        ranges.append(first..<rules.count)
        zones.append(definition.timeZone)
        definitions.append(definition)
        let samples = definition.samples
        if let named = definition.members { memberDefinitions.append((members.count, named)) }
        members.append(
            DefinitionSet.Member(
                name: definition.name, version: definition.version, file: definition.file,
                ruleCount: definition.rules.count + (definition.members?.rules.count ?? 0),
                sampleCount: samples.count,
                hostileSampleCount: samples.count { $0.isHostile },
                rejectSampleCount: samples.count {
                    if case .reject = $0.expectation { true } else { false }
                }))
        for part in [
            Array(definition.name.utf8), Array(String(definition.version).utf8), definition.bytes,
        ] {
            var count: [UInt8] = []
            count.appendLittleEndian(UInt64(part.count))
            hash.update(count.span)
            hash.update(part.span)
        }
    }

    /// Whether a capture is looked at for each message, and not only for each shape.
    private static func isMore(_ capture: RuleCompiler.Capture) -> Bool {
        capture.format != nil || capture.field == SubjectKeys.field || capture.isPairs
    }

    mutating func finish() {
        choose()
        var exact: [(name: [UInt8], members: [Int])] = []
        var patterns: [(name: [UInt8], members: [Int])] = []
        var any: [Int] = []
        func note(_ member: Int, _ name: [UInt8], _ list: inout [(name: [UInt8], members: [Int])]) {
            if let place = list.firstIndex(where: { $0.name == name }) {
                if list[place].members.last != member { list[place].members.append(member) }
            } else {
                list.append((name, [member]))
            }
        }
        for (member, definition) in definitions.enumerated() {
            for pattern in definition.programs {
                switch pattern {
                case .exact(let name): note(member, name, &exact)
                case .prefix(let name): note(member, name, &patterns)
                case .any: if any.last != member { any.append(member) }
                }
            }
        }
        programs = ProgramTable(
            exact: exact.map { ($0.name, chain(of: $0.members)) },
            patterns: patterns.map { ($0.name, chain(of: $0.members)) },
            any: any.isEmpty ? nil : chain(of: any))
        digest = hash.finish()
    }

    /// Chooses what is asked of a message before a rule is run.
    private mutating func choose() {
        for rule in definitions.flatMap(\.rules) { chooser.add(rule.template) }
        for definition in definitions {
            if let prefix = definition.prefix { chooser.add(prefix) }
        }
        for (definition, numbers) in zip(definitions, ranges) {
            for (rule, number) in zip(definition.rules, numbers) {
                entries[number].probes = chooser.probes(for: rule.template)
                let bits = chooser.alternatives(for: rule.template)
                entries[number].firstAlternative = UInt32(alternatives.count)
                entries[number].alternativeCount = UInt16(bits.count)
                alternatives += bits
                entries[number].beginning = beginning(of: rule.template)
                keys.append(chooser.keys(for: rule.template))
            }
        }
    }

    /// The number in `beginnings` of how a message can begin that fits a template.
    private mutating func beginning(of template: Template) -> UInt16 {
        let beginning = TemplateBeginning(template)
        if let number = knownBeginnings[beginning] { return number }
        let number = UInt16(beginnings.count)
        beginnings.append(beginning)
        knownBeginnings[beginning] = number
        return number
    }

    /// The chain of the rules of some definitions: neighbours with the same prefix share a group.
    private mutating func chain(of members: [Int]) -> Int {
        if let number = knownChains[members] { return number }
        var runs: [[Int]] = []
        for member in members {
            if let last = runs.last?.last,
                definitions[last].prefix == definitions[member].prefix
            {
                runs[runs.count - 1].append(member)
            } else {
                runs.append([member])
            }
        }
        let numbers = runs.map { group(of: $0) }
        let prefixed = numbers.filter { groups[$0].prefix >= 0 && !groupRules[$0].isEmpty }
        var others: [(number: Int, keys: [MessageText.Pair])] = []
        var inTree: [RuleTrie.Entry] = []
        for member in members { add(member, &inTree, &others) }
        let root = numbers.count == 1 ? groups[numbers[0]].root : Int32(trie.add(inTree))
        chains.append(
            DefinitionSet.Chain(
                first: UInt32(chainGroups.count), count: UInt32(numbers.count),
                firstPrefixed: UInt32(prefixedGroups.count), prefixedCount: UInt32(prefixed.count),
                root: root, part: Int32(floating.parts.count)))
        chainGroups += numbers.map { UInt32($0) }
        prefixedGroups += prefixed.map { UInt32($0) }
        floating.add(others)
        knownChains[members] = chains.count - 1
        return chains.count - 1
    }

    private mutating func group(of members: [Int]) -> Int {
        if let number = known[members] { return number }
        let numbers = members.flatMap { ranges[$0] }
        var group = DefinitionSet.Group()
        group.firstRule = UInt32(numbers.first ?? 0)
        group.lastRule = UInt32(numbers.last ?? 0)
        if let template = definitions[members[0]].prefix, let schema {
            let program = RuleCompiler.compile(prefix: template, schema: schema, into: &code)
            group.prefix = Int32(program.start)
            group.prefixBeginning = beginning(of: template)
            group.prefixProbes = chooser.probes(for: template)
            for rule in numbers {
                rules[rule].prefixCaptures = program.captures
                if program.captures.contains(where: Self.isMore) { entries[rule].hasMore = true }
            }
        }
        var others: [(number: Int, keys: [MessageText.Pair])] = []
        var inTree: [RuleTrie.Entry] = []
        for member in members { add(member, &inTree, &others) }
        group.root = Int32(trie.add(inTree))
        known[members] = groups.count
        groups.append(group)
        groupRules.append(numbers)
        return groups.count - 1
    }

    /// Adds the rules of a definition to those of a tree, or to the others.
    private mutating func add(
        _ member: Int, _ inTree: inout [RuleTrie.Entry],
        _ others: inout [(number: Int, keys: [MessageText.Pair])]
    ) {
        for (rule, number) in zip(definitions[member].rules, ranges[member]) {
            let firsts = MatchReader.beginnings(
                Self.firsts(of: rule.template), within: definitions[member].firsts)
            if firsts.contains(where: { $0.prefix.isEmpty }) {
                others.append((number, keys[number]))
            } else {
                entries[number].isInTree = true
                inTree += firsts.map {
                    RuleTrie.Entry(prefix: $0, rule: UInt32(number), isLiteral: $1)
                }
            }
        }
    }

    /// Texts with which messages of a template can begin; the empty one if a field can.
    static func firsts(of template: Template) -> [(prefix: [UInt8], isLiteral: Bool)] {
        if case .literal(let bytes) = template.elements.first?.kind { return [(bytes, true)] }
        let flow = TemplateFlow.first(of: template.elements[...], then: .atEnd)
        return flow.capture || flow.end ? [([], false)] : flow.stops.map { ($0.bytes, false) }
    }
}
