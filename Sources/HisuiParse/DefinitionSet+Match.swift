import HisuiBytes
import HisuiEvent

extension DefinitionSet {
    /// As the public `match`, counting byte comparisons.
    package func match<Steps: StepCounting>(
        _ record: Span<UInt8>, message: Range<Int>, program: Range<Int>?,
        into scratch: inout RowScratch, steps: inout Steps
    ) -> RuleMatch? {
        if let program {
            let exact = programs.groups(record, program)
            for place in exact {
                let group = programs.number(at: place)
                if let found = match(record, message, group, into: &scratch, steps: &steps) {
                    return found
                }
            }
            if programs.hasPatterns {
                for pattern in programs.patterns where pattern.fits(record, program) {
                    for group in pattern.groups {
                        if let found = match(record, message, group, into: &scratch, steps: &steps)
                        {
                            return found
                        }
                    }
                }
            }
        }
        for place in programs.any {
            let group = programs.number(at: place)
            if let found = match(record, message, group, into: &scratch, steps: &steps) {
                return found
            }
        }
        return nil
    }

    /// Up to so many candidates, none is ruled out by its words.
    private static let candidatesTried = 3

    private func match<Steps: StepCounting>(
        _ record: Span<UInt8>, _ message: Range<Int>, _ number: Int,
        into scratch: inout RowScratch, steps: inout Steps
    ) -> RuleMatch? {
        let end = message.upperBound
        let slotsBefore = scratch.slots.count
        var start = message.lowerBound
        var prefixChoices: UInt64 = 0
        let group = groups[number]
        if group.prefix >= 0 {
            let after = code.run(
                group.prefix, on: record, at: start, end: end, into: &scratch,
                choices: &prefixChoices, steps: &steps)
            if after >= 0 {
                start = after
                prefixChoices |= RuleCompiler.prefixTaken
            } else {
                scratch.truncate(to: slotsBefore)
                prefixChoices = 0
            }
        }
        let slotsOfPrefix = scratch.slots.count
        let places = trie.find(record, from: start, end: end, root: group.root, steps: &steps)
        // With few candidates it is quicker to try them.
        let words =
            places.count > Self.candidatesTried
            ? code.fingerprint(record, start..<end, &steps) : UInt64.max
        for place in places {
            let candidate = trie.candidate(place)
            let entry = entries[candidate.rule]
            guard entry.words & ~words == 0 else { continue }
            var choices = prefixChoices
            let isVerified = candidate.isVerified
            let after = code.run(
                Int(entry.start) + (isVerified ? 1 : 0), on: record,
                at: start + (isVerified ? Int(entry.literalCount) : 0), end: end, into: &scratch,
                choices: &choices, steps: &steps)
            guard after >= 0 else {
                scratch.truncate(to: slotsOfPrefix)
                continue
            }
            let rule = UInt32(candidate.rule)
            var match = RuleMatch(rule: rule, choices: choices, flags: [])
            if entry.hasChecks, isAmbiguous(match, record, end, scratch, slotsBefore, &steps) {
                match.flags.insert(.ambiguous)
            }
            scratch.key = Hash64.mix(Hash64.mix(scratch.key, UInt64(rule) + 1), choices)
            return match
        }
        scratch.truncate(to: slotsBefore)
        return nil
    }

    /// Whether a text that ends an untrusted field also begins inside a field: then the message
    /// could be read in another way.
    private func isAmbiguous<Steps: StepCounting>(
        _ match: RuleMatch, _ record: Span<UInt8>, _ end: Int, _ scratch: RowScratch,
        _ firstSlot: Int, _ steps: inout Steps
    ) -> Bool {
        let rule = rules[Int(match.rule)]
        var slot = firstSlot
        if match.choices & RuleCompiler.prefixTaken != 0 { slot += rule.prefixCaptures.count }
        // Template captures are numbered without the blanks that padding makes.
        var number = rule.captures.first.map { $0.isPadding ? -1 : 0 } ?? 0
        for capture in rule.captures {
            defer { number += 1 }
            guard capture.isPresent(in: match.choices) else { continue }
            let range = scratch.slots[slot].range
            slot += 1
            for check in rule.checks where check.inside.contains(number) {
                for text in check.literals {
                    steps.add(range.count)
                    let within = range.lowerBound..<min(end, range.upperBound + text.count - 1)
                    if ByteSearch.first(of: text, in: record, within) != nil { return true }
                }
            }
        }
        return false
    }
}
