import HisuiBytes
import HisuiShape

extension DefinitionSet {
    /// All rules that look at messages of the program, in the order in which they are tried, and
    /// what came of each.
    ///
    /// Slow, and for people: `match` does not try rules whose beginning does not fit.
    func attempts(
        _ record: Span<UInt8>, message: Range<Int>, program: Range<Int>?
    ) -> [RuleAttempt] {
        var attempts: [RuleAttempt] = []
        for number in groupNumbers(record, program) {
            let group = groups[number]
            var choices: UInt64 = 0
            var reached = 0
            var steps = NoSteps()
            var start = message.lowerBound
            if group.prefix >= 0 {
                var scratch = RowScratch()
                var slots = RuleSlots(scratch.trial.mutableSpan)
                let after = code.run(
                    Int(group.prefix), on: record, at: start, end: message.upperBound,
                    into: &slots, choices: &choices, reached: &reached, steps: &steps)
                if after >= 0 { start = after }
            }
            let candidates = code.candidates(
                trie, Int(group.root), record, start..<message.upperBound, steps: &steps
            ).map { trie.candidate($0).rule }
            for rule in groupRules[number] {
                attempts.append(
                    attempt(
                        rule, record, start, message,
                        isCandidate: !entries[rule].isInTree || candidates.contains(rule)))
            }
        }
        return attempts
    }

    private func groupNumbers(_ record: Span<UInt8>, _ program: Range<Int>?) -> [Int] {
        var numbers: [Int] = []
        if let program {
            if let exact = programs.chain(record, program) { numbers.append(exact) }
            for pattern in programs.patternPlaces where programs.fits(record, program, pattern) {
                numbers.append(programs.chain(ofPattern: pattern))
            }
        }
        if let any = programs.any { numbers.append(any) }
        return numbers.flatMap { number in
            groups(of: chains[number]).map { Int(chainGroups[$0]) }
        }
    }

    private func attempt(
        _ rule: Int, _ record: Span<UInt8>, _ start: Int, _ message: Range<Int>, isCandidate: Bool
    ) -> RuleAttempt {
        var scratch = RowScratch()
        var slots = RuleSlots(scratch.trial.mutableSpan)
        var choices: UInt64 = 0
        var reached = 0
        var trace = MatchTrace()
        let after = code.run(
            Int(entries[rule].start), on: record, at: start, end: message.upperBound,
            into: &slots, choices: &choices, reached: &reached, steps: &trace)
        let outcome: RuleAttempt.Outcome
        if after < 0 {
            outcome = .stopped(
                at: trace.furthest - message.lowerBound,
                expected: expectation(trace.operation, of: rule))
        } else if isCandidate {
            outcome = .fits
        } else {
            outcome = .stopped(at: 0, expected: .beginning)
        }
        return RuleAttempt(
            parser: members[rules[rule].member].name, rule: rules[rule].id, outcome: outcome)
    }

    private func expectation(_ number: Int, of rule: Int) -> RuleAttempt.Expectation {
        let one = code.instructions[number]
        func bytes(_ offset: UInt32, _ count: UInt32) -> [UInt8] {
            Array(code.bytes[Int(offset)..<Int(offset + count)])
        }
        switch one.operation {
        case .literal: return .text(bytes(one.a, one.b))
        case .alternatives:
            return .oneOf(
                code.texts[Int(one.a)..<Int(one.a + one.b)].map { bytes($0.offset, $0.count) })
        case .end, .done: return .end
        case .oneOf, .branch, .require: return .listedValue
        default:
            let before = code.instructions[Int(entries[rule].start)..<number]
                .count { $0.operation.isCapture }
            let captures = rules[rule].captures
            let name = before < captures.count ? captures[before].field : nil
            return .capture("{\(name ?? "_"):\(one.operation.typeName)}")
        }
    }

    /// What came of the rules for records whose values have names.
    ///
    /// - Parameter values: of the record's members, under their names in it.
    func attempts(onMembers values: [String: [UInt8]]) -> [RuleAttempt] {
        var attempts: [RuleAttempt] = []
        for (member, definition) in memberDefinitions {
            // What looks at other records altogether says nothing about this one.
            guard definition.conditions.allSatisfy({ Self.failure(of: $0, values) == nil })
            else { continue }
            for rule in definition.rules {
                let failure = rule.conditions.lazy.compactMap { Self.failure(of: $0, values) }.first
                attempts.append(
                    RuleAttempt(
                        parser: members[member].name, rule: rule.id, outcome: failure ?? .fits))
            }
        }
        return attempts
    }

    private static func failure(
        of condition: MemberDefinition.Condition, _ values: [String: [UInt8]]
    ) -> RuleAttempt.Outcome? {
        guard let name = condition.names.first(where: { values[$0] != nil }),
            let value = values[name]
        else { return .lacks(member: condition.names[0]) }
        var steps = NoSteps()
        if condition.values.find(value.span, 0..<value.count, steps: &steps) >= 0 { return nil }
        return .differs(member: name, value: String(decoding: value, as: UTF8.self))
    }
}

extension RuleCode.Operation {
    /// Whether it makes a slot.
    var isCapture: Bool {
        switch self {
        case .literal, .alternatives, .optionalBegin, .optionalEnd, .oneOf, .branch, .require, .end,
            .done:
            false
        default: true
        }
    }

    /// The type as templates write it.
    var typeName: String {
        switch self {
        case .ipBeforePort: "ip"
        case .wordUntil: "word"
        case .textUntilOne, .textUntil: "text"
        case .textLast: "text>"
        case .pathUntil: "path"
        case .pathLast: "path>"
        case .leadingBlanks: "blank"
        default: "\(self)"
        }
    }
}
